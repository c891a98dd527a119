"""Good requests of every endpoint that reads a body, rich enough that a spoilt part of them reaches every reader."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

PIXEL = "data:image/png;base64,iVBORw0KGgo="
WISHES: Json = {
    "tags": ["a"],
    "session_id": "s",
    "cache": {"ttl": 5, "namespace": "n", "no-cache": True},
    "fallbacks": [{"model": "openai/gpt-4o-mini"}, "anthropic/claude-sonnet-4-5", {"x": ["openai/gpt-4o-mini"]}],
    "num_retries": 1,
    "timeout": 3,
    "stream_timeout": 3,
    "guardrails": ["none"],
    "metadata": {"user_id": "u", "k": {"deep": [1]}, "tags": ["b"]},
    "user": "someone",
}
_SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_FUNCTION: Json = {"name": "weather", "description": "Tells it.", "parameters": _SCHEMA, "strict": True}

CHAT: Json = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Hm.",
            "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "sig"}],
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
        {"role": "user", "name": "eve", "content": "And now?"},
    ],
    "tools": [{"type": "function", "function": _FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": _SCHEMA, "strict": True}},
    "stream_options": {"include_usage": True},
    "stop": ["x"],
    "n": 1,
    "seed": 1,
    "max_completion_tokens": 9,
    "temperature": 0.5,
    "reasoning_effort": "low",
    "thinking": {"type": "enabled", "budget_tokens": 2000},
    "documents": [{"id": "d", "text": "Paris is the capital of France.", "title": "t", "heading_path": ["a"]}],
}
MESSAGES: Json = {
    "max_tokens": 50,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
                {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "words"}]}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "tu_1", "name": "weather", "input": {"city": "Bonn"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "tu_1",
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "Rain."},
                        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                    ],
                }
            ],
        },
    ],
    "tools": [{"name": "weather", "description": "Tells it.", "input_schema": _SCHEMA}],
    "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": _SCHEMA}},
    "stop_sequences": ["x"],
    "temperature": 1,
    "top_k": 3,
}
RESPONSES: Json = {
    "instructions": "Be brief.",
    "input": [
        {"role": "developer", "content": "Be kind."},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": PIXEL, "detail": "low"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
            ],
        },
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "qd1.abc"},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Bonn"}'},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "Rain."}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "diff"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Well.", "annotations": []}]},
        {"role": "user", "content": "And now?"},
    ],
    "tools": [
        {"type": "function", "name": "weather", "parameters": _SCHEMA, "strict": True},
        {"type": "custom", "name": "patch", "description": "d", "format": {"type": "text"}},
        {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "t", "parameters": _SCHEMA}]},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]},
    "text": {"format": {"type": "json_schema", "name": "a", "schema": _SCHEMA, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "parallel_tool_calls": True,
    "store": True,
    "max_output_tokens": 50,
    "truncation": "auto",
    "safety_identifier": "someone",
}
COMPLETION: Json = {
    "prompt": ["Once upon a time"],
    "max_tokens": 9,
    "n": 1,
    "best_of": 1,
    "stop": ["x"],
    "echo": True,
    "suffix": "",
    "logprobs": None,
    "logit_bias": {"5": 1},
    "stream_options": {"include_usage": True},
}
GEMINI: Json = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "What is this?"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.com/a.pdf"}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "Hm.", "thought": True, "thoughtSignature": "sig"},
                {"functionCall": {"id": "f1", "name": "weather", "args": {"city": "Bonn"}}, "thoughtSignature": "s"},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "f1",
                        "name": "weather",
                        "response": {"output": "Rain."},
                        "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}],
                    }
                },
                {"text": "And now?"},
            ],
        },
    ],
    "tools": [{"functionDeclarations": [{"name": "weather", "description": "d", "parameters": _SCHEMA}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 3,
        "maxOutputTokens": 50,
        "stopSequences": ["x"],
        "candidateCount": 1,
        "seed": 1,
        "responseMimeType": "application/json",
        "responseSchema": _SCHEMA,
        "thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": True, "thinkingLevel": "low"},
    },
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
}
PLAIN_MESSAGES: Json = {
    "max_tokens": 50,
    "messages": [
        {"role": "user", "content": MESSAGES["messages"][0]["content"][:2]},
        *MESSAGES["messages"][1:],
    ],
    "tools": MESSAGES["tools"],
}
PLAIN_CHAT: Json = {
    "messages": [
        CHAT["messages"][0],
        {"role": "user", "content": CHAT["messages"][2]["content"][:2]},
        *CHAT["messages"][3:],
    ],
    "tools": CHAT["tools"],
    "tool_choice": "auto",
}
PLAIN_RESPONSES: Json = {
    "input": [
        {"role": "user", "content": RESPONSES["input"][1]["content"][:2]},
        *RESPONSES["input"][2:5],
    ],
    "tools": RESPONSES["tools"][:1],
}

CONVERSATIONS: dict[str, list[Json]] = {
    "/v1/chat/completions": [CHAT, PLAIN_CHAT],
    "/v1/messages": [MESSAGES, PLAIN_MESSAGES],
    "/v1/messages/count_tokens": [MESSAGES],
    "/v1/responses": [RESPONSES, PLAIN_RESPONSES],
    "/v1/completions": [COMPLETION],
}
"""What is richest, and what every model takes."""
OTHERS: dict[str, list[Json]] = {
    "/v1/embeddings": [
        {"model": "openai/text-embedding-3-small", "input": ["a", "b"], "dimensions": 3, "encoding_format": "float"},
        {"model": "local/minilm", "input": "a", "encoding_format": "base64"},
    ],
    "/v1/rerank": [
        {
            "model": "cohere/rerank-v3.5",
            "query": "q",
            "documents": ["a", {"text": "b"}],
            "top_n": 1,
            "return_documents": True,
            "max_tokens_per_doc": 10,
            "rank_fields": ["text"],
        }
    ],
    "/v1/moderations": [
        {"model": "openai/omni-moderation-latest", "input": ["a", {"type": "text", "text": "b"}]},
        {"input": "a"},
    ],
    "/v1/images/generations": [
        {
            "model": "openai/gpt-image-1",
            "prompt": "a cat",
            "n": 1,
            "size": "1024x1024",
            "quality": "low",
            "stream": False,
            "response_format": "b64_json",
        }
    ],
    "/v1/audio/speech": [
        {"model": "openai/gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "response_format": "mp3", "speed": 1}
    ],
    "/v1/batches": [
        {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {}}
    ],
    "/mcp": [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "x", "version": "1"},
            },
        },
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a__b", "arguments": {"x": 1}}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "x"}},
    ],
    "/passthrough/openai/v1/chat/completions": [{**CHAT, "model": "gpt-4o-mini"}],
    "/passthrough/anthropic/v1/messages": [{**MESSAGES, "model": "claude-sonnet-4-5"}],
}
