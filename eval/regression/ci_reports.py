"""A ruling in the formats of CI systems: JUnit's XML, and Markdown for a pull request."""

import re
from collections.abc import Iterator
from html import escape

from eval.optional import eval_extra
from eval.regression.comparison import Comparison, MeasureComparison
from eval.regression.gate_rule import Ruling

with eval_extra():
    from junitparser import Failure, JUnitXml, TestCase, TestSuite

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+.!|~$-])")
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIVE = re.compile(r"@|#(?=\d)|:/(?=/)|\bwww(?=\.)", re.IGNORECASE)
"""GitHub makes a mention, a reference or a link of these even when they are escaped."""
_BREAK = "\u200c"
"""An invisible character that is part of no name, reference or address."""
_LONGEST = 300
"""Characters of an answer that are shown."""


def junit(ruling: Ruling) -> str:
    """Return JUnit's XML: a test case for the questions, and one for each guarded measure."""
    suite = TestSuite("footnote eval gate")
    suite.add_testcase(_test_case("questions", " ".join(ruling.unlike), ""))
    for guarded in ruling.guarded:
        details = ""
        if compared := guarded.compared:
            details = f"worse: {', '.join(compared.worse) or 'none'}\nbetter: {', '.join(compared.better) or 'none'}"
        suite.add_testcase(_test_case(guarded.name, guarded.failure, details))
    xml = JUnitXml()
    xml.add_testsuite(suite)
    content: bytes = xml.tostring()  # type: ignore[no-untyped-call]
    return content.decode()


def _test_case(name: str, failure: str, details: str) -> TestCase:
    case = TestCase(_NOT_XML.sub("�", name), classname="footnote.eval.gate")
    if failure:
        result = Failure(_NOT_XML.sub("�", failure))
        result.text = _NOT_XML.sub("�", details)
        case.result = [result]
    return case


def markdown(ruling: Ruling) -> str:
    """Return a summary for a pull request. Text of questions and documents is escaped, and never markup."""
    comparison = ruling.comparison
    verdict = "worse than the baseline" if ruling.failures else "not worse than the baseline"
    table = []
    for guarded in ruling.guarded:
        measure = guarded.compared
        means = f"{measure.before:.3f} | {measure.after:.3f} | {measure.difference}" if measure else "| |"
        standing = f"**{guarded.standing}**" if guarded.failure else guarded.standing
        table.append(f"| {_text(guarded.name)} | {means} | {standing} |")
    return "\n".join(
        [
            f"### Answers: {verdict} ({comparison.n} questions)",
            "",
            *(f"- {_text(failure)}" for failure in ruling.failures),
            "",
            "| measure | baseline | now | difference [95 %] | |",
            "| --- | ---: | ---: | ---: | --- |",
            *table,
            "",
            *(f"- {_text(note)}" for note in comparison.notes),
            *(f"- {_text(c.name)}: {_text(c.before)} → {_text(c.after)}" for c in comparison.changes),
            *(line for guarded in ruling.guarded for line in _flips(guarded.compared, comparison)),
            "",
        ]
    )


def _flips(measure: MeasureComparison | None, comparison: Comparison) -> Iterator[str]:
    """The questions that became worse or better, folded away."""
    if not measure or not (measure.worse or measure.better):
        return
    yield ""
    counts = f"{len(measure.worse)} worse, {len(measure.better)} better"
    yield f"<details><summary>{escape(measure.measure.name)}: {counts}</summary>"
    yield ""
    for way, id_ in [*(("worse", id_) for id_ in measure.worse), *(("better", id_) for id_ in measure.better)]:
        flipped = comparison.told.get(id_)
        yield f"- {way}: {_text(id_)} {_text(flipped.question) if flipped else ''}".rstrip()
        for when, answer in (("before", flipped.before), ("now", flipped.after)) if flipped else ():
            if answer:
                yield f"  - {when}: {_text(answer)}"
    yield ""
    yield "</details>"


def _text(text: str) -> str:
    """One line that shows the same characters in a table, a list or a paragraph."""
    line = " ".join(text.split())
    safe = _LIVE.sub(rf"\g<0>{_BREAK}", line[:_LONGEST] + "…" * (len(line) > _LONGEST))
    return escape(_MARKUP.sub(r"\\\1", safe), quote=False)
