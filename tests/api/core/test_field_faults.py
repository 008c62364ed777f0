"""What is wrong with a request is told in its own terms, whatever is sent."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app.composition import make_services
from api.app.fastapi_app import create_app
from api.context.question_service import QuestionService
from api.core.field_faults import first_fault
from api.openapi.examples import EXAMPLES
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.front import OpenFront
from fakes.passages import FixedRetriever

_INTERNALS = re.compile(
    r"[a-z]-[a-z]+\[|\w\[[a-z_]|function-|(?<![a-z0-9])_[a-z]|<class|Traceback"
    r"|pydantic|Body\b| at 0x|NoneType|Input should"
)
"""What no client's word is: names of validators, of our own code, of Python."""
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab c"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=5,
)
Path = tuple[str | int, ...]


def test_internals_are_known_when_they_are_seen() -> None:
    for words in (
        "messages.0.content.function-after[_encodable(), str]: Input should be a valid string",
        "content.tuple[PartBody, ...].0: x",
        "body: <class 'dict'>",
        "a._b: x",
    ):
        assert _INTERNALS.search(words), words


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([{"type": "int_type", "loc": ("depth",), "msg": ""}], "depth: it must be a whole number"),
        ([{"type": "missing", "loc": ("name",), "msg": ""}], "name: it is missing"),
        ([{"type": "missing", "loc": ("buoys", 0, "name"), "msg": ""}], "buoys.0.name: it is missing"),
        ([{"type": "model_type", "loc": (), "msg": ""}], "body: it must be an object"),
        ([{"type": "recursion_loop", "loc": ("depth",), "msg": "_f()"}], "depth: it is not valid"),
        ([{"type": "too_deep", "loc": ("depth",), "msg": "Too deep"}], "depth: Too deep"),
        ([{"type": "less_than_equal", "loc": ("depth",), "ctx": {"le": 9}, "msg": ""}], "depth: it must be at most 9"),
        (
            [
                {"type": "string_type", "loc": ("buoys", "function-after[_f(), str]"), "msg": ""},
                {"type": "tuple_type", "loc": ("buoys", "tuple[_B, ...]"), "msg": ""},
            ],
            "buoys: it must be text or a list",
        ),
        (
            [
                {"type": "string_type", "loc": ("buoys", "str"), "msg": ""},
                {"type": "float_type", "loc": ("buoys", "tuple[_B, ...]", 0, "depth"), "msg": ""},
            ],
            "buoys.0.depth: it must be a number",
        ),
    ],
)
def test_a_fault_is_told_at_its_place_in_the_request(errors: list[dict[str, Any]], said: str) -> None:
    assert str(first_fault(errors, {"depth": "x", "buoys": [{"depth": "x"}]})) == said


Operation = tuple[str, str, Any]
"""A method, a path, and an example of the JSON that it takes."""


@dataclass(frozen=True)
class Api:
    client: httpx.AsyncClient
    operations: Mapping[str, Operation]
    """By name: all that take JSON."""


@pytest_asyncio.fixture
async def api(front: OpenFront) -> AsyncIterator[Api]:
    services = make_services(front({"tides.md": "The tides at Gull Point turn at noon."}, keys="auto").engine)
    quick = QuestionService(answerer=ScriptedAnswerer(*telling(answer("At noon."))))
    app = create_app(replace(services, questions=quick, retriever=FixedRetriever()))
    operations = {
        each["operationId"]: (method, re.sub(r"\{[^}]*\}", "x", path), EXAMPLES[each["operationId"]].request)
        for path, by_method in app.openapi()["paths"].items()
        for method, each in by_method.items()
        if "application/json" in each.get("requestBody", {}).get("content", {})
    }
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Api(client, operations)


def paths_in(value: Any, before: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [before, *(path for key, within in inner for path in paths_in(within, (*before, key)))]


def changed(value: Any, path: Path, junk: Any) -> Any:
    """The value, with junk at the path; a name of the junk is added if there is an object."""
    if not path:
        return {**value, **junk} if isinstance(value, dict) and isinstance(junk, dict) and len(junk) % 2 else junk
    steps = dict(value) if isinstance(value, dict) else list(value)
    steps[path[0]] = changed(steps[path[0]], path[1:], junk)  # type: ignore[index]
    return steps


@given(data=st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_body_brings_internals_into_a_problem(api: Api, data: st.DataObject) -> None:
    known = api.operations
    assert {"ask", "search", "complete_chat", "create_conversation", "log_in", "give_feedback"} <= known.keys()
    method, path, example = known[data.draw(st.sampled_from(sorted(known)))]
    body = changed(example, data.draw(st.sampled_from(paths_in(example))), data.draw(JUNK))
    response = await api.client.request(method, path, json=body)
    if response.status_code in (400, 422):
        told = response.json()
        words = told.get("error", told)
        said = " ".join(str(words.get(name)) for name in ("message", "param", "detail", "title"))
        assert not _INTERNALS.search(said), said


@given(
    query=st.dictionaries(
        st.sampled_from(["limit", "after", "q", "from", "to", "width", "html"]), st.text("a1-ü"), min_size=1
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_parameter_brings_internals_into_a_problem(api: Api, query: dict[str, str]) -> None:
    for path in ("/v1/documents", "/v1/documents/x", "/v1/documents/x/pages/1.png", "/v1/conversations"):
        response = await api.client.get(path, params=query)
        if response.status_code in (400, 422):
            assert not _INTERNALS.search(response.json()["detail"])
            assert response.json()["detail"].split(":")[0] in query
