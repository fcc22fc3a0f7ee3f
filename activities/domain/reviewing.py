"""What reviewing shares with its pages: who may decide, and findings as they are frozen."""

from typing import Any

import rules

from activities.models import Activity
from activities.rules import has_part_in
from common.actors import Actor
from common.errors import NotAllowed
from common.findings import Finding


def require_may_decide(by: Actor, activity: Activity) -> None:
    """Raise NotAllowed unless the actor is of the office and has no part in the activity (law 7, SII-3.3)."""
    if not by.is_office:
        raise NotAllowed("Only the CME office decides.")
    if not rules.has_perm("activities.decide", by, activity):
        raise NotAllowed("You have a part in this activity, so a colleague decides (SII-3.3).")


def may_decide(by: Actor, activity: Activity) -> bool:
    return by.is_office and not has_part_in(by, activity)


def frozen(finding: Finding) -> dict[str, Any]:
    """A finding as it is kept with a decision."""
    return {
        "rules": list(finding.rules),
        "level": finding.level,
        "title": finding.title,
        "proof": finding.proof,
        "group": finding.group,
    }
