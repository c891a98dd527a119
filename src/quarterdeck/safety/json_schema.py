"""Does a JSON value fit a JSON schema? The part of the standard that schemas of answers use; anything else is refused early.

Known: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `minProperties`, `maxProperties`, `items`,
`prefixItems`, `minItems`, `maxItems`, `uniqueItems`, `minLength`, `maxLength`, `pattern`, `minimum`, `maximum`, exclusive bounds,
`multipleOf`, `anyOf`, `oneOf`, `allOf`, `not`, and `$ref` into `$defs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.core.errors import InvalidInput
from quarterdeck.safety.patterns import compiled

Schema = Mapping[str, Any]  # Any, here and below: JSON

_NOTES = {"title", "description", "default", "examples", "$schema", "$id", "$comment", "format", "deprecated", "readOnly", "strict"}  # fmt: skip
_SUBSCHEMAS = {"items", "additionalProperties", "not"}
_LISTS_OF_SCHEMAS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_NAMED_SCHEMAS = {"properties", "$defs", "definitions"}
_PLAIN = {
    "type", "enum", "const", "required", "minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems",
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "$ref",
}  # fmt: skip
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_DEEPEST = 64


def require_known(schema: Any, at: str = "schema") -> None:
    """Refuse a schema that says what we would not check."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise InvalidInput(f"`{at}` is no JSON schema: an object is needed.", param=at)
    for name, value in schema.items():
        if name in _SUBSCHEMAS:
            require_known(value, f"{at}.{name}")
        elif name in _LISTS_OF_SCHEMAS and isinstance(value, list):
            for number, one in enumerate(value):
                require_known(one, f"{at}.{name}[{number}]")
        elif name in _NAMED_SCHEMAS and isinstance(value, dict):
            for key, one in value.items():
                require_known(one, f"{at}.{name}.{key}")
        elif name not in _PLAIN | _NOTES:
            raise InvalidInput(f"`{at}.{name}` is not checked here, so it is not taken.", param=at)
    kinds = schema.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in _TYPES:
            raise InvalidInput(f"`{at}.type` is `{kind}`. There are: {sorted(_TYPES)}.", param=at)
    if "pattern" in schema:
        compiled(str(schema["pattern"]), ignore_case=False)
    reference = schema.get("$ref")
    if reference is not None and not str(reference).startswith(("#/$defs/", "#/definitions/")) and reference != "#":
        raise InvalidInput(f"`{at}.$ref` is `{reference}`; only `#/$defs/…` can be looked up.", param=at)


def problems(value: Any, schema: Any, root: Schema | None = None, at: str = "$", depth: int = 0) -> Iterator[str]:
    """Where a value does not fit, and why; nothing when it fits."""
    if isinstance(schema, bool):
        if not schema:
            yield f"{at} must not be there"
        return
    root = schema if root is None else root
    if depth > _DEEPEST:
        yield f"{at} is nested too deeply"
        return
    if "$ref" in schema:
        yield from problems(value, _referred(root, str(schema["$ref"])), root, at, depth + 1)
    yield from _kind(value, schema, at)
    if isinstance(value, dict):
        yield from _of_object(value, schema, root, at, depth)
    elif isinstance(value, list):
        yield from _of_array(value, schema, root, at, depth)
    elif isinstance(value, str):
        yield from _of_text(value, schema, at)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(value, schema, at)
    yield from _of_choices(value, schema, root, at, depth)


def _kind(value: Any, schema: Schema, at: str) -> Iterator[str]:
    kinds = schema.get("type")
    if kinds is not None:
        names = [kinds] if isinstance(kinds, str) else kinds
        if not any(_is(value, name) for name in names):
            yield f"{at} is not of type {' or '.join(names)}"
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        yield f"{at} is none of {json.dumps(schema['enum'])}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{at} is not {json.dumps(schema['const'])}"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _of_object(value: dict[str, Any], schema: Schema, root: Schema, at: str, depth: int) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name} is missing"
    for name, one in value.items():
        if name in known:
            yield from problems(one, known[name], root, f"{at}.{name}", depth + 1)
        elif (more := schema.get("additionalProperties")) is not None:
            yield from problems(one, more, root, f"{at}.{name}", depth + 1)
    yield from _size(len(value), schema, "minProperties", "maxProperties", at, "properties")


def _of_array(value: list[Any], schema: Schema, root: Schema, at: str, depth: int) -> Iterator[str]:
    first = schema.get("prefixItems", [])
    for number, one in enumerate(value):
        if number < len(first):
            yield from problems(one, first[number], root, f"{at}[{number}]", depth + 1)
        elif "items" in schema:
            yield from problems(one, schema["items"], root, f"{at}[{number}]", depth + 1)
    yield from _size(len(value), schema, "minItems", "maxItems", at, "items")
    if schema.get("uniqueItems") and len({json.dumps(one, sort_keys=True) for one in value}) < len(value):
        yield f"{at} has an item twice"


def _of_text(value: str, schema: Schema, at: str) -> Iterator[str]:
    yield from _size(len(value), schema, "minLength", "maxLength", at, "characters")
    if "pattern" in schema and not compiled(schema["pattern"], ignore_case=False).search(value):
        yield f"{at} does not match {schema['pattern']}"


def _of_number(value: float, schema: Schema, at: str) -> Iterator[str]:
    if "minimum" in schema and value < schema["minimum"]:
        yield f"{at} is less than {schema['minimum']}"
    if "maximum" in schema and value > schema["maximum"]:
        yield f"{at} is more than {schema['maximum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield f"{at} is not more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield f"{at} is not less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema and abs(value / schema["multipleOf"] - round(value / schema["multipleOf"])) > 1e-9:
        yield f"{at} is no multiple of {schema['multipleOf']}"


def _of_choices(value: Any, schema: Schema, root: Schema, at: str, depth: int) -> Iterator[str]:
    for part in schema.get("allOf", ()):
        yield from problems(value, part, root, at, depth + 1)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            fitting = sum(not any(problems(value, one, root, at, depth + 1)) for one in schema[name])
            if fitting == 0 or (name == "oneOf" and fitting > 1):
                yield f"{at} fits {fitting} of the schemas of {name}"
    if "not" in schema and not any(problems(value, schema["not"], root, at, depth + 1)):
        yield f"{at} fits what it must not"


def _size(size: int, schema: Schema, least: str, most: str, at: str, unit: str) -> Iterator[str]:
    if least in schema and size < schema[least]:
        yield f"{at} has fewer than {schema[least]} {unit}"
    if most in schema and size > schema[most]:
        yield f"{at} has more than {schema[most]} {unit}"


def _referred(root: Schema, reference: str) -> Any:
    found: Any = root
    for part in reference.lstrip("#").strip("/").split("/"):
        found = found.get(part, False) if part and isinstance(found, dict) else found
    return found
