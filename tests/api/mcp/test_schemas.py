from typing import Any

from jsonschema import Draft202012Validator
from pydantic import BaseModel

from api.mcp.schemas import inlined, without_null


class Buoy(BaseModel):
    name: str
    depth: float | None = None
    """In metres."""


class Reef(BaseModel):
    nearest: Buoy | None = None
    buoys: tuple[Buoy, ...] = ()
    within: tuple["Reef", ...] = ()


SEA: dict[str, Any] = {
    "nearest": {"name": "North"},
    "buoys": [{"name": "South", "depth": 4}],
    "within": [{"buoys": []}],
}


def test_definitions_stand_where_they_were_referred_to() -> None:
    schema = inlined(Reef.model_json_schema())
    assert "$ref" not in str(schema)
    assert "$defs" not in str(schema)
    buoys = schema["properties"]["buoys"]["items"]
    assert buoys["properties"]["name"]["type"] == "string"
    assert Draft202012Validator(schema).is_valid(SEA)
    assert not Draft202012Validator(schema).is_valid({"buoys": [{"depth": 4}]})


def test_what_lies_within_itself_ends_as_any_value() -> None:
    definitions = {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}}
    schema = inlined({"$ref": "#/$defs/Node", "$defs": definitions})
    assert schema == {"type": "object", "properties": {"next": {}}}


def test_null_is_not_offered_for_what_may_be_left_out() -> None:
    schema = without_null(inlined(Reef.model_json_schema()))
    assert "null" not in str(schema)
    depth = schema["properties"]["nearest"]["properties"]["depth"]
    assert (depth["type"], "default" in depth) == ("number", False)
    assert Draft202012Validator(schema).is_valid(SEA)


def test_several_kinds_are_still_offered() -> None:
    assert without_null({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "integer"}]}) == {
        "anyOf": [{"type": "string"}, {"type": "integer"}]
    }
