"""The page of results: our figures with intervals, the peer's, those of a naive start, and published ones."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.metrics.scoring import METRICS_BY_NAME, score_cases
from eval.runs.folder import RunFolder
from eval.stats.intervals import confidence_interval
from eval.types import CitedQuote, GoldCase, Location, RetrievedPassage, Row

if TYPE_CHECKING:
    from bench import Bench

HERE = Path(__file__).parent
TARGETS = json.loads((HERE / "targets.json").read_bytes())
ANSWERS = (
    "correct",
    "answer_contains",
    "answer_token_recall",
    "citation_file_recall",
    "citation_file_precision",
    "declined_answerable",
    "declined_unanswerable",
)


COLUMNS = {
    "all": "Footnote",
    "reranked, 150 ms": "reranked, 150 ms",
    "by meaning alone": "by meaning",
    "by words alone": "by words",
    "reciprocal ranks": "reciprocal ranks",
}
"""Variants of the search, and their headings."""
ENDS = ("before", "target")
"""Keys of a target: the naive start's figure, and the figure to reach."""

AGAIN = """## Measure again

```
make bench PEER=PEER_PYTHON        # {sets} sets; var/bench keeps what was done, delete it to begin anew
footnote eval compare var/bench/SET/run ANOTHER_RUN
```

Each run is a folder with every question, answer and passage: `footnote eval report var/bench/SET/run`."""


def make_page(benches: Sequence["Bench"]) -> str:
    """Return the page as Markdown."""
    ablation = {b.folder.name: stages["search"]["told"] for b in benches if "search" in (stages := b.stages())}
    parts = [_introduction(benches)]
    if ablation:
        parts += [_targets(ablation), _search_parts(ablation)]
    parts += [_comparison(benches), _answers(benches), _cost(benches)]
    return "\n".join([*parts, AGAIN.format(sets=len(benches))]) + "\n"


def _introduction(benches: Sequence["Bench"]) -> str:
    facts = RunFolder(benches[0].run).provenance
    seconds = sum(bench.stages()[stage]["seconds"] for bench in benches for stage in ("index", "ask"))
    settings = facts.settings
    return f"""# Results

Written by `make bench`, {datetime.now(UTC):%d %B %Y}, commit {(facts.commit or "?")[:12]}: development questions only,
offline, one configuration for all sets ({facts.encoder}, passages of {settings["index"]["passage_tokens"]} tokens,
{settings["retrieval"]["limit"]} passages a question, no language model).
Two shared cores, no GPU, {facts.python}; indexing and asking took {seconds / 60:.0f} minutes, beside other work.
In brackets: 95 % intervals, clustered by document. How fast and how large: [SIZE.md](SIZE.md).
"""


def _targets(ablation: Mapping[str, Any]) -> str:
    """The search as it is, its halves, and its targets."""
    about = """## Retrieval

One configuration for all sets, no language model, no reranking in the first column of figures. Its halves are the two
searches that it is made of, each alone over the same passages; *reciprocal ranks* fuses them with equal weights, as
Footnote did before. *Naive start*: see below. Bold: the target is reached.
"""
    rows = []
    for name, variants in ablation.items():
        for n, target in enumerate(TARGETS[name]):
            values = [variants[column]["measures"][n] if column in variants else None for column in COLUMNS]
            cells = [f"{value:.3f}" if value is not None else "–" for value in (*values, *map(target.get, ENDS))]
            if "target" in target and values[0] >= target["target"]:
                cells[0] = f"**{cells[0]}**"
            rows.append((name, target["says"], *cells))
    return f"{about}\n{_table(('set', 'measure', *COLUMNS.values(), 'naive start', 'target'), rows)}"


def _search_parts(ablation: Mapping[str, Any]) -> str:
    about = """### What each part gains, and costs

The first measure of each set with a part taken away or added, and the median milliseconds of a search, all variants of
a question asked one after the other. The milliseconds include the question's embedding.
"""
    rows = []
    for name in next(iter(ablation.values())):
        measured = [variants.get(name) for variants in ablation.values()]
        cells = [f"{variant['measures'][0]:.3f}" if variant else "–" for variant in measured]
        rows.append((name, *cells, f"{statistics.median(variant['ms'] for variant in measured if variant):.0f}"))
    return f"{about}\n{_table(('', *ablation, 'ms, median of the sets'), rows)}"


def _comparison(benches: Sequence["Bench"]) -> str:
    about = """## Against others

The peer is the stock LlamaIndex + Chroma pipeline with the same embedding model, 5 passages, its first one taken as its
citation; it knows files and pages, not characters. The naive start is the reciprocal rank fusion of the same model and
BM25 over chunks of 180 words, as measured once for this project. Published figures stand for other questions on the
same documents, mostly with larger models.
"""
    published, rows = json.loads((HERE / "published.json").read_bytes()), []
    for bench, entry in product(benches, published):
        if entry["set"] == bench.folder.name:
            name, at = entry["measure"], entry.get("at")
            peer = "–"
            if bench.peer_rows.exists() and not name.startswith("declined"):
                scores = [s.scores[name] for s in score_cases(*_peer_rows(bench, at)) if name in s.scores]
                peer = f"{statistics.fmean(scores):.3f}" if scores else "–"
            others = [f"{entry[key]:.3f}" if key in entry else "–" for key in ("naive", "published")]
            ours = _figure(name, *_rows(bench, at))
            rows.append((bench.folder.name, entry["says"], ours, peer, *others, entry.get("by", "")))
    return f"{about}\n{_table(('set', 'measure', 'Footnote', 'peer', 'naive start', 'published', 'by'), rows)}"


def _answers(benches: Sequence["Bench"]) -> str:
    about = """## Answers, put together from sentences of the documents

`correct`: the answer holds a gold answer, or most of its words, or it declines where there is none. Sentences of
documents seldom hold a yes or no, a sum or a comparison: a language model is meant for those.
"""
    table = []
    for bench in benches:
        cases, rows = _rows(bench, None)
        questions = f"{len(cases)} ({sum(not case.answerable for case in cases)})"
        table.append((bench.folder.name, questions, *(_figure(name, cases, rows) for name in ANSWERS)))
    return f"{about}\n{_table(('set', 'questions (unanswerable)', *ANSWERS), table)}"


def _cost(benches: Sequence["Bench"]) -> str:
    about = """## Time and memory

Seconds and the most memory of whole processes, one after the other, on a machine that did much else meanwhile: no
figure of speed. Speed beside the peer's: [SIZE.md](SIZE.md).
"""
    rows = []
    for bench in benches:
        stages = bench.stages()
        index, ask, peer = stages["index"], stages["ask"], stages.get("peer")
        report, seconds = index["told"], ask["told"]["timings"]["total"]["p50"]
        cells = [len(report["added"]), report["passages"], f"{index['seconds']:.0f}", index["peak_mb"]]
        cells += [f"{1000 * seconds:.0f}", ask["peak_mb"]]
        cells += [peer["told"]["chunks"], peer["peak_mb"]] if peer else ["–", "–"]
        rows.append((bench.folder.name, *map(str, cells)))
    head = ("set", "documents", "passages", "indexing s", "MB", "ms a question", "MB", "peer: chunks", "MB")
    return f"{about}\n{_table(head, rows)}"


def _rows(bench: "Bench", at: int | None) -> tuple[list[GoldCase], Mapping[str, Row]]:
    """Our answers, with the first ``at`` passages."""
    folder = RunFolder(bench.run)
    return folder.cases, {key: replace(row, retrieved=row.retrieved[:at]) for key, row in folder.rows().items()}


def _peer_rows(bench: "Bench", at: int | None) -> tuple[list[GoldCase], Mapping[str, Row]]:
    """The peer's answers, with its first ``at`` passages; it cites the first."""
    rows = {}
    for row in map(json.loads, bench.peer_rows.read_bytes().splitlines()):
        places = [Location(place["file"], place.get("page")) for place in row["contexts"]]
        retrieved = tuple(RetrievedPassage(place, "", (), "", 0.0) for place in places[:at])
        cited = tuple(CitedQuote(1, place, "", 0.0) for place in places[:1])
        rows[row["id"]] = Row(row["id"], "answered", retrieved=retrieved, citations=cited)
    return RunFolder(bench.run).cases, rows


def _figure(name: str, cases: Sequence[GoldCase], rows: Mapping[str, Row]) -> str:
    """The mean with its interval."""
    scored = [(score.scores[name], score.cluster) for score in score_cases(cases, rows) if name in score.scores]
    if not scored:
        return "–"
    values, clusters = zip(*scored, strict=True)
    bounds = confidence_interval(values, clusters, METRICS_BY_NAME[name].kind)
    return f"{sum(values) / len(values):.3f} [{bounds.low:.2f}, {bounds.high:.2f}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
