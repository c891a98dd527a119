"""LangChain: a tool loop, then a stream."""

import json
import os

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sun in {city}"


model = ChatOpenAI(
    model="openai/gpt-4o-mini",
    base_url=f"{os.environ['QUARTERDECK_URL']}/v1",
    api_key=os.environ["QUARTERDECK_KEY"],
    max_retries=0,
    use_responses_api=os.environ.get("USE_RESPONSES") == "1",
)
messages = [HumanMessage("What is the weather in Paris?")]
called = model.bind_tools([weather]).invoke(messages)
messages += [
    called,
    *(ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in called.tool_calls),
]
answer = model.bind_tools([weather]).invoke(messages)
chunks = list(model.stream("Say it again."))
print(
    json.dumps(
        {
            "calls": [{"name": call["name"], "args": call["args"]} for call in called.tool_calls],
            "answer": answer.text,
            "usage": answer.usage_metadata,
            "streamed": "".join(chunk.text for chunk in chunks),
            "several_chunks": len(chunks) > 2,
        }
    )
)
