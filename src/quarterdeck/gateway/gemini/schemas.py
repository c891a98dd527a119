"""Google's older schemas, a part of OpenAPI's with types in capitals, as JSON Schema."""

from __future__ import annotations

from typing import Any

_OF_SCHEMAS = ("items", "additionalProperties")
_LISTS_OF_SCHEMAS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NOT_JSON_SCHEMA = {"propertyOrdering", "nullable", "example"}


def json_schema(schema: Any) -> Any:  # Any: JSON; what is no object is left alone
    """The same schema in the words of JSON Schema."""
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NOT_JSON_SCHEMA:
            continue
        if name == "type" and isinstance(value, str):
            found[name] = value.lower()
        elif name == "properties" and isinstance(value, dict):
            found[name] = {key: json_schema(inner) for key, inner in value.items()}
        elif name in _OF_SCHEMAS:
            found[name] = json_schema(value)
        elif name in _LISTS_OF_SCHEMAS and isinstance(value, list):
            found[name] = [json_schema(inner) for inner in value]
        else:
            found[name] = value
    if schema.get("nullable") and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found
