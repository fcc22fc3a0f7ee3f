"""The plan: everything planners and reviewers read about one activity, loaded in a constant number of queries."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.urls import reverse

from accounts.models import Person
from activities.domain import agenda as agendas
from activities.domain import joint as partners
from activities.domain.agenda import Agenda, Slot
from activities.enums import FACULTY_ROLES, PLANNER_ROLES, RoleKind, SessionStatus
from activities.models import (
    Activity,
    ActivityGap,
    ActivityRole,
    ChangeRequest,
    GapEvidence,
    JointProvider,
    Need,
    Objective,
    PracticeGap,
    Session,
)


@dataclass(frozen=True)
class GapFacts:
    """One gap the activity sets out to close, with what is behind it and what shows it."""

    link: ActivityGap
    gap: PracticeGap
    needs: list[Need]
    evidence: list[GapEvidence]

    @property
    def text(self) -> str:
        return f"{self.gap.current_practice} {self.gap.desired_practice}".strip()


@dataclass(frozen=True)
class SlotFacts:
    """One slot of the agenda with its objectives and the people who speak in it."""

    session: Session
    objectives: list[Objective]
    roles: list[ActivityRole]

    @property
    def slot(self) -> Slot:
        s = self.session
        return Slot(s.pk, s.title, s.starts_at, s.ends_at, s.is_education)

    @property
    def speakers(self) -> list[Person]:
        return [r.person for r in self.roles]


@dataclass
class Plan:
    """The facts that every check reads. `session` is set when one session's gate asks; `cache` is for other apps' checks."""

    activity: Activity
    roles: list[ActivityRole]
    gaps: list[GapFacts]
    objectives: list[Objective]
    slots: list[SlotFacts]
    requests: list[ChangeRequest]
    joint: list[JointProvider] = field(default_factory=list)
    session: Session | None = None
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.activity.zone)

    @property
    def agenda(self) -> Agenda:
        """What counts, for a course; a series counts each session by itself."""
        return agendas.compute(s.slot for s in self.slots)

    @property
    def sessions(self) -> list[Session]:
        return [s.session for s in self.slots]

    @property
    def education(self) -> list[SlotFacts]:
        return [s for s in self.slots if s.session.is_education]

    @property
    def needs(self) -> list[Need]:
        return [n for g in self.gaps for n in g.needs]

    @property
    def directors(self) -> list[ActivityRole]:
        return [r for r in self.roles if r.role == RoleKind.DIRECTOR]

    @property
    def planners(self) -> list[ActivityRole]:
        return [r for r in self.roles if r.role in PLANNER_ROLES]

    @property
    def faculty(self) -> list[ActivityRole]:
        return [r for r in self.roles if r.role in FACULTY_ROLES]

    @property
    def people(self) -> list[Person]:
        """Everybody with a part, once each, in the order they were added."""
        return list({r.person_id: r.person for r in self.roles}.values())

    @property
    def open_requests(self) -> list[ChangeRequest]:
        return [r for r in self.requests if r.settled_at is None]

    @property
    def non_accredited(self) -> list[JointProvider]:
        """Joint providers, whom the statement names; an accredited partner is a co-provider (ST-6)."""
        return [j for j in self.joint if not j.is_accredited]

    @property
    def starts_at(self) -> dt.datetime | None:
        """When education begins: the first counting slot, else the first day at midnight there."""
        first = min((s.session.starts_at for s in self.education), default=None)
        if first is None and self.activity.starts_on:
            return dt.datetime.combine(self.activity.starts_on, dt.time(), tzinfo=self.zone)
        return first

    def number_of(self, objective: Objective) -> int:
        """Its place in the list, from 1."""
        return [o.pk for o in self.objectives].index(objective.pk) + 1

    def sessions_of(self, objective: Objective) -> list[SlotFacts]:
        return [s for s in self.education if any(o.pk == objective.pk for o in s.objectives)]

    def section_url(self, section: str) -> str:
        """Where a section is written; thirty findings of a page link to eight of them."""
        known = self.cache.setdefault("section_urls", {})
        if section not in known:
            known[section] = reverse("activities:application_section", args=[self.activity.number, section])
        return str(known[section])

    def local(self, moment: dt.datetime) -> dt.datetime:
        return moment.astimezone(self.zone)


def load(activity: Activity) -> Plan:
    """Read the plan of one activity: ten queries, however long it is."""
    live = {"removed_at": None}
    roles = list(activity.roles.filter(**live).select_related("person").order_by("pk"))
    links = activity.gap_links.filter(**live).select_related("gap__department").order_by("pk").prefetch_related(
        Prefetch("gap__needs", Need.objects.filter(**live), to_attr="live_needs"),
        Prefetch("gap__evidence", GapEvidence.objects.filter(**live).select_related("file"), to_attr="live_evidence"),
    )  # fmt: skip
    gaps = [GapFacts(link, link.gap, link.gap.live_needs, link.gap.live_evidence) for link in links]  # type: ignore[attr-defined]
    objectives = list(activity.objectives.filter(**live).select_related("need"))
    known = {o.pk: o for o in objectives}
    sessions = list(activity.sessions.filter(**live).exclude(status=SessionStatus.CANCELLED))
    linked = Session.objectives.through.objects.filter(session__activity=activity).values_list(
        "session_id", "objective_id"
    )
    taught: dict[int, list[Objective]] = {}
    for session_id, objective_id in linked:
        if objective_id in known:
            taught.setdefault(session_id, []).append(known[objective_id])
    spoken: dict[int, list[ActivityRole]] = {}
    for role in roles:
        if role.session_id:
            spoken.setdefault(role.session_id, []).append(role)
    slots = [
        SlotFacts(s, sorted(taught.get(s.pk, []), key=lambda o: (o.position, o.pk)), spoken.get(s.pk, []))
        for s in sessions
    ]
    return Plan(
        activity,
        roles,
        gaps,
        objectives,
        slots,
        list(activity.change_requests.prefetch_related("asked_by", "answered_by")),  # most plans have none
        partners.of(activity),
    )
