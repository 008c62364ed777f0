"""The recorded replies of models (``tests/data/replies``), each streamed through the whole way of an answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from fakes.engines import RememberingEncoder
from fakes.recorded_replies import OTHER, TRUE, Outcome, Result, read_cases, run
from rag.verification.checker import Checker


@pytest.fixture(scope="module")
def result(encoder: RememberingEncoder) -> Result:
    return asyncio.run(run(read_cases(), Checker(encoder)))


def test_what_the_sources_say_is_borne_out(result: Result) -> None:
    assert result.share(*TRUE) <= 0.02, listed(result.misses(*TRUE))


def test_what_the_sources_do_not_say_is_not_supported(result: Result) -> None:
    assert result.passed_share <= 0.02, listed(result.passed)


def test_a_value_of_another_row_or_column_is_found(result: Result) -> None:
    assert result.share("swapped") <= 0.07, listed(result.misses("swapped"))


def test_what_claims_nothing_is_not_marked_and_wrappings_are_not_shown(result: Result) -> None:
    assert result.share(*OTHER) <= 0.02, listed(result.misses(*OTHER))


def test_the_cases_are_balanced(result: Result) -> None:
    rights = Counter("true" if o.part.right in TRUE else "false" for o in result.outcomes if o.part.right not in OTHER)
    assert rights["true"] >= 0.4 * rights.total()
    assert rights["false"] >= 0.3 * rights.total()


def listed(misses: Sequence[Outcome]) -> str:
    """Return the misses as a person reads them."""
    return "\n\n".join(map(str, misses))
