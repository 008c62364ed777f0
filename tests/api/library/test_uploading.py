"""Documents that callers add and remove, and the index runs that follow."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from api.library.sync_jobs import _MAX_FOLLOWERS, Indexing
from api.middleware.guards import MAX_BODY_BYTES
from fakes.libraries import Premises
from fakes.principals import bearer
from fakes.serving import serving
from indexes.ingest.sync import SyncListener
from indexes.storage.lock import writer_lock
from indexes.types import PUBLIC
from rag.engine.engine import open_writer
from rag.engine.refresh import Refreshing

Open = Callable[..., Premises]
NOTE = b"# Ferry\n\nThe ferry to Seal Island leaves at noon.\n"
TEXT_FOR_FILE = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--x--\r\n'


def told(text: str) -> list[tuple[str, dict[str, object]]]:
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


async def test_an_upload_is_on_disk_at_once_and_soon_an_answer(open_premises: Open) -> None:
    at = open_premises()
    response = await at.upload("ferry.md", NOTE, folder="trips/sea")
    assert response.status_code == 202
    assert response.json()["path"] == "uploads/everyone/trips/sea/ferry.md"
    assert (at.index / response.json()["path"]).read_bytes() == NOTE
    await at.at_rest()
    found = (
        await at.client.post("/v1/search", json={"query": "ferry to Seal Island"}, headers=bearer("anyone"))
    ).json()
    assert found["hits"][0]["path"] == response.json()["path"]
    document = (await at.get(f"/v1/documents/{response.json()['id']}")).json()
    assert (document["uploaded"], document["has_original"]) == (True, True)
    assert "leaves at noon" in document["text"]
    assert (await at.get(f"/v1/documents/{response.json()['id']}/original")).content == NOTE


async def test_an_uploads_name_is_read_as_browsers_write_it(open_premises: Open) -> None:
    at = open_premises()
    added = (await at.upload('the "old"\r\nferry 100%.md', NOTE)).json()  # sent as %22, %0D and %0A
    assert added["path"] == "uploads/everyone/the _old_ferry 100%.md"
    await at.at_rest()
    original = await at.get(f"/v1/documents/{added['id']}/original")
    assert original.headers["content-disposition"].startswith('attachment; filename="the _old_ferry 100_.md"; ')


async def test_an_upload_of_the_same_path_is_its_next_version(open_premises: Open) -> None:
    at = open_premises()
    first = (await at.upload("ferry.md", NOTE)).json()
    await at.at_rest()
    assert (await at.upload("ferry.md", NOTE.replace(b"noon", b"dawn"))).json() == first
    await at.at_rest()
    assert "leaves at dawn" in (await at.get(f"/v1/documents/{first['id']}")).json()["text"]
    assert (await at.paths()).count(first["path"]) == 1


async def test_a_removed_upload_is_gone_from_disk_list_and_search(open_premises: Open) -> None:
    at = open_premises()
    added = (await at.upload("ferry.md", NOTE)).json()
    await at.at_rest()
    assert (await at.client.delete(f"/v1/documents/{added['id']}", headers=bearer("anyone"))).status_code == 204
    assert added["path"] not in await at.paths()
    assert not (at.index / added["path"]).exists()
    assert (await at.get(f"/v1/documents/{added['id']}")).status_code == 404
    found = (
        await at.client.post("/v1/search", json={"query": "ferry to Seal Island"}, headers=bearer("anyone"))
    ).json()
    assert added["path"] not in [hit["path"] for hit in found["hits"]]
    await at.at_rest()
    assert added["path"] not in at.engine.catalog.files()


async def test_an_upload_that_cannot_be_read_is_told_and_can_be_removed(open_premises: Open) -> None:
    at = open_premises()
    added = (await at.upload("broken.pdf", b"%PDF-1.4 and nothing more")).json()
    await at.at_rest()
    last = (await at.get("/v1/index")).json()["last"]
    assert [failed["path"] for failed in last["failed"]] == [added["path"]]
    assert (await at.client.delete(f"/v1/documents/{added['id']}", headers=bearer("anyone"))).status_code == 204
    assert not (at.index / added["path"]).exists()


async def test_what_was_not_uploaded_is_not_removed(open_premises: Open) -> None:
    at = open_premises()
    response = await at.client.delete(f"/v1/documents/{await at.id_of('gull/lighthouse.md')}", headers=bearer("anyone"))
    assert (response.status_code, response.json()["type"]) == (409, "urn:footnote:problem:not-uploaded")
    assert "gull/lighthouse.md" in await at.paths()


async def test_many_uploads_at_once_are_all_kept(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    contents = {f"note-{number}.md": f"# Note {number}\n\nBoat {number} is blue.".encode() for number in range(12)}
    responses = await asyncio.gather(*(at.upload(name, content) for name, content in contents.items()))
    assert [response.status_code for response in responses] == [202] * 12
    await at.at_rest()
    assert {path.rpartition("/")[2] for path in await at.paths(path="uploads/**")} == contents.keys()


# Who may


async def test_an_upload_is_for_the_uploaders_groups_unless_they_say_so(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    own = (await at.upload("own.md", b"# Own\n\nFor both groups.", "both")).json()["path"]
    one = (await at.upload("one.md", b"# One\n\nFor the board.", "both", groups=["board"])).json()["path"]
    public = (await at.upload("all.md", b"# All\n\nFor everyone.", "both", groups=["everyone"])).json()["path"]
    await at.at_rest()
    assert (own, one, public) == ("uploads/board+hr/own.md", "uploads/board/one.md", "uploads/everyone/all.md")
    assert await at.paths("anyone") == ["a.md", public]
    assert await at.paths("hr") == ["a.md", own, public]
    assert await at.paths("both") == ["a.md", own, one, public]


async def test_the_command_lines_index_run_keeps_uploads_and_who_may_read_them(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    added = (await at.upload("own.md", b"# Own\n\nFor one group.", "hr")).json()["path"]
    await at.at_rest()
    (at.docs / "b.md").write_text("More words.")
    with open_writer(at.engine.settings, at.engine.encoder) as writer:
        report = writer.run([at.docs], SyncListener())
    assert (report.added, report.removed) == (["b.md"], [])
    assert await at.paths("anyone") == ["a.md", "b.md"]
    assert added in await at.paths("hr")


async def test_no_one_uploads_for_groups_that_they_are_not_in_nor_without_leave(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    for key, groups in (("hr", ["board"]), ("anyone", ["hr"]), ("reader", ["hr"])):
        response = await at.upload("own.md", NOTE, key, groups=groups)
        assert (response.status_code, response.json()["type"]) == (403, "urn:footnote:problem:forbidden")
    for method, path in (("POST", "/v1/index/sync"), ("DELETE", "/v1/documents/0123456789abcdef")):
        assert (await at.client.request(method, path, headers=bearer("reader"))).status_code == 403
        assert (await at.client.request(method, path)).status_code == 401
    assert (await at.client.post("/v1/documents", files={"file": ("a.md", b"a")})).status_code == 401
    assert not (at.index / "uploads").exists()


async def test_a_page_of_another_site_changes_nothing(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        files = {"file": ("a.md", NOTE)}
        assert (
            await at.client.post("/v1/documents", files=files, headers=headers | bearer("anyone"))
        ).status_code == 403
        assert (await at.client.post("/v1/index/sync", headers=headers | bearer("anyone"))).status_code == 403
    own = {"Origin": "http://localhost:8000"} | bearer("anyone")
    assert (await at.client.post("/v1/documents", files={"file": ("a.md", NOTE)}, headers=own)).status_code == 202


# What may not be uploaded


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("tool.exe", 415, "unread-format"),
        ("Makefile", 415, "unread-format"),
        ("", 400, "bad-form"),
        (".md", 415, "unread-format"),
        ("..md", 422, "bad-name"),
    ],
)
async def test_only_documents_with_a_name_are_taken(open_premises: Open, name: str, status: int, kind: str) -> None:
    at = open_premises({"a.md": "Words."})
    response = await at.upload(name, NOTE)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:footnote:problem:{kind}")
    assert [*at.index.glob("uploads/**/*.*")] == []


async def test_an_upload_beyond_the_limit_is_refused_and_leaves_nothing(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."}, server={"max_upload_mb": 2})
    assert (await at.upload("large.txt", b"x" * (2 * 2**20 - 1000))).status_code == 202  # far beyond a question's limit
    response = await at.upload("larger.txt", b"x" * (2 * 2**20 + 100_000))
    assert (response.status_code, response.json()["type"]) == (413, "urn:footnote:problem:body-too-large")
    assert "2,162,688 bytes" in response.json()["detail"]
    assert [file.name for file in (at.index / "uploads").rglob("*.*")] == ["large.txt"]
    asked = await at.client.post("/v1/search", content=b" " * (MAX_BODY_BYTES + 1), headers=bearer("anyone"))
    assert asked.status_code == 413


@pytest.mark.parametrize(
    ("content", "media_type", "status", "kind"),
    [
        (b'{"file": 1}', "application/json", 415, "not-a-form"),
        (b"file=a", "application/x-www-form-urlencoded", 415, "not-a-form"),
        (b"nonsense", "multipart/form-data", 400, "bad-form"),
        (b"nonsense", "multipart/form-data; boundary=x", 400, "bad-form"),
        (TEXT_FOR_FILE, "multipart/form-data; boundary=x", 400, "bad-form"),
    ],
)
async def test_what_is_no_form_is_refused(
    open_premises: Open, content: bytes, media_type: str, status: int, kind: str
) -> None:
    at = open_premises({"a.md": "Words."})
    headers = bearer("anyone") | {"Content-Type": media_type}
    response = await at.client.post("/v1/documents", content=content, headers=headers)
    assert (response.status_code, response.json()["type"]) == (status, f"urn:footnote:problem:{kind}")


async def test_documents_that_have_a_folder_of_that_name_are_not_displaced(open_premises: Open) -> None:
    at = open_premises({"uploads/plan.md": "A plan."})
    response = await at.upload("ferry.md", NOTE)
    assert (response.status_code, response.json()["type"]) == (409, "urn:footnote:problem:uploads-taken")
    assert await at.paths() == ["uploads/plan.md"]


async def test_the_description_tells_of_every_address(open_premises: Open) -> None:
    described = (await open_premises({"a.md": "Words."}).client.get("/openapi.json")).json()["paths"]
    assert {path for path in described if path.startswith(("/v1/documents", "/v1/index"))} == {
        "/v1/documents",
        "/v1/documents/{id}",
        "/v1/documents/{id}/original",
        "/v1/documents/{id}/pages/{n}.png",
        "/v1/index",
        "/v1/index/sync",
        "/v1/index/events",
    }
    assert [*described["/v1/documents"]["post"]["requestBody"]["content"]] == ["multipart/form-data"]
    assert [*described["/v1/documents/{id}/pages/{n}.png"]["get"]["responses"]["200"]["content"]] == ["image/png"]


# Index runs


async def test_a_sync_takes_in_what_changed_in_the_folders(open_premises: Open) -> None:
    at = open_premises()
    (at.docs / "ferry.md").write_bytes(NOTE)
    (at.docs / "gull" / "lighthouse.md").unlink()
    assert (await at.client.post("/v1/index/sync", headers=bearer("anyone"))).status_code == 202
    await at.at_rest()
    assert await at.paths() == ["ferry.md", "leave-policy.pdf"]
    last = (await at.get("/v1/index")).json()["last"]
    assert (last["added"], last["changed"], last["removed"], last["failed"], last["error"]) == (1, 0, 1, [], None)


async def test_events_tell_how_far_it_is_and_how_it_ended_of_what_one_may_see(open_premises: Open) -> None:
    at = open_premises()
    (at.docs / "ferry.md").write_bytes(NOTE)
    (at.docs / "hr" / "second-canary.md").write_bytes(b"# Zanzibar again\n\nMore secrets.")
    (at.docs / "hr" / "broken-canary.pdf").write_bytes(b"no pdf")
    at.indexing.sync()
    mine, theirs = await asyncio.gather(at.get("/v1/index/events"), at.get("/v1/index/events", "hr"))
    assert mine.headers["content-type"].startswith("text/event-stream")
    assert told(mine.text)[-1] == ("finished", {"added": 1, "changed": 0, "removed": 0, "failed": []})
    name, outcome = told(theirs.text)[-1]
    assert (name, outcome["added"], len(outcome["failed"])) == ("finished", 2, 1)
    assert told(theirs.text)[-2][1] | {"stage": "publishing"} == told(theirs.text)[-2][1]
    assert max(data["total"] for name, data in told(mine.text) if name == "progress") == 1
    assert max(data["total"] for name, data in told(theirs.text) if name == "progress") == 3
    assert "canary" not in mine.text
    assert "Zanzibar" not in mine.text
    again = await at.get("/v1/index/events")
    assert told(again.text) == [told(mine.text)[-1]]


async def test_a_folder_that_is_gone_changes_nothing_and_is_not_named(open_premises: Open) -> None:
    at = open_premises()
    at.docs.rename(at.docs.with_name("elsewhere"))
    at.indexing.sync()
    await at.at_rest()
    ((name, problem),) = told((await at.get("/v1/index/events")).text)
    assert (name, problem["type"]) == ("error", "urn:footnote:problem:sync-refused")
    assert str(at.docs.parent) not in json.dumps(problem)
    assert "gull/lighthouse.md" in await at.paths()


async def test_a_loss_of_most_files_changes_nothing(open_premises: Open) -> None:
    at = open_premises({f"{number}.md": f"Note {number}." for number in range(14)})
    for number in range(12):
        (at.docs / f"{number}.md").unlink()
    at.indexing.sync()
    await at.at_rest()
    assert (await at.get("/v1/index")).json()["last"]["error"]["type"] == "urn:footnote:problem:sync-refused"
    assert len(await at.paths()) == 14


@pytest.mark.parametrize("stopped", ["moved", "deleted"])
async def test_a_sync_that_would_open_a_document_or_leave_a_rule_idle_is_refused_and_names_none(
    open_premises: Open, stopped: str
) -> None:
    at = open_premises({"hr/canary.md": "Zanzibar.", "hr/own.md": "Own.", "news.md": "News."})
    if stopped == "moved":
        (at.docs / "hr" / "canary.md").rename(at.docs / "canary.md")
    else:
        (at.docs / "hr").rename(at.docs / "people")
        for name in "canary.md", "own.md":
            (at.docs / "people" / name).write_text("Edited.")
    at.indexing.sync()
    await at.at_rest()
    ((name, problem),) = told((await at.get("/v1/index/events")).text)
    assert (name, problem["type"]) == ("error", "urn:footnote:problem:sync-refused")
    assert "canary" not in problem["detail"]
    assert ("--allow-wider-access" if stopped == "moved" else "--allow-unmatched-rules") in problem["detail"]
    assert (await at.paths(), len(await at.paths("hr"))) == (["news.md"], 3)


async def test_where_another_process_writes_a_sync_is_refused_and_an_upload_waits(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    with writer_lock(at.index):
        refused = await at.client.post("/v1/index/sync", headers=bearer("anyone"))
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:footnote:problem:index-busy")
        added = (await at.upload("ferry.md", NOTE)).json()
        await asyncio.sleep(1)
        assert (await at.get("/v1/index")).json()["syncing"]
    await at.at_rest()
    assert added["path"] in await at.paths()


async def test_an_index_that_does_not_say_where_its_documents_lie_is_not_synced(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    at.engine.catalog.set("roots", "[]")
    refused = await at.client.post("/v1/index/sync", headers=bearer("anyone"))
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:footnote:problem:no-roots")
    assert "footnote index DOCS" in refused.json()["detail"]


async def test_followers_beyond_the_limit_are_refused_and_those_who_left_make_room(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    app = at.client._transport.app  # type: ignore[attr-defined]
    with writer_lock(at.index):
        at.indexing.take_uploads()
        async with serving(app) as url:
            follows = [at.indexing.follow(PUBLIC) for _ in range(_MAX_FOLLOWERS)]
            for one in follows:
                await anext(one)
            async with at.client.stream("GET", f"{url}/v1/index/events", headers=bearer("anyone")) as refused:
                text = (await refused.aread()).decode()
            assert told(text)[0][1]["type"] == "urn:footnote:problem:too-many-followers"
            for one in follows:
                await one.aclose()
    await at.at_rest()
    assert told((await at.get("/v1/index/events")).text)[0][0] == "finished"


async def test_a_run_stops_with_the_server_and_goes_on_with_the_next(open_premises: Open) -> None:
    at = open_premises({"a.md": "Words."})
    with writer_lock(at.index):
        added = (await at.upload("ferry.md", NOTE)).json()["path"]
        await asyncio.to_thread(at.indexing.stop)
    assert added not in await at.paths()
    again = Indexing(Refreshing(at.engine), pause=0.05)
    again.take_uploads()
    async for _ in again.follow(PUBLIC):
        pass
    again.stop()
    assert added in await at.paths()


def test_a_hidden_half_of_an_upload_is_never_indexed(open_premises: Open, tmp_path: Path) -> None:
    at = open_premises({"a.md": "Words."})
    (at.index / "uploads").mkdir()
    (at.index / "uploads" / ".half").write_bytes(NOTE)
    (at.index / "uploads" / "stray.md").write_bytes(NOTE)
    with open_writer(at.engine.settings, at.engine.encoder) as writer:
        assert writer.run_uploads(SyncListener()).added == ["uploads/stray.md"]
    assert at.engine.catalog.readers()["uploads/stray.md", "uploads/stray.md"] == frozenset()
