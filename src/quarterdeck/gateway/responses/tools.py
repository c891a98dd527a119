"""The tools of the Responses API as functions that every model knows, and their names on the way back."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.responses.request import Json, ResponsesRequest, Strange, ToolName

Names = dict[str, ToolName]
_ANY_ARGUMENTS: Json = {"type": "object", "properties": {}}


def read_tools(tools: list[Json], strange: Strange) -> tuple[list[Json], Names]:
    """The tools as functions, and the client's names for those that are something else to it."""
    names: Names = {}
    return [function for tool in tools for function in _read(tool, None, names, strange)], names


def flat_name(name: str, namespace: str | None) -> str:
    """The name of a tool for a model, which knows no namespaces."""
    return name if namespace is None else f"{namespace}__{name}"


def read_choice(request: ResponsesRequest, choice: str | Json | None, strange: Strange) -> None:
    """Which tools the model may or must use."""
    if choice is None:
        return
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise _strange_choice()
        request.tool_choice = choice if request.tools else None
        return
    match choice:
        case {"type": "function" | "custom", "name": str(name)}:
            wanted = flat_name(name, choice.get("namespace"))
            request.tool_choice = {"type": "function", "function": {"name": wanted}}
        case {"type": "allowed_tools", "mode": "auto" | "required" as mode, "tools": [*allowed]}:
            names = {
                flat_name(str(tool.get("name")), tool.get("namespace")) for tool in allowed if isinstance(tool, dict)
            }
            request.tools = [tool for tool in request.tools or () if tool["function"]["name"] in names] or None
            request.tool_choice = mode if request.tools else None
        case {"type": str(kind)} if kind not in ("function", "custom", "allowed_tools"):
            strange.note(f"The built-in tool `{kind}`")
        case _:
            raise _strange_choice()


def _read(tool: Json, namespace: str | None, names: Names, strange: Strange) -> Iterator[Json]:
    match tool:
        case {"type": "function", "name": str(name)}:
            flat = flat_name(name, namespace)
            if namespace is not None:
                names[flat] = ToolName(name, namespace=namespace)
            yield _function(flat, tool.get("parameters") or _ANY_ARGUMENTS, tool.get("description"), tool.get("strict"))
        case {"type": "custom", "name": str(name)}:
            flat = flat_name(name, namespace)
            names[flat] = ToolName(name, "custom", namespace)
            yield _function(flat, _one_text(tool.get("format")), tool.get("description"), None)
        case {"type": "namespace", "name": str(name), "tools": [*inner]}:
            for one in inner:
                yield from _read(one, name, names, strange)
        case {"type": "web_search", "external_web_access": False}:
            # Coding agents offer the cached search to every model, unasked; a model that has none just does not use it.
            strange.leave_out("tools:web_search")
        case {"type": str(kind)} if kind not in ("function", "custom", "namespace"):
            strange.note(f"The built-in tool `{kind}`, which OpenAI's own servers run,")
        case _:
            raise InvalidInput(
                f"A tool has a `type` and a `name`; this is {msgspec.json.encode(tool)[:100].decode(errors='replace')}.",
                param="tools",
            )


def _strange_choice() -> InvalidInput:
    return InvalidInput(
        '`tool_choice` is `auto`, `none` or `required`, or it names a tool: `{"type": "function", "name": …}`.',
        param="tool_choice",
    )


def _function(name: str, parameters: Json, description: object, strict: object) -> Json:
    function: Json = {"name": name, "parameters": parameters}
    if description:
        function["description"] = description
    if strict is not None:
        function["strict"] = strict
    return {"type": "function", "function": function}


def _one_text(format_: object) -> Json:
    said = "What the tool takes, as plain text."
    match format_:
        case {"type": "grammar", "syntax": str(syntax), "definition": str(definition)}:
            said += f" It must follow this grammar ({syntax}):\n{definition}"
    return {
        "type": "object",
        "properties": {"input": {"type": "string", "description": said}},
        "required": ["input"],
        "additionalProperties": False,
    }
