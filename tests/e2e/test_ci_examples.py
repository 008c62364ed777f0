"""The examples for CI: what a user copies runs, and fails where it should."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from eval.gold.files import read_gold, write_gold
from fakes.engines import ROOT, SAMPLES, RunFootnote
from fakes.warm_python import warm_python

EXAMPLES = ROOT / "docs" / "ci"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder with a ``footnote`` of this checkout, as an installation puts one on the path."""
    (tmp_path / "bin").mkdir()
    file = tmp_path / "bin" / "footnote"
    file.write_text(f'#!/bin/sh\nexec {shlex.join(warm_python())} -m api.commands.cli "$@"\n')
    file.chmod(0o755)
    return file.parent


@pytest.mark.timeout(400)  # six commands, two of which load the model
def test_the_gate_passes_what_it_is_a_baseline_of_and_fails_what_declines_all(
    own_index: Path, footnote: RunFootnote, commands: Path, tmp_path: Path
) -> None:
    gold, out, baseline = tmp_path / "gold.jsonl", tmp_path / "out", tmp_path / "baseline"
    gold.write_text(write_gold(read_gold(ROOT / "eval" / "gold" / "samples.jsonl")[:6]), encoding="utf-8")
    assert footnote("eval", "run", gold, "--index", own_index, "--run", tmp_path / "run").code == 0
    assert footnote("eval", "baseline", tmp_path / "run", baseline).code == 0
    out.mkdir()
    own_index.rename(out / "index")  # is only updated: nothing is embedded anew

    def gate(**environment: str) -> subprocess.CompletedProcess[str]:
        search = f"{commands}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", EXAMPLES / "gate.sh", SAMPLES, gold, baseline, out],
            cwd=tmp_path,
            env={**os.environ, "PATH": search, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=150,
        )

    declining = gate(FOOTNOTE_ANSWER__MIN_CONFIDENCE="1")
    assert (declining.returncode, "FAILED: declined_answerable rose" in declining.stdout) == (1, True), declining
    assert JUnitXml.fromfile(str(out / "gate.xml")).failures > 0
    again = gate()
    assert (again.returncode, "Passed" in again.stdout) == (0, True), again
    assert "not worse" in (out / "gate.md").read_text(encoding="utf-8")


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((EXAMPLES / "github-action.yml").read_text(encoding="utf-8"))
    return list(workflow["jobs"]["gate"]["steps"])


def test_the_workflow_runs_the_script_and_shows_and_keeps_what_it_writes() -> None:
    script = (EXAMPLES / "gate.sh").read_text(encoding="utf-8")
    told = {step.get("name", ""): step for step in steps()}
    assert "gate.sh docs gold/questions.jsonl gold/baseline" in told["Compare the answers with the baseline"]["run"]
    assert "out=${4:-var/gate}" in script
    for name, files in (("Show what changed", ["gate.md"]), ("Keep the run and the JUnit file", ["gate.xml", "run"])):
        shown = str(told[name].get("run") or told[name]["with"]["path"])
        assert told[name]["if"] == "always()"  # a failed gate is what they are for
        assert all(f"var/gate/{file}" in shown and f"$out/{file}" in script for file in files)
