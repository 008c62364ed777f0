"""What is wrong with a request's field, in the client's terms: its place in the request, and what is wanted there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

_MAX_PLACE = 80
_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
}
"""What pydantic's kinds of errors want. Several may be wanted of one field, as text or a list."""
_WRONG: Mapping[str, str] = {"missing": "it is missing", "extra_forbidden": "there is no such field"}
_PYDANTICS = frozenset(get_args(ErrorType))


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A field, and what is wrong with it."""

    place: str
    """The names and numbers that lead to the field, with dots; empty for the whole request."""
    reason: str

    def __str__(self) -> str:
        return f"{self.place or 'body'}: {self.reason}"


def first_fault(errors: Sequence[Mapping[str, Any]], request: object) -> FieldFault:
    """Return the first fault of a request by pydantic's errors, whose places begin in ``request``.

    Where a field may be of several kinds, the errors of the kind that got furthest count. Our own messages come before
    pydantic's, which are put into other words.
    """
    places = [_place(error, request) for error in errors]
    same_field = [at for at in range(len(errors)) if places[at][: len(places[0])] == places[0]]
    deepest = max(same_field, key=lambda at: len(places[at]))
    kinds = [errors[at] for at in same_field if places[at] == places[deepest]]
    return FieldFault(".".join(map(str, places[deepest]))[:_MAX_PLACE], _reason(kinds))


def _place(error: Mapping[str, Any], request: object) -> tuple[str | int, ...]:
    """Return the steps of an error's place that lead through the request: others name kinds within our own code."""
    place: list[str | int] = []
    value, steps = request, error["loc"]
    for number, step in enumerate(steps):
        named = isinstance(value, Mapping) and step in value
        counted = isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
        if named or counted:
            place.append(step)
            value = value[step]  # type: ignore[index]  # as the two conditions say
        elif error["type"] == "missing" and number == len(steps) - 1:
            place.append(step)
    return tuple(place)


def _reason(errors: Sequence[Mapping[str, Any]]) -> str:
    own = next((error for error in errors if error["type"] not in _PYDANTICS), None)
    if own is not None:
        return str(own["msg"])
    wrong = next((_WRONG[error["type"]] for error in errors if error["type"] in _WRONG), None)
    if wrong is not None:
        return wrong
    wanted = dict.fromkeys(_wanted(error) for error in errors if error["type"] in _WANTED)
    return f"it must be {' or '.join(wanted)}" if wanted else "it is not valid"


def _wanted(error: Mapping[str, Any]) -> str:
    return _WANTED[error["type"]].format_map(error.get("ctx") or {})
