"""Access over HTTP: a second folder, a typo in a rule, and a copy of what is protected. No answer says a word of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.engines import OpenEngine, RememberingEncoder
from fakes.libraries import ACCESS, Premises, premises, served, written
from fakes.principals import bearer
from indexes.ingest.sync import SyncListener
from rag.engine.engine import open_writer
from rag.settings import load_settings

SECRET = "The pilot of Heron Bay earns 5,100 crowns."
QUESTION = "What does the pilot of Heron Bay earn?"
FILES = {"docs/hr/pay.md": SECRET, "docs/news.md": "Terns nest on Heron Bay.", "more/shed.md": "Bicycles of the bay."}
TYPO = ({"glob": "Hr/**", "groups": ("hr",)},)


@pytest.fixture
async def at(tmp_path: Path, encoder: RememberingEncoder, opened: OpenEngine) -> AsyncIterator[Premises]:
    """A server over an index of ``docs``, of which ``hr`` is protected."""
    serving = premises(written(tmp_path, FILES) / "docs", tmp_path / "index", encoder, opened)
    yield serving
    serving.indexing.stop()


async def told(at: Premises, key: str = "anyone") -> str:
    """All that is said to a question, by each address that answers one, and of the documents."""
    chat = {"model": "footnote", "messages": [{"role": "user", "content": QUESTION}]}
    bodies = {"/v1/ask": {"question": QUESTION}, "/v1/search": {"query": QUESTION}, "/v1/chat/completions": chat}
    said = [(await at.client.post(path, json=body, headers=bearer(key))).text for path, body in bodies.items()]
    return "\n".join((*said, (await at.get("/v1/documents", key)).text, (await at.get("/v1/index", key)).text))


async def refusal(at: Premises) -> str:
    """What is said of a run over all folders that ends with an error."""
    assert (await at.client.post("/v1/index/sync", headers=bearer("anyone"))).status_code == 202
    await at.at_rest()
    error = (await at.get("/v1/index")).json()["last"]["error"]
    assert error["type"] == "urn:footnote:problem:sync-refused"
    return str(error["detail"])


async def test_a_second_folder_leaves_the_rules_in_force(at: Premises, encoder: RememberingEncoder) -> None:
    settings = load_settings(index={"dir": at.index}, access=ACCESS)
    with open_writer(settings, encoder) as writer:
        writer.run([at.docs, at.docs.parent / "more"], SyncListener())
    said = await told(at)
    assert "docs/news.md" in said
    assert not any(word in said for word in ("5,100", "pay.md"))
    assert SECRET in await told(at, "hr")
    assert (await at.client.post("/v1/index/sync", headers=bearer("anyone"))).status_code == 202
    await at.at_rest()
    assert (await at.get("/v1/index")).json()["last"]["error"] is None
    assert "5,100" not in await told(at)


async def test_a_typo_in_a_rule_stops_the_run_and_names_the_rule_and_the_way_out(
    at: Premises, opened: OpenEngine
) -> None:
    at = served(at.docs, opened(at.index, access=TYPO))
    said = await refusal(at)
    assert "Access rule 1 of the settings matches no document" in said
    assert "--allow-unmatched-rules" in said
    assert not any(word in said for word in ("--allow-delete", "Hr", "pay.md"))
    answers = await told(at)
    assert not any(word in answers for word in ("5,100", "pay.md"))
    at.indexing.stop()


async def test_a_copy_of_what_is_protected_is_not_told_and_the_run_says_how_to_go_on(at: Premises) -> None:
    (at.docs / "copy.md").write_text(SECRET)
    said = await refusal(at)
    assert "--allow-wider-access" in said
    assert "copy.md" not in said
    answers = await told(at)
    assert not any(word in answers for word in ("5,100", "copy.md"))


async def test_an_upload_is_for_whom_its_uploader_says_whatever_was_deleted_before(at: Premises) -> None:
    added = (await at.upload("pay.md", SECRET.encode(), "hr", groups=["hr"])).json()
    await at.at_rest()
    await at.client.delete(f"/v1/documents/{added['id']}", headers=bearer("hr"))
    await at.upload("pay.md", SECRET.encode(), "hr", groups=["everyone"])
    await at.at_rest()
    assert (await at.get("/v1/index")).json()["last"]["error"] is None
    assert "uploads/everyone/pay.md" in await told(at)
