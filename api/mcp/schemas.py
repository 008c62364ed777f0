"""JSON schemas as all clients take them: some refuse a tool whose schemas have references, or null among its types."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
_DEFS, _REF = "$defs", "$ref"
_PREFIX = f"#/{_DEFS}/"


def inlined(schema: Mapping[str, Any]) -> Json:
    """Return a schema with its definitions in place of the references to them.

    Within itself a definition is any value: a schema without references cannot say more.
    """
    definitions = schema.get(_DEFS, {})

    def inline(node: Any, within: frozenset[str]) -> Any:
        if isinstance(node, list):
            return [inline(item, within) for item in node]
        if not isinstance(node, dict):
            return node
        beside = {key: inline(value, within) for key, value in node.items() if key not in (_REF, _DEFS)}
        if (name := _definition(node)) is None:
            return beside
        return (inline(definitions[name], within | {name}) if name not in within else {}) | beside

    whole: Json = inline(dict(schema), frozenset())
    return whole


def without_null(schema: Mapping[str, Any]) -> Json:
    """Return the schema of arguments that does not offer null: an argument that has none is left out."""
    kept = {key: _without_null(value) for key, value in schema.items()}
    kinds = kept.get("anyOf")
    if isinstance(kinds, list) and {"type": "null"} in kinds:
        others = [kind for kind in kinds if kind != {"type": "null"}]
        del kept["anyOf"]
        kept = (others[0] if len(others) == 1 else {"anyOf": others}) | kept
        if "default" in kept and kept["default"] is None:
            del kept["default"]
    return kept


def _without_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return without_null(value) if isinstance(value, dict) else value


def _definition(node: Mapping[str, Any]) -> str | None:
    """Return the name of the definition that a schema refers to. A property may itself be called ``$ref``."""
    target = node.get(_REF)
    return target.removeprefix(_PREFIX) if isinstance(target, str) and target.startswith(_PREFIX) else None
