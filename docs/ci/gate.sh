#!/usr/bin/env bash
# Fails where documents or configuration give worse answers than a committed baseline.
#
#   gate.sh DOCS GOLD BASELINE [OUT]     The default of OUT is var/gate. Cache it, and the index is only updated.
#
# The first time, and whenever worse answers are accepted:
#   footnote eval baseline OUT/run BASELINE     and commit BASELINE
set -euo pipefail
docs=$1 gold=$2 baseline=$3 out=${4:-var/gate}

rm -rf "$out/run" # ask anew each time
footnote index "$docs" --index "$out/index"
footnote eval run "$gold" --index "$out/index" --run "$out/run"
footnote eval gate "$out/run" --baseline "$baseline" --junit "$out/gate.xml" --markdown "$out/gate.md"
