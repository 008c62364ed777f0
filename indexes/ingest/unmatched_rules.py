"""Finds access rules that match no document: a typo, or a folder that is now named otherwise."""

import json
from collections.abc import Sequence, Set
from pathlib import PurePosixPath

from indexes.access.rules import AccessRule
from indexes.errors import UnmatchedRuleError
from indexes.ingest.changes import SyncPlan
from indexes.ingest.rule_application import PathRules
from indexes.readers.registry import HOLD_FILES
from indexes.storage.catalog import Catalog, Place

_ALLOWED = "unmatched_rules"
"""The key under which the catalog keeps the globs of rules that may match nothing."""


def check_rules(unmatched: Sequence[AccessRule], allowed: Set[str], plan: SyncPlan) -> None:
    """Raise ``UnmatchedRuleError`` for a rule that matches nothing, unless its glob is among the allowed ones."""
    if rule := next((rule for rule in unmatched if rule.glob not in allowed), None):
        example = next(iter(plan.files), "hr/pay.md")
        raise UnmatchedRuleError(
            f"The [[access]] rule with the glob {rule.glob!r} matches no document, so it protects nothing. Nothing was "
            f"changed. Correct the glob (a path looks like {example!r}), or remove the rule; or, if you mean it, run "
            "`footnote index` with --allow-unmatched-rules."
        )


def unmatched_rules(rules: PathRules, known: Sequence[Place], plan: SyncPlan) -> list[AccessRule]:
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


def allowed_unmatched(catalog: Catalog) -> frozenset[str]:
    """Return the globs of the rules that may match nothing."""
    return frozenset(json.loads(catalog.get(_ALLOWED) or "[]"))


def allow_unmatched(catalog: Catalog, rules: Sequence[AccessRule]) -> None:
    """Keep which rules may match nothing from now on: until they are changed, or match."""
    catalog.set(_ALLOWED, json.dumps(sorted(rule.glob for rule in rules)))
