"""Blocks of this app on other apps' pages (PAGE_PANELS, decision 13)."""

from activities.domain import plan
from activities.models import Activity
from common import statements
from common.actors import Actor
from common.panels import Panel
from credits.domain import designations
from credits.models import Designation


def agenda(activity: Activity, actor: Actor) -> Panel:
    """What the agenda comes to in credit, and how, for planners and staff."""
    return Panel("credits/partials/_agenda_credit.html", {"proposals": designations.proposed(plan.load(activity))})


def activity(activity: Activity, actor: Actor) -> Panel:
    """The mandated statements of a designated activity, each its own paragraph (AMA-DES-5)."""
    rows = list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    found = [statements.runs(rows[0].accreditation_statement)] if rows else []
    found += [statements.runs(r.statement) for r in rows if r.statement]
    return Panel("credits/partials/_statements.html", {"statements": found})
