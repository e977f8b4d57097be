"""The part of JSON Schema that the commands' schemas use, so that tests need no library for it."""

from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "items",
    "properties",
    "required",
    "title",
    "type",
}


def misfits(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "$") -> list[str]:
    """Return where a value does not fit a schema. Raises AssertionError for a word of JSON Schema it doesn't know."""
    top = root or schema
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        return misfits(value, top["$defs"][schema["$ref"].removeprefix("#/$defs/")], top, at)
    if "anyOf" in schema:
        options = [misfits(value, option, top, at) for option in schema["anyOf"]]
        return [] if any(not option for option in options) else [f"{at}: {value!r} fits nothing of {options}"]
    if "const" in schema and value != schema["const"]:
        return [f"{at}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is not one of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{at}: {value!r} is no {kind}"]
    if kind == "array":
        return [one for n, item in enumerate(value) for one in misfits(item, schema["items"], top, f"{at}[{n}]")]
    return _of_object(value, schema, top, at) if kind == "object" else []


def _of_object(value: dict[str, Any], schema: dict[str, Any], top: dict[str, Any], at: str) -> list[str]:
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{at}: {key} is missing" for key in schema.get("required", []) if key not in value]
    for key, item in value.items():
        if key in known:
            found += misfits(item, known[key], top, f"{at}.{key}")
        elif more is False:
            found.append(f"{at}: {key} is not known")
        elif isinstance(more, dict):
            found += misfits(item, more, top, f"{at}.{key}")
    return found
