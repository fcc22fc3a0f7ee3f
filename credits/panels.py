"""Blocks of this app on other apps' pages (PAGE_PANELS, decision 13)."""

from collections.abc import Sequence

from activities.domain.plan import Plan
from activities.enums import ImportStatus
from activities.models import Activity, ImportBatch, ImportRow, Session
from common import statements
from common.actors import Actor
from common.panels import Panel
from credits.domain import designations, support
from credits.models import Designation

SHOWN = 20


def agenda(plan: Plan, actor: Actor) -> Panel:
    """What the agenda comes to in credit, and how, for planners and staff."""
    return Panel("credits/partials/_agenda_credit.html", {"proposals": designations.proposed(plan)})


def activity(activity: Activity, actor: Actor) -> Panel:
    """The mandated statements of a designated activity, each its own paragraph (AMA-DES-5)."""
    rows = list(
        Designation.objects.filter(activity=activity, ended_at=None)
        .select_related("credit_type")
        .order_by("credit_type__position")
    )
    shown = dict.fromkeys(r.accreditation_statement for r in rows if not r.credit_type.teaching)
    found = [statements.runs(text) for text in shown] + [statements.runs(r.statement) for r in rows if r.statement]
    mark = next((r.details["pass_mark"] for r in rows if "pass_mark" in r.details), "")
    return Panel("credits/partials/_statements.html", {"statements": found, "pass_mark": mark})


def session(session: Session, actor: Actor) -> Panel:
    """The statements of its activity, on the screen of the room."""
    return activity(session.activity, actor)


def attendance(session: Session, actor: Actor) -> Panel | None:
    """Claims of a session that rest on attendance which was changed since; none, nothing."""
    return _weak(support.weakened([session.pk]), actor, ahead=False)


def imported(batch: ImportBatch, actor: Actor) -> Panel | None:
    """The same for the sessions of an import: what its undoing did, or would do."""
    rows = ImportRow.objects.filter(batch=batch, evidence__isnull=False).order_by()
    sessions = list(rows.values_list("session_id", flat=True).distinct())
    ahead = batch.status == ImportStatus.CONFIRMED
    return _weak(support.weakened(sessions, without=batch.source_key if ahead else ""), actor, ahead=ahead)


def _weak(found: Sequence[support.Weak], actor: Actor, *, ahead: bool) -> Panel | None:
    if not found:
        return None
    shown = support.findings(found[:SHOWN], for_office=actor.is_office)
    return Panel("credits/partials/_weak_claims.html", {"findings": shown, "count": len(found), "ahead": ahead})
