"""A ruling as CI systems show it: JUnit's XML, and Markdown for a pull request."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from eval.optional import eval_extra
from eval.regression.comparison import Compared, Comparison
from eval.regression.gate_rule import Guarded, Ruling

with eval_extra():
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+.!|~$-])")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIVE = re.compile(r"@|#(?=\d)|:/(?=/)|\bwww(?=\.)", re.IGNORECASE)
"""Of what GitHub makes a mention, a reference or a link though it is escaped."""
_BREAK = "\u200c"
"""Is not seen, and is part of no name, reference or address."""
_SHOWN = 300
"""Characters of an answer."""


def junit(ruling: Ruling) -> str:
    """A test case for the questions, and one for each guarded measure of the baseline."""
    suite = TestSuite("footnote eval gate")
    suite.add_testcase(_case("questions", " ".join(ruling.unlike), ""))
    for one in ruling.guarded:
        suite.add_testcase(_case(one.name, one.failure, _ids(one.compared)))
    xml = JUnitXml()
    xml.add_testsuite(suite)
    told: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return told.decode()


def _case(name: str, failure: str, details: str) -> TestCase:
    case = TestCase(_NOT_XML.sub("�", name), classname="footnote.eval.gate")
    if failure:
        failed = Failure(_NOT_XML.sub("�", failure))
        failed.text = _NOT_XML.sub("�", details)
        case.result = [failed]
    return case


def _ids(compared: Compared | None) -> str:
    if compared is None:
        return ""
    return f"worse: {', '.join(compared.worse) or 'none'}\nbetter: {', '.join(compared.better) or 'none'}"


def markdown(ruling: Ruling) -> str:
    """For a pull request. What questions and documents say is text in it, and never markup."""
    comparison = ruling.comparison
    verdict = "worse than the baseline" if ruling.failures else "not worse than the baseline"
    return "\n".join(
        [
            f"### Answers: {verdict} ({comparison.n} questions)",
            "",
            *(f"- {_text(failure)}" for failure in ruling.failures),
            "",
            "| measure | baseline | now | difference [95 %] | |",
            "| --- | ---: | ---: | ---: | --- |",
            *map(_row, ruling.guarded),
            "",
            *_notes(comparison),
            *(line for one in ruling.guarded if one.compared for line in _flips(one.compared, comparison)),
            "",
        ]
    )


def _row(one: Guarded) -> str:
    if one.compared is None:
        return f"| {_text(one.name)} | | | | **gone** |"
    told = one.compared
    difference = f"{told.difference.value:+.3f} [{told.difference.low:+.3f}, {told.difference.high:+.3f}]"
    return f"| {_text(one.name)} | {told.before:.3f} | {told.after:.3f} | {difference} | {_verdict(one, told)} |"


def _verdict(one: Guarded, told: Compared) -> str:
    if one.failure:
        return "**worse**"
    if told.gain >= 0:
        return "better" if told.gain else "same"
    return "within chance" if one.beyond else "within its margin"


def _notes(comparison: Comparison) -> Iterator[str]:
    for note in comparison.notes:
        yield f"- {_text(note)}"
    for change in comparison.changes:
        yield f"- {_text(change.name)}: {_text(change.before)} → {_text(change.after)}"


def _flips(told: Compared, comparison: Comparison) -> Iterator[str]:
    if not told.worse and not told.better:
        return
    yield ""
    counted = f"{len(told.worse)} worse, {len(told.better)} better"
    yield f"<details><summary>{escape(told.measure.name)}: {counted}</summary>"
    yield ""
    yield from _listed("worse", told.worse, comparison)
    yield from _listed("better", told.better, comparison)
    yield ""
    yield "</details>"


def _listed(way: str, ids: Sequence[str], comparison: Comparison) -> Iterator[str]:
    for id_ in ids:
        told = comparison.told.get(id_)
        yield f"- {way}: {_text(id_)} {_text(told.question) if told else ''}".rstrip()
        for when, answer in (("before", told.before), ("now", told.after)) if told else ():
            if answer:
                yield f"  - {when}: {_text(answer)}"


def _text(told: str) -> str:
    """One line that shows the same characters in a table, a list or a paragraph."""
    line = " ".join(told.split())
    shown = _LIVE.sub(rf"\g<0>{_BREAK}", line[:_SHOWN] + "…" * (len(line) > _SHOWN))
    return escape(_MARKUP.sub(r"\\\1", shown), quote=False)
