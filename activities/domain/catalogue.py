"""What everybody may read: upcoming activities to choose from, and the page of one. Reading only, constant queries."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, When
from django.http import QueryDict
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Profession
from activities.domain import registrations, when
from activities.enums import (
    ANY_TIME,
    FACULTY_ROLES,
    SEAT_TAKING,
    ActivityKind,
    ActivityStatus,
    Delivery,
    RegistrationStatus,
    SessionStatus,
)
from activities.models import Activity, ActivityRole, Registration, Session
from common import clock
from common.actors import Actor

PER_PAGE = 10
MONTHS_AHEAD = 12
FEW_PLACES = 20
FORMATS = {
    ActivityKind.COURSE: gettext_lazy("Live course"),
    ActivityKind.SERIES: gettext_lazy("Series"),
    ActivityKind.ENDURING: gettext_lazy("Online, any time"),
    ActivityKind.JOURNAL: gettext_lazy("Journal article"),
    ActivityKind.IMPROVEMENT: gettext_lazy("Performance improvement"),
    ActivityKind.REVIEW: gettext_lazy("Manuscript review"),
    ActivityKind.TEST_ITEMS: gettext_lazy("Test-item writing"),
    ActivityKind.POINT_OF_CARE: gettext_lazy("Internet point of care"),
    ActivityKind.COMMITTEE: gettext_lazy("Committee learning"),
    ActivityKind.FROM_TEACHING: gettext_lazy("Learning from teaching"),
    ActivityKind.OTHER: gettext_lazy("Other or blended"),
}
USUAL = (ActivityKind.COURSE, ActivityKind.SERIES, ActivityKind.ENDURING)  # always offered; the rest where there is one
PLACES = {"in_person": gettext_lazy("In person"), "online": gettext_lazy("Online")}
_PLACES_OF = {
    Delivery.IN_PERSON: {"in_person"}, Delivery.BOTH: {"in_person", "online"}, Delivery.STREAMED: {"online"}, Delivery.ONLINE: {"online"},
}  # fmt: skip


# --- what is looked for --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the address asks for; what it cannot mean is left out, never an error."""

    q: str = ""
    formats: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    departments: tuple[int, ...] = ()
    profession: str = ""
    month: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        months = query.get("month", "")
        return cls(
            q=" ".join(query.get("q", "").replace("\x00", "").split())[:100],
            formats=tuple(f for f in FORMATS if f in query.getlist("format")),
            places=tuple(p for p in PLACES if p in query.getlist("place")),
            departments=tuple(
                dict.fromkeys(
                    int(d) for d in query.getlist("department") if d.isascii() and d.isdecimal() and len(d) < 10
                )
            ),
            profession=p if (p := query.get("profession", "")) in Profession.values else "",
            month=months if _month(months) else "",
        )

    def query(self) -> str:
        """The address's parameters."""
        pairs = [("q", self.q), *(("format", f) for f in self.formats), *(("place", p) for p in self.places)]
        pairs += [
            *(("department", str(d)) for d in self.departments),
            ("profession", self.profession),
            ("month", self.month),
        ]
        return urlencode([(k, str(v)) for k, v in pairs if v])

    @property
    def count(self) -> int:
        """How many filters are on; the search is not one."""
        return len(self.formats) + len(self.places) + len(self.departments) + bool(self.profession) + bool(self.month)


@dataclass(frozen=True)
class Choice:
    """One choice of a filter: how many activities it would show."""

    name: str
    value: str
    label: str
    count: int
    on: bool


@dataclass(frozen=True)
class Chip:
    """A filter that is on, with the address without it."""

    label: str
    remove_url: str


@dataclass(frozen=True)
class Hit:
    """One activity of the list."""

    activity: Activity
    tile: dt.date | None
    caption: str
    when: str
    next_title: str
    tone: str
    icon: str
    state: str
    credit: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Listing:
    """A page of the catalogue."""

    filters: Filters
    page: Page[Any]
    hits: list[Hit]
    chips: list[Chip]
    facets: Mapping[str, list[Choice]]
    any_upcoming: bool


# --- the list ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Row:
    pk: int
    kind: str
    delivery: str
    professions: Sequence[str]
    department: int
    department_name: str
    first: dt.date | None
    last: dt.date | None
    order: tuple[Any, ...] = field(compare=False, default=())

    def months(self, today: dt.date) -> list[str]:
        """The months in which it takes place, as YYYY-MM; empty for what has no date."""
        start = max(self.first or today, today)
        end = max(self.last or start, start)
        if self.kind in ANY_TIME:
            return []
        found: list[str] = []
        day = start.replace(day=1)
        while day <= end and len(found) < MONTHS_AHEAD:
            found.append(f"{day:%Y-%m}")
            day = (day + dt.timedelta(days=32)).replace(day=1)
        return found


def listing(filters: Filters, *, page: str | int, actor: Actor, url: str) -> Listing:
    """Upcoming published activities that match, soonest first, with counts beside every choice."""
    at = clock.now()
    rows = _rows(filters.q, at)
    today = at.date()
    found = [r for r in rows if _matches(r, filters, today)]
    shown = Paginator(found, PER_PAGE).get_page(page)
    facets = _facets(rows, filters, today)
    return Listing(
        filters=filters, page=shown, hits=_hits([r.pk for r in shown.object_list], actor, at), facets=facets,
        chips=_chips(filters, facets, url), any_upcoming=bool(rows) or (bool(filters.q) and _upcoming(at).exists()),
    )  # fmt: skip


def _live_sessions(at: dt.datetime) -> QuerySet[Session]:
    return Session.objects.filter(removed_at=None, ends_at__gt=at).exclude(status=SessionStatus.CANCELLED)


def _upcoming(at: dt.datetime) -> QuerySet[Activity]:
    following = _live_sessions(at).filter(activity=OuterRef("pk")).order_by("starts_at", "pk").values("starts_at")[:1]
    planned = Session.objects.filter(activity=OuterRef("pk"), removed_at=None)
    # The dates say when, until there are sessions; then the sessions do.
    dated = Q(kind__in=ANY_TIME) | ~Exists(planned)
    return Activity.objects.filter(status=ActivityStatus.PUBLISHED, listed=True).annotate(next_start=Subquery(following)).filter(
        Q(next_start__isnull=False) | (dated & (Q(ends_on__gte=at.date()) | Q(ends_on=None)))
    )  # fmt: skip


def _rows(q: str, at: dt.datetime) -> list[_Row]:
    found = _search(_upcoming(at), q)
    columns = (
        "pk",
        "kind",
        "delivery",
        "professions",
        "department",
        "department__name",
        "next_start",
        "starts_on",
        "ends_on",
        "zone",
    )
    rows = []
    for pk, kind, delivery, professions, department, name, start, starts_on, ends_on, zone in found.values_list(
        *columns
    ):
        first = when.day_of(start, zone) if start else starts_on
        order = (
            kind in ANY_TIME,
            first is None,
            first or dt.date.max,
            start.timestamp() if start else 0.0,
            pk,
        )
        rows.append(
            _Row(
                pk,
                kind,
                delivery,
                professions,
                department,
                name,
                first,
                max(filter(None, (first, ends_on)), default=None),
                order,
            )
        )
    return sorted(rows, key=lambda r: r.order)


def _search(found: QuerySet[Activity], q: str) -> QuerySet[Activity]:
    """Every word must stand in title, summary, department, a session's title or a teacher's name."""
    for word in q.split()[:6]:
        sessions = Session.objects.filter(activity=OuterRef("pk"), removed_at=None, title__icontains=word)
        teachers = ActivityRole.objects.filter(activity=OuterRef("pk"), removed_at=None, role__in=FACULTY_ROLES).filter(
            Q(person__family_name__icontains=word) | Q(person__given_name__icontains=word)
        )
        found = found.filter(
            Q(title__icontains=word)
            | Q(summary__icontains=word)
            | Q(department__name__icontains=word)
            | Exists(sessions)
            | Exists(teachers)
        )
    return found


_TESTS: Mapping[str, Callable[[_Row, Filters, dt.date], bool]] = {
    "format": lambda r, f, _today: not f.formats or r.kind in f.formats,
    "place": lambda r, f, _today: not f.places or bool(_PLACES_OF[Delivery(r.delivery)] & set(f.places)),
    "department": lambda r, f, _today: not f.departments or r.department in f.departments,
    # No profession named in the plan means everybody.
    "profession": lambda r, f, _today: not f.profession or not r.professions or f.profession in r.professions,
    "month": lambda r, f, today: not f.month or f.month in r.months(today),
}


def _matches(row: _Row, filters: Filters, today: dt.date, *, but: str = "") -> bool:
    return all(test(row, filters, today) for name, test in _TESTS.items() if name != but)


def _facets(rows: Sequence[_Row], f: Filters, today: dt.date) -> dict[str, list[Choice]]:
    """For each filter what its choices would show, the other filters being as they are."""

    def count(name: str, values: Callable[[_Row], Iterable[Any]]) -> Counter[str]:
        return Counter(str(v) for r in rows if _matches(r, f, today, but=name) for v in values(r))

    formats, places = count("format", lambda r: [r.kind]), count("place", lambda r: _PLACES_OF[Delivery(r.delivery)])
    departments, months = count("department", lambda r: [r.department]), count("month", lambda r: r.months(today))
    professions = count("profession", lambda r: r.professions or Profession.values)
    names = {str(r.department): r.department_name for r in rows}
    return {
        "format": [
            Choice("format", k, str(label), formats[k], k in f.formats)
            for k, label in FORMATS.items()
            if k in USUAL or formats[k] or k in f.formats
        ],
        "place": [Choice("place", k, str(label), places[k], k in f.places) for k, label in PLACES.items()],
        "department": [
            Choice("department", pk, name, departments[pk], int(pk) in f.departments)
            for pk, name in sorted(names.items(), key=lambda item: item[1])
            if departments[pk] or int(pk) in f.departments
        ],
        "profession": [
            Choice("profession", p.value, str(p.label), professions[p.value], p.value == f.profession)
            for p in Profession
            if p not in {Profession.PATIENT, Profession.OTHER}
        ],
        "month": [
            Choice("month", m, month_name(m), months[m], m == f.month)
            for m in sorted({*months, *filter(None, [f.month])})
        ],
    }


def _chips(f: Filters, facets: Mapping[str, list[Choice]], url: str) -> list[Chip]:
    labels = {(c.name, c.value): c.label for choices in facets.values() for c in choices}
    chips = [Chip(f"“{f.q}”", _link(url, replace(f, q="")))] if f.q else []
    chips += [Chip(labels[("format", v)], _link(url, replace(f, formats=_less(f.formats, v)))) for v in f.formats]
    chips += [Chip(labels[("place", v)], _link(url, replace(f, places=_less(f.places, v)))) for v in f.places]
    chips += [
        Chip(
            labels.get(("department", str(v)), _("Another department")),
            _link(url, replace(f, departments=_less(f.departments, v))),
        )
        for v in f.departments
    ]
    if f.profession:
        chips.append(
            Chip(
                _("For: %(profession)s") % {"profession": Profession(f.profession).label},
                _link(url, replace(f, profession="")),
            )
        )
    if f.month:
        chips.append(Chip(month_name(f.month), _link(url, replace(f, month=""))))
    return chips


def _less(values: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    return tuple(v for v in values if v != value)


def _link(url: str, f: Filters) -> str:
    query = f.query()
    return f"{url}?{query}" if query else url


def _month(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def month_name(text: str) -> str:
    """ "November 2026"."""
    day = _month(text)
    return f"{day:%B} {day.year}" if day else text


def _hits(ids: Sequence[int], actor: Actor, at: dt.datetime) -> list[Hit]:
    order = Case(*(When(pk=pk, then=n) for n, pk in enumerate(ids)))
    found = list(Activity.objects.filter(pk__in=ids).select_related("department").order_by(order)) if ids else []
    sessions: dict[int, list[Session]] = {}
    for session in _live_sessions(at).filter(activity__in=ids).order_by("starts_at", "pk"):
        sessions.setdefault(session.activity_id, []).append(session)
    taken = dict(
        Registration.objects.filter(activity__in=ids, status__in=SEAT_TAKING)
        .values("activity")
        .annotate(n=Count("pk"))
        .values_list("activity", "n")
    )
    mine: dict[int, str] = {}
    if actor.person_id is not None:
        live = Registration.objects.filter(activity__in=ids, person_id=actor.person_id).exclude(
            status=RegistrationStatus.CANCELLED
        )
        mine = dict(live.values_list("activity", "status"))
    credit = credit_labels(ids)
    return [
        _hit(a, sessions.get(a.pk, []), taken.get(a.pk, 0), mine.get(a.pk, ""), credit.get(a.pk, ()), at) for a in found
    ]


def _hit(
    activity: Activity,
    sessions: list[Session],
    taken: int,
    mine: str,
    credit: Sequence[Mapping[str, str]],
    at: dt.datetime,
) -> Hit:
    following = sessions[0] if sessions else None
    tile = when.day_of(following.starts_at, activity.zone) if following else activity.starts_on
    if activity.is_series and following:
        text = when.of_session(following.starts_at, following.ends_at, activity.zone)
    else:
        text = when.sentence(activity, sessions)
    tone, icon, state = _place_state(activity, sessions, taken, mine, at)
    return Hit(
        activity=activity, tile=None if activity.is_any_time else tile,
        caption=f"{FORMATS[ActivityKind(activity.kind)]}, {activity.department.name}", when=text,
        next_title=following.title if following and activity.is_series else "", tone=tone, icon=icon, state=state, credit=credit,
    )  # fmt: skip


def _place_state(
    activity: Activity, sessions: Sequence[Session], taken: int, mine: str, at: dt.datetime
) -> tuple[str, str, str]:
    """Tone, icon and word of the line's right edge."""
    if mine == RegistrationStatus.REGISTERED:
        return "ok", "circle-check", _("You’re registered")
    if mine == RegistrationStatus.OFFERED:
        return "warn", "ticket", _("A place for you")
    if mine == RegistrationStatus.WAITING:
        return "warn", "list-plus", _("On the waiting list")
    ends = registrations.closes_at(
        activity, min((s.starts_at for s in sessions), default=None), max((s.ends_at for s in sessions), default=None)
    )
    if ends is not None and at >= ends:
        return "info", "radio", _("Running")
    if activity.capacity is None:
        return "info", "ticket", _("Open")
    left = max(activity.capacity - taken, 0)
    if left == 0:
        return "warn", "list-plus", _("Waiting list")
    if left <= FEW_PLACES:
        return "info", "ticket", (_("1 place") if left == 1 else _("%(count)s places") % {"count": left})
    return "info", "ticket", _("Open")


def credit_labels(ids: Iterable[int]) -> Mapping[int, Sequence[Mapping[str, str]]]:
    """What credit each activity shows, from the app that knows; nothing where no app is named (CATALOGUE_CREDIT)."""
    found: Mapping[int, Sequence[Mapping[str, str]]] = (
        import_string(settings.CATALOGUE_CREDIT)(list(ids)) if settings.CATALOGUE_CREDIT else {}
    )
    return found
