"""E-mail to the people of an activity: their registration, and what changed about it.

One message is written with the change that causes it; news for everybody is one job that writes all messages, so that
moving a session of three hundred people takes no longer than moving one of three.
"""

import datetime as dt
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain.profile import count_reachable, main_emails
from accounts.models import Person
from activities.domain import calendars, when
from activities.enums import ActivityStatus, RegistrationStatus, SessionStatus
from activities.models import Activity, Registration, Session
from common import jobs, locks, mail

Kind = Literal["moved", "cancelled"]
Facts = list[tuple[str, str]]
CHUNK = 200


def confirm(registration: Registration) -> None:
    """ "You are registered" or "You are on the waiting list", with the calendar entry; assert an open transaction."""
    activity, person = registration.activity, registration.person
    waiting = registration.status == RegistrationStatus.WAITING
    subject = _("You are on the waiting list: %(title)s") if waiting else _("You are registered: %(title)s")
    emails = main_emails([person.pk])
    invitation = None if waiting else calendars.Invitation(activity)
    context = {
        "waiting": waiting,
        "calendar_url": _url("activities:activity_calendar", activity),
        "button_url": _url("activities:registration_detail", activity),
        "button_label": _("Open your registration"),
        "facts": facts(activity, room_too=not waiting),
    }
    _send(
        "registration_confirmed",
        activity,
        person,
        emails,
        subject=subject % {"title": activity.title},
        context=context,
        invitation=invitation,
    )


def offer(registration: Registration) -> None:
    """A place is free and held for this person until a time; assert an open transaction."""
    activity, person = registration.activity, registration.person
    context = {
        "until": registration.offered_until,
        "zone": activity.zone,
        "button_url": _url("activities:registration_detail", activity),
        "button_label": _("Take the place"),
        "facts": facts(activity, room_too=False),
    }
    subject = _("A place is free for you: %(title)s") % {"title": activity.title}
    _send(
        "registration_offered",
        activity,
        person,
        main_emails([person.pk]),
        subject=subject,
        context=context,
        key=f"offer:{registration.pk}",
    )


def audience(activity: Activity) -> int:
    """How many people `tell_registrants` writes to: the number beside the button of a change. At most one query.

    The messages are written a moment after the change, to who is registered then: nobody who comes in between misses it.
    """
    if activity.status != ActivityStatus.PUBLISHED:
        return 0
    return count_reachable(_registrants(activity).values("person"))


def confirmed_audience(activity: Activity, *, told: int) -> int:
    """The audience of a change that somebody asked for who was shown `told`, with the activity locked.

    Raises Conflict when it grew meanwhile.
    """
    locks.require_transaction()
    number = audience(activity)
    mail.require_shown(number, shown=told)
    return number


def tell_registrants(
    *, activity: Activity, kind: Kind, session: Session | None = None, was_starts_at: dt.datetime | None = None,
    was_ends_at: dt.datetime | None = None, was_room: str = "", reason: str = "", sequence: int = 0,
) -> None:  # fmt: skip
    """Tell everybody registered, waiting or offered a place; call it in the transaction that moves or cancels.

    Without a session the whole activity is meant, and `was_room` its place; `sequence` then tells its moves apart. For a
    move `was_*` is what people have in their calendars. The same news of the same session (its own sequence names it)
    is sent once, however often the job runs.
    """
    locks.require_transaction()
    times = [t.isoformat() if t else "" for t in (was_starts_at, was_ends_at)]
    sequence = session.sequence if session else sequence
    name = "activities.jobs_learner.send_news"
    jobs.later(name, activity.pk, kind, session.pk if session else 0, sequence, *times, was_room, reason)


def send_news(
    activity: Activity,
    kind: Kind,
    session: Session | None,
    sequence: int,
    was: tuple[dt.datetime | None, dt.datetime | None, str],
    reason: str,
) -> int:
    """Write the messages of `tell_registrants`; how many people there are. Safe to repeat: each has its key."""
    rows = list(_registrants(activity).select_related("person").order_by("pk"))
    emails = main_emails([r.person_id for r in rows])
    subject, context = _news(activity, kind, session, was, reason)
    # Who only waits has no entry in the calendar that could follow.
    invitation = calendars.Invitation(activity, session)
    topic = f"{kind}:{session.pk if session else f'a{activity.pk}'}:{sequence}"
    for start in range(0, len(rows), CHUNK):
        with transaction.atomic(durable=True):
            for row in rows[start : start + CHUNK]:
                _send(
                    f"activity_{kind}",
                    activity,
                    row.person,
                    emails,
                    subject=subject,
                    context=context,
                    key=f"{topic}:{row.person_id}",
                    invitation=invitation if row.status == RegistrationStatus.REGISTERED else None,
                )
    return len(rows)


def _registrants(activity: Activity) -> QuerySet[Registration]:
    """Who hears of a change: everybody registered, waiting or offered a place."""
    return Registration.objects.filter(activity=activity).exclude(status=RegistrationStatus.CANCELLED)


def facts(activity: Activity, *, room_too: bool) -> Facts:
    """The small table of a message: when, where, and the room's link for those who have a place."""
    sessions = list(Session.objects.filter(activity=activity, removed_at=None).exclude(status=SessionStatus.CANCELLED))
    found: Facts = [(_("When"), when.sentence(activity, sessions))]
    if activity.place:
        found.append((_("Where"), activity.place))
    if room_too and activity.online_url:
        found.append((_("Online"), activity.online_url))
    return found


def _news(
    activity: Activity,
    kind: Kind,
    session: Session | None,
    was: tuple[dt.datetime | None, dt.datetime | None, str],
    reason: str,
) -> tuple[str, dict[str, Any]]:
    title = f"{activity.title}, {session.title}" if session and activity.is_series else activity.title
    subject = (_("Moved: %(title)s") if kind == "moved" else _("Cancelled: %(title)s")) % {"title": title}
    old_start, old_end, old_room = was
    rows: Facts = []
    if session is not None and kind == "moved":
        rows.append(
            (_("Now"), _place(when.of_session(session.starts_at, session.ends_at, activity.zone), session.room))
        )
        if old_start and old_end:
            rows.append((_("Before"), _place(when.of_session(old_start, old_end, activity.zone), old_room)))
    elif session is not None:
        rows.append(
            (
                _("Was planned for"),
                _place(when.of_session(session.starts_at, session.ends_at, activity.zone), session.room),
            )
        )
    elif kind == "moved":
        rows += facts(activity, room_too=False)
        if old_room:
            rows.append((_("Before"), old_room))
    if reason:
        rows.append((_("Why"), reason))
    context: dict[str, Any] = {
        "title": title, "session": session, "reason": reason, "facts": rows, "calendar_url": _url("activities:activity_calendar", activity),
        "button_url": _url("activities:activity_detail", activity), "button_label": _("Open the activity"),
    }  # fmt: skip
    return subject, context


def _place(text: str, room: str) -> str:
    return f"{text}, {room}" if room else text


def _url(name: str, activity: Activity) -> str:
    return settings.PORTAL_BASE_URL + reverse(name, args=[activity.number])


def _send(
    template: str,
    activity: Activity,
    person: Person,
    emails: dict[int, str],
    *,
    subject: str,
    context: dict[str, Any],
    key: str | None = None,
    invitation: calendars.Invitation | None = None,
) -> None:
    to = emails.get(person.pk)
    if to is None:
        return
    attachments = invitation.to(email=to, name=person.full_name) if invitation else []
    full = {
        "activity": activity,
        "person": person,
        "attached": bool(attachments),
        "settings_url": settings.PORTAL_BASE_URL + reverse("accounts:profile"),
        **context,
    }
    mail.send(
        template, to=to, to_name=person.full_name, subject=subject, context=full, key=key, attachments=attachments
    )
