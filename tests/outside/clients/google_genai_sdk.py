"""Google's SDK: a plain answer, a stream, a tool loop, an answer by a schema, and the same asynchronously."""

import asyncio
import json
import os

from google import genai
from google.genai import types

client = genai.Client(
    api_key=os.environ["QUARTERDECK_KEY"],
    http_options=types.HttpOptions(
        base_url=os.environ["QUARTERDECK_URL"], retry_options=types.HttpRetryOptions(attempts=1)
    ),
)
MODEL = "openai/gpt-4o-mini"
ASKED = "What is the capital of France?"
PLACE = {"type": "OBJECT", "properties": {"capital": {"type": "STRING"}}, "required": ["capital"]}


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sun in {city}"


async def asynchronously() -> tuple[str, str]:
    plain = await client.aio.models.generate_content(model=MODEL, contents=ASKED)
    stream = await client.aio.models.generate_content_stream(model=MODEL, contents=ASKED)
    return plain.text, "".join([chunk.text or "" async for chunk in stream])


plain = client.models.generate_content(model=MODEL, contents=ASKED)
chunks = list(client.models.generate_content_stream(model=MODEL, contents=ASKED))
declared = client.models.generate_content(
    model=MODEL,
    contents=ASKED,
    config=types.GenerateContentConfig(
        tools=[weather], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    ),
)
# The SDK calls the function by itself, and asks again with what it found.
looped = client.models.generate_content(
    model=MODEL, contents=ASKED, config=types.GenerateContentConfig(tools=[weather])
)
place = client.models.generate_content(
    model=MODEL,
    contents=ASKED,
    config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=PLACE),
)
try:
    client.models.generate_content(model="nobody/nothing", contents=ASKED)
except genai.errors.ClientError as error:
    refused = [error.code, error.status]
print(
    json.dumps(
        {
            "answer": plain.text,
            "tokens": plain.usage_metadata.total_token_count,
            "streamed": "".join(chunk.text or "" for chunk in chunks),
            "several_chunks": len(chunks) > 1,
            "calls": [[call.name, call.args] for call in declared.function_calls],
            "looped": looped.text,
            "place": place.parsed,
            "asynchronously": asyncio.run(asynchronously()),
            "refused": refused,
            "lists_it": any(model.name == f"models/{MODEL}" for model in client.models.list()),
        }
    )
)
