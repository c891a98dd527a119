"""LlamaIndex: a chat, a stream, a tool call."""

import json
import os

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sun in {city}"


model = OpenAILike(
    model="openai/gpt-4o-mini",
    api_base=f"{os.environ['QUARTERDECK_URL']}/v1",
    api_key=os.environ["QUARTERDECK_KEY"],
    is_chat_model=True,
    is_function_calling_model=True,
    max_retries=0,
)
hello = [ChatMessage(role="user", content="Hello")]
plain = model.chat(hello)
streamed = [chunk.delta or "" for chunk in model.stream_chat(hello)]
called = model.chat_with_tools([FunctionTool.from_defaults(fn=weather)], user_msg="What is the weather in Paris?")
calls = model.get_tool_calls_from_response(called)
print(
    json.dumps(
        {
            "answer": plain.message.content,
            "streamed": "".join(streamed),
            "calls": [{"name": call.tool_name, "args": call.tool_kwargs} for call in calls],
        }
    )
)
