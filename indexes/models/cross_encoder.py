"""Loading of cross-encoders by sentence-transformers."""

from typing import TYPE_CHECKING

from indexes.models.disk import find_model, stay_offline
from indexes.models.store import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


def load_cross_encoder(name: str, store: ModelStore | None) -> "CrossEncoder | None":
    """Load a cross-encoder with safetensors weights from this machine; None if there is none of this name."""
    stay_offline()
    from sentence_transformers import CrossEncoder
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = find_model(name, store, "cross-encoder")
    if folder is None:
        return None
    try:
        model: CrossEncoder = CrossEncoder(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError):
        return None
    return model
