"""Where each person in control of content stands (rules.md 2.7): a pure verdict on facts, and the facts of an activity."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from activities.enums import PLANNER_ROLES, ActivityStatus, SessionStatus
from activities.models import Activity, ActivityRole, Session
from common import clock
from integrity.domain.disclosures import max_age
from integrity.enums import (
    FACULTY_STRATEGIES,
    PLANNER_STRATEGIES,
    Answer,
    Eligibility,
    Nature,
    Standing,
    Strategy,
    Traded,
)
from integrity.models import (
    Disclosure,
    DisclosureRequest,
    ExclusionException,
    MitigationAction,
    Relationship,
    RelevanceDecision,
)

# From what stops to what is settled: a role stands where its worst relationship stands.
_WORST_FIRST = (
    Standing.EXCLUDED,
    Standing.TO_DECIDE,
    Standing.TO_MITIGATE,
    Standing.CLEARED_MITIGATED,
    Standing.CLEARED,
)
_OWNERS = frozenset({Nature.EMPLOYEE, Nature.EXECUTIVE, Nature.OWNERSHIP})


# --- the verdict: pure -----------------------------------------------------------------------------


@dataclass(frozen=True)
class TieFacts:
    """What is known of one relationship in one role. `decision` is the office's latest, None before it."""

    nature: str
    ended: bool = False
    traded: str = Traded.UNKNOWN
    eligibility: str = Eligibility.INELIGIBLE
    decision: bool | None = None
    mitigated: bool = False
    exception: str = ""


@dataclass(frozen=True)
class RoleFacts:
    """What is known of one person in one role; `answer` is None before the disclosure."""

    answer: str | None = None
    expired: bool = False
    with_office: bool = True
    ties: tuple[TieFacts, ...] = ()


def owner_or_employee(tie: TieFacts) -> bool | None:
    """Whether SII-3.2 excludes it; None when stock is held in a company nobody has called private or public.

    SII-3.2a: private stock makes an owner; public stock, options and royalties do not. SII-3.2b: what ended does not.
    """
    if tie.ended:
        return False
    if tie.nature == Nature.STOCK:
        return {Traded.PRIVATE.value: True, Traded.PUBLIC.value: False}.get(str(tie.traded))
    return tie.nature in _OWNERS


def verdict(tie: TieFacts) -> Standing:
    """Where one relationship leaves its holder: excluded, to decide, to mitigate, mitigated or clear."""
    if tie.eligibility == Eligibility.ELIGIBLE:
        return Standing.CLEARED
    barred = owner_or_employee(tie)
    if barred is None or (barred and tie.eligibility == Eligibility.UNDETERMINED):
        return Standing.TO_DECIDE
    if barred and not tie.exception:
        return Standing.EXCLUDED
    if barred and tie.exception == "a":  # SII-3.2a as an exception means: the content is not related at all
        return Standing.CLEARED
    if tie.decision is None:
        return Standing.TO_DECIDE
    if not tie.decision:
        return Standing.CLEARED
    return Standing.CLEARED_MITIGATED if tie.mitigated else Standing.TO_MITIGATE


def standing(facts: RoleFacts) -> Standing:
    """Where a person stands in a role. Only CLEARED and CLEARED_MITIGATED may act (SII-3.1g, 3.2, 3.4)."""
    if facts.answer is None:
        return Standing.ASKED
    if facts.expired:
        return Standing.EXPIRED
    found = {verdict(tie) for tie in facts.ties} if facts.answer == Answer.SOME else set()
    worst = next((s for s in _WORST_FIRST if s in found), Standing.CLEARED)
    if worst == Standing.TO_DECIDE and not facts.with_office:
        return Standing.DISCLOSED
    return worst


# --- the facts: one activity, a constant number of queries -----------------------------------------


class Key(NamedTuple):
    """What makes a relationship the same one in the next disclosure: saying "still true" reopens nothing (2.7)."""

    person_id: int
    company_id: int
    nature: str
    ended: bool
    traded: str


def key(relationship: Relationship) -> Key:
    row = relationship
    return Key(row.disclosure.person_id, row.company_id, row.nature, row.ended, row.traded)


@dataclass(frozen=True)
class Tie:
    """One relationship of a role with what the office did about it in this activity."""

    relationship: Relationship
    facts: TieFacts
    verdict: Standing
    decision: RelevanceDecision | None
    mitigations: tuple[MitigationAction, ...]
    exception: ExclusionException | None

    @property
    def is_listed(self) -> bool:
        """Learners read it: relevant, and therefore mitigated before anybody engages (SII-3.5)."""
        return self.verdict in {Standing.TO_MITIGATE, Standing.CLEARED_MITIGATED}


@dataclass(frozen=True)
class RoleStanding:
    """One role and where its holder stands. `deadline` is when the role begins for SII-3.4, None when unknown."""

    role: ActivityRole
    standing: Standing
    disclosure: Disclosure | None
    ties: tuple[Tie, ...]
    asked_at: dt.datetime | None
    reminded_at: dt.datetime | None
    deadline: dt.datetime | None

    @property
    def is_planner(self) -> bool:
        return self.role.role in PLANNER_ROLES

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The mitigation that suits this role (SII-3.4)."""
        return PLANNER_STRATEGIES if self.is_planner else FACULTY_STRATEGIES


def for_activity(
    activity: Activity,
    *,
    session: Session | None = None,
    roles: Iterable[ActivityRole] | None = None,
    sessions: Iterable[Session] | None = None,
) -> list[RoleStanding]:
    """Every live role that controls content, or those of one session and of the whole activity.

    `roles` (with their person) and `sessions` may be given when they are already loaded.
    """
    if roles is None:
        roles = ActivityRole.objects.filter(activity=activity, removed_at=None, controls_content=True).select_related(
            "person"
        )
    if sessions is None:
        sessions = Session.objects.filter(activity=activity, removed_at=None).exclude(status=SessionStatus.CANCELLED)
    meetings = list(sessions)
    wanted = {None, session.pk} if session else {None, *(s.pk for s in meetings)}
    held = [r for r in roles if r.controls_content and r.removed_at is None and r.session_id in wanted]
    records = _Records(activity, held, meetings)
    return [records.standing_of(role) for role in held]


def labels(activity: Activity) -> dict[int, Standing]:
    """Role id → standing, for lists that show names and status only (design section 5)."""
    return {item.role.pk: item.standing for item in for_activity(activity)}


@dataclass
class _Records:
    """What the tables say about the people of an activity, read once."""

    activity: Activity
    roles: Sequence[ActivityRole]
    sessions: Sequence[Session]
    _requests: dict[int, DisclosureRequest] = field(init=False)
    _disclosures: dict[int, list[Disclosure]] = field(init=False)
    _ties: dict[int, list[Relationship]] = field(init=False)

    def __post_init__(self) -> None:
        people = {r.person_id for r in self.roles}
        self._requests = {
            r.person_id: r for r in DisclosureRequest.objects.filter(activity=self.activity, person__in=people)
        }
        self._disclosures = defaultdict(list)
        for row in Disclosure.objects.filter(person__in=people).order_by("-submitted_at", "-pk"):
            self._disclosures[row.person_id].append(row)
        chosen = {found.pk for role in self.roles if (found := self._disclosure_of(role)) is not None}
        # A decision stands for the same relationship in a later disclosure, so all that these people ever disclosed is read;
        # what was decided is then found by its key, without joining the same rows again in each of the three queries.
        self._ties = defaultdict(list)
        keys: dict[int, Key] = {}
        for tie in Relationship.objects.filter(disclosure__person__in=people).select_related("company", "disclosure"):
            keys[tie.pk] = key(tie)
            if tie.disclosure_id in chosen:
                self._ties[tie.disclosure_id].append(tie)
        mine = {"activity": self.activity, "relationship__in": list(keys)}
        self._decided = {keys[d.relationship_id]: d for d in RelevanceDecision.objects.filter(**mine).order_by("pk")}
        self._excepted = {keys[e.relationship_id]: e for e in ExclusionException.objects.filter(**mine).order_by("pk")}
        self._mitigated: dict[Key, list[MitigationAction]] = defaultdict(list)
        for action in MitigationAction.objects.filter(**mine).order_by("pk"):
            self._mitigated[keys[action.relationship_id]].append(action)
        self._now, self._max_age = clock.now(), max_age()

    def standing_of(self, role: ActivityRole) -> RoleStanding:
        disclosure = self._disclosure_of(role)
        deadline = self._deadline(role, disclosure)
        strategies = PLANNER_STRATEGIES if role.role in PLANNER_ROLES else FACULTY_STRATEGIES
        ties = tuple(self._tie(row, strategies, deadline) for row in self._ties[disclosure.pk]) if disclosure else ()
        facts = RoleFacts(
            answer=disclosure.answer if disclosure else None,
            expired=disclosure is not None and self._reference(role) - disclosure.submitted_at > self._max_age,
            with_office=self.activity.status != ActivityStatus.DRAFT,
            ties=tuple(t.facts for t in ties),
        )
        request = self._requests.get(role.person_id)
        return RoleStanding(
            role,
            standing(facts),
            disclosure,
            ties,
            request.asked_at if request else None,
            request.reminded_at if request else None,
            deadline,
        )

    def _tie(self, row: Relationship, strategies: Sequence[Strategy], deadline: dt.datetime | None) -> Tie:
        same = key(row)
        decision, exception = self._decided.get(same), self._excepted.get(same)
        fitting = tuple(
            m
            for m in self._mitigated.get(same, ())
            if m.strategy in strategies and (deadline is None or m.implemented_at <= deadline)
        )
        # What the office found out about the company wins over what the discloser believed.
        traded = row.company.traded if row.company.traded != Traded.UNKNOWN else row.traded or Traded.UNKNOWN
        facts = TieFacts(
            nature=row.nature, ended=row.ended, traded=traded, eligibility=row.company.eligibility,
            decision=decision.relevant if decision else None, mitigated=bool(fitting), exception=exception.exception if exception else "",
        )  # fmt: skip
        return Tie(row, facts, verdict(facts), decision, fitting, exception)

    # Times: a disclosure counts for a role when it was given before the role began and was not too old then (SII-3.1h).

    def _begins(self, role: ActivityRole) -> dt.datetime | None:
        """When the holder first stands before learners; None before there is an agenda."""
        own = [s.starts_at for s in self.sessions if s.pk == role.session_id]
        return min(own or [s.starts_at for s in self.sessions], default=None)

    def _ends(self, role: ActivityRole) -> dt.datetime | None:
        """Until when a new disclosure still concerns the role: planners plan to the end, faculty begin once."""
        if role.role in PLANNER_ROLES and self.sessions:
            return max(s.ends_at for s in self.sessions)
        return self._begins(role)

    def _disclosure_of(self, role: ActivityRole) -> Disclosure | None:
        until = self._ends(role)
        return next((d for d in self._disclosures[role.person_id] if until is None or d.submitted_at <= until), None)

    def _reference(self, role: ActivityRole) -> dt.datetime:
        until = self._ends(role)
        return self._now if until is None else min(self._now, until)

    def _deadline(self, role: ActivityRole, disclosure: Disclosure | None) -> dt.datetime | None:
        """When mitigation comes too late (SII-3.4): faculty at their session's start; planners when the plan they made
        was approved, and for what came up later (a new role, a new disclosure) at the first session's start."""
        approved = self.activity.approved_at
        if (
            role.role in PLANNER_ROLES
            and approved
            and disclosure
            and role.assumed_at <= approved
            and disclosure.submitted_at <= approved
        ):
            return approved
        return self._begins(role)
