"""Collects what a run depends on, so that runs can be compared and repeated."""

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

_IRRELEVANT: dict[str, Any] = {"server": True, "judge": True, "index": {"dir"}, "access": True}
"""Settings that change no answer to a gold question, or do so through the index's own hash."""


def collect_provenance(
    engine: Engine, cases: Sequence[GoldCase], name: str, gold_file: str, *, retrieval_only: bool
) -> Provenance:
    """Return what a run of these cases depends on."""
    return Provenance(
        name=name,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        footnote=version("footnote"),
        commit=_git_commit(),
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
    """Return the settings without secrets; a LlamaIndex class's options may hold any, so only their hash is given."""
    public: dict[str, Any] = without_secrets(settings.model_dump(mode="json", exclude=_IRRELEVANT))
    public["llm"]["options"] = _hash(json.dumps(public["llm"]["options"], sort_keys=True, default=str))
    return public


def without_secrets(settings: Any) -> Any:
    """Return the settings with URLs that lack user, password and query; a hash tells different URLs apart.

    Applying it twice changes nothing. URLs are not parsed: a parser would refuse a malformed one that holds a secret.
    """
    if not isinstance(settings, dict):
        return settings
    public = dict[str, Any]()
    for key, value in settings.items():
        if key.endswith("_url") and isinstance(value, str):
            url = re.sub(r"^([^/?#]*//)?[^/?#]*@", r"\1", re.sub(r"\?[^#]*", "", value))
            public[key] = url if url == value else f"{url} ({_hash(value)[:8]})"
        else:
            public[key] = without_secrets(value)
    return public


def reply_identity(settings: LLMSettings) -> str:
    """Return all that a reply depends on beside the messages, as JSON."""
    fields = {"model", "base_url", "class_", "options", "temperature", "max_output_tokens"}
    return json.dumps(settings.model_dump(include=fields), sort_keys=True, default=str)


def index_hash(catalog: Catalog) -> str:
    """Return a hash that is equal if the same files were split the same way, whatever the machine and the date."""
    files = sorted((file.path, file.sha256) for file in catalog.files().values())
    return _hash(json.dumps([files, catalog.get("splitter")]))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _git_commit() -> str | None:
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
