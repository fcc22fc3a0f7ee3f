"""Handouts: documents of an activity or of one session, from planners to the people who take part (decision 38)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import rules
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from activities.enums import PUBLIC, ActivityStatus, RegistrationStatus, SessionStatus, VisibleFrom
from activities.models import Activity, AttendanceEvidence, Handout, Registration, Session
from common import audit, clock, locks, uploads
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.uploads import Upload

KINDS = uploads.DOCUMENTS
# From the office's yes until the file is closed; what is archived is read and not added to.
OPEN = frozenset(
    {ActivityStatus.APPROVED, ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED, ActivityStatus.ENDED, ActivityStatus.CLOSING}
)  # fmt: skip
AT_HAND_FOR = dt.timedelta(days=30)
MOST = 200


# --- reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """A handout, and from when learners see it; `opens_at` is None where it is seen at once."""

    handout: Handout
    opens_at: dt.datetime | None
    is_open: bool

    @property
    def is_link(self) -> bool:
        return self.handout.file_id is None

    @property
    def is_down(self) -> bool:
        """Taken down by the office."""
        return self.handout.file is not None and self.handout.file.removed_at is not None


@dataclass(frozen=True)
class Group:
    """The handouts of the whole activity (`session` is None), or of one session."""

    session: Session | None
    items: list[Item]


def may_change(activity: Activity) -> bool:
    return activity.status in OPEN


def of_activity(activity: Activity) -> list[Group]:
    """Everything planners put there, grouped; three queries, two without handouts of sessions."""
    return _grouped(_items(_live().filter(activity=activity)))


def of_learner(activity: Activity, person_id: int | None, *, attended: bool = False) -> list[Group]:
    """What a person who takes part sees of an activity, with what opens later; nothing for everybody else.

    `attended`: the caller knows that they were there, and need not ask again.
    """
    if person_id is None or activity.status not in PUBLIC:
        return []
    rows = _live().filter(activity=activity)
    if not attended:
        rows = rows.filter(_takes_part(person_id, OuterRef("activity")))
    return _grouped(item for item in _items(rows) if not item.is_down and _takes_place(item.handout))


def at_hand(person_id: int, *, limit: int) -> list[Item]:
    """What a person can open now, of activities that are ahead or were lately, the newest activity first."""
    since = clock.now() - AT_HAND_FOR
    late = Session.objects.filter(activity=OuterRef("activity"), ends_at__gte=since, removed_at=None)
    near = Q(activity__ends_on__gte=since.date()) | Exists(late)
    rows = _live().filter(near, _takes_part(person_id, OuterRef("activity")), activity__status__in=PUBLIC)
    found = [i for i in _items(rows) if i.is_open and not i.is_down and _takes_place(i.handout)]
    return sorted(found, key=lambda i: i.handout.added_at, reverse=True)[:limit]


def is_visible(handout: Handout, person_id: int | None) -> bool:
    """Whether this person, who does not plan the activity, may open it now."""
    return any(
        item.is_open
        for group in of_learner(handout.activity, person_id)
        for item in group.items
        if item.handout.pk == handout.pk
    )


_SHOWN = ("title", "position", "visible_from", "url", "added_at", "added_by", "file")


def _live() -> QuerySet[Handout]:
    session = (f"session__{name}" for name in ("title", "starts_at", "ends_at", "status", "removed_at"))
    rows = Handout.objects.filter(removed_at=None).select_related("activity", "session", "file")
    return rows.only(*_SHOWN, *session, *Activity.line("activity__"))


def _takes_part(person_id: int, activity: OuterRef) -> Q:
    """Has a place, or was there without one."""
    registered = Registration.objects.filter(activity=activity, person=person_id, status=RegistrationStatus.REGISTERED)
    attended = AttendanceEvidence.objects.of(person_id).standing().filter(session__activity=activity)
    return Q(Exists(registered)) | Q(Exists(attended))


def _takes_place(handout: Handout) -> bool:
    session = handout.session
    return session is None or (session.removed_at is None and session.status != SessionStatus.CANCELLED)


def _items(rows: QuerySet[Handout]) -> list[Item]:
    at = clock.now()
    found = list(rows[:MOST])
    asked = {h.activity_id for h in found if h.session_id is None and h.visible_from != VisibleFrom.REGISTRATION}
    spans = _spans(asked) if asked else {}
    items = []
    for handout in found:
        opens = _opens_at(handout, spans)
        items.append(Item(handout, opens, opens is None or opens <= at))
    return items


def _spans(activity_ids: Iterable[int]) -> dict[int, tuple[dt.datetime, dt.datetime]]:
    """When each activity's sessions begin and end."""
    live = Session.objects.filter(activity__in=activity_ids, removed_at=None).exclude(status=SessionStatus.CANCELLED)
    rows = live.order_by().values_list("activity_id").annotate(first=Min("starts_at"), last=Max("ends_at"))
    return {activity_id: (first, last) for activity_id, first, last in rows}


def _opens_at(handout: Handout, spans: dict[int, tuple[dt.datetime, dt.datetime]]) -> dt.datetime | None:
    if handout.visible_from == VisibleFrom.REGISTRATION:
        return None
    at_end = handout.visible_from == VisibleFrom.END
    if handout.session is not None:
        return handout.session.ends_at if at_end else handout.session.starts_at
    if handout.activity_id in spans:
        return spans[handout.activity_id][at_end]
    # Without sessions the dates count; without dates there is nothing to wait for.
    activity = handout.activity
    day = (activity.ends_on or activity.starts_on) if at_end else activity.starts_on
    return clock.local(day + dt.timedelta(days=at_end), dt.time(), activity.zone) if day else None


def _grouped(items: Iterable[Item]) -> list[Group]:
    def order(item: Item) -> tuple[bool, dt.datetime, int, int, int]:
        h = item.handout
        start = h.session.starts_at if h.session else dt.datetime.min.replace(tzinfo=dt.UTC)
        return h.session_id is not None, start, h.session_id or 0, h.position, h.pk

    listed = groupby(sorted(items, key=order), key=lambda item: item.handout.session_id)
    return [Group(rows[0].handout.session, rows) for rows in (list(found) for _key, found in listed)]


# --- use cases --------------------------------------------------------------------------------------


def add_handout(
    *,
    activity_id: int,
    title: str,
    session_id: int | None,
    visible_from: str,
    upload: Upload | None,
    url: str,
    by: Actor,
) -> Handout:
    """Put a file or a link at the end of its list. Raises NotAllowed for who does not plan it, Conflict once it is closed."""
    if (upload is None) == (not url):
        raise Invalid(fields={"file": "Choose a file or give a link, one of the two."})
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        session = _session(activity, session_id)
        stored = uploads.store(upload, purpose="handout", by=by) if upload else None
        row = Handout.objects.create(
            activity=activity, session=session, title=_title(title, upload), position=_last(activity, session) + 1,
            visible_from=visible_from, file=stored, url=url, added_at=clock.now(), added_by=by.label,
        )  # fmt: skip
        audit.record("handout_added", by=by, subject=activity, new={"handout": row.title})
    return row


def change_handout(
    *, activity_id: int, handout_id: int, title: str, session_id: int | None, visible_from: str, by: Actor
) -> Handout:
    """Rename it, give it to another session, change from when it is seen."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        row = _own(activity, handout_id)
        session = _session(activity, session_id)
        if row.session_id != session_id:
            row.position = _last(activity, session) + 1
        row.title, row.session, row.visible_from = _title(title, None), session, visible_from
        row.save(update_fields=["title", "session", "visible_from", "position"])
    return row


def move_handout(*, activity_id: int, handout_id: int, up: bool, by: Actor) -> None:
    """One place up or down among the handouts of the same session; at the end of the list nothing happens."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        row = _own(activity, handout_id)
        beside = list(Handout.objects.filter(activity=activity, session=row.session_id, removed_at=None))
        here = [h.pk for h in beside].index(row.pk)
        there = here - 1 if up else here + 1
        if 0 <= there < len(beside):
            beside[here], beside[there] = beside[there], beside[here]
        for position, handout in enumerate(beside, start=1):
            if handout.position != position:
                handout.position = position
                handout.save(update_fields=["position"])


def remove_handout(*, activity_id: int, handout_id: int, by: Actor) -> Handout:
    """Nobody sees it any more; row and file stay in the record."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        row = _own(activity, handout_id)
        row.removed_at, row.removed_by = clock.now(), by.label
        row.save(update_fields=["removed_at", "removed_by"])
        audit.record("handout_removed", by=by, subject=activity, old={"handout": row.title})
    return row


def restore_handout(*, activity_id: int, handout_id: int, by: Actor) -> Handout:
    """Take a removal back."""
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        row = Handout.objects.filter(activity=activity, pk=handout_id, removed_at__isnull=False).first()
        if row is None:
            raise Conflict("This handout is in its place already.")
        row.removed_at, row.removed_by = None, ""
        row.save(update_fields=["removed_at", "removed_by"])
        audit.record("handout_restored", by=by, subject=activity, new={"handout": row.title})
    return row


def _lock(activity_id: int, by: Actor) -> Activity:
    activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
    if by.kind != "system" and not rules.has_perm("activities.edit_plan", by, activity):
        raise NotAllowed("Only the planners of this activity and the CME office change its handouts.")
    if not may_change(activity):
        raise Conflict("Handouts can be changed from the approval until the activity is closed.")
    return activity


def _own(activity: Activity, handout_id: int) -> Handout:
    row = Handout.objects.filter(activity=activity, pk=handout_id, removed_at=None).first()
    if row is None:
        raise Conflict("That handout is gone. Reload the page to see the list as it is now.")
    return row


def _session(activity: Activity, session_id: int | None) -> Session | None:
    if session_id is None:
        return None
    found = sessions(activity).filter(pk=session_id).first()
    if found is None:
        raise Invalid(fields={"session": "Choose a session of this activity."})
    return found


def sessions(activity: Activity) -> QuerySet[Session]:
    """What a handout can belong to."""
    return (
        Session.objects.filter(activity=activity, removed_at=None)
        .exclude(status=SessionStatus.CANCELLED)
        .order_by("starts_at", "pk")
    )


def _last(activity: Activity, session: Session | None) -> int:
    rows = Handout.objects.filter(activity=activity, session=session)
    return int(rows.aggregate(last=Max("position"))["last"] or 0)


def _title(title: str, upload: Upload | None) -> str:
    """What was written, else the name of the file without its ending."""
    text = " ".join(title.split()) or (upload.name.rpartition(".")[0] if upload else "")
    if not text and upload is None:
        raise Invalid(fields={"title": "Write what learners read, for example “Slides of session 1”."})
    return text[:200]
