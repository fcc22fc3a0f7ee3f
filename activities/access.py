"""Fetch and authorise in one: the only way a view gets an object. Out of scope 404, not allowed 403 with the reason."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from accounts.models import Person
from activities.domain import handouts
from activities.enums import EDITING_ROLES, PUBLIC, ActivityStatus
from activities.models import (
    Activity,
    ActivityGap,
    ActivityRole,
    GapEvidence,
    Handout,
    ImportBatch,
    ImportRow,
    PracticeGap,
    Session,
)
from common.actors import Actor
from common.errors import NotAllowed
from common.models import StoredFile


def plannable(actor: Actor) -> QuerySet[Activity]:
    """Activities that the actor may see the plan of: their departments', those they hold a planning role in; all for the office."""
    found = Activity.objects.all()
    if actor.is_office:
        return found
    role = ActivityRole.objects.filter(
        activity=OuterRef("pk"), person_id=actor.person_id or 0, role__in=EDITING_ROLES, removed_at=None
    )
    return found.filter(Q(department__in=actor.departments) | Exists(role))


def plan(actor: Actor, number: str) -> Activity:
    """An activity whose plan the actor may read."""
    found = Activity.objects.select_related("department").filter(number=number).first()
    if found is None or not _may_plan(actor, found):
        raise Http404
    return found


def _may_plan(actor: Actor, activity: Activity) -> bool:
    """Nearly everybody may by office or department, which is known without asking the database."""
    known = actor.is_office or activity.department_id in actor.departments
    return known or plannable(actor).filter(pk=activity.pk).exists()


def plan_session(actor: Actor, number: str, pk: int) -> Session:
    """A session of an activity whose plan the actor may read; its `activity` is loaded."""
    activity = plan(actor, number)
    found = activity.sessions.filter(pk=pk, removed_at=None).first()
    if found is None:
        raise Http404
    found.activity = activity
    return found


def anybody(pk: int) -> Person:
    """A person whom somebody found by name."""
    found = Person.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def plan_import(actor: Actor, number: str, pk: int) -> ImportBatch:
    """An import of attendance of an activity whose plan the actor may read; who reads a roster reads its imports."""
    activity = plan(actor, number)
    found = ImportBatch.objects.filter(activity=activity, pk=pk).select_related("session", "file").first()
    if found is None:
        raise Http404
    found.activity = activity
    return found


def import_row(batch: ImportBatch, pk: int) -> ImportRow:
    """A row of an import that the actor may open."""
    found = ImportRow.objects.filter(batch=batch, pk=pk).select_related("session").first()
    if found is None:
        raise Http404
    return found


def editable_plan(actor: Actor, number: str) -> Activity:
    """An activity whose sections the actor may change now. Raises NotAllowed once it left their hands."""
    found = plan(actor, number)
    if found.status not in {ActivityStatus.DRAFT, ActivityStatus.RETURNED}:
        raise NotAllowed("This application is with the CME office. It can be changed again when the office returns it.")
    return found


def public(number: str) -> Activity:
    """An activity that everybody may see."""
    found = (
        Activity.objects.filter(
            status__in=[*PUBLIC, ActivityStatus.CANCELLED], number=number, published_at__isnull=False
        )
        .select_related("department")
        .first()
    )
    if found is None:
        raise Http404
    return found


def handout(actor: Actor, number: str, pk: int) -> Handout:
    """A handout that the actor may open: its planners always, who takes part once it is open, nobody else."""
    found = (
        Handout.objects.filter(activity__number=number, pk=pk, removed_at=None)
        .select_related("activity", "session", "file")
        .first()
    )
    if found is None:
        raise Http404
    if not plannable(actor).filter(pk=found.activity_id).exists() and not handouts.is_visible(found, actor.person_id):
        raise Http404
    return found


def gaps(actor: Actor) -> QuerySet[PracticeGap]:
    """The gaps that the actor may work on: their departments'; all for the office."""
    found = PracticeGap.objects.filter(removed_at=None)
    return found if actor.is_office else found.filter(department__in=actor.departments)


def gap(actor: Actor, pk: int) -> PracticeGap:
    found = gaps(actor).select_related("department").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def gap_source_file(actor: Actor, gap_id: int, source_id: int) -> StoredFile:
    """A file that shows a gap: for its department, the office, and who may read a plan that works on the gap."""
    rows = GapEvidence.objects.filter(gap=gap_id, pk=source_id, file__isnull=False).select_related("file")
    # What was taken out since stays part of the plan that was sent in.
    found = rows.first() if actor.is_office else rows.filter(removed_at=None, gap__removed_at=None).first()
    if found is None or found.file is None:
        raise Http404
    linked = ActivityGap.objects.filter(gap=gap_id, removed_at=None, activity__in=plannable(actor))
    if not gaps(actor).filter(pk=gap_id).exists() and not linked.exists():
        raise Http404
    return found.file
