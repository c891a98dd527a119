"""LangChain: a tool loop, then a stream; by chat completions and by responses of a model that only chats."""

import json
import os

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sun in {city}"


def said_by(name: str, *, responses: bool) -> dict:
    model = ChatOpenAI(
        model=name,
        base_url=f"{os.environ['QUARTERDECK_URL']}/v1",
        api_key=os.environ["QUARTERDECK_KEY"],
        max_retries=0,
        use_responses_api=responses,
    )
    messages = [HumanMessage("What is the weather in Paris?")]
    called = model.bind_tools([weather]).invoke(messages)
    results = [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in called.tool_calls]
    answer = model.bind_tools([weather]).invoke([*messages, called, *results])
    chunks = list(model.stream("Say it again."))
    return {
        "calls": [{"name": call["name"], "args": call["args"]} for call in called.tool_calls],
        "answer": answer.text,
        "tokens": answer.usage_metadata["total_tokens"],
        "streamed": "".join(chunk.text for chunk in chunks),
        "several_chunks": len(chunks) > 2,
    }


print(json.dumps([said_by("openai/gpt-4o-mini", responses=False), said_by("chatty/llama", responses=True)]))
