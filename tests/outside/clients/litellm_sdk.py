"""LiteLLM's SDK: a plain call, a tool call, a stream with usage; a response of a model that only chats."""

import json
import os

import litellm

TOOL = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
AT = {
    "model": "openai/openai/gpt-4o-mini",
    "api_base": f"{os.environ['QUARTERDECK_URL']}/v1",
    "api_key": os.environ["QUARTERDECK_KEY"],
    "num_retries": 0,
}
HELLO = [{"role": "user", "content": "Hello"}]

plain = litellm.completion(messages=HELLO, **AT)
called = litellm.completion(messages=HELLO, tools=[{"type": "function", "function": TOOL}], **AT)
chunks = list(litellm.completion(messages=HELLO, stream=True, stream_options={"include_usage": True}, **AT))
response = litellm.responses(input="Hello", **{**AT, "model": "openai/chatty/llama"})
print(
    json.dumps(
        {
            "answer": plain.choices[0].message.content,
            "call": called.choices[0].message.tool_calls[0].function.model_dump(),
            "streamed": "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices),
            "response": response.output[0].content[0].text,
            "tokens": [chunk.usage.total_tokens for chunk in chunks if getattr(chunk, "usage", None)],
        }
    )
)
