"""Finds access rules that match no document: a typo, or a folder that is now named otherwise."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from indexes.access.rules import AccessRule
from indexes.errors import UnmatchedRuleError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.rule_application import PathRules
from indexes.ingest.uploads import PREFIX
from indexes.readers.registry import HOLD_FILES
from indexes.storage.catalog import Catalog, Place

_ALLOWED = "unmatched_rules"
"""The key under which the catalog keeps the globs of rules that may match nothing."""


@dataclass(frozen=True, slots=True)
class UnmatchedRules:
    """The access rules that match no document in a run."""

    rules: Sequence[AccessRule]
    emptied: Sequence[AccessRule] = ()
    """Those of them whose documents were deleted since the last run over the same folders."""
    allowed: frozenset[str] = frozenset()
    """The globs that may match nothing, by the user's leave or since an earlier run found them emptied."""

    @classmethod
    def of(cls, rules: PathRules, catalog: Catalog, plan: SyncPlan, *, elsewhere: bool) -> Self:
        """Compare with the documents that answer. ``elsewhere`` tells that other folders were indexed before."""
        if not plan.differs and not plan.closed and all(rule.documents for rule in rules.matched(catalog)):
            return cls(())
        places = catalog.places() if rules.settable else []
        unmatched = _unmatched(rules, places, plan)
        allowed = allowed_unmatched(catalog)
        stopping = [rule for rule in unmatched if rule.glob not in allowed]
        emptied = [] if elsewhere else [rule for rule in stopping if _was_emptied(rule, rules, places, plan)]
        return cls(unmatched, emptied, allowed)

    @classmethod
    def of_new(cls, rules: PathRules, plan: SyncPlan) -> Self:
        """Return those of an index that is yet to be made."""
        return cls(_unmatched(rules, (), plan))

    def check(self, plan: SyncPlan, rules: PathRules) -> None:
        """Raise ``UnmatchedRuleError`` for a rule that protects nothing, and may not."""
        stopping = (rule for rule in self.rules if rule not in self.emptied and rule.glob not in self.allowed)
        if rule := next(stopping, None):
            example = next(iter(plan.files), "hr/pay.md")
            raise UnmatchedRuleError(
                f"The [[access]] rule with the glob {rule.glob!r} matches no document, so it protects nothing. Nothing "
                f"was changed. Correct the glob (a path looks like {example!r}), or remove the rule; or, if you mean "
                "it, run `footnote index` with --allow-unmatched-rules.",
                rules.settable.index(rule) + 1,
            )

    def keep(self, catalog: Catalog) -> None:
        """Let these rules match nothing from now on: until they are changed, or match."""
        catalog.set(_ALLOWED, json.dumps(sorted(rule.glob for rule in self.rules)))


def allowed_unmatched(catalog: Catalog) -> frozenset[str]:
    """Return the globs of the rules that may match nothing."""
    return frozenset(json.loads(catalog.get(_ALLOWED) or "[]"))


def _unmatched(rules: PathRules, known: Sequence[Place], plan: SyncPlan) -> list[AccessRule]:
    """Return the rules that match no file of the plan, no known document in one, and could match none yet to be read.

    What a new mail or ZIP holds is yet to be read, and what lies in a folder that cannot be opened.
    """
    removed = frozenset(plan.removed)
    held = [(path, file) for path, file in known if path != file and file not in removed]
    places = [*((path, path) for path in plan.files), *held]
    unread = [path for path in (*plan.added, *plan.changed) if PurePosixPath(path).suffix.lower() in HOLD_FILES]
    return [
        rule
        for rule in rules.settable
        if not any(rules.are_about(rule, *place) for place in places)
        and not any(rules.may_be_about(rule, place) for place in (*unread, *plan.closed))
    ]


def _was_emptied(rule: AccessRule, rules: PathRules, known: Sequence[Place], plan: SyncPlan) -> bool:
    """Return whether all documents that an unmatched rule matched were deleted, as far as can be told.

    A new file of a deleted one's name, in its folder or in a new folder may be that one, edited and moved.
    """
    removed = frozenset(plan.removed) - {*plan.renamed.values()}
    lost = {PurePosixPath(file) for path, file in known if file in removed and rules.are_about(rule, path, file)}
    names, left = {file.name for file in lost}, {file.parent for file in lost}
    others = {PurePosixPath(file).parent for _, file in known} - left
    new = [PurePosixPath(path) for path in plan.added if not path.startswith(PREFIX)]
    return bool(lost) and not any(file.name in names or file.parent not in others for file in new)
