"""The parts that the settings ask for."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from fakes.encoder import WordsEncoder
from fakes.engines import RememberingEncoder, WarmGeneration
from indexes.errors import IndexMissingError, RerankerError
from indexes.ingest.splitting import PassageSplitter
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import IndexWriter
from indexes.models.cross_encoder_reranker import CrossEncoderReranker
from indexes.models.onnx_encoder import OnnxEncoder
from indexes.models.onnx_reranker import OnnxReranker
from indexes.models.openai_encoder import OpenAIEncoder
from indexes.models.sentence_transformer import SentenceTransformerEncoder
from indexes.readers.sandbox import ReadingLimits
from indexes.storage.catalog import Catalog
from indexes.storage.generations import catalog_file
from indexes.storage.generations import model_of as model_of_generation
from indexes.types import Query
from rag.engine.engine import ADVICE, Engine, Generation, embedding_of, open_engine
from rag.engine.factories import has_llm, judge_settings, make_encoder, make_llm, make_reranker, make_writer
from rag.errors import ConfigError
from rag.extractive.writer import NAME, ExtractiveWriter
from rag.llms.limits import BoundedChat
from rag.llms.llama_index import LlamaIndexChat
from rag.llms.openai import OpenAIChat
from rag.protocols import ChatModel
from rag.settings import EmbeddingSettings, LLMSettings, Settings
from rag.types import Turn

MOCK = "llama_index.core.llms.MockLLM"
BGE, MINILM_12 = "bge-small-en-v1.5-int8", "ms-marco-MiniLM-L-12-v2-int8"
URL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def model_of(**llm: object) -> ChatModel:
    return make_llm(LLMSettings.model_validate(llm))


@pytest.mark.parametrize(
    ("llm", "expected"),
    [
        (LLMSettings(), False),
        (LLMSettings(model="gpt"), True),
        (LLMSettings(model="llama", base_url=URL), True),
        (LLMSettings.model_validate({"class": MOCK}), True),
    ],
)
def test_a_model_or_a_class_is_a_language_model(llm: LLMSettings, expected: bool) -> None:
    assert has_llm(llm) == expected


def test_an_endpoint_without_a_model_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"llm\.base_url is set and llm\.model is not"):
        has_llm(LLMSettings(base_url=URL))


def test_without_a_language_model_answers_are_extracted() -> None:
    writer = make_writer(Settings(), WordsEncoder(), None)
    assert isinstance(writer, ExtractiveWriter)
    assert writer.name == NAME


def test_a_model_is_asked_of_its_endpoint() -> None:
    model = model_of(model="llama", base_url=URL)
    assert isinstance(model, BoundedChat)
    assert isinstance(model.model, OpenAIChat)
    assert model.name == "llama"


async def test_a_llama_index_class_is_made_with_its_options() -> None:
    model = model_of(**{"class": MOCK}, options={"max_tokens": 2})
    assert isinstance(model, BoundedChat)
    assert isinstance(model.model, LlamaIndexChat)
    assert [piece async for piece in model.stream("", [Turn("user", "?")])] == ["text ", "text"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("no_such_package.Model", {}),
        ("llama_index.core.llms.NoSuchModel", {}),
        ("NoModuleAtAll", {}),
        (MOCK, {"max_tokens": "many"}),
        ("llama_index.core.llms.LLM", {}),
    ],
)
def test_a_class_that_cannot_be_made_is_named(name: str, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=rf"llm\.(class|options): {name} cannot be made: "):
        model_of(**{"class": name}, options=options)


def test_embeddings_are_made_here_or_asked_of_an_endpoint(tmp_path: Path) -> None:
    assert isinstance(make_encoder(EmbeddingSettings(), tmp_path), SentenceTransformerEncoder)
    assert isinstance(make_encoder(EmbeddingSettings(model="e", base_url=URL), tmp_path), OpenAIEncoder)


def test_known_models_are_run_as_onnx_and_others_by_sentence_transformers(tmp_path: Path) -> None:
    assert isinstance(make_encoder(EmbeddingSettings(model=BGE), tmp_path), OnnxEncoder)
    chosen = [make_reranker(Settings(reranking={"model": model})) for model in ("", MINILM_12, "some/cross-encoder")]
    assert [type(reranker) for reranker in chosen] == [type(None), OnnxReranker, CrossEncoderReranker]
    assert [reranker.name for reranker in chosen if reranker] == [MINILM_12, "some/cross-encoder"]


def test_pulled_models_are_looked_for_where_the_settings_say(tmp_path: Path) -> None:
    reranker = make_reranker(Settings(models={"dir": tmp_path / "mine"}, reranking={"model": MINILM_12}))
    assert reranker
    with pytest.raises(RerankerError, match=rf"is not in {tmp_path}/mine: fetch it with `footnote models pull"):
        reranker.score("?", ["!"])


def test_a_model_for_something_else_is_refused_with_one_that_fits(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=rf"embedding\.model: {MINILM_12} is a model for reranking; .* there is {BGE}"
    ):
        make_encoder(EmbeddingSettings(model=MINILM_12), tmp_path)
    with pytest.raises(
        ConfigError, match=rf"reranking\.model: {BGE} is a model for embedding; .* there is {MINILM_12}"
    ):
        make_reranker(Settings(reranking={"model": BGE}))


def test_opening_an_index_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError), open_engine(Settings(index={"dir": tmp_path / "nowhere"})):
        pass
    assert list(tmp_path.iterdir()) == []


def test_advice_is_given_where_no_language_model_is_connected(samples_index: Path) -> None:
    for llm, advice in (({}, ADVICE), ({"model": "llama", "base_url": URL}, None)):
        with open_engine(Settings(index={"dir": samples_index}, llm=llm)) as engine:
            assert engine.advice == advice


def test_a_key_among_the_options_of_a_class_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as failed:
        model_of(**{"class": MOCK}, options={"max_tokens": "many", "callback_manager": "sk-SECRET"})
    assert "SECRET" not in str(failed.value)
    assert "SECRET" not in repr(Settings(llm={"class": MOCK, "options": {"api_key": "sk-SECRET"}}))


class TwoModels(Engine):
    """Its generations are of models that need no loading."""

    def open_generation(self, folder: Path) -> Generation:
        name = str(model_of_generation(folder))
        return WarmGeneration(self.settings, folder, RememberingEncoder(WordsEncoder(name, dimensions=len(name))))


def test_an_open_engine_follows_to_the_generation_that_another_writer_switched_to(tmp_path: Path) -> None:
    def write(name: str, text: str) -> None:
        (tmp_path / "docs" / "a.txt").write_text(text)
        encoder = WordsEncoder(name, dimensions=len(name))
        splitter = PassageSplitter(encoder.count_tokens, encoder.max_tokens)
        with IndexWriter(tmp_path / "index", encoder, splitter, ReadingLimits()) as writer:
            writer.run([tmp_path / "docs"], SyncListener())

    def found(question: str) -> list[str]:
        return [hit.passage.text for hit in engine.retrieve(Query(question), limit=1)]

    (tmp_path / "docs").mkdir()
    write("a model", "Aardvarks dig.")
    with closing(TwoModels(Settings(index={"dir": tmp_path / "index"}))) as engine:
        assert found("aardvarks") == ["Aardvarks dig."]
        write("another model", "Aardvarks sleep.")
        assert found("aardvarks") == ["Aardvarks sleep."]
        shutil.rmtree(tmp_path / "index")
        write("a model", "Aardvarks eat.")
        assert found("aardvarks") == ["Aardvarks eat."]
        write("another model", "Aardvarks sleep.")
        assert str(engine.another_model).startswith(
            "The embedding model another model made the index, and answers until"
        )


def test_a_key_is_not_sent_to_the_endpoint_of_the_model_before(samples_index: Path) -> None:
    catalog = Catalog(catalog_file(samples_index))
    configured = EmbeddingSettings(model="new", base_url=URL, api_key="sk-SECRET")
    with closing(catalog):
        before = embedding_of(catalog, configured)
    assert (before.model, before.base_url, before.api_key) == ("all-MiniLM-L6-v2", None, None)


def judging(**parts: object) -> LLMSettings:
    return judge_settings(Settings(**parts))


def test_a_judge_is_as_the_language_model_is_but_for_what_is_set_of_it() -> None:
    llm = {"model": "small", "base_url": URL, "api_key": "sk-1", "retries": 3}
    chosen = judging(llm=llm, judge={"model": "large", "base_url": "", "temperature": 0.5})
    assert (chosen.model, chosen.base_url, chosen.retries, chosen.temperature) == ("large", URL, 3, 0.5)
    assert chosen.api_key is not None
    assert judging(llm=llm).model == "small"


def test_the_language_models_key_goes_to_no_other_judge_than_at_its_own_endpoint() -> None:
    llm = {"model": "small", "base_url": URL, "api_key": "sk-1"}
    elsewhere = {"base_url": "http://127.0.0.1:2/v1"}
    assert judging(llm=llm, judge=elsewhere).api_key is None
    own = judging(llm=llm, judge=elsewhere | {"api_key": "sk-2"})
    assert own.api_key is not None
    assert own.api_key.get_secret_value() == "sk-2"


def test_a_judge_by_name_is_not_the_language_models_class() -> None:
    chosen = judging(llm={"class": MOCK, "options": {"max_tokens": 2}}, judge={"model": "large", "base_url": URL})
    assert (chosen.class_, chosen.options) == (None, {})
    assert isinstance(make_llm(chosen).model, OpenAIChat)
    assert isinstance(make_llm(judging(judge={"class": MOCK})).model, LlamaIndexChat)


def test_without_a_language_model_there_is_no_judge() -> None:
    for judge in ({}, {"base_url": URL}):
        with pytest.raises(ConfigError, match=r"judge\.model is not set"):
            judging(judge=judge)
