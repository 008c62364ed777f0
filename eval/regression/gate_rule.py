"""The gate's rule: whether a run is worse than its baseline. docs/decisions/0007 gives the reasons."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eval.metrics.scoring import METRICS
from eval.regression.comparison import Comparison, MeasureComparison, compare, sign
from eval.runs.folder import Provenance, RunFolder
from eval.stats.differences import holm
from indexes.errors import FootnoteError

ALPHA = 0.05
"""How often a run of an unchanged system may fail, over all guarded measures together."""
_FIRST = "correct"
_FEWEST_CHANGED = 5
"""With fewer changed questions no change is significant: each way is as likely, and 0.5 ** 4 is above ALPHA."""
_LEAST, _MOST = 1, 4
"""Questions' worth of loss that passes between repeatable runs."""
_ALWAYS = "failed"
"""An error is not a chance answer: this measure fails at any significance, and failed questions are asked again."""
_ROUNDING = 1e-9


class GateError(FootnoteError):
    """There is nothing to guard, or a guarded name is no measure."""

    kind = "bad-gate"


@dataclass(frozen=True, slots=True)
class Guard:
    """A measure to guard. ``margin`` None means the measure's own."""

    name: str
    margin: float | None = None

    def examine(
        self, compared: MeasureComparison | None, chances: Mapping[str, float], *, repeatable: bool
    ) -> "GuardedMeasure":
        """Return the finding on the measure; ``chances`` are the adjusted p of all, by name."""
        name = self.name
        if compared is None:
            return GuardedMeasure(name, None, 0.0, 1.0, f"{name} was measured in the baseline, and is not any more.")
        allowed = compared.measure.margin if self.margin is None else self.margin
        if self.margin is None and repeatable:
            allowed = min(max(allowed, _LEAST / compared.n), _MOST / compared.n)
        finding = GuardedMeasure(name, compared, allowed, chances[name], "")
        if compared.lost and not compared.measure.of_answer:
            failure = f"{name} was measured of {len(compared.lost)} questions more before: {', '.join(compared.lost)}."
        elif finding.beyond and (repeatable or name == _ALWAYS or finding.p < ALPHA):
            change = f"{'fell' if compared.after < compared.before else 'rose'} from {compared.before:.3f}"
            by = f"by {abs(compared.difference.value):.3f}, where {allowed:.3f} may pass"
            failure = f"{name} {change} to {compared.after:.3f}, {by} (n = {compared.n})."
        else:
            return finding
        return replace(finding, failure=failure)


GUARDS = tuple(Guard(measure.name) for measure in METRICS if measure.guarded)


@dataclass(frozen=True, slots=True)
class GuardedMeasure:
    """The gate's finding on a measure of the baseline. ``compared`` is None where the run has no value of it."""

    name: str
    compared: MeasureComparison | None
    allowed: float
    """How much worse its mean may be."""
    p: float
    """The probability that chance makes it so much worse: one-sided, adjusted over the guarded measures."""
    failure: str
    """A sentence; empty where the measure passes."""

    @property
    def beyond(self) -> bool:
        """Whether it is worse by more than is allowed, significantly or not."""
        return self.compared is not None and -self.compared.gain > self.allowed + _ROUNDING

    @property
    def standing(self) -> str:
        """Whether it is gone, worse, the same or better; where worse and allowed, why."""
        if self.compared is None:
            return "gone"
        if self.failure:
            return "worse"
        if self.compared.gain >= 0:
            return "better" if self.compared.gain else "same"
        return "within chance" if self.beyond else "within its margin"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The gate's decision on a run, and its reasons."""

    comparison: Comparison
    repeatable: bool
    """Whether both systems give equal answers each time."""
    unlike: tuple[str, ...]
    """A sentence each on questions that cannot be compared: those not asked, and those edited."""
    guarded: tuple[GuardedMeasure, ...]

    @property
    def failures(self) -> list[str]:
        """A sentence each; none where the run passes."""
        return [failure for failure in (*self.unlike, *(measure.failure for measure in self.guarded)) if failure]


def parse_guard(text: str) -> Guard:
    """Read ``NAME`` or ``NAME:MARGIN``. Raises ``GateError``."""
    name, colon, number = text.partition(":")
    try:
        margin = float(number) if colon else None
    except ValueError:
        margin = -1
    if margin is not None and not 0 <= margin < math.inf:
        raise GateError(f"{text}: the margin must be a number from 0. {name}:0.02 lets the mean become .02 worse.")
    return Guard(name, margin)


def make_ruling(baseline: RunFolder, run: RunFolder, guards: Sequence[Guard] = ()) -> Ruling:
    """Apply the guards that the baseline has measures for; without ``guards``, those of ``GUARDS``.

    Raises ``RunError`` where one of them is no finished run, ``GateError`` where there is nothing to guard.
    """
    comparison = compare(baseline, run, {guard.name for guard in guards or GUARDS})
    compared = {measure.measure.name: measure for measure in comparison.compared}
    measured = compared.keys() | {*comparison.gone}
    for guard in guards:
        if guard.name not in measured | {*comparison.new}:
            raise GateError(f"Neither run measured {guard.name!r}: `footnote eval compare --all` shows what they have.")
    active = [guard for guard in guards or GUARDS if guard.name in measured]
    if not active:
        raise GateError("There is nothing to guard: the baseline has none of the guarded measures.")
    unlike = []
    if ids := comparison.missing:
        unlike.append(f"Of the baseline's questions {len(ids)} were not asked: {', '.join(ids)}.")
    if ids := comparison.edited:
        edited = f"The gold of {len(ids)} questions was edited since the baseline: {', '.join(ids)}."
        unlike.append(f"{edited} Make a new one with `footnote eval baseline`.")
    repeatable = _is_repeatable(baseline.provenance) and _is_repeatable(run.provenance)
    chances = _chances(comparison.compared)
    guarded = [guard.examine(compared.get(guard.name), chances, repeatable=repeatable) for guard in active]
    return Ruling(comparison, repeatable, tuple(unlike), tuple(guarded))


def _chances(compared: Sequence[MeasureComparison]) -> dict[str, float]:
    """One-sided p of each measure, adjusted: an unchanged system fails any of them with probability ALPHA at most.

    Half of ALPHA is for correctness, half for the other measures, by Holm. A measure with too few changed questions
    takes no share, since it cannot fail (Tarone).
    """
    ps = {
        m.measure.name: m.difference.p_of(-sign(m.measure))
        for m in compared
        if len(m.better) + len(m.worse) >= _FEWEST_CHANGED
    }
    first = {name: ps.pop(name) for name in (_FIRST,) if name in ps}
    halves = 2 if first and ps else 1
    adjusted = first | dict(zip(ps, holm(list(ps.values())), strict=True))
    return {name: min(1.0, halves * adjusted.get(name, 1.0)) for name in (m.measure.name for m in compared)}


def _is_repeatable(facts: Provenance) -> bool:
    """Whether the system gives equal answers each time: it has no language model, and no embedding server."""
    llm, embedding = facts.settings.get("llm", {}), facts.settings.get("embedding", {})
    writes = not facts.retrieval_only and (llm.get("model") or llm.get("class_") or llm.get("class"))
    return not writes and not embedding.get("base_url")
