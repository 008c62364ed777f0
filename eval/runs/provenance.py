"""What a run is made of, so that it can be told from another and made again."""

import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from eval.gold.files import write_gold
from eval.runs.folder import Provenance
from eval.types import GoldCase
from indexes.storage.catalog import Catalog
from rag.engine.engine import Engine
from rag.prompting import prompts
from rag.settings import LLMSettings, Settings

_NOT_OF_ANSWERS: dict[str, Any] = {"server": True, "judge": True, "index": {"dir"}, "access": True}
"""Settings on which no answer to a gold question depends, but for what the index's own hash tells."""


def collect_provenance(
    engine: Engine, cases: Sequence[GoldCase], name: str, gold_file: str, *, retrieval_only: bool
) -> Provenance:
    return Provenance(
        name=name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        footnote=version("footnote"),
        commit=_commit(),
        settings=public_settings(engine.settings),
        model="" if retrieval_only else engine.model_name,
        prompt=f"{prompts.VERSION}/{_hash(prompts.SYSTEM + prompts.REWRITE)}",
        encoder=engine.catalog.get("encoder") or "",
        index=index_hash(engine.catalog),
        gold=_hash(write_gold(cases)),
        gold_file=gold_file,
        retrieval_only=retrieval_only,
        python=f"{platform.python_version()} on {platform.machine()}",
    )


def public_settings(settings: Settings) -> dict[str, Any]:
    """Without secrets: a LlamaIndex class's options may hold any, so only their hash is told."""
    told: dict[str, Any] = without_secrets(settings.model_dump(mode="json", exclude=_NOT_OF_ANSWERS))
    told["llm"]["options"] = _hash(json.dumps(told["llm"]["options"], sort_keys=True, default=str))
    return told


def without_secrets(settings: Any) -> Any:
    """With the URLs in it as ``_bare_url`` tells them. What is so already stays as it is."""
    if not isinstance(settings, dict):
        return settings
    return {
        key: _bare_url(value) if key.endswith("_url") and isinstance(value, str) else without_secrets(value)
        for key, value in settings.items()
    }


def _bare_url(url: str) -> str:
    """Without user, password and query, which may be secret; where it had any, with a hash that tells it from others.

    No parser: it would refuse what is no URL, and the secret in that is as good.
    """
    told = re.sub(r"^([^/?#]*//)?[^/?#]*@", r"\1", re.sub(r"\?[^#]*", "", url))
    return url if told == url else f"{told} ({_hash(url)[:8]})"


def reply_identity(settings: LLMSettings) -> str:
    """All that a reply depends on beside the messages."""
    kept = settings.model_dump(include={"model", "base_url", "class_", "options", "temperature", "max_output_tokens"})
    return json.dumps(kept, sort_keys=True, default=str)


def index_hash(catalog: Catalog) -> str:
    """Equal where the same files were split the same way, whatever the machine and the date."""
    files = sorted((file.path, file.sha256) for file in catalog.files().values())
    return _hash(json.dumps([files, catalog.get("splitter")]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _commit() -> str | None:
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()
