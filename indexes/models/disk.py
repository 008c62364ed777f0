"""Where the files of a sentence-transformers model lie on this machine."""

import os
from contextlib import suppress
from pathlib import Path

from indexes.models.store import ModelStore


def stay_offline() -> None:
    """Forbid network access to the model hub's libraries. Call it before they are imported: they read it once."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")


def find_model(name: str, store: ModelStore | None, owner: str) -> Path | None:
    """The folder of a model: a path, a pulled model, or one in the hub's own cache, there also under ``owner``.

    None if it is not on this machine. The hub's libraries are never given a name: if something else imported them
    before ``stay_offline``, they would look it up over the network.
    """
    if Path(name).is_dir():
        return Path(name)
    if store and store.files(name) and store.place(name).is_dir():
        return store.place(name)
    from huggingface_hub import try_to_load_from_cache

    for repository in (name, f"{owner}/{name}"):
        with suppress(ValueError):  # no repository can have such a name
            if isinstance(config := try_to_load_from_cache(repository, "config.json"), str):
                return Path(config).parent
    return None
