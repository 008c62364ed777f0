"""Agreement of a judge with people's labels."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from eval.optional import eval_extra
from eval.stats.intervals import confidence_interval
from indexes.errors import FootnoteError

with eval_extra():
    from statsmodels.stats.inter_rater import cohens_kappa

ENOUGH = 30
"""Labels below which the intervals are too wide to be useful."""
_EITHER = (True, False)
_ROUNDING = 1e-6
_CORRECT = {"1": True, "true": True, "0": False, "false": False}


class LabelsError(FootnoteError):
    """A file of labels is wrong: the message names the file, the line and the key."""

    kind = "bad-labels"


def read_labels(file: Path) -> dict[str, bool]:
    """Return whether a person finds the answer correct, by question id.

    The file is CSV or JSON lines with ``id`` and ``correct`` (0 or 1). Raises ``LabelsError``.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{file}: not a file of labels: {error}.") from error
    labels = dict[str, bool]()
    for number, row in _numbered_rows(file, text):
        try:
            case_id, correct = str(row["id"]), _CORRECT[str(row["correct"]).strip().lower()]
        except (KeyError, TypeError) as error:
            raise LabelsError(f"{file}:{number}: needs an id, and correct as 0 or 1.") from error
        if labels.setdefault(case_id, correct) != correct:
            raise LabelsError(f"{file}:{number}: {case_id!r} is labelled both correct and wrong.")
    if not labels:
        raise LabelsError(f"{file} holds no labels.")
    return labels


def _numbered_rows(file: Path, text: str) -> Iterator[tuple[int, Any]]:
    if file.suffix.lower() == ".csv":
        reader = csv.DictReader(io.StringIO(text, newline=""))
        try:
            yield from ((reader.line_num, row) for row in reader)
        except csv.Error as error:
            raise LabelsError(f"{file}:{reader.reader.line_num}: {error}.") from error
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise LabelsError(f"{file}:{number}: {error}.") from error


def agreement(judge: Sequence[bool], person: Sequence[bool], clusters: Sequence[str]) -> dict[str, Any]:
    """Return the share of equal verdicts on the same questions, Cohen's kappa, and the counts.

    ``clusters`` are the questions' documents. Intervals are at 95 %: Wilson's for the share, the asymptotic one for
    kappa. Kappa is None where both always give the same one verdict: chance would agree as often. Its bounds are None
    where it has no error: where they always agree, or one of them always gives the same verdict.
    """
    pairs = Counter(zip(judge, person, strict=True))
    same = [float(one == other) for one, other in zip(judge, person, strict=True)]
    bounds = confidence_interval(same, clusters, "rate")
    kappa: dict[str, float | None] | None = None
    if pairs.keys() not in ({(True, True)}, {(False, False)}):
        with np.errstate(invalid="ignore"):  # the root of a variance that rounding put below 0
            result = cohens_kappa([[pairs[one, other] for other in _EITHER] for one in _EITHER])
        has_error = result.std_kappa > _ROUNDING
        low, high = (float(result.kappa_low), float(result.kappa_upp)) if has_error else (None, None)
        kappa = {"value": float(result.kappa), "low": low, "high": high}
    return {
        "labels": len(same),
        "raw": {"value": fmean(same), "low": bounds.low, "high": bounds.high},
        "kappa": kappa,
        "counts": {
            "both": pairs[True, True],
            "judge_only": pairs[True, False],
            "person_only": pairs[False, True],
            "neither": pairs[False, False],
        },
    }
