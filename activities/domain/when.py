"""When an activity is, in words: the one place that says it for lists, pages and messages."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from activities.enums import ActivityKind
from activities.models import Activity, Session
from common import clock
from common.templatetags.cme import both_days, local_date, local_range, local_time


def day_of(moment: dt.datetime, zone: str) -> dt.date:
    """The date of an instant in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def days(sessions: Iterable[Session], zone: str) -> list[tuple[dt.date, list[Session]]]:
    """Sessions by the day they begin on in the activity's zone, both in order."""
    found: dict[dt.date, list[Session]] = {}
    for session in sorted(sessions, key=lambda s: (s.starts_at, s.ends_at, s.pk)):
        found.setdefault(day_of(session.starts_at, zone), []).append(session)
    return sorted(found.items())


def of_session(starts_at: dt.datetime, ends_at: dt.datetime, zone: str) -> str:
    """ "Tue, Nov 24, 12:00 to 1:00 pm Eastern"."""
    if day_of(starts_at, zone) != day_of(ends_at, zone):
        return local_range(starts_at, ends_at, zone)
    return f"{local_date(starts_at, zone)}, {local_range(starts_at, ends_at, zone)}"


def sentence(activity: Activity, sessions: Iterable[Session]) -> str:
    """The whole activity: one day with its hours, several days, or any time."""
    by_day = days(sessions, activity.zone)
    if activity.is_any_time:
        return (
            _("Any time until %(date)s") % {"date": local_date(activity.ends_on)} if activity.ends_on else _("Any time")
        )
    if not by_day:
        return dates(activity)
    if len(by_day) == 1:
        (_day, slots) = by_day[0]
        return of_session(slots[0].starts_at, max(s.ends_at for s in slots), activity.zone)
    first, last = by_day[0][1][0], max((s for _day, slots in by_day for s in slots), key=lambda s: s.ends_at)
    if activity.is_series:
        one, other = both_days(first.starts_at, last.starts_at, activity.zone)
        count = sum(len(slots) for _day, slots in by_day)
        return _("%(count)s sessions, %(first)s to %(last)s") % {"count": count, "first": one, "last": other}
    one, other = both_days(first.starts_at, last.ends_at, activity.zone)
    return _("%(first)s, to %(last)s") % {
        "first": f"{one}, {local_time(first.starts_at, activity.zone)}",
        "last": f"{other}, {local_time(last.ends_at, activity.zone)}",
    }


def parts(activity: Activity, sessions: Iterable[Session]) -> tuple[str, str]:
    """The day in full and its hours, for the head of a card; what lasts longer is one sentence."""
    by_day = days(sessions, activity.zone)
    if len(by_day) != 1 or activity.kind != ActivityKind.COURSE:
        return sentence(activity, (s for _day, slots in by_day for s in slots)), ""
    (day, slots) = by_day[0]
    last = max(s.ends_at for s in slots)
    if day_of(last, activity.zone) != day:
        return sentence(activity, slots), ""
    year = f", {day.year}" if day.year != clock.today(activity.zone).year else ""
    return f"{day:%A}, {day:%B} {day.day}{year}", local_range(slots[0].starts_at, last, activity.zone)


def dates(activity: Activity) -> str:
    """From the first to the last day, where no session has a time yet."""
    if activity.starts_on is None:
        return _("Date to be announced")
    if activity.ends_on in (None, activity.starts_on):
        return local_date(activity.starts_on)
    return _("%(first)s to %(last)s") % dict(
        zip(("first", "last"), both_days(activity.starts_on, activity.ends_on), strict=True)
    )
