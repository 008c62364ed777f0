"""Settings written into footnote.toml by a program, and the people's part of it left alone."""

from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest

from eval.experiments.config_file import write_settings
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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_who_may_read_the_file_stays_as_it_is(tmp_path: Path, mode: int) -> None:
    file, left_by_a_kill = tmp_path / "footnote.toml", tmp_path / "footnote.toml.new"
    for one in (file, left_by_a_kill):
        one.write_text(OURS)
    left_by_a_kill.chmod(0o666)
    file.chmod(mode)
    write_settings(file, {"retrieval.limit": 4})
    assert S_IMODE(file.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_written_is_not_readable_by_others_before_it_is_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, modes, write = tmp_path / "footnote.toml", list[int](), Path.write_text
    file.write_text(OURS)
    file.chmod(0o600)

    def watched(to: Path, *how: Any, **named: Any) -> int:
        modes.append(S_IMODE(to.stat().st_mode))
        return write(to, *how, **named)

    monkeypatch.setattr(Path, "write_text", watched)
    write_settings(file, {"retrieval.limit": 4})
    assert modes == [0o600]


def test_a_link_stays_one_and_the_file_that_it_names_is_changed(tmp_path: Path) -> None:
    target, file = tmp_path / "shared.toml", tmp_path / "footnote.toml"
    target.write_text(OURS)
    file.symlink_to(target.name)
    write_settings(file, {"retrieval.limit": 4})
    assert file.is_symlink()
    assert target.read_text() == OURS.replace("= 8", "= 4")


def test_lines_end_as_they_did_and_so_do_those_that_are_added(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_bytes(OURS.replace("\n", "\r\n").encode())
    write_settings(file, {"retrieval.limit": 4, "index.passage_tokens": 120})
    told = file.read_bytes().decode()
    assert told.startswith(OURS.replace("= 8", "= 4").replace("\n", "\r\n"))
    assert "\n" not in told.replace("\r\n", "")


@pytest.mark.parametrize("broken", ["[retrieval\n", "retrieval = 3\n"])
def test_a_file_that_is_no_configuration_is_named_and_left(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text(broken)
    with pytest.raises(ConfigError, match=f"{file} cannot be changed"):
        write_settings(file, {"retrieval.limit": 4})
    assert file.read_text() == broken
