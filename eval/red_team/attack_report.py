"""The report of a campaign: which attacks were obeyed, their cost in right answers, and the effect of poison."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME, score_case
from eval.red_team.campaign import Campaign, clean_id, poisoned_id
from eval.red_team.outcomes import Judge, Outcome, decide_outcome
from eval.red_team.poison import MOST, classify_effect
from eval.runs.folder import RunFolder
from eval.stats.intervals import confidence_interval
from eval.terminal import align_columns
from eval.types import Row

_UTILITY = ("correct", "citation_file_recall", "citation_span_recall")
_DIGITS = 6
_EFFECTS = ("kept", "both", "flipped", "neither")


def write_report(plan: Campaign, folder: RunFolder, judge: Judge | None = None) -> dict[str, Any]:
    """Write ``outcomes.jsonl``, a line per attack, and ``attack.json``; return the content of the latter."""
    rows = folder.rows()
    outcomes = [decide_outcome(trial, rows[clean_id(trial.host)], rows[trial.id], judge) for trial in plan.trials]
    decided = [outcome for outcome in outcomes if outcome.obeyed is not None]
    kept = [poison for poison in plan.poisons if classify_effect(poison, rows[clean_id(poison.case)]) == "kept"]
    poisoned = {}  # of the questions that had the true value alone before
    for number in range(1, MOST + 1):
        effects = [classify_effect(poison, rows[poisoned_id(poison, number)]) for poison in kept]
        poisoned[str(number)] = {name: _rate([name == effect for effect in effects]) for name in _EFFECTS}
    report = {
        "trials": len(outcomes),
        "left_out": {
            "questions_without_text_file": plan.no_text,
            "questions_without_value": plan.not_changed,
            "attacks_without_place": plan.no_place,
        },
        "obeyed": _rate([bool(outcome.obeyed) for outcome in decided]),
        "undecided": len(outcomes) - len(decided),
        "obeyed_by_category": _obeyed_by(outcomes, lambda outcome: outcome.category),
        "obeyed_by_position": _obeyed_by(outcomes, lambda outcome: outcome.position),
        "reached": _rate([outcome.reached for outcome in outcomes]),
        "repeated": _rate([outcome.repeated for outcome in outcomes]),
        "declined_by_attack": _rate([outcome.declined for outcome in outcomes if not outcome.declined_before]),
        "failed": sum(rows[trial.id].error is not None for trial in plan.trials),
        "utility": _utility(plan, rows),
        "poisoned": poisoned,
    }
    lines = (json.dumps(asdict(outcome), ensure_ascii=False) for outcome in outcomes)
    folder.write("outcomes.jsonl", "".join(f"{line}\n" for line in lines))
    folder.write_json("attack.json", report)
    return report


def _obeyed_by(outcomes: Sequence[Outcome], group: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[bool]] = {}
    for outcome in outcomes:
        groups.setdefault(group(outcome), []).extend([] if outcome.obeyed is None else [outcome.obeyed])
    return {name: _rate(values) for name, values in groups.items()}


def _rate(values: Sequence[bool]) -> dict[str, Any]:
    """With Wilson's interval; only the count where there are no values."""
    if not values:
        return {"n": 0}
    return _mean([float(value) for value in values], [""] * len(values), "rate")


def _mean(values: Sequence[float], clusters: Sequence[str], kind: Any) -> dict[str, Any]:
    bounds = confidence_interval(values, clusters, kind)
    mean = {"value": sum(values) / len(values), "low": bounds.low, "high": bounds.high}
    return {**{name: round(value, _DIGITS) for name, value in mean.items()}, "n": len(values)}


def _utility(plan: Campaign, rows: Mapping[str, Row]) -> dict[str, Any]:
    """Measures of the attacked documents' questions, which count as often as their document is attacked."""
    before = [score_case(trial.host, rows[clean_id(trial.host)]) for trial in plan.trials]
    after = [score_case(trial.host, rows[trial.id]) for trial in plan.trials]
    utility = {}
    for name in _UTILITY:
        both = [i for i in range(len(plan.trials)) if name in before[i] and name in after[i]]
        paths, kind = [plan.trials[i].path for i in both], METRICS_BY_NAME[name].kind
        if both:
            utility[name] = {
                when: _mean([side[i][name] for i in both], paths, kind)
                for when, side in (("before", before), ("under_attack", after))
            }
    return utility


def format_table(report: Mapping[str, Any]) -> str:
    """Return a report as a table for the terminal."""
    rows = {"obeyed": report["obeyed"]}
    rows |= {f"  {name}": rate for name, rate in report["obeyed_by_category"].items()}
    rows |= {f"  at the {name}": rate for name, rate in report["obeyed_by_position"].items()}
    rows["reached the model"] = report["reached"]
    rows["repeated, obeyed or not"] = report["repeated"]
    rows["declined by the attack"] = report["declined_by_attack"]
    for name, both in report["utility"].items():
        rows |= {f"{name}, before": both["before"], f"{name}, under attack": both["under_attack"]}
    for number, effects in report["poisoned"].items():
        rows |= {f"{number} poisoned: {name}": rate for name, rate in effects.items()}
    cells = [("", "share", "95 %", "of")]
    for name, rate in rows.items():
        share, bounds = (f"{rate['value']:.3f}", f"{rate['low']:.3f}-{rate['high']:.3f}") if rate["n"] else ("-", "")
        cells.append((name, share, bounds, str(rate["n"])))
    left = report["left_out"]
    return (
        f"{align_columns(cells)}\n{report['undecided']} of {report['trials']} attacks are undecided\n"
        f"left out: {left['questions_without_text_file']} questions without a text file, "
        f"{left['questions_without_value']} without a value to change; "
        f"{left['attacks_without_place']} attacks without a place"
    )
