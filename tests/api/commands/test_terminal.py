"""What the command line prints."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from api.commands import terminal
from indexes.ingest.changes import plan_changes
from indexes.ingest.sync import SyncReport


def test_without_a_terminal_plain_lines_count_files_and_passages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Aardvarks dig. " * 100)
    with terminal.SyncProgress(plain_interval=0) as progress:
        progress.planned(plan_changes([tmp_path], {}))
        progress.embedded(2)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("0 of 2 files, 2 passages embedded, ")
    assert line.endswith(" passages/s")


def test_on_a_terminal_the_bar_shows_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=200)
    monkeypatch.setattr(terminal, "_err", screen)
    with terminal.SyncProgress() as progress:
        progress.publishing(10)
        progress.published(5)
    assert isinstance(screen.file, io.StringIO)
    assert "5/10" in screen.file.getvalue()
    assert "-:--:--" in screen.file.getvalue()


def test_skipped_files_are_told_by_reason_and_the_first_few_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    many = {f"{n}.xyz": "a format that is not read" for n in range(7)}
    terminal.print_report(SyncReport(skipped={"up": "a link to a folder", **many}))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "skipped, a format that is not read: 0.xyz, 1.xyz, 2.xyz, 3.xyz, 4.xyz and 2 more",
        "skipped, a link to a folder: up",
    ]


def test_making_chroma_anew_as_an_index_is_opened_is_told_in_a_sentence_and_seen_only_where_it_takes_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with terminal.OpeningProgress(plain_interval=0) as progress:
        progress.publishing(10_000)
        progress.published(5_000)
        progress.healed("Made anew.")
    assert capsys.readouterr().err.splitlines() == ["5000 of 10000 vectors in Chroma", "Made anew."]
