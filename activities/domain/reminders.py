"""The day before: a reminder to who is registered and did not turn reminders off (decision 38).

Beat looks every quarter of an hour; a job per activity and day, asked for once, writes the messages.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.domain.profile import main_emails
from accounts.enums import OptionalMail
from activities.domain import when
from activities.enums import ActivityStatus, RegistrationStatus, SessionStatus, SlotKind
from activities.models import Activity, Registration, Session
from common import clock, jobs, mail

AHEAD, NOT_LATER_THAN = dt.timedelta(hours=24), dt.timedelta(hours=2)
CHUNK = 200


def ask_for_due() -> int:
    """A job for every activity that begins within a day; how many were looked at."""
    at = clock.now()
    coming = Session.objects.filter(
        activity__status=ActivityStatus.PUBLISHED, removed_at=None, starts_at__gt=at + NOT_LATER_THAN, starts_at__lte=at + AHEAD,
        kind=SlotKind.EDUCATION,
    ).exclude(status=SessionStatus.CANCELLED)  # fmt: skip
    rows = coming.order_by("starts_at").values_list("activity_id", "activity__zone", "starts_at")
    due = {(activity_id, when.day_of(starts_at, zone)) for activity_id, zone, starts_at in rows}
    for activity_id, day in sorted(due):
        with transaction.atomic(durable=True):
            key = f"remind:{activity_id}:{day}"
            jobs.later("activities.tasks.remind", activity_id, day.isoformat(), key=key)
    return len(due)


def send(*, activity_id: int, day: dt.date) -> int:
    """Write the messages of one activity for one day; how many people there are. Safe to repeat: each has its key."""
    activity = Activity.objects.filter(pk=activity_id, status=ActivityStatus.PUBLISHED).first()
    sessions = _of_day(activity, day) if activity else []
    if activity is None or not sessions or sessions[0].starts_at <= clock.now():
        return 0
    rows = list(
        Registration.objects.filter(activity=activity, status=RegistrationStatus.REGISTERED)
        .exclude(person__mail_off__contains=[OptionalMail.REMINDERS])
        .select_related("person")
        .order_by("pk")
    )
    emails = main_emails([r.person_id for r in rows])
    context = _context(activity, sessions)
    subject = _("Tomorrow: %(title)s") if _is_tomorrow(activity, day) else _("Today: %(title)s")
    for start in range(0, len(rows), CHUNK):
        with transaction.atomic(durable=True):
            for row in rows[start : start + CHUNK]:
                if row.person_id in emails:
                    mail.send(
                        "session_reminder", to=emails[row.person_id], to_name=row.person.full_name, optional=OptionalMail.REMINDERS,
                        subject=subject % {"title": activity.title}, context={**context, "person": row.person}, key=f"remind:{activity.pk}:{day}:{row.person_id}",
                    )  # fmt: skip
    return len(rows)


def _of_day(activity: Activity, day: dt.date) -> list[Session]:
    live = Session.objects.filter(activity=activity, removed_at=None).exclude(status=SessionStatus.CANCELLED)
    return [s for s in live.order_by("starts_at", "pk") if when.day_of(s.starts_at, activity.zone) == day]


def _is_tomorrow(activity: Activity, day: dt.date) -> bool:
    return day > clock.now().astimezone(ZoneInfo(activity.zone)).date()


def _context(activity: Activity, sessions: list[Session]) -> dict[str, object]:
    rooms = list(dict.fromkeys(s.room for s in sessions if s.room))
    place = ", ".join(filter(None, [rooms[0] if len(rooms) == 1 else "", activity.place]))
    span = when.of_session(sessions[0].starts_at, max(s.ends_at for s in sessions), activity.zone)
    facts = [(_("When"), span), (_("Where"), place), (_("Online"), activity.online_url)]
    title = sessions[0].title if activity.is_series and len(sessions) == 1 else ""
    return {
        "activity": activity, "topic": title, "facts": [f for f in facts if f[1]], "button_label": _("Open your registration"),
        "button_url": settings.PORTAL_BASE_URL + reverse("activities:registration_detail", args=[activity.number]),
        "settings_url": settings.PORTAL_BASE_URL + reverse("accounts:profile"),
    }  # fmt: skip
