"""What is told of access: the documents that each rule matches, and what the last run opened and closed."""

from dataclasses import asdict, dataclass

from indexes.errors import UnmatchedRuleError
from indexes.ingest.access_guard import AccessChanges
from indexes.ingest.rule_application import PathRules, RuleMatches
from indexes.ingest.unmatched_rules import allowed_unmatched
from indexes.ingest.uploads import UPLOADED, uploads_of
from indexes.storage.catalog import Catalog
from rag.engine.engine import rules_of
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class AccessState:
    """The rules of the settings over an index, and the changes of its last run."""

    rules: tuple[RuleMatches, ...]
    unmatched: tuple[str, ...]
    """The globs of rules that match no document, without those that may."""
    last_run: AccessChanges

    @classmethod
    def of(cls, settings: Settings, catalog: Catalog) -> "AccessState":
        """Compare the settings' rules with the documents in the catalog."""
        rules = path_rules(settings, catalog).matched(catalog)
        allowed = allowed_unmatched(catalog)
        unmatched = tuple(rule.glob for rule in rules if not rule.documents and rule.glob not in allowed)
        return cls(tuple(rules), unmatched, AccessChanges.last(catalog))

    def as_json(self) -> dict[str, object]:
        """Return it for ``--json``."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it in words, a line for each rule and one for the last run."""
        return [*map(str, self.rules), str(self.last_run)]

    def faults(self) -> list[str]:
        """Return a sentence for each rule that protects nothing."""
        return [f"the [[access]] rule {glob!r} matches no document, so it protects nothing" for glob in self.unmatched]

    def check(self) -> None:
        """Raise ``UnmatchedRuleError`` if a rule protects nothing."""
        if self.unmatched:
            told = "; ".join((*self.faults(), *self.lines()))
            raise UnmatchedRuleError(f"{told}. Correct the globs, and run `footnote index` again.")


def path_rules(settings: Settings, catalog: Catalog) -> PathRules:
    """Return the rules over the folders of the last index run, and over the uploads."""
    uploaded = (UPLOADED,) if uploads_of(settings.index.dir) else ()
    return PathRules.over((*uploaded, *rules_of(settings)), catalog.roots)
