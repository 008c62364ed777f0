"""Downloads from the model hub, as data only: weights that hold no code, and the files needed to read them."""

import shutil
from pathlib import Path

from indexes.errors import ModelPullError

_DATA = ("*.safetensors", "*.json", "*.txt", "*.model", "LICENSE*", "NOTICE*", "README.md")
"""No pickles and no code; no ONNX either, which is read only of the models in the registry."""
_EXCLUDED = ("onnx/*", "openvino/*")


def download(name: str, into: Path) -> None:
    """Download the model ``org/model`` into a folder. Raises ``ModelPullError``."""
    import httpx2
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        snapshot_download(name, local_dir=into, allow_patterns=list(_DATA), ignore_patterns=list(_EXCLUDED))
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise _failed(name, str(error).strip().partition("\n")[0].rstrip(".")) from error
    shutil.rmtree(into / ".cache", ignore_errors=True)  # the hub's own records
    if not any(into.rglob("*.safetensors")):
        raise _failed(name, "it holds no safetensors weights")


def _failed(name: str, reason: str) -> ModelPullError:
    return ModelPullError(
        f"{name} could not be fetched from the model hub: {reason}. Check the name and the connection, or bring the "
        "model's folder from elsewhere and give its path as embedding.model or reranking.model."
    )
