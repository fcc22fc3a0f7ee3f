"""The page of one activity, as everybody may read it. Reading only, constant queries."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.enums import Profession
from activities.domain import registrations, when
from activities.domain.catalogue import credit_labels
from activities.enums import (
    FACULTY_ROLES,
    ActivityStatus,
    RegistrationStatus,
    RoleKind,
    SessionStatus,
    SlotKind,
)
from activities.models import Activity, ActivityRole, Objective, Registration, Session
from common import clock
from common.actors import Actor


@dataclass(frozen=True)
class Slot:
    """A line of the agenda."""

    session: Session
    people: str
    is_cancelled: bool

    @property
    def is_education(self) -> bool:
        return self.session.kind == SlotKind.EDUCATION


@dataclass(frozen=True)
class Detail:
    """Everything the page of an activity shows that this app knows."""

    activity: Activity
    state: str
    when: str
    when_parts: tuple[str, str]
    objectives: list[tuple[str, str]]
    days: list[tuple[dt.date, list[Slot]]]
    earlier: int
    people: list[tuple[str, str]]
    audience: str
    registration: Registration | None
    seats_left: int | None
    credit: Sequence[Mapping[str, str]]
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    next: str
    undo: bool
    one_press: bool

    @property
    def has_place(self) -> bool:
        """Whether room link and answers are this person's to see."""
        return self.registration is not None and self.registration.status == RegistrationStatus.REGISTERED


def detail(activity: Activity, actor: Actor) -> Detail:
    """Read the page of a public activity for one visitor; the number of queries does not depend on its size."""
    at = clock.now()
    sessions = list(Session.objects.filter(activity=activity, removed_at=None).order_by("starts_at", "pk"))
    live = [s for s in sessions if s.status != SessionStatus.CANCELLED]
    roles = list(
        ActivityRole.objects.filter(activity=activity, removed_at=None).select_related("person").order_by("pk")
    )
    newest = registrations.of_person(activity, actor.person_id)
    mine = newest if newest is not None and newest.status != RegistrationStatus.CANCELLED else None
    starts, ends = min((s.starts_at for s in live), default=None), max((s.ends_at for s in live), default=None)
    left = registrations.seats_left(activity)
    # A series shows what is ahead; what was is a number, until it is over.
    ahead = [s for s in sessions if s.ends_at > at] if activity.is_series else sessions
    shown = ahead or sessions
    return Detail(
        activity=activity, state=_state(activity, mine, left, starts, ends, at), when=when.sentence(activity, live), when_parts=when.parts(activity, live),
        objectives=[_verb_first(o.text) for o in Objective.objects.filter(activity=activity, removed_at=None)],
        days=[(day, [_slot(s, roles) for s in slots]) for day, slots in when.days(shown, activity.zone)], earlier=len(sessions) - len(shown),
        people=_people(roles), audience=_audience(activity), registration=mine, seats_left=left,
        credit=credit_labels([activity.pk]).get(activity.pk, ()), starts_at=starts, ends_at=ends,
        next=next((when.of_session(s.starts_at, s.ends_at, activity.zone) for s in live if s.ends_at > at), ""),
        undo=mine is None and registrations.can_undo(newest, at), one_press=registrations.one_press_is_enough(actor.person_id),
    )  # fmt: skip


def _state(
    activity: Activity,
    mine: Registration | None,
    left: int | None,
    starts: dt.datetime | None,
    ends: dt.datetime | None,
    at: dt.datetime,
) -> str:
    """Which face the registration card has."""
    if activity.status == ActivityStatus.CANCELLED:
        return "cancelled"
    if activity.status != ActivityStatus.PUBLISHED:
        return "past"
    closes = registrations.closes_at(activity, starts, ends)
    over = ends if ends is not None else closes
    if over is not None and at >= over and not activity.is_any_time:
        return "past"
    if mine is not None and mine.status == RegistrationStatus.REGISTERED:
        return "registered"
    if closes is not None and at >= closes:
        return "running"
    if mine is not None:
        return str(mine.status)
    return "full" if left == 0 else "open"


def _verb_first(text: str) -> tuple[str, str]:
    verb, _space, rest = text.strip().partition(" ")
    return verb[:1].upper() + verb[1:], rest


def _slot(session: Session, roles: Sequence[ActivityRole]) -> Slot:
    names = [r.person.name_with_degrees for r in roles if r.session_id == session.pk and r.role in FACULTY_ROLES]
    return Slot(session, names_in_a_row(names), session.status == SessionStatus.CANCELLED)


def names_in_a_row(names: Sequence[str]) -> str:
    """ "Tomás Villareal, PharmD, and Priya Raghunathan, RN"; a person with two parts is named once."""
    once = list(dict.fromkeys(names))
    if len(once) < 2:
        return "".join(once)
    return _("%(first)s, and %(last)s") % {"first": ", ".join(once[:-1]), "last": once[-1]}


def _people(roles: Sequence[ActivityRole]) -> list[tuple[str, str]]:
    """Everybody with a part, planners first, each once with all their parts."""
    parts: dict[int, tuple[str, list[str]]] = {}
    for role in sorted(roles, key=lambda r: (RoleKind.values.index(r.role), r.pk)):
        _name, labels = parts.setdefault(role.person_id, (role.person.name_with_degrees, []))
        label = RoleKind(role.role).label
        if label not in labels:
            labels.append(str(label))
    return [(name, ", ".join(labels)) for name, labels in parts.values()]


def _audience(activity: Activity) -> str:
    if activity.audience:
        return activity.audience
    return ", ".join(str(Profession(p).label) for p in activity.professions if p in Profession.values)


def panels(page: str, obj: Any, actor: Actor) -> list[Any]:
    """The blocks that other apps put on this app's pages (PAGE_PANELS, decision 13)."""
    found = (import_string(path)(obj, actor) for path in settings.PAGE_PANELS.get(page, ()))
    return [panel for panel in found if panel is not None]
