"""Keys: made once, kept by their hash, known again at the door until they end; and ``footnote keys``."""

import json
import re
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.api_keys import Key, KeyAuthenticator, KeyStore, UnknownKeyError
from api.core.principals import LOCAL, Principal, UnauthorizedError
from fakes.engines import RunFootnote
from indexes.types import Audience

SHAPE = re.compile(r"fn_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")
UNKNOWN = f"fn_{'0' * 12}_{'A' * 43}"


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "server")


def only(keys: KeyStore) -> Key:
    (key,) = keys.all()
    return key


def test_a_key_admits_who_holds_it_with_its_groups_and_rights(keys: KeyStore) -> None:
    key, secret = keys.create("Anna", ("hr", "board"), may_write=True)
    assert SHAPE.fullmatch(secret)
    principal = Principal(key.id, "Anna", Audience(frozenset({"hr", "board"})), may_write=True)
    assert KeyAuthenticator(keys, wants_key=True).authenticate(secret) == principal


def test_a_key_finds_public_documents_and_writes_nothing_unless_it_is_said(keys: KeyStore) -> None:
    _, secret = keys.create("bot")
    principal = KeyAuthenticator(keys, wants_key=True).authenticate(secret)
    assert (principal.audience.groups, principal.may_write) == (frozenset(), False)


def test_the_secret_is_kept_nowhere_and_the_file_is_for_its_user_alone(keys: KeyStore) -> None:
    _, secret = keys.create("Anna")
    KeyAuthenticator(keys, wants_key=True).authenticate(secret)
    for file in keys.file.parent.iterdir():
        assert secret.split("_", 2)[2].encode() not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.file.parent.stat().st_mode) == 0o700


def refused_words(keys: KeyStore, sent: str | None) -> str:
    with pytest.raises(UnauthorizedError) as refused:
        KeyAuthenticator(keys, wants_key=True).authenticate(sent)
    return str(refused.value)


def test_whatever_is_wrong_with_a_key_the_refusal_is_the_same(keys: KeyStore) -> None:
    key, revoked = keys.create("revoked")
    keys.revoke(key.id)
    _, expired = keys.create("expired", expires=time.time() - 1)
    other, good = keys.create("good")
    wrong = f"fn_{other.id}_{'A' * 43}"
    sent = [None, "", "fn_", good[:-1], good + "x", f" {good}", good.upper(), UNKNOWN, wrong, revoked, expired]
    assert len({refused_words(keys, key) for key in sent}) == 1


def test_a_key_is_refused_from_the_moment_it_ends(keys: KeyStore) -> None:
    now = time.time()
    key = Key("a", "b", (), may_write=False, created=now, expires=now + 1)
    assert key.usable(now + 0.9)
    assert not key.usable(now + 1)


def test_a_revocation_by_another_process_takes_effect_at_once(keys: KeyStore) -> None:
    key, secret = keys.create("Anna")
    authenticator = KeyAuthenticator(keys, wants_key=True)
    authenticator.authenticate(secret)
    KeyStore(keys.file.parent).revoke(key.id)
    with pytest.raises(UnauthorizedError):
        authenticator.authenticate(secret)


def test_a_second_revocation_changes_nothing(keys: KeyStore) -> None:
    key, _ = keys.create("Anna")
    keys.revoke(key.id)
    first = only(keys).revoked
    keys.revoke(key.id)
    assert only(keys).revoked == first is not None


@pytest.mark.parametrize("made", [0, 1])
def test_a_key_that_is_not_there_cannot_be_revoked(keys: KeyStore, made: int) -> None:
    for _ in range(made):
        keys.create("Anna")
    with pytest.raises(UnknownKeyError, match="footnote keys list"):
        keys.revoke("nobody")


def used(keys: KeyStore, *, since: float = 0) -> float:
    """When the only key was last used, as soon as that is known: it is noted in the background."""
    until = time.monotonic() + 10
    while (noted := only(keys).used or 0) <= since:
        assert time.monotonic() < until
        time.sleep(0.01)
    return noted


def test_the_last_use_is_noted_at_most_once_a_minute(keys: KeyStore) -> None:
    _, secret = keys.create("Anna")
    assert only(keys).used is None
    KeyAuthenticator(keys, wants_key=True).authenticate(secret)
    first = used(keys)
    for authenticator in (
        KeyAuthenticator(keys, wants_key=True),
        KeyAuthenticator(KeyStore(keys.file.parent), wants_key=True),
    ):
        authenticator.authenticate(secret)
        time.sleep(0.2)
        assert only(keys).used == first
    with closing(sqlite3.connect(keys.file)) as db, db:
        db.execute("UPDATE keys SET used = ?", (first - 61,))
    KeyAuthenticator(KeyStore(keys.file.parent), wants_key=True).authenticate(secret)
    assert used(keys, since=first - 61) >= first


def test_a_use_that_cannot_be_noted_is_a_use_all_the_same(keys: KeyStore, caplog: pytest.LogCaptureFixture) -> None:
    _, secret = keys.create("Anna")
    with closing(sqlite3.connect(keys.file)) as db, db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON keys BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    assert KeyAuthenticator(keys, wants_key=True).authenticate(secret).name == "Anna"
    until = time.monotonic() + 10
    while "is not noted" not in caplog.text:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_wrong_secret_is_no_use_of_the_key(keys: KeyStore) -> None:
    key, _ = keys.create("Anna")
    refused_words(keys, f"fn_{key.id}_{'A' * 43}")
    time.sleep(0.2)
    assert only(keys).used is None


def test_where_no_key_is_wanted_who_sends_none_is_local_and_one_of_ours_that_is_sent_must_be_good(
    keys: KeyStore,
) -> None:
    _, secret = keys.create("Anna", ("hr",))
    authenticator = KeyAuthenticator(keys, wants_key=False)
    assert authenticator.authenticate(None) is LOCAL
    assert authenticator.authenticate(secret).audience == Audience(frozenset({"hr"}))
    for wrong in ("fn_", UNKNOWN, f"{secret}x"):
        with pytest.raises(UnauthorizedError):
            authenticator.authenticate(wrong)


@pytest.mark.parametrize("word", ["", "any", "sk-none", "not-needed"])
def test_a_word_that_openais_clients_must_send_is_no_key_where_none_is_wanted(keys: KeyStore, word: str) -> None:
    assert KeyAuthenticator(keys, wants_key=False).authenticate(word) is LOCAL
    with pytest.raises(UnauthorizedError):
        KeyAuthenticator(keys, wants_key=True).authenticate(word)


def test_where_no_key_is_wanted_none_is_looked_for(keys: KeyStore) -> None:
    KeyAuthenticator(keys, wants_key=False).authenticate(None)
    assert not keys.file.exists()


@given(sent=st.text() | st.from_regex(SHAPE))
def test_no_text_that_was_not_given_out_opens_anything(sent: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = KeyStore(tmp_path_factory.getbasetemp() / "guessed")
    if not keys.all():
        keys.create("Anna")
    refused_words(keys, sent)


# The command line


def test_a_key_is_printed_once_and_then_listed_without_its_secret(footnote: RunFootnote) -> None:
    made = footnote("keys", "create", "Anna", "--groups", "hr, board,hr", "--expires", "90d")
    assert (made.code, bool(SHAPE.fullmatch(made.out.strip()))) == (0, True)
    listed = footnote("keys", "list")
    assert re.match(
        r"good +[0-9a-f]{12} Anna: groups hr, board; reads only; made .*; expires .*; never used", listed.out
    )
    assert made.out.strip().rpartition("_")[2] not in listed.out + made.err


def test_keys_are_told_to_machines(footnote: RunFootnote) -> None:
    made = json.loads(footnote("keys", "create", "bot", "--may-write", "--json").out)
    (listed,) = json.loads(footnote("keys", "list", "--json").out)
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert (listed["name"], listed["may_write"], listed["groups"], listed["expires"]) == ("bot", True, [], None)
    assert (footnote("keys", "revoke", listed["id"]).code) == 0
    assert json.loads(footnote("keys", "list", "--json").out)[0]["revoked"] is not None
    assert footnote("keys", "list").out.startswith("revoked ")


def test_a_group_that_no_rule_names_is_pointed_out(footnote: RunFootnote) -> None:
    Path("footnote.toml").write_text("[[access]]\nglob = 'hr/**'\ngroups = ['hr']\n")
    assert "rh" in footnote("keys", "create", "Anna", "--groups", "hr,rh").err
    assert "access" not in footnote("keys", "create", "Anna", "--groups", "hr").err


def test_a_list_of_no_keys_makes_no_folder(footnote: RunFootnote) -> None:
    assert "footnote keys create" in footnote("keys", "list").out
    assert not Path("var").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", " "),
        ("create", "a\nb"),
        ("create", "Anna", "--groups", "a\x1b,b"),
        ("create", "Anna", "--expires", "soon"),
        ("create", "Anna", "--expires", "0d"),
        ("revoke", "nobody"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(footnote: RunFootnote, arguments: tuple[str, ...]) -> None:
    ran = footnote("keys", *arguments)
    assert ran.code != 0
    assert "Traceback" not in ran.err
    assert ran.err
    assert footnote("keys", "list", "--json").out.strip() == "[]"


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ("", ("--host", "0.0.0.0")),
        ("", ("--host", "::")),
        ("", ("--host", "192.168.1.5")),
        ("[server]\nkeys = 'always'\n", ()),
        ("[server]\npublic_url = 'https://docs.example'\n", ()),
    ],
)
def test_a_server_that_others_reach_does_not_start_without_a_key(
    footnote: RunFootnote, settings: str, flags: tuple[str, ...]
) -> None:
    Path("footnote.toml").write_text(settings)
    footnote("keys", "create", "Anna", "--expires", "1h")
    (key,) = json.loads(footnote("keys", "list", "--json").out)
    with_key = footnote("serve", "--index", "nowhere", *flags)
    assert "nowhere" in with_key.err  # it came as far as the index
    footnote("keys", "revoke", key["id"])
    ran = footnote("serve", "--index", "nowhere", *flags)
    assert ran.code == 1
    assert "footnote keys create" in ran.err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_the_machines_own_address_no_key_is_needed(footnote: RunFootnote, host: str) -> None:
    assert "nowhere" in footnote("serve", "--index", "nowhere", "--host", host).err


def test_doctor_says_how_many_keys_open_the_server(footnote: RunFootnote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBEDDING__MODEL", "nowhere")  # nothing is to be loaded for this
    assert "ok    keys: 0 of 0 are valid for the HTTP API" in footnote("doctor").out
    monkeypatch.setenv("FOOTNOTE_SERVER__HOST", "0.0.0.0")
    assert "wrong keys: There is no valid key" in footnote("doctor").out
    footnote("keys", "create", "Anna")
    assert "ok    keys: 1 of 1 are valid for the HTTP API; everyone needs one" in footnote("doctor").out
