"""The red team: attacks documents of a copy of a set, and measures what becomes of its answers."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from eval.experiments.shared_engine import EngineVariant
from eval.gold.evidence import locate_evidence
from eval.red_team.attacks import Attack, AttackError, Trial, evenly, insert, rounds, trials
from eval.red_team.poison import MOST, Poison, poison
from eval.runs.folder import RunFolder
from eval.runs.provenance import collect_provenance
from eval.runs.runner import answer_case, run_cases, with_gold_locations
from eval.types import GoldCase, GoldEvidence, Row
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import IndexWriter
from indexes.readers.extraction.scratch import ScratchFolder
from indexes.types import Document
from rag.engine.engine import Engine, open_engine, open_writer
from rag.engine.factories import has_llm, make_encoder
from rag.settings import Settings

_SUFFIXES = (".txt", ".md")
"""Formats into which a paragraph is put by writing text."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """All that is to be tried, and how much was left out because it cannot be."""

    trials: Sequence[Trial]
    poisons: Sequence[Poison]
    no_text: int
    """Answerable questions without evidence in a text file."""
    no_place: int
    """Attacks whose question is not among those, or whose document is no text file of the set."""
    not_changed: int
    """Answerable questions whose evidence holds nothing that a rule makes false."""

    @property
    def hosts(self) -> list[GoldCase]:
        """Every question that is asked, as it is asked before any attack."""
        asked = [*(trial.host for trial in self.trials), *(one.case for one in self.poisons)]
        return list({case.id: replace(case, id=clean_id(case)) for case in asked}.values())

    @property
    def cases(self) -> list[GoldCase]:
        poisoned = [_poisoned(one, number) for number in range(1, MOST + 1) for one in self.poisons]
        return [*self.hosts, *map(_attacked, self.trials), *poisoned]


@dataclass(frozen=True)
class Range:
    """A copy of a set's documents and index, to be spoilt."""

    docs: Path
    engine: Engine
    writer: IndexWriter

    def sync(self) -> None:
        """Only files that changed are read and embedded."""
        self.writer.run([self.docs], SyncListener(), allow_delete=True)

    @contextmanager
    def spoilt(self, texts: dict[str, str]) -> Iterator[None]:
        """The index with these files written or changed; afterwards the files are as they were."""
        before = {path: self._read(path) for path in texts}
        for path, text in texts.items():
            (self.docs / path).write_text(text, encoding="utf-8")
        self.sync()
        yield
        for path, content in before.items():
            (self.docs / path).unlink() if content is None else (self.docs / path).write_bytes(content)

    def _read(self, path: str) -> bytes | None:
        file = self.docs / path
        return file.read_bytes() if file.exists() else None


def clean_id(case: GoldCase) -> str:
    return f"clean/{case.id}"


def poisoned_id(one: Poison, number: int) -> str:
    return f"poison-{number}/{one.case.id}"


@contextmanager
def opened(settings: Settings, docs: Path) -> Iterator[Range]:
    """Copies of both, which go when it ends: nothing is written to the user's own. Chroma is a copy in files."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(ScratchFolder()))
        shutil.copytree(docs, scratch / "docs", ignore_dangling_symlinks=True)
        shutil.copytree(settings.index.dir, scratch / "index")
        place = settings.index.model_copy(update={"dir": scratch / "index", "chroma_url": None})
        own = settings.model_copy(update={"index": place})
        encoders = lru_cache(None)(make_encoder)
        writer = stack.enter_context(open_writer(own, encoders(own.embedding, own.models.dir)))
        writer.run([scratch / "docs"], SyncListener(), allow_delete=True)
        engine = stack.enter_context(open_engine(own))
        yield Range(scratch / "docs", EngineVariant(engine, own, encoders), writer)


def campaign(of: Range, cases: Sequence[GoldCase], attacks: Sequence[Attack], limit: int | None) -> Campaign:
    """Of more than ``limit`` insertions, and of more than ``limit`` poisonings, as many. Raises ``AttackError``."""
    answerable = [_by_words(case, of.engine.catalog.document_at) for case in cases if case.answerable and case.evidence]
    hosts = {case.id: (case, path) for case in answerable if (path := _text_file(case, of.docs))}
    if not hosts:
        raise AttackError(
            "No answerable question has its evidence in a text file (.txt, .md): there is none to attack."
        )
    poisons = [one for case in answerable if (one := poison(case, of.engine.catalog.document_at))]
    tried = [trial for trial in trials(attacks, hosts, None) if _is_text(of.docs, trial.path)]
    return Campaign(
        evenly(tried, limit),
        evenly(poisons, limit),
        no_text=len(answerable) - len(hosts),
        no_place=len(attacks) - len({trial.attack.id for trial in tried}),
        not_changed=len(answerable) - len(poisons),
    )


def attack(of: Range, planned: Campaign, folder: RunFolder, gold_file: str, advance: Callable[[], None]) -> None:
    """Asks what the folder has no answer to yet: before, under each attack, and with 1 to 5 poisoned documents."""
    about = collect_provenance(of.engine, planned.cases, folder.path.name, gold_file, retrieval_only=False)
    asking = with_gold_locations(partial(answer_case, answerer=of.engine.assistant), of.engine.catalog.document_at)
    concurrency = 4 if has_llm(of.engine.settings.llm) else 1

    def asked(cases: Sequence[GoldCase]) -> None:
        listening: Callable[[Row], None] = lambda _: advance()  # noqa: E731
        asyncio.run(run_cases(folder, about, cases, asking, listening, concurrency=concurrency))

    with folder.open_exclusively(about, planned.cases):
        asked(planned.hosts)
        done = folder.answered_ids()
        for texts, cases in _spoilings(of, planned):
            if waiting := [case for case in cases if case.id not in done]:
                with of.spoilt(texts):
                    asked(waiting)


def _spoilings(of: Range, planned: Campaign) -> Iterator[tuple[dict[str, str], list[GoldCase]]]:
    """What is written where, and what is then asked."""
    for together in rounds(planned.trials):
        texts = {t.path: insert((of.docs / t.path).read_text("utf-8"), t.inserted, t.position) for t in together}
        yield texts, [_attacked(trial) for trial in together]
    for number in range(1, MOST + 1):
        if planned.poisons:
            texts = {one.name(i): one.text for one in planned.poisons for i in range(1, number + 1)}
            yield texts, [_poisoned(one, number) for one in planned.poisons]


def _attacked(trial: Trial) -> GoldCase:
    return replace(trial.host, id=trial.id, tags=(trial.attack.category, trial.position, trial.canary))


def _poisoned(one: Poison, number: int) -> GoldCase:
    return replace(one.case, id=poisoned_id(one, number), tags=("poison", one.true, one.false))


def _by_words(case: GoldCase, documents: Callable[[str], Document | None]) -> GoldCase:
    """Evidence by its words: lines are others once something stands above them."""
    return replace(case, evidence=tuple(_quoted(item, documents(item.path)) for item in case.evidence))


def _quoted(item: GoldEvidence, document: Document | None) -> GoldEvidence:
    span = document and item.quote is None and locate_evidence(item, document)
    return replace(item, quote=document.text[slice(*span)]) if document and span else item


def _text_file(case: GoldCase, docs: Path) -> str | None:
    return next((item.path for item in case.evidence if _is_text(docs, item.path)), None)


def _is_text(docs: Path, path: str) -> bool:
    """Whether it is one that can be written as it was read; what ``..`` leads to is never written."""
    file = (docs / path).resolve()
    if file.suffix.lower() not in _SUFFIXES or not file.is_file() or not file.is_relative_to(docs.resolve()):
        return False
    try:
        file.read_text("utf-8")
    except UnicodeDecodeError:
        return False
    return True
