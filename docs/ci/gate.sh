#!/usr/bin/env bash
# Fails where a change of the documents or the configuration makes answers worse than a committed baseline.
#
#   gate.sh DOCS GOLD BASELINE [OUT]     OUT is var/gate if not given; it may be kept as a cache: an index is only updated
#
# The first time, and whenever a change for the worse is meant:
#   footnote eval baseline OUT/run BASELINE     and commit BASELINE
set -euo pipefail
docs=$1 gold=$2 baseline=$3 out=${4:-var/gate}

rm -rf "$out/run" # each time asked anew
footnote index "$docs" --index "$out/index"
footnote eval run "$gold" --index "$out/index" --run "$out/run"
footnote eval gate "$out/run" --baseline "$baseline" --junit "$out/gate.xml" --markdown "$out/gate.md"
