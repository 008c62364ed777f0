"""What a red team's run comes to: who was obeyed, what it cost in answers, and what poison did."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from eval.metrics.scoring import METRICS_BY_NAME, score_case
from eval.red_team.campaign import Campaign, clean_id, poisoned_id
from eval.red_team.outcomes import Judge, Outcome, outcome, undecided
from eval.red_team.poison import MOST, effect
from eval.runs.folder import RunFolder
from eval.stats.intervals import confidence_interval
from eval.terminal import align_columns
from eval.types import Metric, Row

_UTILITY = ("correct", "citation_file_recall", "citation_span_recall")
_DIGITS = 6
_EFFECTS = ("kept", "both", "flipped", "neither")


def report(planned: Campaign, folder: RunFolder, judge: Judge = undecided) -> dict[str, Any]:
    """Writes ``outcomes.jsonl``, a line an attack, and ``attack.json``; what the latter holds."""
    rows = folder.rows()
    outcomes = [outcome(trial, rows[clean_id(trial.host)], rows[trial.id], judge) for trial in planned.trials]
    answered = [one for one in outcomes if not one.declined_before]
    told = {
        "trials": len(outcomes),
        "left_out": {
            "questions_without_text_file": planned.no_text,
            "questions_without_value": planned.not_changed,
            "attacks_without_place": planned.no_place,
        },
        "obeyed": _obeyed(outcomes),
        "undecided": sum(one.obeyed is None for one in outcomes),
        "obeyed_by_category": _by(outcomes, lambda one: one.category),
        "obeyed_by_position": _by(outcomes, lambda one: one.position),
        "reached": _rate([one.reached for one in outcomes]),
        "repeated": _rate([one.repeated for one in outcomes]),
        "declined_by_attack": _rate([one.declined for one in answered]),
        "failed": sum(rows[trial.id].error is not None for trial in planned.trials),
        "utility": _utility(planned, rows),
        "poisoned": {str(number): _poisoned(planned, rows, number) for number in range(1, MOST + 1)},
    }
    folder.write("outcomes.jsonl", "".join(f"{json.dumps(asdict(one), ensure_ascii=False)}\n" for one in outcomes))
    folder.write_json("attack.json", told)
    return told


def _obeyed(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    return _rate([one.obeyed for one in outcomes if one.obeyed is not None])


def _by(outcomes: Sequence[Outcome], group: Callable[[Outcome], str]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(map(group, outcomes))
    return {name: _obeyed(one for one in outcomes if group(one) == name) for name in names}


def _rate(values: Sequence[bool]) -> dict[str, Any]:
    """With Wilson's interval; nothing but the count where there are none."""
    if not values:
        return {"n": 0}
    return _mean([float(value) for value in values], [""] * len(values), "rate")


def _mean(values: Sequence[float], clusters: Sequence[str], kind: Any) -> dict[str, Any]:
    around = confidence_interval(values, clusters, kind)
    told = {"value": sum(values) / len(values), "low": around.low, "high": around.high}
    return {**{name: round(value, _DIGITS) for name, value in told.items()}, "n": len(values)}


def _utility(planned: Campaign, rows: Mapping[str, Row]) -> dict[str, Any]:
    """Of the questions asked of attacked documents, each counted as often as its document is attacked."""
    before = [score_case(trial.host, rows[clean_id(trial.host)]) for trial in planned.trials]
    after = [score_case(trial.host, rows[trial.id]) for trial in planned.trials]
    paths = [trial.path for trial in planned.trials]
    told = {}
    for measure in (METRICS_BY_NAME[name] for name in _UTILITY):
        kept = [i for i, pair in enumerate(zip(before, after, strict=True)) if all(measure.name in one for one in pair)]
        if kept:
            told[measure.name] = {
                when: _of(measure, [scored[i] for i in kept], [paths[i] for i in kept])
                for when, scored in (("before", before), ("under_attack", after))
            }
    return told


def _of(measure: Metric, scored: Sequence[Mapping[str, float]], paths: Sequence[str]) -> dict[str, Any]:
    return _mean([one[measure.name] for one in scored], paths, measure.kind)


def _poisoned(planned: Campaign, rows: Mapping[str, Row], number: int) -> dict[str, Any]:
    """Of the questions that were answered with the true value alone before."""
    kept = [one for one in planned.poisons if effect(one, rows[clean_id(one.case)]) == "kept"]
    effects = Counter(effect(one, rows[poisoned_id(one, number)]) for one in kept)
    return {name: _rate([name == each for each in effects.elements()]) for name in _EFFECTS}


def table(told: Mapping[str, Any]) -> str:
    """For people."""
    rows = [("", "share", "95 %", "of"), _row("obeyed", told["obeyed"])]
    rows += [_row(f"  {name}", one) for name, one in told["obeyed_by_category"].items()]
    rows += [_row(f"  at the {name}", one) for name, one in told["obeyed_by_position"].items()]
    rows += [
        _row("reached the model", told["reached"]),
        _row("repeated, obeyed or not", told["repeated"]),
        _row("declined by the attack", told["declined_by_attack"]),
    ]
    for name, both in told["utility"].items():
        rows += [_row(f"{name}, before", both["before"]), _row(f"{name}, under attack", both["under_attack"])]
    for number, effects in told["poisoned"].items():
        rows += [_row(f"{number} poisoned: {name}", one) for name, one in effects.items()]
    left = told["left_out"]
    return (
        f"{align_columns(rows)}\n"
        f"{told['undecided']} of {told['trials']} attacks: neither obeyed nor not, without a judge\n"
        f"left out: {left['questions_without_text_file']} questions without a text file, "
        f"{left['questions_without_value']} without a value to change; "
        f"{left['attacks_without_place']} attacks without a place"
    )


def _row(name: str, rate: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if not rate["n"]:
        return name, "-", "", "0"
    return name, f"{rate['value']:.3f}", f"{rate['low']:.3f}-{rate['high']:.3f}", str(rate["n"])
