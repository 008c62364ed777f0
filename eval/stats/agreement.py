"""How far a judge agrees with people."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
"""With fewer labels the intervals are too wide to say much."""
_EITHER = (True, False)
_ROUNDING = 1e-6
_CORRECT = {"1": True, "true": True, "0": False, "false": False}


class LabelsError(FootnoteError):
    """A file of labels is wrong: the message names the file, the line and the key."""

    kind = "bad-labels"


def read_labels(file: Path) -> dict[str, bool]:
    """By question, whether a person finds the answer correct: CSV or JSON lines of ``id``, ``correct`` (0 or 1)."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{file}: not a file of labels: {error}.") from error
    labels = dict[str, bool]()
    for number, row in _csv_rows(file, text) if file.suffix.lower() == ".csv" else _json_rows(file, text):
        try:
            known, correct = str(row["id"]), _CORRECT[str(row["correct"]).strip().lower()]
        except (KeyError, TypeError) as error:
            raise LabelsError(f"{file}:{number}: needs an id, and correct as 0 or 1.") from error
        if labels.setdefault(known, correct) != correct:
            raise LabelsError(f"{file}:{number}: {known!r} is said to be both correct and not.")
    if not labels:
        raise LabelsError(f"{file} holds no labels.")
    return labels


def _csv_rows(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise LabelsError(f"{file}:{reader.reader.line_num}: {error}.") from error


def _json_rows(file: Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise LabelsError(f"{file}:{number}: {error}.") from error


def agreement(judge: Sequence[bool], person: Sequence[bool], clusters: Sequence[str]) -> dict[str, Any]:
    """Of a verdict each on the same questions: the share on which both agree, Cohen's kappa, and the counts.

    ``clusters`` are the questions' documents. 95 % intervals: Wilson's of the share; of kappa by its asymptotic error,
    None where they always agree, or one of them always says the same, and it has none. Kappa is None where both always
    say the same one thing: chance would have them agree as often.
    """
    pairs = Counter(zip(judge, person, strict=True))
    same = [float(one == other) for one, other in zip(judge, person, strict=True)]
    around = confidence_interval(same, clusters, "rate")
    return {
        "labels": len(same),
        "raw": {"value": fmean(same), "low": around.low, "high": around.high},
        "kappa": _kappa(pairs),
        "counts": {
            "both": pairs[True, True],
            "judge_only": pairs[True, False],
            "person_only": pairs[False, True],
            "neither": pairs[False, False],
        },
    }


def _kappa(pairs: Mapping[tuple[bool, bool], int]) -> dict[str, float | None] | None:
    if pairs.keys() in ({(True, True)}, {(False, False)}):
        return None
    with np.errstate(invalid="ignore"):  # the root of a variance that rounding put below 0
        told = cohens_kappa([[pairs.get((one, other), 0) for other in _EITHER] for one in _EITHER])
    known = told.std_kappa > _ROUNDING
    return {
        "value": float(told.kappa),
        "low": float(told.kappa_low) if known else None,
        "high": float(told.kappa_upp) if known else None,
    }
