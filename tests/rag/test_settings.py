"""One place for every setting, and one page that shows them all."""

import itertools
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from fakes.engines import ROOT
from rag.errors import ConfigError
from rag.settings import Part, Settings, load_settings

PAGE = (ROOT / "footnote.example.toml").read_text(encoding="utf-8")
EXAMPLE, _, RULES = PAGE.partition("# [[access]]")
PARTS = {name: field.annotation for name, field in Settings.model_fields.items() if name not in ("access", "labels")}
COMMENTED = re.compile(r"# (?P<key>\w+) = (?P<value>.+)")


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def fields() -> Iterator[tuple[str, str, FieldInfo]]:
    for part, model in PARTS.items():
        assert isinstance(model, type)
        assert issubclass(model, Part)
        yield from ((part, field.alias or name, field) for name, field in model.model_fields.items())


def shown() -> list[tuple[str, str, str, str]]:
    """Part, key, what stands above it, and the value, in the order of the page."""
    part, rows = "", []
    lines = EXAMPLE.splitlines()
    for above, line in itertools.pairwise(lines):
        if header := re.fullmatch(r"\[(\w+)\]", line):
            part = header[1]
        elif found := COMMENTED.fullmatch(line):
            rows.append((part, found["key"], above.removeprefix("# "), found["value"]))
    return rows


def uncommented() -> str:
    return "\n".join(COMMENTED.sub(r"\g<key> = \g<value>", line) for line in EXAMPLE.splitlines())


def plain(value: Any) -> Any:
    match value:
        case Path():
            return value.as_posix()
        case tuple():
            return list(value)
    return value


def test_every_setting_is_described() -> None:
    assert [(part, key) for part, key, field in fields() if not field.description] == []


def test_the_example_shows_every_setting_once_in_order_and_nothing_else() -> None:
    assert [row[:2] for row in shown()] == [(part, key) for part, key, _ in fields()]
    assert re.findall(r"^\[(\w+)\]$", EXAMPLE, re.MULTILINE) == list(PARTS)


@pytest.mark.parametrize(("part", "key", "field"), [pytest.param(*row, id=".".join(row[:2])) for row in fields()])
def test_the_example_says_what_a_setting_means_and_its_default(part: str, key: str, field: FieldInfo) -> None:
    above, value = next(row[2:] for row in shown() if row[:2] == (part, key))
    default = plain(field.default)
    assert above == (field.description if default is not None else f"{field.description} (unset)")
    assert tomllib.loads(f"value = {value}")["value"] == (default if default is not None else "")


def test_the_example_as_it_stands_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text(EXAMPLE, encoding="utf-8")
    assert load_settings().model_dump() == Settings.model_construct().model_dump()


def test_the_example_uncommented_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text(uncommented(), encoding="utf-8")
    assert {part: len(keys) for part, keys in tomllib.loads(uncommented()).items()} == {
        part: sum(row[0] == part for row in fields()) for part in PARTS
    }
    assert load_settings().model_dump() == Settings.model_construct().model_dump()


def test_a_variable_wins_over_the_file_and_a_flag_over_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text("[server]\nhost = 'toml'\nport = 1\n[retrieval]\nlimit = 1\n")
    assert (load_settings().server.host, load_settings().server.port) == ("toml", 1)
    monkeypatch.setenv("FOOTNOTE_SERVER__PORT", "2")
    assert (load_settings().server.host, load_settings().server.port) == ("toml", 2)
    settings = load_settings(server={"port": 3})
    assert (settings.server.host, settings.server.port, settings.retrieval.limit) == ("toml", 3, 1)


def test_a_named_file_stands_in_for_the_one_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text("[server]\nport = 1\n")
    (tmp_path / "other.toml").write_text("[server]\nhost = 'other'\n")
    settings = load_settings(Path("other.toml"))
    assert (settings.server.host, settings.server.port) == ("other", 8000)


def test_a_variable_may_hold_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM__OPTIONS", json.dumps({"max_tokens": 3}))
    assert load_settings().llm.options == {"max_tokens": 3}


def test_a_key_is_not_shown_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM__API_KEY", "sk-secret")
    settings = load_settings()
    assert settings.llm.api_key == SecretStr("sk-secret")
    assert "sk-secret" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_every_wrong_setting_is_named_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "footnote.toml").write_text("[server]\nport = -1\n\n[llm]\nretries = 'two'\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    first, second = str(caught.value).splitlines()
    assert {first.partition(": ")[0], second.partition(": ")[0]} == {
        "footnote.toml, line 2, server.port",
        "footnote.toml, line 5, llm.retries",
    }


def test_a_wrong_setting_of_one_table_of_several_is_named_with_its_line(tmp_path: Path) -> None:
    rule = '[[access]]\nglob = "hr/**"\ngroups = ["hr"]\n'
    (tmp_path / "footnote.toml").write_text(f'{rule}\n[[access]]\nglobs = "x"\n\n[[slack.channels]]\nmode = "auto"\n')
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert {*str(caught.value).splitlines()} == {
        "footnote.toml, line 5, access.1.glob: it is not set, and must be.",
        "footnote.toml, line 5, access.1.groups: it is not set, and must be.",
        "footnote.toml, line 6, access.1.globs: there is no such setting.",
        "footnote.toml, line 8, slack.channels.0.channel: it is not set, and must be.",
    }


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().server.port = 1  # type: ignore[misc]


def test_the_example_shows_how_access_is_ruled_and_documents_are_labelled() -> None:
    access, _, others = RULES.partition("# [[labels]]")
    labels = others[: others.index("\n\n")]
    shown = "[[access]]" + access[: access.index("\n\n")] + "\n[[labels]]" + labels
    Path("footnote.toml").write_text(shown.replace("# ", ""), encoding="utf-8")
    assert [(rule.glob, rule.groups) for rule in load_settings().access] == [("hr/**", ("hr",))]
    assert [(rule.glob, rule.labels) for rule in load_settings().labels] == [("board/**/*.docx", ("minutes", "board"))]


def test_the_example_shows_how_slack_channels_and_groups_are_ruled() -> None:
    channels, groups = (RULES.split(f"# [[slack.{name}]]")[1].partition("\n\n")[0] for name in ("channels", "groups"))
    shown = f"[[slack.channels]]{channels}\n[[slack.groups]]{groups}"
    Path("footnote.toml").write_text(shown.replace("# ", ""), encoding="utf-8")
    slack = load_settings().slack
    assert [(rule.channel, rule.mode, rule.groups) for rule in slack.channels] == [("C0123456789", "auto", ("hr",))]
    assert set(re.findall(r"^# (\w+) =", channels, re.MULTILINE)) == set(type(slack.channels[0]).model_fields)
    assert set(re.findall(r"^# (\w+) =", groups, re.MULTILINE)) == set(type(slack.groups[0]).model_fields)
