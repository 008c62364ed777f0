"""A real, very small language model on loopback: SmolLM2-135M-Instruct, served by llama.cpp."""

import os
import subprocess
from pathlib import Path
from typing import Self

from indexes.models.store import ModelStore

NAME = "SmolLM2-135M-Instruct-Q4_1"
_SERVING = Path(__file__).with_name("llama_serving.py")


class LlamaServer:
    """Serves the pulled model between ``with`` and its end; ``base_url`` ends in ``/v1``.

    ``python`` is that of a virtual environment with xllamacpp in it. It runs beside whatever else this machine does.
    """

    name = NAME

    def __init__(self, python: Path, models: Path, log: Path, *, threads: int = 1) -> None:
        file = ModelStore(models).place(NAME) / "model.gguf"
        self._command = [str(python), str(_SERVING), str(file), NAME, str(threads)]
        self._log = log
        self.base_url = ""

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=_environment()
            )
        assert self._process.stdout
        address = self._process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), self._log.read_text(errors="replace")[-2000:]
        self.base_url = f"{address}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def variables(self) -> dict[str, str]:
        """What leads Footnote to it."""
        return {"FOOTNOTE_LLM__BASE_URL": self.base_url, "FOOTNOTE_LLM__MODEL": NAME}


def _environment() -> dict[str, str]:
    """Without what leads Python to our own packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
