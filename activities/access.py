"""Fetch and authorise in one: the only way a view gets an object. Out of scope 404, not allowed 403 with the reason."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from activities.enums import EDITING_ROLES, PUBLIC, ActivityStatus
from activities.models import Activity, ActivityRole, PracticeGap, Session
from common.actors import Actor
from common.errors import NotAllowed


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
    found = plannable(actor).select_related("department", "created_by", "signed_by").filter(number=number).first()
    if found is None:
        raise Http404
    return found


def plan_session(actor: Actor, number: str, pk: int) -> Session:
    """A session of an activity whose plan the actor may read; its `activity` is loaded."""
    activity = plan(actor, number)
    found = activity.sessions.filter(pk=pk, removed_at=None).first()
    if found is None:
        raise Http404
    found.activity = activity
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


def gaps(actor: Actor) -> QuerySet[PracticeGap]:
    """The gaps that the actor may work on: their departments'; all for the office."""
    found = PracticeGap.objects.filter(removed_at=None)
    return found if actor.is_office else found.filter(department__in=actor.departments)


def gap(actor: Actor, pk: int) -> PracticeGap:
    found = gaps(actor).select_related("department").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
