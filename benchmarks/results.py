"""The page of results: our figures with their intervals, the peer's, a naive start's, and what others published."""

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
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


def page(benches: Sequence["Bench"]) -> str:
    ablation = {bench.folder.name: told["search"]["told"] for bench in benches if "search" in (told := _stages(bench))}
    parts = (_head(benches), *_targets(ablation), *_parts(ablation), *_found(benches))
    parts += (*_answered(benches), *_cost(benches), *_reading(benches))
    return "\n".join(parts) + "\n"


def _head(benches: Sequence["Bench"]) -> str:
    facts = RunFolder(benches[0].run).provenance
    seconds = sum(_stages(bench)[stage]["seconds"] for bench in benches for stage in ("index", "ask"))
    chosen = facts.settings
    return f"""# Results

Written by `make bench`, {datetime.now(UTC):%d %B %Y}, commit {(facts.commit or "?")[:12]}: development questions only,
offline, one configuration for all sets ({facts.encoder}, passages of {chosen["index"]["passage_tokens"]} tokens,
{chosen["retrieval"]["limit"]} passages a question, no language model).
Two shared cores, no GPU, {facts.python}; indexing and asking took {seconds / 60:.0f} minutes, beside other work.
In brackets: 95 % intervals, clustered by document. How fast and how large: [SIZE.md](SIZE.md).
"""


def _targets(ablation: Mapping[str, Any]) -> Iterator[str]:
    """Of `ablation.py`: the search as it is, beside its halves and what was asked of it."""
    if not ablation:
        return
    yield """## Retrieval

One configuration for all sets, no language model, no reranking in the first column of figures. Its halves are the two
searches that it is made of, each alone over the same passages; *reciprocal ranks* fuses them with equal weights, as
Footnote did before. *Naive start*: see below. Bold: the target is reached.
"""
    columns = ("all", "reranked, 150 ms", "by meaning alone", "by words alone", "reciprocal ranks")
    head = ("set", "measure", "Footnote", "reranked, 150 ms", "by meaning", "by words", "reciprocal ranks")
    yield _table((*head, "naive start", "target"), _target_rows(ablation, columns))


def _target_rows(ablation: Mapping[str, Any], columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for name, variants in ablation.items():
        for n, target in enumerate(TARGETS[name]):
            told = [variants[column]["measures"][n] if column in variants else None for column in columns]
            cells = [f"{value:.3f}" if value is not None else "–" for value in told]
            reached = target.get("target") is not None and told[0] >= target["target"]
            before, wanted = (f"{target[key]:.3f}" if key in target else "–" for key in ("before", "target"))
            ours = f"**{cells[0]}**" if reached else cells[0]
            yield name, target["says"], ours, *cells[1:], before, wanted


def _parts(ablation: Mapping[str, Any]) -> Iterator[str]:
    if not ablation:
        return
    yield """### What each part gains, and costs

The first measure of each set with a part taken away or added, and the median milliseconds of a search, all variants of
a question asked one after the other. The milliseconds include the question's embedding.
"""
    names = list(next(iter(ablation.values())))
    rows = [
        (name, *(_cell(variants, name) for variants in ablation.values()), _milliseconds(ablation, name))
        for name in names
    ]
    yield _table(("", *ablation, "ms, median of the sets"), rows)


def _cell(variants: Mapping[str, Any], name: str) -> str:
    return f"{variants[name]['measures'][0]:.3f}" if name in variants else "–"


def _milliseconds(ablation: Mapping[str, Any], name: str) -> str:
    return f"{statistics.median(variants[name]['ms'] for variants in ablation.values() if name in variants):.0f}"


def _found(benches: Sequence["Bench"]) -> Iterator[str]:
    yield """## Against others

The peer is the stock LlamaIndex + Chroma pipeline with the same embedding model, 5 passages, its first one taken as its
citation; it knows files and pages, not characters. The naive start is the reciprocal rank fusion of the same model and
BM25 over chunks of 180 words, as measured once for this project. Published figures stand for other questions on the
same documents, mostly with larger models.
"""
    head = ("set", "measure", "Footnote", "peer", "naive start", "published", "by")
    yield _table(head, (line for bench in benches for line in _against(bench)))


def _against(bench: "Bench") -> Iterator[tuple[str, ...]]:
    for entry in json.loads((HERE / "published.json").read_bytes()):
        if entry["set"] == bench.folder.name:
            name, at = entry["measure"], entry.get("at")
            peer = _values(name, *_peer(bench, at)) if bench.peer_rows.exists() else []
            others = [f"{entry[key]:.3f}" if key in entry else "–" for key in ("naive", "published")]
            told = f"{sum(peer) / len(peer):.3f}" if peer and not name.startswith("declined") else "–"
            yield bench.folder.name, entry["says"], _figure(name, *_ours(bench, at)), told, *others, entry.get("by", "")


def _answered(benches: Sequence["Bench"]) -> Iterator[str]:
    yield """## Answers, put together from sentences of the documents

`correct`: the answer holds a gold answer, or most of its words, or it declines where there is none. Sentences of
documents seldom hold a yes or no, a sum or a comparison: a language model is meant for those.
"""
    rows = []
    for bench in benches:
        cases, told = _ours(bench, None)
        figures = [_figure(name, cases, told) for name in ANSWERS]
        rows.append((bench.folder.name, f"{len(cases)} ({sum(not case.answerable for case in cases)})", *figures))
    yield _table(("set", "questions (unanswerable)", *ANSWERS), rows)


def _cost(benches: Sequence["Bench"]) -> Iterator[str]:
    yield """## Time and memory

Seconds and the most memory of whole processes, one after the other, on a machine that did much else meanwhile: no
figure of speed. Speed beside the peer's: [SIZE.md](SIZE.md).
"""
    head = ("set", "documents", "passages", "indexing s", "MB", "ms a question", "MB", "peer: chunks", "MB")
    yield _table(head, map(_cost_row, benches))


def _cost_row(bench: "Bench") -> tuple[str, ...]:
    stages = _stages(bench)
    index, ask, peer = stages["index"], stages["ask"], stages.get("peer")
    seconds = ask["told"]["timings"]["total"]["p50"]
    ours = (len(index["told"]["added"]), index["told"]["passages"], f"{index['seconds']:.0f}", index["peak_mb"])
    asked = (f"{1000 * seconds:.0f}", ask["peak_mb"])
    return (
        bench.folder.name,
        *map(str, (*ours, *asked, *((peer["told"]["chunks"], peer["peak_mb"]) if peer else "––"))),
    )


def _reading(benches: Sequence["Bench"]) -> Iterator[str]:
    yield f"""## Measure again

```
make bench PEER=PEER_PYTHON        # {len(benches)} sets; var/bench keeps what was done, delete it to begin anew
footnote eval compare var/bench/SET/run ANOTHER_RUN
```

Each run is a folder with every question, answer and passage: `footnote eval report var/bench/SET/run`."""


def _stages(bench: "Bench") -> dict[str, Any]:
    files = {stage: bench.kept / f"{stage}.json" for stage in ("index", "ask", "search", "peer")}
    return {stage: json.loads(file.read_bytes()) for stage, file in files.items() if file.exists()}


def _ours(bench: "Bench", at: int | None) -> tuple[list[GoldCase], Mapping[str, Row]]:
    folder = RunFolder(bench.run)
    return folder.cases, {key: replace(row, retrieved=row.retrieved[:at]) for key, row in folder.rows().items()}


def _peer(bench: "Bench", at: int | None) -> tuple[list[GoldCase], Mapping[str, Row]]:
    told = map(json.loads, bench.peer_rows.read_bytes().splitlines())
    return RunFolder(bench.run).cases, {row["id"]: _peer_row(row, at) for row in told}


def _peer_row(row: Mapping[str, Any], at: int | None) -> Row:
    places = [Location(place["file"], place.get("page")) for place in row["contexts"]]
    found = tuple(RetrievedPassage(place, "", (), "", 0.0) for place in places[:at])
    cited = tuple(CitedQuote(1, place, "", 0.0) for place in places[:1])
    return Row(row["id"], "answered", retrieved=found, citations=cited)


def _values(name: str, cases: Sequence[GoldCase], rows: Mapping[str, Row]) -> list[float]:
    return [one.scores[name] for one in score_cases(cases, rows) if name in one.scores]


def _figure(name: str, cases: Sequence[GoldCase], rows: Mapping[str, Row]) -> str:
    told = [(one.scores[name], one.cluster) for one in score_cases(cases, rows) if name in one.scores]
    if not told:
        return "–"
    values, clusters = zip(*told, strict=True)
    about = confidence_interval(values, clusters, METRICS_BY_NAME[name].kind)
    return f"{sum(values) / len(values):.3f} [{about.low:.2f}, {about.high:.2f}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
