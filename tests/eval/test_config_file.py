"""Settings written into footnote.toml by a program, and the people's part of it left alone."""

from pathlib import Path

import pytest

from eval.config_file import write_settings
from rag.errors import ConfigError
from rag.settings import load_settings

OURS = """\
# Ours, see the wiki.
[answer]   # what is said
min_confidence = 0.35  # by hand

[retrieval]
candidates = 20
  # few are enough
limit    = 8
"""


def test_only_the_value_changes(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(OURS)
    told = write_settings(file, {"answer.min_confidence": 0.5, "retrieval.limit": 4})
    assert file.read_text() == OURS.replace("0.35", "0.5").replace("= 8", "= 4")
    assert told == [f"{file}: answer.min_confidence = 0.5, before 0.35", f"{file}: retrieval.limit = 4, before 8"]


def test_a_key_and_a_part_that_are_not_there_are_added(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(OURS)
    write_settings(file, {"retrieval.min_cosine": 0.2, "index.passage_tokens": 120})
    settings = load_settings(file)
    assert file.read_text().startswith(OURS)
    assert (settings.retrieval.min_cosine, settings.retrieval.limit, settings.index.passage_tokens) == (0.2, 8, 120)


def test_the_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    assert write_settings(file, {"retrieval.limit": 4}) == [f"{file}: retrieval.limit = 4"]
    assert load_settings(file).retrieval.limit == 4


def test_a_value_that_is_unset_is_written_as_settings_read_it(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text('[llm]\nmodel = "big"\n')
    write_settings(file, {"llm.model": None})
    assert load_settings(file).llm.model is None


def test_what_stands_there_already_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(OURS)
    before = file.stat()
    assert write_settings(file, {"retrieval.limit": 8}) == []
    assert file.stat().st_ino == before.st_ino


def test_dotted_keys_are_found(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text("retrieval.limit = 8  # dotted\n")
    write_settings(file, {"retrieval.limit": 4})
    assert file.read_text() == "retrieval.limit = 4  # dotted\n"


@pytest.mark.parametrize("broken", ["[retrieval\n", "retrieval = 3\n"])
def test_a_file_that_is_no_configuration_is_named_and_left(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(broken)
    with pytest.raises(ConfigError, match=f"{file} cannot be changed"):
        write_settings(file, {"retrieval.limit": 4})
    assert file.read_text() == broken
