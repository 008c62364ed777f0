"""The options that ``ask`` and ``search`` share."""

from inspect import signature

from api.commands.ask_command import ask
from api.commands.options import SearchOptions
from api.commands.search_command import search
from indexes.types import Audience, Filters, Query
from rag.types import Question

CHOSEN = SearchOptions(group=["hr"], path=["hr/**"], type_=["text/*"], label=["pay"], recency=30.0)


def test_ask_and_search_take_the_same_options_for_what_is_searched() -> None:
    shared = signature(SearchOptions).parameters.keys()
    assert shared <= signature(ask).parameters.keys()
    assert shared <= signature(search).parameters.keys()


def test_the_options_apply_to_a_question_and_to_a_query_alike() -> None:
    filters = Filters(paths=("hr/**",), media_types=("text/*",), labels=("pay",))
    for request in (CHOSEN.apply(Question("Leave?")), CHOSEN.apply(Query("leave"))):
        assert (request.audience, request.filters) == (Audience(frozenset({"hr"})), filters)
        assert request.recency_days == 30.0
