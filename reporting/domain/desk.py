"""One activity on the office's desk: findings of its next gate, what can be done now, who controls content, what happened."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person
from activities.domain import gates, joint, plan, reviewing, snapshots
from activities.domain.plan import Plan
from activities.domain.reviews import NEVER_WAIVED
from activities.domain.snapshots import Change
from activities.enums import WITH_OFFICE, ActivityStatus, DecisionKind, RoleKind, Section, SessionStatus, SlotKind
from activities.models import Activity, Session
from activities.workflow import ACTIVITY, OFFICE
from common import clock
from common.actors import Actor
from common.findings import Finding
from common.models import AuditEvent, TransitionLog
from common.statements import Run
from common.status import get as status_of
from common.templatetags.cme import local, local_date, local_dates
from credits.domain import designations
from credits.models import CreditType
from integrity.domain.standing import RoleStanding
from integrity.enums import CLEARED, Standing, Strategy
from integrity.models import MitigationAction, RelevanceDecision
from integrity.readiness import standings
from reporting.domain import changed as since_agreed

GROUPS = ("Independence", "Credit and wording", "Planning")
AGREED = frozenset({ActivityStatus.APPROVED, ActivityStatus.DESIGNATED, ActivityStatus.PUBLISHED})
_WORST_FIRST = {"failed": 0, "missing": 1, "waived": 2, "passed": 3, "not_applicable": 4}
SESSIONS_SHOWN = 6
OWN = "You have a part in this activity, so a colleague decides (SII-3.3)."
# Told to everybody with a hand in it, or asked on a page of its own, because the reason is read by others.
ON_A_PAGE = frozenset({"return", "reject", "cancel"})
_GATE_OF = {
    "start_review": gates.for_review, "approve": gates.for_approval, "designate": gates.for_designation, "publish": gates.for_publication,
    "confirm": gates.for_change,
}  # fmt: skip


@dataclass
class Line:
    """One finding with what the office can do about it; `forms` is filled by the page."""

    finding: Finding
    relationships: list[dict[str, Any]] = field(default_factory=list)
    forms: list[Any] = field(default_factory=list)
    waivable: bool = False

    @property
    def rules(self) -> str:
        return ",".join(self.finding.rules)


@dataclass(frozen=True)
class Group:
    """The findings of one group, worst first."""

    key: str
    title: str
    lines: list[Line]

    @property
    def open(self) -> int:
        return sum(line.finding.is_open for line in self.lines)

    @property
    def to_decide(self) -> int:
        return sum(len(line.relationships) for line in self.lines)

    @property
    def met(self) -> int:
        return len(self.lines) - self.open


@dataclass(frozen=True)
class Step:
    """One button of the decision bar; `locked` says why it cannot be pressed yet."""

    verb: str
    label: str
    tone: str
    icon: str
    locked: str = ""

    @property
    def on_a_page(self) -> bool:
        return self.verb in ON_A_PAGE


@dataclass(frozen=True)
class Holder:
    """One person in control of content, with all parts and the worst standing of them."""

    item: RoleStanding
    roles: str

    @property
    def is_cleared(self) -> bool:
        return self.item.standing in CLEARED

    @property
    def word(self) -> str:
        return status_of("disclosure", self.item.standing).word

    @property
    def can_be_reminded(self) -> bool:
        return self.item.standing in {Standing.ASKED, Standing.EXPIRED}


@dataclass(frozen=True)
class Dossier:
    """The compliance page."""

    plan: Plan
    groups: list[Group]
    steps: list[Step]
    holders: list[Holder]
    refused: str
    gate: str
    changed: since_agreed.Card | None = None

    @property
    def open(self) -> int:
        return sum(g.open for g in self.groups)

    @property
    def total(self) -> int:
        return sum(len(g.lines) for g in self.groups)

    @property
    def met(self) -> int:
        return self.total - self.open

    @property
    def waited_for(self) -> list[Holder]:
        return [h for h in self.holders if not h.is_cleared]

    @property
    def cleared(self) -> list[Holder]:
        return [h for h in self.holders if h.is_cleared]

    @property
    def summary(self) -> str:
        """What the bar says beside its buttons."""
        asked = len(self.plan.open_requests)
        said = (
            [ngettext("%(n)d finding open", "%(n)d findings open", self.open) % {"n": self.open}] if self.open else []
        )
        if asked:
            said.append(ngettext("%(n)d request not settled", "%(n)d requests not settled", asked) % {"n": asked})
        return "; ".join(said)


def dossier(activity: Activity, actor: Actor) -> Dossier:
    """Everything the compliance page shows: a constant number of queries, but for the sessions of an open activity."""
    facts = plan.load(activity)
    asked = _Gates(facts)
    refused = "" if reviewing.may_decide(actor, activity) else OWN
    since = since_agreed.card(facts, standings(facts)) if activity.status in AGREED else None
    gate, groups = _groups(
        asked, decides=not refused, director=actor.is_director, answers=bool(since and since.answers)
    )
    steps = [] if refused else _steps(asked, answers=bool(since and since.answers))
    return Dossier(facts, groups, steps, _holders(standings(facts)), refused, gate, since)


def relationship(activity: Activity, actor: Actor, relationship_id: int) -> dict[str, Any] | None:
    """The facts of one relationship that the page offers to decide; None when it no longer does."""
    lines = [line for group in dossier(activity, actor).groups for line in group.lines]
    return next((r for line in lines for r in line.relationships if r["relationship_id"] == relationship_id), None)


def waivable(activity: Activity, actor: Actor, rules: str) -> Finding | None:
    """The open finding under exactly these rules, joined by commas, if it may be waived at all."""
    lines = [line for group in dossier(activity, actor).groups for line in group.lines]
    return next((line.finding for line in lines if line.waivable and ",".join(line.finding.rules) == rules), None)


@dataclass(frozen=True)
class Head:
    """What stands under the title: when, format, who directs, what credit was asked."""

    when: str
    kind: str
    director: str
    partners: str
    credit: list[list[Run]]
    days_left: int | None


def head(activity: Activity, facts: Plan | None = None) -> Head:
    """Four queries, or one when the plan is loaded already."""
    roles = (
        facts.directors
        if facts
        else activity.roles.filter(role=RoleKind.DIRECTOR, removed_at=None).select_related("person")
    )
    names = ", ".join(dict.fromkeys(r.person.name_with_degrees for r in roles))
    named = facts.joint if facts else joint.of(activity)
    partners = "; ".join(
        (_("co-provided, %(name)s") if j.is_accredited else _("joint, %(name)s")) % {"name": j.organisation.name}
        for j in named
    )
    when = local_date(activity.starts_on, activity.zone) if activity.starts_on else ""
    if activity.ends_on and activity.ends_on != activity.starts_on:
        last = local_date(activity.ends_on, activity.zone)
        when = local_dates(activity.starts_on, activity.ends_on, activity.zone) if when else f" – {last}"
    left = (
        (activity.answer_due_on - clock.today(activity.zone)).days
        if activity.answer_due_on and activity.status in WITH_OFFICE
        else None
    )
    credit = list(designations.labels([activity.pk]).values())
    kind = f"{activity.get_kind_display()}, {activity.get_delivery_display().lower()}"
    return Head(when, kind, names, partners[:1].upper() + partners[1:], credit, left)


class _Gates:
    """Each gate asked once, however many buttons and groups read it."""

    def __init__(self, facts: Plan) -> None:
        self.facts = facts
        self._found: dict[str, list[Finding]] = {}

    def __getitem__(self, gate: Callable[[Plan], list[Finding]]) -> list[Finding]:
        if gate.__name__ not in self._found:
            self._found[gate.__name__] = gate(self.facts)
        return self._found[gate.__name__]


def _groups(asked: _Gates, *, decides: bool, director: bool, answers: bool) -> tuple[str, list[Group]]:
    facts, activity, status = asked.facts, asked.facts.activity, asked.facts.activity.status
    if status == ActivityStatus.PUBLISHED:
        seen = set[int]()
        changed = _grouped(asked[gates.for_change], decides, director, seen) if answers else []
        return _("Sessions"), [*changed, *_session_groups(facts, decides, director, seen)]
    if status == ActivityStatus.DRAFT:
        return _("Submission"), _grouped(asked[gates.for_submission], False, False)
    if status in {ActivityStatus.SUBMITTED, ActivityStatus.IN_REVIEW, ActivityStatus.RETURNED}:
        first = asked[gates.for_review] if status == ActivityStatus.SUBMITTED else []
        return _("Approval"), _grouped([*first, *asked[gates.for_approval]], decides, director)
    if status == ActivityStatus.APPROVED:
        return _("Designation"), _grouped(asked[gates.for_designation], decides, director)
    if status == ActivityStatus.DESIGNATED:
        return _("Publication"), _grouped(asked[gates.for_publication], decides, director)
    decision = activity.decisions.filter(kind=DecisionKind.APPROVE).last()
    frozen = [Finding(**{**f, "rules": tuple(f["rules"])}) for f in decision.findings] if decision else []
    return _("As approved"), _grouped(frozen, False, False)


def _grouped(found: Iterable[Finding], decides: bool, director: bool, shown: set[int] | None = None) -> list[Group]:
    # One form per relationship, under the first finding that names it.
    seen = set[int]() if shown is None else shown
    lines = sorted(
        (_line(f, decides, director, seen) for f in found), key=lambda line: _WORST_FIRST[line.finding.level]
    )
    named = [
        (g, [line for line in lines if line.finding.group == g])
        for g in dict.fromkeys([*GROUPS, *(line.finding.group for line in lines)])
    ]
    return [Group(f"g{n}", title, rows) for n, (title, rows) in enumerate(named) if rows]


def _line(finding: Finding, decides: bool, director: bool, seen: set[int]) -> Line:
    fresh = (
        [r for r in finding.data.get("relationships", ()) if r["relationship_id"] not in seen]
        if decides and finding.is_open
        else []
    )
    seen.update(r["relationship_id"] for r in fresh)
    waivable = decides and director and finding.is_open and not NEVER_WAIVED & set(finding.rules)
    return Line(finding, fresh, waivable=waivable)


def _session_groups(facts: Plan, decides: bool, director: bool, seen: set[int]) -> list[Group]:
    """The next sessions, each with its own gate (WF-6); later ones are looked at when they come near."""
    now, found = clock.now(), []
    for session in [s for s in facts.sessions if _has_gate(s) and s.ends_at > now][:SESSIONS_SHOWN]:
        lines = sorted(
            (_line(f, decides, director, seen) for f in gates.for_session(session, facts)),
            key=lambda line: _WORST_FIRST[line.finding.level],
        )
        found.append(
            Group(f"s{session.pk}", f"{session.title}, {local(session.starts_at, facts.activity.zone)}", lines)
        )
    facts.session = None
    return found


def _has_gate(session: Session) -> bool:
    return session.kind == SlotKind.EDUCATION and session.status in {SessionStatus.PLANNED, SessionStatus.READY}


_LOOKS = {
    "reject": ("link", "octagon-x"), "cancel": ("link", "calendar-x-2"), "return": ("secondary", "reply"), "start_review": ("primary", "eye"),
    "approve": ("primary", "check"), "designate": ("primary", "award"), "publish": ("primary", "door-open"), "confirm": ("primary", "check"),
}  # fmt: skip


def _labels() -> dict[str, str]:
    return {
        "reject": _("Reject"), "cancel": _("Cancel the activity"), "return": _("Return with requests"), "start_review": _("Start review"),
        "approve": _("Approve"), "designate": _("Designate credit"), "publish": _("Publish"),
    }  # fmt: skip


def _steps(asked: _Gates, *, answers: bool) -> list[Step]:
    """The office's verbs that the state allows, the main one last; designating anew where the agenda changed (WF-11)."""
    activity, labels = asked.facts.activity, _labels()
    verbs = [v for v in ACTIVITY.verbs_from(activity.status) if v in labels and ACTIVITY[v].perm == OFFICE]
    steps = [Step(v, labels[v], *_LOOKS[v], locked=_locked(v, asked)) for v in verbs]
    if activity.status == ActivityStatus.DESIGNATED:
        steps.append(Step("designate", _("Designate again"), "secondary", "award", locked=_locked("designate", asked)))
    if answers:
        steps += _answers(asked)
    order = ("link", "secondary", "primary")
    return sorted(steps, key=lambda s: order.index(s.tone))


def _answers(asked: _Gates) -> list[Step]:
    """What answers a change after publishing (WF-11): designate again where the credit differs, confirm the rest."""
    again = since_agreed.credit_is_open(asked[gates.for_change])
    steps = [
        Step(
            "confirm",
            _("Confirm the change"),
            "secondary" if again else "primary",
            "check",
            locked=_locked("confirm", asked),
        )
    ]
    if again:
        steps.append(Step("designate", _("Designate again"), "primary", "award", locked=_locked("designate", asked)))
    return steps


def _locked(verb: str, asked: _Gates) -> str:
    gate = _GATE_OF.get(verb)
    count = sum(f.is_open for f in asked[gate]) if gate else 0
    said = [ngettext("%(n)d finding is open", "%(n)d findings are open", count) % {"n": count}] if count else []
    if verb == "approve" and asked.facts.open_requests:
        said.append(_("a request is not settled"))
    return ", ".join(said)


def _holders(found: Sequence[RoleStanding]) -> list[Holder]:
    """Whom the office waits for first."""
    order = [
        Standing.EXCLUDED,
        Standing.TO_DECIDE,
        Standing.TO_MITIGATE,
        Standing.DISCLOSED,
        Standing.EXPIRED,
        Standing.ASKED,
        *CLEARED,
    ]
    by_person: dict[int, list[RoleStanding]] = {}
    for item in found:
        by_person.setdefault(item.role.person_id, []).append(item)
    holders = [
        Holder(
            min(items, key=lambda i: order.index(i.standing)),
            ", ".join(dict.fromkeys(i.role.get_role_display() for i in items)),
        )
        for items in by_person.values()
    ]
    return sorted(holders, key=lambda h: order.index(h.item.standing))


# --- the other tabs ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """One section of the frozen application: fields with their text, and what changed since the submission before."""

    title: str
    fields: list[tuple[str, str, Change | None]]
    gone: list[Change]

    @property
    def changed(self) -> int:
        return len(self.gone) + sum(change is not None for _label, _text, change in self.fields)


@dataclass(frozen=True)
class Application:
    """What was sent in last; `before` is the number of the submission it is compared with, 0 for a first one."""

    submission: Any
    before: int
    sheets: list[Sheet]


def application(activity: Activity) -> Application | None:
    """The latest submission beside the one before it. Three queries."""
    last = list(activity.submissions.order_by("-number")[:2])
    if not last:
        return None
    new, old = last[0], last[1] if len(last) > 1 else None
    names = dict(CreditType.objects.values_list("code", "name"))
    found = snapshots.differences(old.plan, new.plan) if old else []
    changes = {(c.section, c.key): _named(c, names) for c in found}
    return Application(
        new, old.number if old else 0, [_sheet(s, snapshots.fields(new.plan, s.value), changes, names) for s in Section]
    )


def _sheet(
    section: Section, fields: dict[str, Any], changes: dict[tuple[str, str], Change], names: Mapping[str, str]
) -> Sheet:
    shown = [(f["label"], _text(key, f["text"], names), changes.get((section.value, key))) for key, f in fields.items()]
    gone = [c for (where, key), c in changes.items() if where == section.value and key not in fields]
    return Sheet(str(section.label), [row for row in shown if row[1] or row[2]], gone)


def _named(change: Change, names: Mapping[str, str]) -> Change:
    before, after = (_text(change.key, text, names) for text in (change.before, change.after))
    return replace(change, before=before, after=after)


def _text(key: str, text: str, names: Mapping[str, str]) -> str:
    """A frozen field as people read it: credit types are frozen by their code, which never changes."""
    return ", ".join(names.get(code, code) for code in text.split(", ")) if key == "credit_types" else text


@dataclass(frozen=True)
class Event:
    """One line of the history."""

    at: Any
    who: str
    what: str
    detail: str
    reason: str


def history(activity: Activity) -> list[Event]:
    """Every change of state and every act on record, newest first; decisions about relationships included. Six queries."""
    moves = TransitionLog.objects.filter(subject_type=activity._meta.label_lower, subject_id=activity.pk)
    about = Q(subject_type=activity._meta.label_lower, subject_id=str(activity.pk))
    for model in (RelevanceDecision, MitigationAction):
        ids = [str(pk) for pk in model.objects.filter(activity=activity).values_list("pk", flat=True)]
        about |= Q(subject_type=model._meta.label_lower, subject_id__in=ids)
    events = list(AuditEvent.objects.filter(about))
    people = Person.objects.in_bulk(
        {
            v["person"]
            for e in events
            for v in (e.old, e.new)
            if isinstance(v, dict) and isinstance(v.get("person"), int)
        }
    )
    word, names = ActivityStatus, dict(CreditType.objects.values_list("code", "name"))
    found = [
        Event(
            m.at,
            m.actor_label,
            _("%(old)s to %(new)s") % {"old": word(m.old).label, "new": word(m.new).label},
            "",
            m.reason,
        )
        for m in moves
    ]
    found += [
        Event(e.at, e.actor_label, e.event.replace("_", " ").capitalize(), _detail(e, people, names), e.reason)
        for e in events
    ]
    return sorted(found, key=lambda e: e.at, reverse=True)


def _detail(event: AuditEvent, people: Mapping[int, Person], names: Mapping[str, str]) -> str:
    """What the act was about, in words; numbers of rows say nothing to a reader."""
    if event.event == "change_confirmed":
        return "; ".join(f"{c['label']}: {c['before'] or '–'} → {c['after'] or '–'}" for c in event.new or ())
    facts = event.new if isinstance(event.new, dict) else event.old if isinstance(event.old, dict) else {}
    said = []
    for key, value in facts.items():
        if key == "person":
            said.append(people[value].name_with_degrees if value in people else "")
        elif key == "role":
            said.append(str(RoleKind(value).label) if value in RoleKind.values else str(value))
        elif key == "strategy":
            said.append(str(Strategy(value).label))
        elif key == "relevant":
            said.append(_("related") if value else _("not related"))
        elif key in names:
            said.append(f"{value} {names[key]}")
        elif key not in {"request", "relationship", "session", "activity"}:
            said.append(f"{key.replace('_', ' ')} {value}")
    return ", ".join(filter(None, said))
