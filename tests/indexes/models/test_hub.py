"""A model of the hub, from a hub on loopback, in a process of its own: its libraries read the environment once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.chroma_server import free_port
from fakes.cross_encoders import make_cross_encoder
from fakes.engines import ROOT
from fakes.hub import FakeHub
from indexes.models.cross_encoder_reranker import CrossEncoderReranker
from indexes.models.store import ModelStore

NAME = "org/tiny"
UNWANTED = {
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"code",
    "onnx/model.onnx": b"graph",
    ".gitattributes": b"",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = make_cross_encoder(tmp_path_factory.mktemp("cross-encoder"))
    return {path.name: path.read_bytes() for path in folder.iterdir()} | {"README.md": b"A model card."}


def footnote(url: str, folder: Path, name: str = NAME) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    own = {"HF_ENDPOINT": url, "HF_HOME": str(folder / "hf"), "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-m", "api.commands.cli", "models", "pull", name]
    return subprocess.run(
        command, cwd=folder, env=inherited | own, capture_output=True, text=True, timeout=120, check=False
    )


def test_weights_and_what_reads_them_are_taken_and_no_code(files: dict[str, bytes], tmp_path: Path) -> None:
    with FakeHub(NAME, files | UNWANTED) as hub:
        ran = footnote(hub.url, tmp_path)
        assert (ran.returncode, sorted(hub.asked)) == (0, sorted(files)), ran.stderr
        again = footnote(hub.url, tmp_path)
        assert len(hub.asked) == len(files)
    assert "is already there" in again.stdout
    store = ModelStore(tmp_path / "var" / "models")
    assert (store.pulled(), store.state(NAME)) == ([NAME], "present")
    assert {path.name for path in store.place(NAME).iterdir()} == {*files, "footnote-model.json"}
    assert len(CrossEncoderReranker(NAME, store).score("how many days", ["annual leave", "magnets"])) == 2
    (store.place(NAME) / "config.json").write_text("{}")
    assert store.state(NAME) == "damaged"


def test_a_transfer_that_breaks_off_leaves_nothing(files: dict[str, bytes], tmp_path: Path) -> None:
    with FakeHub(NAME, files, cut="vocab.txt") as hub:
        ran = footnote(hub.url, tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "org/tiny could not be fetched from the model hub: " in ran.stderr
    assert ModelStore(tmp_path / "var" / "models").pulled() == []


@pytest.mark.parametrize(
    ("name", "served", "reason"),
    [("org/other", {}, "404"), (NAME, {"pytorch_model.bin": b"a pickle"}, "it holds no safetensors weights.")],
)
def test_what_the_hub_does_not_have_is_said_with_the_way_out(
    tmp_path: Path, name: str, served: dict[str, bytes], reason: str
) -> None:
    with FakeHub(NAME, served) as hub:
        ran = footnote(hub.url, tmp_path, name)
    assert f"{name} could not be fetched from the model hub: " in ran.stderr
    assert reason in ran.stderr
    assert "bring the model's folder from elsewhere and give its path" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_hub_that_is_not_reached_is_said(tmp_path: Path) -> None:
    ran = footnote(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "Check the name and the connection" in ran.stderr
