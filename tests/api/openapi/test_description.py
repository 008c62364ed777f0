"""The API's description of itself: whole, true where it gives examples, and free of words for insiders."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.app.composition import make_services
from api.app.fastapi_app import create_app
from api.core.problems import KINDS
from fakes.engines import RememberingEncoder, WarmEngine
from rag.settings import load_settings

Json = dict[str, Any]


@pytest.fixture(scope="module")
def spec(samples_index: Path, encoder: RememberingEncoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Json]:
    """With all parts at the services."""
    own = tmp_path_factory.mktemp("described")
    engine = WarmEngine(load_settings(index={"dir": samples_index}, server={"dir": own}), encoder)
    yield dict(create_app(make_services(engine)).openapi())
    engine.close()


def operations(spec: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def contents(spec: Json) -> Iterator[tuple[str, Json]]:
    """All that is sent and answered, by where: ``post /v1/ask 200 application/json``."""
    for name, operation in operations(spec):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} takes {media_type}", content
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                yield f"{name} {status} {media_type}", content


def examples(spec: Json, content: Json) -> list[Any]:
    """Of a body: they stand beside its schema, or in it."""
    schema = content.get("schema", {})
    schema = spec["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    values = [example["value"] for example in content.get("examples", {}).values()]
    return [*values, *([content["example"]] if "example" in content else []), *schema.get("examples", [])]


def test_the_description_says_what_it_is_of(spec: Json) -> None:
    assert (spec["info"]["title"], spec["servers"][0]["url"]) == ("Footnote", "/")
    assert re.fullmatch(r"\d+\.\d+\.\d+", spec["info"]["version"])
    assert {path for path in spec["paths"] if not path.startswith("/v1/")} <= {"/healthz", "/readyz", "/metrics"}


def test_all_parts_are_described(spec: Json) -> None:
    tags = {tag for _, operation in operations(spec) for tag in operation["tags"]}
    assert tags == {
        *("asking", "OpenAI-compatible", "searching", "conversations", "feedback"),
        *("documents", "indexing", "keys", "operating"),
    }


def test_every_operation_has_a_name_of_its_own_a_summary_a_description_and_a_tag(spec: Json) -> None:
    named = [operation["operationId"] for _, operation in operations(spec)]
    assert len(set(named)) == len(named)
    lacking = [name for name, o in operations(spec) if not (o.get("summary") and o["description"] and o["tags"])]
    assert lacking == []


def test_every_body_has_an_example(spec: Json) -> None:
    texts = [(name, content) for name, content in contents(spec) if content.get("schema", {}).get("format") != "binary"]
    assert [name for name, content in texts if not examples(spec, content)] == []


def test_every_example_is_what_its_schema_says(spec: Json) -> None:
    for name, content in contents(spec):
        schema = content.get("schema", {}) | {"components": spec["components"]}
        for example in examples(spec, content):
            wrong = [error.message for error in Draft202012Validator(schema).iter_errors(example)]
            assert (name, wrong) == (name, [])


def test_what_may_go_wrong_is_told_by_kind_and_never_in_general(spec: Json) -> None:
    for name, operation in operations(spec):
        told = operation["responses"]
        assert {"421", "500"} <= told.keys(), name
        assert "default" not in told, name
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"400", "413", "415"} <= told.keys(), name
        if not name.startswith("get "):
            assert "403" in told, name
        if "security" in operation:
            assert {"401", "429"} <= told.keys(), name
            assert operation["security"][0] == {}, name
        assert all(status in {str(of) for of, _ in KINDS.values()} for status in told if status >= "4"), name


def test_every_problem_of_an_operation_is_one_that_there_is(spec: Json) -> None:
    for name, content in contents(spec):
        if name.endswith("problem+json"):
            assert content["examples"], name
            for kind, example in content["examples"].items():
                status, title = KINDS[kind]
                assert (example["value"]["status"], example["value"]["title"]) == (status, title), name
                assert f" {status} " in name


def test_a_route_that_anyone_may_ask_is_not_said_to_need_a_key(spec: Json) -> None:
    assert "security" not in spec["paths"]["/healthz"]["get"]
    assert "401" not in spec["paths"]["/healthz"]["get"]["responses"]


def test_the_description_has_no_words_for_insiders(spec: Json) -> None:
    said = " ".join(_texts(spec))
    assert re.findall(r"\b(?:[Dd]esks?|[Pp]rincipals?|[Dd]oorkeepers?|pydantic|self|None|TODO)\b|``", said) == []


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name in ("description", "summary") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
