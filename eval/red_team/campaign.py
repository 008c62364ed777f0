"""The red team's campaign: attack the documents of a copied set, and ask its questions again."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from eval.experiments.shared_engine import EngineVariant
from eval.gold.evidence import quote_evidence
from eval.red_team.attacks import Attack, AttackError, Trial, insert_paragraph, plan_rounds, plan_trials, take_evenly
from eval.red_team.poison import MOST, Poison, make_poison
from eval.runs.folder import RunFolder
from eval.runs.provenance import collect_provenance
from eval.runs.runner import answer_case, run_cases, with_gold_locations
from eval.types import GoldCase
from indexes.ingest.sync import SyncListener
from indexes.ingest.writer import FULL_LEAVE, IndexWriter
from indexes.readers.extraction.scratch import ScratchFolder
from rag.engine.engine import Engine, open_engine, open_writer
from rag.engine.factories import has_llm, make_encoder
from rag.settings import Settings

_SUFFIXES = (".txt", ".md")
"""Text formats, to which a paragraph can be added."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The trials and poisons to run, and how many were left out."""

    trials: Sequence[Trial]
    poisons: Sequence[Poison]
    no_text: int
    """Answerable questions without evidence in a text file."""
    no_place: int
    """Attacks without such a question, or whose document is no text file of the set."""
    not_changed: int
    """Answerable questions whose evidence has no value that a rule can change."""

    @property
    def hosts(self) -> list[GoldCase]:
        """Every question once, to be asked before any attack."""
        cases = [*(trial.host for trial in self.trials), *(poison.case for poison in self.poisons)]
        return list({case.id: replace(case, id=clean_id(case)) for case in cases}.values())

    @property
    def cases(self) -> list[GoldCase]:
        """All questions of the run: clean, attacked and poisoned."""
        return [*self.hosts, *map(_attacked, self.trials), *(c for n in range(1, MOST + 1) for c in self.poisoned(n))]

    def poisoned(self, number: int) -> list[GoldCase]:
        """Return the questions to be asked with so many poisoned documents each."""
        return [replace(p.case, id=poisoned_id(p, number), tags=("poison", p.true, p.false)) for p in self.poisons]

    def rounds(self, docs: Path) -> Iterator[tuple[dict[str, str], list[GoldCase]]]:
        """Yield the texts to write into ``docs``, by path, and the questions to ask then."""
        for trials in plan_rounds(self.trials):
            sources = {trial.path: (docs / trial.path).read_text("utf-8") for trial in trials}
            texts = {t.path: insert_paragraph(sources[t.path], t.inserted, t.position) for t in trials}
            yield texts, list(map(_attacked, trials))
        for number in range(1, MOST + 1) if self.poisons else ():
            texts = {poison.name(i): poison.text for poison in self.poisons for i in range(1, number + 1)}
            yield texts, self.poisoned(number)


@dataclass(frozen=True)
class Range:
    """A copy of a set's documents and index that attacks may change."""

    docs: Path
    engine: Engine
    writer: IndexWriter

    @contextmanager
    def with_files(self, texts: dict[str, str]) -> Iterator[None]:
        """Write these files, by path, and index them; afterwards restore the files."""
        files = {self.docs / path: text for path, text in texts.items()}
        before = {file: file.read_bytes() if file.exists() else None for file in files}
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")
        self.writer.run([self.docs], SyncListener(), **FULL_LEAVE)
        yield
        for file, content in before.items():
            file.unlink() if content is None else file.write_bytes(content)


def clean_id(case: GoldCase) -> str:
    """Return the id of a question as asked before any attack."""
    return f"clean/{case.id}"


def poisoned_id(poison: Poison, number: int) -> str:
    """Return the id of a question as asked with so many poisoned documents."""
    return f"poison-{number}/{poison.case.id}"


@contextmanager
def open_range(settings: Settings, docs: Path) -> Iterator[Range]:
    """Open temporary copies of documents and index, so that the user's own do not change. Chroma's copy is in files."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(ScratchFolder()))
        shutil.copytree(docs, scratch / "docs", ignore_dangling_symlinks=True)
        shutil.copytree(settings.index.dir, scratch / "index")
        index = settings.index.model_copy(update={"dir": scratch / "index", "chroma_url": None})
        copied = settings.model_copy(update={"index": index})
        encoders = lru_cache(None)(make_encoder)
        writer = stack.enter_context(open_writer(copied, encoders(copied.embedding, copied.models.dir)))
        writer.run([scratch / "docs"], SyncListener(), **FULL_LEAVE)
        engine = stack.enter_context(open_engine(copied))
        yield Range(scratch / "docs", EngineVariant(engine, copied, encoders), writer)


def plan_campaign(target: Range, cases: Sequence[GoldCase], attacks: Sequence[Attack], limit: int | None) -> Campaign:
    """Return at most ``limit`` trials and ``limit`` poisons. Raises ``AttackError`` if nothing can be attacked."""
    documents = target.engine.catalog.document_at
    answerable = [quote_evidence(case, documents) for case in cases if case.answerable and case.evidence]
    hosts = {}
    for case in answerable:
        if paths := [item.path for item in case.evidence if _is_text(target.docs, item.path)]:
            hosts[case.id] = case, paths[0]
    if not hosts:
        raise AttackError(
            "No answerable question has its evidence in a text file (.txt, .md), so none can be attacked."
        )
    poisons = [poison for case in answerable if (poison := make_poison(case, documents))]
    trials = [trial for trial in plan_trials(attacks, hosts, None) if _is_text(target.docs, trial.path)]
    return Campaign(
        take_evenly(trials, limit),
        take_evenly(poisons, limit),
        no_text=len(answerable) - len(hosts),
        no_place=len(attacks) - len({trial.attack.id for trial in trials}),
        not_changed=len(answerable) - len(poisons),
    )


def run_campaign(target: Range, plan: Campaign, folder: RunFolder, gold_file: str, advance: Callable[[], None]) -> None:
    """Ask what the folder has no answer to yet: before any attack, under each, and with 1 to 5 poisoned documents."""
    about = collect_provenance(target.engine, plan.cases, folder.path.name, gold_file, retrieval_only=False)
    asking = with_gold_locations(
        partial(answer_case, answerer=target.engine.assistant), target.engine.catalog.document_at
    )
    concurrency = 4 if has_llm(target.engine.settings.llm) else 1

    def ask_all(cases: Sequence[GoldCase]) -> None:
        asyncio.run(run_cases(folder, about, cases, asking, lambda _: advance(), concurrency=concurrency))

    with folder.open_exclusively(about, plan.cases):
        ask_all(plan.hosts)
        answered = folder.answered_ids()
        for texts, cases in plan.rounds(target.docs):
            if waiting := [case for case in cases if case.id not in answered]:
                with target.with_files(texts):
                    ask_all(waiting)


def _attacked(trial: Trial) -> GoldCase:
    return replace(trial.host, id=trial.id, tags=(trial.attack.category, trial.position, trial.canary))


def _is_text(docs: Path, path: str) -> bool:
    """Whether it is a text file inside the folder that can be rewritten; a path out by ``..`` never is."""
    file = (docs / path).resolve()
    if file.suffix.lower() not in _SUFFIXES or not file.is_file() or not file.is_relative_to(docs.resolve()):
        return False
    try:
        file.read_text("utf-8")
    except UnicodeDecodeError:
        return False
    return True
