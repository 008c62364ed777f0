"""What every reranker promises, over the tests' fake, the real int8 model, and sentence-transformers' own class."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.cross_encoders import make_cross_encoder
from fakes.reranker import WordsReranker
from indexes.errors import RerankerError
from indexes.models.cross_encoder_reranker import CrossEncoderReranker
from indexes.models.model_registry import KNOWN
from indexes.models.onnx_reranker import OnnxReranker
from indexes.models.store import ModelStore
from indexes.protocols import Reranker

QUESTION = "How many days off do staff get?"
TEXTS = ["Employees have 25 days of annual leave.", "", "Magnets contain rare earths.", "日本語 😀", "word " * 900]
MINILM = KNOWN["ms-marco-MiniLM-L-12-v2-int8"]


@pytest.fixture(scope="session")
def int8(models: ModelStore) -> OnnxReranker:
    return OnnxReranker(MINILM, models)


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoderReranker:
    """Of random weights: it keeps the contract and knows nothing."""
    return CrossEncoderReranker(str(make_cross_encoder(tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture(params=["fake", "int8", "cross_encoder"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "fake":
        return WordsReranker()
    made: Reranker = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("texts", [[], TEXTS[:1], TEXTS], ids=len)
def test_a_text_has_a_score(reranker: Reranker, texts: list[str]) -> None:
    scores = reranker.score(QUESTION, texts)
    assert [type(score) for score in scores] == [float] * len(texts)


def test_the_same_pair_has_the_same_score_whatever_stands_beside_it(reranker: Reranker) -> None:
    alone = [score for text in TEXTS for score in reranker.score(QUESTION, [text])]
    assert reranker.score(QUESTION, TEXTS) == pytest.approx(alone, abs=1e-5)
    assert reranker.score(QUESTION, TEXTS[::-1]) == pytest.approx(alone[::-1], abs=1e-5)


def test_no_question_is_too_long_or_too_short(reranker: Reranker) -> None:
    for question in ("", "word " * 2000):
        assert len(reranker.score(question, TEXTS)) == len(TEXTS)


def test_it_has_a_name(reranker: Reranker) -> None:
    assert reranker.name


def test_threads_share_it(reranker: Reranker) -> None:
    expected = pytest.approx(reranker.score(QUESTION, TEXTS), abs=1e-5)
    with ThreadPoolExecutor(4) as pool:
        assert all(scores == expected for scores in pool.map(lambda _: reranker.score(QUESTION, TEXTS), range(4)))


def test_the_int8_model_puts_the_answer_first_and_gives_logits(int8: OnnxReranker) -> None:
    texts = [TEXTS[2], "Staff may work from home on Fridays.", TEXTS[0], "The office has a parking lot."]
    scores = int8.score(QUESTION, texts)
    assert max(scores) == scores[2] > 3
    assert sorted(scores)[-2] < -3


def test_the_int8_model_cuts_the_text_and_keeps_the_question(int8: OnnxReranker) -> None:
    at_the_end = [f"{'word ' * length}{TEXTS[0]}" for length in (100, 600)]
    read, cut = int8.score(QUESTION, at_the_end)
    assert read > cut
    assert int8.score(QUESTION, ["word " * 600]) == [cut]


def test_a_model_that_was_not_pulled_says_how_it_is_pulled(tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match=r"is not in .*`footnote models pull ms-marco-MiniLM-L-12-v2-int8`\."):
        OnnxReranker(MINILM, ModelStore(tmp_path)).score(QUESTION, TEXTS)


def test_a_pulled_model_that_is_damaged_is_not_loaded(models: ModelStore, tmp_path: Path) -> None:
    (shutil.copytree(models.place(MINILM.name), tmp_path / MINILM.name) / "model.onnx").write_bytes(b"graph")
    with pytest.raises(RerankerError, match=r"is damaged \(model\.onnx is not the published file\)"):
        OnnxReranker(MINILM, ModelStore(tmp_path)).score(QUESTION, TEXTS)


@pytest.mark.parametrize("name", ["no-such/model", "no such model", ""])
def test_a_cross_encoder_that_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match=r"is not on this machine\. Give reranking\.model a folder"):
        CrossEncoderReranker(name or str(tmp_path)).score(QUESTION, TEXTS)


def test_a_model_of_several_classes_is_no_reranker(tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match="gives 3 scores a pair: a reranker gives one"):
        CrossEncoderReranker(str(make_cross_encoder(tmp_path / "three", labels=3))).score(QUESTION, TEXTS)


def test_weights_that_hold_code_are_not_loaded(tmp_path: Path) -> None:
    folder = make_cross_encoder(tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(RerankerError, match="is not on this machine"):
        CrossEncoderReranker(str(folder)).score(QUESTION, TEXTS)
