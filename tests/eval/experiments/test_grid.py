"""A grid over settings: every combination, checked before any work."""

from pathlib import Path

import pytest

from eval.experiments.grid import make_grid
from rag.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No footnote.toml is read but the test's own."""
    monkeypatch.chdir(tmp_path)


def test_every_value_meets_every_other_as_the_settings_read_them() -> None:
    grid = make_grid(None, ["retrieval.limit=4, 8", "retrieval.min_cosine=0.10"])
    assert [dict(one.values) for one in grid] == [
        {"retrieval.limit": 4, "retrieval.min_cosine": 0.1},
        {"retrieval.limit": 8, "retrieval.min_cosine": 0.1},
    ]
    assert [one.settings.retrieval.limit for one in grid] == [4, 8]


def test_what_is_not_swept_stays_as_the_configuration_has_it(tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text("[retrieval]\nlimit = 3\ncandidates = 20\n")
    (one,) = make_grid(config, ["retrieval.limit=4"])
    assert (one.settings.retrieval.limit, one.settings.retrieval.candidates) == (4, 20)


def test_only_what_shapes_an_index_needs_one_of_its_own() -> None:
    (one,) = make_grid(None, ["index.passage_tokens=120", "retrieval.limit=4", "embedding.model=other"])
    assert one.shape == {"index.passage_tokens": 120, "embedding.model": "other"}


def test_a_setting_that_toml_spells_otherwise_than_python_is_swept() -> None:
    (one,) = make_grid(None, ["llm.class=my.LLM"])
    assert (one.values, one.settings.llm.class_) == ({"llm.class": "my.LLM"}, "my.LLM")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], r"name a setting and its values"),
        (["retrieval.limit"], r"'retrieval.limit' is not PART.KEY=VALUE"),
        (["limit=4"], r"'limit=4' is not PART.KEY=VALUE"),
        (["retrieval.depth=4"], r"retrieval.depth: there is no such setting"),
        (["search.limit=4"], r"search: there is no such setting"),
        (["retrieval.limit=4,many"], r"retrieval.limit: Input should be a valid integer"),
        (["retrieval.min_cosine=2"], r"retrieval.min_cosine: Input should be less than or equal to 1"),
        (["retrieval.min_cosine=0.1,0.10"], r"Two of the combinations are the same"),
        (["retrieval.limit=4", "retrieval.limit=8"], r"retrieval.limit is given twice"),
        (["index.dir=a,b"], r"index.dir cannot be swept"),
        (["llm.api_key=secret"], r"llm.api_key is a secret"),
    ],
)
def test_what_cannot_be_swept_is_named(options: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        make_grid(None, options)
    assert "secret" not in str(raised.value) or "is a secret" in str(raised.value)
