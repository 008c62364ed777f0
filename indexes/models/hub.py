"""A model of the model hub as data: weights that hold no code, and what is needed to read them."""

import shutil
from pathlib import Path

from indexes.errors import ModelPullError

_DATA = ("*.safetensors", "*.json", "*.txt", "*.model", "LICENSE*", "NOTICE*", "README.md")
"""No pickles and no code. Nor ONNX: of the models that are not known by name, nothing here reads it."""
_NOT = ("onnx/*", "openvino/*")


def download(name: str, into: Path) -> None:
    """The model ``org/model``. Raises ``ModelPullError``."""
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        snapshot_download(name, local_dir=into, allow_patterns=list(_DATA), ignore_patterns=list(_NOT))
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _failed(name, str(error).strip().partition("\n")[0].rstrip(".")) from error
    shutil.rmtree(into / ".cache", ignore_errors=True)  # the hub's own notes
    if not any(into.rglob("*.safetensors")):
        raise _failed(name, "it holds no safetensors weights")


def _failed(name: str, reason: str) -> ModelPullError:
    return ModelPullError(
        f"{name} could not be fetched from the model hub: {reason}. Check the name and the connection, or bring the "
        "model's folder from elsewhere and give its path as embedding.model or reranking.model."
    )
