"""Where the files of a sentence-transformers model lie on this machine."""

import os
from contextlib import suppress
from pathlib import Path

from indexes.models.store import ModelStore


def stay_offline() -> None:
    """To be called before a hub's library is imported: they read it once."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")


def find_model(name: str, store: ModelStore | None, owner: str) -> Path | None:
    """A path, what was pulled, or what the hub's own cache holds, there also as a model of ``owner``.

    The hub's libraries are given no name: they look one up over the network, even when they are told not to, where
    something else imported them before they could be.
    """
    if Path(name).is_dir():
        return Path(name)
    if store and store.files(name) and store.place(name).is_dir():
        return store.place(name)
    from huggingface_hub import try_to_load_from_cache

    for repository in (name, f"{owner}/{name}"):
        with suppress(ValueError):  # no repository can have such a name
            if isinstance(found := try_to_load_from_cache(repository, "config.json"), str):
                return Path(found).parent
    return None
