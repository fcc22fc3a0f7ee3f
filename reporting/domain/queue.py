"""The office's queue: what waits for whom, by time left, in a constant number of queries."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, DateField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.enums import WITH_OFFICE, ActivityStatus, DecisionKind, SessionStatus
from activities.models import Activity, ActivityRole, ChangeRequest, Session
from common import clock
from common.actors import Actor
from common.templatetags.cme import local_date
from integrity.domain import standing
from integrity.domain.disclosures import max_age
from integrity.domain.standing import TieFacts
from integrity.enums import Standing, Traded
from integrity.models import Disclosure, ExclusionException, MitigationAction, Relationship, RelevanceDecision
from reporting.domain.changed import Waiting, waiting

NEEDS_OFFICE = WITH_OFFICE | {ActivityStatus.APPROVED, ActivityStatus.DESIGNATED}
DECIDED_DAYS = 7
SOON, NOW = 3, 1  # days left: someone must act; it is late


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; `tab` is "office", "waiting" or "decided"."""

    tab: str = "office"
    q: str = ""
    status: str = ""
    department: int | None = None
    mine: bool = False


@dataclass(frozen=True)
class Way:
    """What stands in the way, in a line, with the rule it rests on and the word on the button."""

    tone: str
    icon: str
    text: str
    rule: str
    button: str

    @property
    def ico(self) -> str:
        return f"ico ico-{self.tone}"


@dataclass(frozen=True)
class Row:
    """One line of the queue. `days` until `due_on`, None where nothing is due."""

    activity: Activity
    days: int | None
    due: str
    way: Way

    @property
    def tone(self) -> str:
        if self.days is None or self.activity.status == ActivityStatus.RETURNED:
            return ""
        return "bad" if self.days <= NOW else "warn" if self.days <= SOON else ""

    @property
    def left(self) -> str:
        if self.days is None:
            return _("No date")
        if self.days < 0:
            return ngettext("%(n)d day late", "%(n)d days late", -self.days) % {"n": -self.days}
        return ngettext("%(n)d day", "%(n)d days", self.days) % {"n": self.days} if self.days else _("Today")


Changed = Mapping[int, Waiting]


def changed() -> Changed:
    """Published activities that wait for the office because they changed (WF-11)."""
    return waiting(lambda pairs: _people([activity for activity, _person in pairs], only=pairs))


def tab(name: str, changed: Changed) -> Q:
    """The activities of one tab."""
    if name == "waiting":
        return Q(status=ActivityStatus.RETURNED)
    if name == "decided":
        since = clock.now() - dt.timedelta(days=DECIDED_DAYS)
        return Q(decisions__decided_at__gte=since, decisions__kind__in=[DecisionKind.APPROVE, DecisionKind.REJECT])
    return Q(status__in=NEEDS_OFFICE) | Q(pk__in=list(changed))


def counts(changed: Changed) -> dict[str, int]:
    """How many activities stand in each tab. One query."""
    found: dict[str, int] = Activity.objects.aggregate(
        **{name: Count("pk", filter=tab(name, changed), distinct=True) for name in ("office", "waiting", "decided")}
    )
    return found


def select(filters: Filters, actor: Actor, changed: Changed) -> QuerySet[Activity]:
    """The activities of the list, least time left first: the answer while it is with the office, the next session of
    what runs already, else the first day.
    """
    coming = Session.objects.filter(activity=OuterRef("pk"), removed_at=None, ends_at__gt=clock.now())
    coming = coming.exclude(status=SessionStatus.CANCELLED).order_by("starts_at")
    due = Case(
        When(status__in=WITH_OFFICE, then=F("answer_due_on")),
        When(status=ActivityStatus.PUBLISHED, then=Cast(Subquery(coming.values("starts_at")[:1]), DateField())),
        default=F("starts_on"), output_field=DateField(),
    )  # fmt: skip
    found = Activity.objects.filter(tab(filters.tab, changed)).select_related("department", "assigned_to")
    found = found.annotate(due_on=due)
    if filters.q:
        found = found.filter(
            Q(title__icontains=filters.q) | Q(number__icontains=filters.q) | Q(department__name__icontains=filters.q)
        )
    if filters.status:
        found = found.filter(status=filters.status)
    if filters.department:
        found = found.filter(department=filters.department)
    if filters.mine:
        found = found.filter(assigned_to=actor.person_id)
    # What the planners hold comes after what the office holds, where both are listed.
    held = Case(When(status=ActivityStatus.RETURNED, then=Value(1)), default=Value(0))
    return found.distinct().order_by(held, F("due_on").asc(nulls_last=True), "pk")


def rows(activities: Sequence[Activity], changed: Changed) -> list[Row]:
    """The lines of one page of the list: eight queries, however many."""
    ids = [a.pk for a in activities]
    asked: dict[int, Counter[str]] = defaultdict(Counter)
    for activity_id, answered in ChangeRequest.objects.filter(activity__in=ids, settled_at=None).values_list(
        "activity_id", "answered_at"
    ):
        asked[activity_id]["answered" if answered else "open"] += 1
    people = _people([a.pk for a in activities if a.status in WITH_OFFICE])
    return [_row(a, asked[a.pk], people[a.pk], changed.get(a.pk)) for a in activities]


def _row(activity: Activity, asked: Counter[str], people: Counter[str], changed: Waiting | None) -> Row:
    due_on = activity.due_on  # type: ignore[attr-defined]
    today = clock.now().astimezone(ZoneInfo(activity.zone)).date()
    days = (due_on - today).days if due_on else None
    with_office = activity.status in WITH_OFFICE
    word = _("answer due %(day)s") if with_office else _("begins %(day)s")
    if activity.status == ActivityStatus.PUBLISHED:
        word = _("next session %(day)s")
    due = word % {"day": local_date(due_on, activity.zone)} if due_on else ""
    way = Way("warn", "pencil", changed.text, "WF-11", _("Open")) if changed else _way(activity, asked, people)
    return Row(activity, days, due, way)


def _way(activity: Activity, asked: Counter[str], people: Counter[str]) -> Way:
    """The nearest thing to do, said as the compliance page will say it."""
    status = activity.status
    if status == ActivityStatus.APPROVED:
        return Way("info", "award", _("Credit is not designated yet"), "AMA-CORE-1", _("Designate"))
    if status == ActivityStatus.DESIGNATED:
        return Way("info", "door-open", _("Not published yet"), "WF-5", _("Publish"))
    if status == ActivityStatus.RETURNED:
        n = asked["open"] + asked["answered"]
        return Way(
            "idle",
            "reply",
            ngettext("%(n)d change with the planners", "%(n)d changes with the planners", n) % {"n": n},
            "",
            _("Open"),
        )
    if status not in WITH_OFFICE:
        return Way("idle", "flag", _("Decided"), "", _("Open"))
    found = [
        (
            people["excluded"],
            "SII-3.2",
            ngettext(
                "%(n)d owner or employee of a company", "%(n)d owners or employees of companies", people["excluded"]
            ),
        ),
        (
            people["to_decide"],
            "SII-3.3",
            ngettext("%(n)d relationship to decide", "%(n)d relationships to decide", people["to_decide"]),
        ),
        (
            people["missing"],
            "SII-3.1",
            ngettext("%(n)d disclosure missing", "%(n)d disclosures missing", people["missing"]),
        ),
        (asked["answered"], "", ngettext("%(n)d request answered", "%(n)d requests answered", asked["answered"])),
        (asked["open"], "", ngettext("%(n)d request open", "%(n)d requests open", asked["open"])),
    ]
    said = [(rule, text % {"n": n}) for n, rule, text in found if n]
    if said:
        tone, icon = ("bad", "octagon-x") if people["excluded"] else ("warn", "triangle-alert")
        return Way(tone, icon, "; ".join(text for _rule, text in said), said[0][0], _("Open"))
    if status == ActivityStatus.SUBMITTED:
        return Way("idle", "circle-dashed", _("Nobody has opened it"), "WF-2", _("Open"))
    return Way("info", "eye", _("To be read"), "WF-3", _("Open"))


def _people(ids: Sequence[int], only: set[tuple[int, int]] | None = None) -> dict[int, Counter[str]]:
    """Per activity: disclosures missing, relationships to decide, owners and employees. Six queries.

    `only`: of these (activity, person) pairs instead of everybody in control of content.
    """
    held = set(
        ActivityRole.objects.filter(activity__in=ids, removed_at=None, controls_content=True).values_list(
            "activity_id", "person_id"
        )
    )
    held = held if only is None else held & only
    people = {person for _activity, person in held}
    oldest = clock.now() - max_age()
    latest = {
        d.person_id: d
        for d in Disclosure.objects.filter(person__in=people)
        .order_by("person", "-submitted_at", "-pk")
        .distinct("person")
    }
    ties: dict[int, list[Relationship]] = defaultdict(list)
    for tie in Relationship.objects.filter(disclosure__in=[d.pk for d in latest.values()]).select_related(
        "company", "disclosure"
    ):
        ties[tie.disclosure.person_id].append(tie)
    mine = {"activity__in": ids, "relationship__disclosure__person__in": list(ties)}
    decided = {
        (d.activity_id, standing.key(d.relationship)): d.relevant
        for d in RelevanceDecision.objects.filter(**mine).select_related("relationship__disclosure").order_by("pk")
    }
    excepted = {
        (e.activity_id, standing.key(e.relationship)): e.exception
        for e in ExclusionException.objects.filter(**mine).select_related("relationship__disclosure").order_by("pk")
    }
    mitigated = {
        (m.activity_id, standing.key(m.relationship))
        for m in MitigationAction.objects.filter(**mine).select_related("relationship__disclosure")
    }
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for activity_id, person_id in held:
        known = latest.get(person_id)
        found[activity_id]["missing"] += known is None or known.submitted_at < oldest  # asked again: SII-3.1h
        for tie in ties[person_id]:
            where = (activity_id, standing.key(tie))
            found[activity_id][_verdict(tie, decided.get(where), where in mitigated, excepted.get(where, ""))] += 1
    return found


def _verdict(tie: Relationship, decision: bool | None, mitigated: bool, exception: str) -> str:
    traded = tie.company.traded if tie.company.traded != Traded.UNKNOWN else tie.traded or Traded.UNKNOWN
    facts = TieFacts(tie.nature, tie.ended, traded, tie.company.eligibility, decision, mitigated, exception)
    verdict = standing.verdict(facts)
    return str({Standing.TO_MITIGATE: Standing.TO_DECIDE}.get(verdict, verdict).value)
