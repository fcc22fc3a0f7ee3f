"""A regularly scheduled series: its dates by a recurrence in local time, and the changes of its single sessions.

The recurrence is counted on the wall clock of the activity's zone, so that noon stays noon when the clocks change.
Confirming the same dates again changes nothing: a session that anybody touched is kept as it is.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import rules
from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _

from accounts.domain.people import find_by_email, find_or_create_person
from activities.domain import changes, people, sessions
from activities.domain.editing import touch
from activities.enums import EDITABLE, WITH_OFFICE, ActivityStatus, RoleKind, SessionStatus
from activities.models import Activity, ActivityRole, AttendanceEvidence, SeriesPlan, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed

LONGEST = relativedelta(months=12)  # CME-RSS-2: one record per series and year
AGREED = frozenset({ActivityStatus.APPROVED, ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MINUTES = range(5, 601)
# No COUNT or UNTIL, which would be a second end; nothing below a day, which would be a second start time.
_ALLOWED = frozenset({"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH", "WKST"})
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY"})

Occurrence = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True)
class Pattern:
    """A recurrence as people say it: every n-th week on weekdays, or on the n-th weekdays of a month.

    `weeks` is empty for weeks; 1 to 4 and -1 (the last) count the weekday within its month.
    """

    weekdays: tuple[str, ...]
    interval: int = 1
    weeks: tuple[int, ...] = ()

    @property
    def rule(self) -> str:
        """RFC 5545, in one spelling: "FREQ=WEEKLY;BYDAY=TU"."""
        days = [d for d in WEEKDAYS if d in self.weekdays]
        if self.weeks:
            return f"FREQ=MONTHLY;BYDAY={','.join(f'{n}{d}' for n in self.weeks for d in days)}"
        every = f";INTERVAL={self.interval}" if self.interval > 1 else ""
        return f"FREQ=WEEKLY{every};BYDAY={','.join(days)}"

    @classmethod
    def parse(cls, rule: str) -> "Pattern | None":
        """The pattern that writes this rule; None for a rule that the form has no words for."""
        parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
        days = [d for d in parts.get("BYDAY", "").split(",") if d]
        found = cls(
            tuple(d for d in WEEKDAYS if any(day.endswith(d) for day in days)), int(parts.get("INTERVAL", "1")),
            tuple(dict.fromkeys(int(day[:-2]) for day in days if day[:-2].lstrip("-").isdigit())),
        )  # fmt: skip
        return found if found.weekdays and found.rule == rule else None


@dataclass(frozen=True)
class Dates:
    """Everything that decides when a series meets."""

    rule: str
    starts_on: dt.date
    ends_on: dt.date
    start_time: dt.time
    minutes: int
    left_out: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What confirming dates does, by day. `kept` stay as they are though the dates say otherwise: somebody touched them."""

    held: dict[dt.date, Occurrence]
    left_out: tuple[dt.date, ...]
    added: tuple[dt.date, ...]
    removed: tuple[Session, ...]
    kept: tuple[Session, ...]

    @property
    def first(self) -> Occurrence:
        return next(iter(self.held.values()))

    @property
    def last(self) -> Occurrence:
        return list(self.held.values())[-1]


# --- dates: pure ---------------------------------------------------------------------------------------


def days(rule: str, starts_on: dt.date, ends_on: dt.date) -> list[dt.date]:
    """The dates of a recurrence from one day to another, both included. Raises ValueError for a rule we do not take."""
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    if parts.get("FREQ") not in _FREQUENCIES or not parts.keys() <= _ALLOWED:
        raise ValueError(f"{rule} is not a recurrence of days, weeks or months")
    found = rrulestr(rule, dtstart=dt.datetime.combine(starts_on, dt.time()))
    return [
        d.date()
        for d in found.between(
            dt.datetime.combine(starts_on, dt.time()), dt.datetime.combine(ends_on, dt.time()), inc=True
        )
    ]


def occurrences(
    rule: str,
    start_date: dt.date,
    end_date: dt.date,
    start_time: dt.time,
    minutes: int,
    zone: str,
    left_out: Collection[dt.date] = (),
) -> list[Occurrence]:
    """Begin and end of every meeting as instants in UTC, in order.

    `start_time` is a wall-clock time of the zone on every date; a time that daylight saving skips moves forward by
    what is skipped, a time that comes twice is the first. Raises ValueError for a rule we do not take.
    """
    length = dt.timedelta(minutes=minutes)
    starts = (clock.local(day, start_time, zone) for day in days(rule, start_date, end_date) if day not in left_out)
    return [(start, start + length) for start in starts]


def holidays(first: dt.date, last: dt.date) -> dict[dt.date, str]:
    """US holidays on which schools do not meet, between two days, with the weekdays on which they are observed."""
    found: dict[dt.date, str] = {}
    for year in range(first.year, last.year + 2):
        found |= _holidays_of(year)
    return {day: name for day, name in sorted(found.items()) if first <= day <= last}


def _holidays_of(year: int) -> dict[dt.date, str]:
    thanksgiving = _nth(year, 11, 3, 4)
    found = {dt.date(year, 12, day): _("Christmas week") for day in range(24, 32)}
    found |= {
        _nth(year, 1, 0, 3): _("Martin Luther King Jr. Day"), _nth(year, 5, 0, -1): _("Memorial Day"), _nth(year, 9, 0, 1): _("Labor Day"),
        thanksgiving: _("Thanksgiving"), thanksgiving + dt.timedelta(days=1): _("Day after Thanksgiving"),
    }  # fmt: skip
    for month, day, name in ((1, 1, _("New Year’s Day")), (6, 19, _("Juneteenth")), (7, 4, _("Independence Day"))):
        date = dt.date(year, month, day)
        found[date] = name
        shift = {5: -1, 6: 1}.get(date.weekday())
        if shift:
            found[date + dt.timedelta(days=shift)] = _("%(holiday)s, observed") % {"holiday": name}
    return found


def _nth(year: int, month: int, weekday: int, n: int) -> dt.date:
    """The n-th weekday (0 is Monday) of a month; -1 is the last."""
    if n < 0:
        last: dt.date = dt.date(year, month, 1) + relativedelta(months=1, days=-1)
        return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


# --- the plan of a series ------------------------------------------------------------------------------


def preview(activity: Activity, dates: Dates) -> Outcome:
    """What `plan_series` would do now. Raises Invalid as it does."""
    return _outcome(activity, dates)


def plan_series(*, activity_id: int, dates: Dates, by: Actor) -> Outcome:
    """Store how a series recurs and bring its sessions to those dates; confirming the same again changes nothing.

    Missing sessions are added. A session no longer asked for is removed while nobody touched it: no change, part,
    objective or attendance, and not approved yet; later only `cancel` takes one out, which tells those registered.
    Raises NotAllowed while the office has the application, Invalid for dates that cannot stand (CME-RSS-2).
    """
    with transaction.atomic(durable=True):
        activity = _lock(activity_id, by)
        outcome = _outcome(activity, dates)
        at = clock.now()
        Session.objects.filter(pk__in=[s.pk for s in outcome.removed]).update(removed_at=at)
        Session.objects.bulk_create(
            Session(
                activity=activity,
                title=activity.title,
                series_on=day,
                starts_at=outcome.held[day][0],
                ends_at=outcome.held[day][1],
            )
            for day in outcome.added
        )
        values = {
            "rule": dates.rule,
            "start_time": dates.start_time,
            "minutes": dates.minutes,
            "left_out": sorted(dates.left_out),
        }
        SeriesPlan.objects.update_or_create(activity=activity, defaults=values)
        changed = (
            (activity.starts_on, activity.ends_on) != (dates.starts_on, dates.ends_on)
            or outcome.added
            or outcome.removed
        )
        activity.starts_on, activity.ends_on = dates.starts_on, dates.ends_on
        activity.save(update_fields=["starts_on", "ends_on"])
        if changed:
            audit.record(
                "series_planned", by=by, subject=activity,
                new={"rule": dates.rule, "sessions": len(outcome.held), "added": len(outcome.added), "removed": len(outcome.removed)},
            )  # fmt: skip
            _changed(activity)
    return outcome


def _outcome(activity: Activity, dates: Dates) -> Outcome:
    wanted = _wanted(activity, dates)
    held = {day: times for day, times in wanted.items() if day not in dates.left_out}
    if not held:
        raise Invalid(
            fields={"weekdays": _("No date is left between the first and the last day. Choose other weekdays or days.")}
        )
    live = {s.series_on: s for s in activity.sessions.filter(removed_at=None, series_on__isnull=False) if s.series_on}
    replaceable = set(_untouched(activity).values_list("pk", flat=True)) if activity.status in EDITABLE else set()
    stale = {
        s for day, s in live.items() if s.pk in replaceable and (day not in held or _differs(s, held[day], activity))
    }
    now = clock.now()
    added = [
        day for day, (starts, _ends) in held.items()
        if (day not in live or live[day] in stale) and (activity.status in EDITABLE or starts > now)
    ]  # fmt: skip
    apart = (
        s for day, s in live.items() if s not in stale and (day not in held or (s.starts_at, s.ends_at) != held[day])
    )
    kept = [s for s in apart if s.status != SessionStatus.CANCELLED]
    return Outcome(
        held, tuple(day for day in wanted if day in dates.left_out), tuple(added), _in_order(stale), _in_order(kept)
    )


def _in_order(sessions: Iterable[Session]) -> tuple[Session, ...]:
    return tuple(sorted(sessions, key=lambda s: (s.starts_at, s.pk)))


def check(activity: Activity, dates: Dates) -> None:
    """Raise Invalid for dates that cannot stand, Conflict for an activity that is no series."""
    if not activity.is_series:
        raise Conflict(
            _("Only a regularly scheduled series has recurring sessions. Change the type under Basics first.")
        )
    if dates.ends_on < dates.starts_on:
        raise Invalid(fields={"ends_on": _("The last day comes before the first day.")})
    if dates.ends_on > dates.starts_on + LONGEST:
        raise Invalid(
            fields={"ends_on": _("A series lasts at most 12 months; start a new one for the next year (CME-RSS-2).")}
        )
    if dates.minutes not in MINUTES:
        raise Invalid(
            fields={
                "minutes": _("Between %(least)d and %(most)d minutes.") % {"least": MINUTES[0], "most": MINUTES[-1]}
            }
        )
    try:
        days(dates.rule, dates.starts_on, dates.starts_on)
    except ValueError as error:
        raise Invalid(fields={"weekdays": _("Say on which days the series meets.")}) from error


def _wanted(activity: Activity, dates: Dates) -> dict[dt.date, Occurrence]:
    """Every date of the recurrence, also those left out. Raises Invalid."""
    check(activity, dates)
    found = days(dates.rule, dates.starts_on, dates.ends_on)
    times = occurrences(dates.rule, dates.starts_on, dates.ends_on, dates.start_time, dates.minutes, activity.zone)
    return dict(zip(found, times, strict=True))


def _differs(session: Session, times: Occurrence, activity: Activity) -> bool:
    return (session.starts_at, session.ends_at, session.title) != (*times, activity.title)


def _untouched(activity: Activity) -> "QuerySet[Session]":
    """Sessions as the recurrence made them: one version in their history, and nothing hangs on them."""
    here = OuterRef("pk")
    return (
        activity.sessions.filter(removed_at=None, series_on__isnull=False, status=SessionStatus.PLANNED)
        .filter(
            ~Exists(AttendanceEvidence.objects.filter(session=here)), ~Exists(ActivityRole.objects.filter(session=here))
        )
        .annotate(versions=Count("events", distinct=True), aims=Count("objectives", distinct=True))
        .filter(versions__lte=1, aims=0)
    )


def suggested(rule: str, starts_on: dt.date, ends_on: dt.date) -> list[tuple[dt.date, str]]:
    """Every date of a recurrence with the holiday that falls on it, or "". Raises ValueError."""
    closed = holidays(starts_on, ends_on)
    return [(day, closed.get(day, "")) for day in days(rule, starts_on, ends_on)]


def usual(activity: Activity) -> Callable[[dt.date, str], bool]:
    """Whether a date with a holiday's name is left out unless somebody says otherwise: as the plan has it, else on holidays.

    A date whose session was taken off the agenda by hand counts as left out, so that it is not made again.
    """
    plan = SeriesPlan.objects.filter(activity=activity).first()
    rows = list(activity.sessions.filter(series_on__isnull=False).values_list("series_on", "removed_at"))
    live = {day for day, removed_at in rows if removed_at is None}
    out = set(plan.left_out if plan else ()) | ({day for day, _at in rows} - live if plan else set())
    return lambda day, holiday: day in out or (bool(holiday) and day not in live)


# --- one session ---------------------------------------------------------------------------------------


def change_topic(*, session_id: int, title: str, by: Actor) -> Session:
    """Give a session its topic. Raises Conflict once it has ended: certificates name it."""
    if not title.strip():
        raise Invalid(fields={"title": _("Say what the session is about; it stands on certificates.")})
    with transaction.atomic(durable=True):
        activity, session = _lock_session(session_id, by)
        if session.title != title.strip():
            audit.record("session_retitled", by=by, subject=session, old=session.title, new=title.strip())
            session.title = title.strip()
            session.save(update_fields=["title"])
            _changed(activity)
    return session


def change_speaker(
    *, session_id: int, leaving: int | None, email: str, given_name: str = "", family_name: str = "", degrees: str = "",
    profession: str = "", by: Actor,
) -> ActivityRole:  # fmt: skip
    """Put a speaker on one session, in the place of `leaving` (a role's id) if given, up to the last minute.

    The former part stays in the history; the new speaker is asked for a disclosure. A released code is taken back
    until the new speaker is cleared (WF-6).
    """
    with transaction.atomic(durable=True):
        activity, session = _lock_session(session_id, by)
        if not family_name.strip() and find_by_email(email) is None:
            raise Invalid(fields={"family_name": _("We don’t know this address yet. Write the speaker’s name.")})
        person = find_or_create_person(
            email=email, given_name=given_name, family_name=family_name, degrees=degrees, profession=profession, by=by
        )
        if session.roles.filter(person=person, role=RoleKind.SPEAKER, removed_at=None).exists():
            raise Invalid(fields={"email": _("%(name)s already speaks in this session.") % {"name": person.full_name}})
        if leaving is not None:
            _take_out(session, leaving, by)
        made = people.add_person_role(activity=activity, person=person, role=RoleKind.SPEAKER, session=session, by=by)
        _follow_gate(activity, by)
        _changed(activity)
    return made


def remove_speaker(*, session_id: int, role_id: int, by: Actor) -> ActivityRole:
    """Take a person off one session; the row stays and says who removed it."""
    with transaction.atomic(durable=True):
        activity, session = _lock_session(session_id, by)
        row = _take_out(session, role_id, by)
        _follow_gate(activity, by)
        _changed(activity)
    return row


def _take_out(session: Session, role_id: int, by: Actor) -> ActivityRole:
    row = session.roles.filter(pk=role_id, removed_at=None).select_related("person").first()
    if row is None:
        raise Conflict(_("This part was already removed."))
    people.remove(row, by=by, at=clock.now())
    audit.record(
        "part_removed",
        by=by,
        subject=row.activity,
        old={"person": row.person_id, "role": row.role, "session": session.pk},
    )
    return row


def _follow_gate(activity: Activity, by: Actor) -> None:
    """Codes follow the gate (law 3): taken back while somebody new is not cleared, released when nobody is missing."""
    if activity.status == ActivityStatus.PUBLISHED:
        sessions.release(activity, by=by)


# --- shared --------------------------------------------------------------------------------------------


def may_change(activity: Activity) -> bool:
    """Whether dates, topics and speakers can be changed in the activity's state."""
    return activity.status in EDITABLE or activity.status in AGREED


def may_change_session(session: Session) -> bool:
    """Whether one session can be changed still: not removed, cancelled or over, in an activity that may change."""
    running = session.status in {SessionStatus.PLANNED, SessionStatus.READY} and session.ends_at > clock.now()
    return running and session.removed_at is None and may_change(session.activity)


def _lock(activity_id: int, by: Actor) -> Activity:
    activity = locks.lock_row(Activity.objects.all(), pk=activity_id)
    if by.kind == "user" and not rules.has_perm("activities.edit_plan", by, activity):
        raise NotAllowed(_("Only the planners of this activity can change its sessions."))
    if activity.status in WITH_OFFICE:
        raise NotAllowed(
            _("This application is with the CME office. It can be changed again when the office returns it.")
        )
    if not may_change(activity):
        raise Conflict(_("This activity is over. The CME office can correct its record."))
    changes.before_change(activity)
    return activity


def _lock_session(session_id: int, by: Actor) -> tuple[Activity, Session]:
    activity = _lock(Session.objects.values_list("activity_id", flat=True).get(pk=session_id), by)
    session = locks.lock_row(Session.objects.select_related("activity"), pk=session_id)
    if not may_change_session(session):
        raise Conflict(_("This session has ended or was cancelled. The CME office can correct its record."))
    return activity, session


def _changed(activity: Activity) -> None:
    """A draft loses its signature; what is approved only says when it changed."""
    if activity.status in EDITABLE:
        touch(activity)
    else:
        changes.after_change(activity)


def sessions_of(activity: Activity) -> "QuerySet[Session]":
    """The sessions of an activity with their live parts (`live_roles`), in order; two queries."""
    roles = ActivityRole.objects.filter(removed_at=None).select_related("person").order_by("pk")
    return activity.sessions.filter(removed_at=None).prefetch_related(Prefetch("roles", roles, to_attr="live_roles"))
