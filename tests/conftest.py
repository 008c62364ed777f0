"""What tests share: no settings of the machine, one embedding model, one index of the samples, a command line."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from api.commands.cli import main
from fakes.chroma_server import ChromaRun
from fakes.engines import CORPUS, ROOT, SAMPLES, OpenEngine, Ran, RememberingEncoder, RunFootnote, WarmEngine
from indexes.errors import ModelPullError
from indexes.ingest.sync import SyncListener
from indexes.models.download import pull
from indexes.models.model_registry import KNOWN
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.models.store import ModelStore
from rag.engine.engine import Engine, open_writer
from rag.settings import load_settings

# a first example imports what the others find imported, and the machine may be busy: pytest-timeout ends what hangs
hypothesis_settings.register_profile("footnote", deadline=None)
hypothesis_settings.load_profile("footnote")


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.upper().startswith(("FOOTNOTE_", "OPENAI_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def encoder() -> RememberingEncoder:
    """all-MiniLM-L6-v2 itself: loaded once for all tests that need it."""
    return RememberingEncoder(SentenceTransformerEncoder())


@pytest.fixture(scope="session")
def models() -> ModelStore:
    """The optional models that search takes, fetched once into a folder that outlives the run."""
    store = ModelStore(ROOT / "var" / "test-models")
    try:
        for name in (model.name for model in KNOWN.values() if model.purpose != "answering"):
            pull(name, store, lambda _: None)
    except ModelPullError as error:
        pytest.skip(str(error))
    return store


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chroma server that tests share; each index has collections of its own there."""
    with ChromaRun(tmp_path_factory.mktemp("chroma-server")) as server:
        yield server.url


@pytest.fixture(scope="session")
def samples_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of ``samples/``. A test that changes an index takes ``own_index``."""
    return _index_of(SAMPLES, tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def corpus_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the press articles, which are not part of the repository."""
    if not CORPUS.is_dir():
        pytest.skip(f"{CORPUS} is absent: the press articles are not part of the repository")
    return _index_of(CORPUS, tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def own_index(samples_index: Path, tmp_path: Path) -> Path:
    """A copy of the index of ``samples/`` that the test may spoil."""
    return Path(shutil.copytree(samples_index, tmp_path / "index"))


@pytest.fixture
def opened(encoder: RememberingEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenEngine]:
    """Opens an index with the model that is loaded; ``parts`` are settings: ``llm={"model": …}``."""
    monkeypatch.chdir(tmp_path)
    engines: list[Engine] = []

    def open_engine(index: Path, **parts: Any) -> Engine:
        settings = load_settings(index={"dir": index}, **parts)
        engines.append(WarmEngine(settings, encoder))
        return engines[-1]

    yield open_engine
    for engine in engines:
        engine.close()


@pytest.fixture
def footnote(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> RunFootnote:
    """Runs the command line in this process, in an empty folder."""
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")

    def run(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["footnote", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run


def _index_of(docs: Path, folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # a footnote.toml where the tests are started is not theirs
        settings = load_settings(index={"dir": folder / "index"})
        with open_writer(settings) as writer:
            report = writer.run([docs], SyncListener())
    assert not report.failed
    return settings.index.dir
