"""What is told of access: the documents that each rule matches, and what runs open and close."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from indexes.errors import IndexMissingError, UnmatchedRuleError, WiderAccessError
from indexes.ingest.access_guard import AccessChanges, RunAccess
from indexes.ingest.changes import SyncPlan, plan_changes
from indexes.ingest.rule_application import PathRules, RuleMatches
from indexes.ingest.unmatched_rules import UnmatchedRules, allowed_unmatched
from indexes.ingest.uploads import UPLOADED, uploads_of
from indexes.storage.catalog import Catalog
from indexes.storage.generations import Generations, catalog_file
from rag.engine.engine import rules_of
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class AccessState:
    """The rules of the settings over an index, and the changes of its last run."""

    rules: tuple[RuleMatches, ...]
    unmatched: tuple[str, ...]
    """The globs of rules that match no document, without those that may."""
    not_yet_closed: tuple[str, ...]
    """Documents that more people may read than the rules say, until the next run."""
    last_run: AccessChanges

    @classmethod
    def of(cls, settings: Settings, catalog: Catalog) -> "AccessState":
        """Compare the settings' rules with the documents in the catalog."""
        over = path_rules(settings, catalog.roots)
        rules = over.matched(catalog)
        allowed = allowed_unmatched(catalog)
        unmatched = tuple(rule.glob for rule in rules if not rule.documents and rule.glob not in allowed)
        return cls(tuple(rules), unmatched, tuple(over.not_yet_closed(catalog)), AccessChanges.last(catalog))

    def as_json(self) -> dict[str, object]:
        """Return it for ``--json``."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it in words, a line for each rule and one for the last run."""
        return [*map(str, self.rules), str(self.last_run)]

    def faults(self) -> list[str]:
        """Return a sentence for each rule that protects nothing, and one for what the rules are yet to close."""
        faults = [
            f"the [[access]] rule {glob!r} matches no document, so it protects nothing" for glob in self.unmatched
        ]
        if self.not_yet_closed:
            faults.append(
                f"more people may read than the [[access]] rules say, until `footnote index` runs: documents "
                f"{len(self.not_yet_closed)}, such as {self.not_yet_closed[0]}"
            )
        return faults

    def check(self) -> None:
        """Raise ``UnmatchedRuleError`` if a rule protects nothing, or not yet."""
        if faults := self.faults():
            told = "; ".join((*faults, *self.lines()))
            raise UnmatchedRuleError(f"{told}. Correct the globs, and run `footnote index` again.")


def objections(settings: Settings, docs: Sequence[Path]) -> Iterator[UnmatchedRuleError | WiderAccessError]:
    """Yield what would stop a run over these folders without leave. Changes nothing; raises ``FolderError``."""
    try:
        with closing(Catalog(catalog_file(Generations(settings.index.dir).current))) as catalog:
            plan = plan_changes(docs, catalog.files(), uploads=uploads_of(settings.index.dir))
            rules = path_rules(settings, docs, plan)
            try:
                elsewhere = {*catalog.roots} != {root.resolve() for root in docs}
                UnmatchedRules.of(rules, catalog, plan, elsewhere=elsewhere).check(plan, rules)
            except UnmatchedRuleError as error:
                yield error
            try:
                RunAccess.of(rules, catalog, plan, allow_wider=False)
            except WiderAccessError as error:
                yield error
    except IndexMissingError:
        try:
            check_new(settings, docs)
        except UnmatchedRuleError as error:
            yield error


def check_new(settings: Settings, docs: Sequence[Path]) -> None:
    """Raise ``UnmatchedRuleError`` if there is no index, and one of these folders would have a rule without a match.

    Raises ``FolderError`` too.
    """
    plan = plan_changes(docs, {}, uploads=uploads_of(settings.index.dir))
    if not catalog_file(Generations(settings.index.dir).current).exists():
        rules = path_rules(settings, docs, plan)
        UnmatchedRules.of_new(rules, plan).check(plan, rules)


def path_rules(settings: Settings, roots: Sequence[Path], plan: SyncPlan | None = None) -> PathRules:
    """Return the rules over an index of these folders, and over its uploads; over the files of a plan, if given."""
    uploaded = (UPLOADED,) if uploads_of(settings.index.dir) else ()
    return PathRules.over((*uploaded, *rules_of(settings)), roots, plan.files if plan else {})
