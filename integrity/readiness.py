"""What the gates ask about independence (WF-1, 2, 3, 5, 6): disclosed, nobody excluded, mitigated, told to learners."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.domain import changes
from activities.domain.plan import Plan
from activities.enums import FACULTY_ROLES, PLANNER_ROLES, Section
from common import rulesets
from common.findings import Finding, Level, check
from common.status import get as status_of
from common.templatetags.cme import local, local_date
from integrity.domain import disclosure_text, standing
from integrity.domain.standing import RoleStanding, Tie
from integrity.enums import ANSWERED, CLEARED, Standing
from integrity.models import RelevanceDecision

GROUP = "Independence"
_TO_SETTLE = frozenset({Standing.TO_DECIDE, Standing.TO_MITIGATE, Standing.DISCLOSED})


# --- disclosed: SII-3.1 --------------------------------------------------------------------------------


@check("SII-3.1g", "SII-3.1", gates=("submission",), group=GROUP)
def check_planners_disclosed(plan: Plan) -> Finding | None:
    """WF-1: whoever does not answer must not plan."""
    found = [s for s in standings(plan) if s.role.role in PLANNER_ROLES]
    return _disclosed(plan, found, _("Every planner disclosed"), ("SII-3.1g", "SII-3.1")) if found else None


@check("SII-3.1", "SII-3.1g", gates=("approval",), group=GROUP)
def check_everyone_disclosed(plan: Plan) -> Finding:
    """WF-3: everybody in control of content, faculty included."""
    return _disclosed(plan, standings(plan), _("Everyone in control of content disclosed"), ("SII-3.1", "SII-3.1g"))


def _disclosed(plan: Plan, found: Sequence[RoleStanding], title: str, rules: tuple[str, ...]) -> Finding:
    people = {s.role.person_id: s for s in found}
    waiting = {s.role.person_id: s for s in found if s.standing not in ANSWERED}
    if waiting or not people:
        proof = "; ".join(_waiting(plan, s) for s in waiting.values()) or _("Nobody is named yet.")
        return _finding(plan, "missing", title, proof, rules, waiting.values())
    last = max((s.disclosure.submitted_at for s in people.values() if s.disclosure), default=None)
    proof = _("%(n)d of %(all)d, last on %(when)s. %(months)d months, definition shown.") % {
        "n": len(people), "all": len(people), "when": local(last, plan.activity.zone), "months": rulesets.value_on("disclosure.lookback_months"),
    }  # fmt: skip
    return _finding(plan, "passed", title, proof, rules, people.values())


def _waiting(plan: Plan, item: RoleStanding) -> str:
    name, zone = item.role.person.display_name, plan.activity.zone
    if item.standing == Standing.EXPIRED and item.disclosure:
        return _("%(name)s’s disclosure of %(when)s has expired") % {
            "name": name,
            "when": local_date(item.disclosure.submitted_at, zone),
        }
    if item.asked_at:
        asked = item.reminded_at or item.asked_at
        return _("Waiting on %(name)s’s disclosure, asked %(when)s") % {"name": name, "when": local_date(asked, zone)}
    return _("Waiting on %(name)s’s disclosure") % {"name": name}


# --- excluded: SII-3.2 ---------------------------------------------------------------------------------


@check("SII-3.2", gates=("submission", "approval", "publication"), group=GROUP)
def check_nobody_excluded(plan: Plan) -> Finding | None:
    """Owners and employees of ineligible companies; cannot be mitigated, cannot be waived (WF-12)."""
    found = standings(plan)
    if not found:
        return None
    title = _("No owner or employee of an ineligible company")
    barred = [s for s in found if s.standing == Standing.EXCLUDED]
    if barred:
        names = ", ".join(dict.fromkeys(s.role.person.name_with_degrees for s in barred))
        proof = _("%(names)s: name somebody else, or ask the CME office about the three exceptions.") % {"names": names}
        return _finding(plan, "failed", title, proof, ("SII-3.2",), barred, ties={Standing.EXCLUDED})
    people = len({s.role.person_id for s in found})
    proof = ngettext("0 found, %(n)d person.", "0 found among %(n)d people.", people) % {"n": people}
    return _finding(plan, "passed", title, proof, ("SII-3.2",), ())


# --- mitigated: SII-3.3, 3.4 ---------------------------------------------------------------------------


@check("SII-3.4", "WF-2", gates=("review",), group=GROUP)
def check_planners_cleared(plan: Plan) -> Finding | None:
    """WF-2: planning does not go on with planners whose relationships are open."""
    found = [s for s in standings(plan) if s.role.role in PLANNER_ROLES]
    return _cleared(plan, found, _("Every planner is cleared"), ("SII-3.4", "WF-2")) if found else None


@check("SII-3.3", "SII-3.4", gates=("approval",), group=GROUP)
def check_relationships_settled(plan: Plan) -> Finding | None:
    """What was disclosed is decided by the office, and mitigated where it is related to the content."""
    found = [s for s in standings(plan) if s.standing in _TO_SETTLE | CLEARED]
    return (
        _cleared(plan, found, _("Relationships related to the content are mitigated"), ("SII-3.3", "SII-3.4"))
        if found
        else None
    )


@check("SII-3.4", "WF-6", gates=("session", "publication"), group=GROUP)
def check_faculty_cleared(plan: Plan) -> Finding | None:
    """WF-6: the session's faculty. Publishing a series asks nothing of the faculty of its sessions: each has its gate."""
    found = [s for s in _of_gate(plan) if s.role.role in FACULTY_ROLES]
    return _cleared(plan, found, _("All faculty are cleared"), ("SII-3.4", "WF-6")) if found else None


@check("SII-3.4", "WF-11", gates=("change",), group=GROUP)
def check_newcomers_cleared(plan: Plan) -> Finding | None:
    """WF-11: whoever came to control content since it was agreed is cleared, as everybody was then."""
    known = changes.since(plan)
    found = [s for s in standings(plan) if known is not None and s.role.person_id in known.newcomers]
    return _cleared(plan, found, _("Everyone who joined is cleared"), ("SII-3.4", "WF-11")) if found else None


def _cleared(plan: Plan, found: Sequence[RoleStanding], title: str, rules: tuple[str, ...]) -> Finding:
    held_up = [s for s in found if s.standing not in CLEARED]
    if not held_up:
        related = [t for s in found for t in s.ties if t.verdict == Standing.CLEARED_MITIGATED]
        count = len({standing.key(t.relationship) for t in related})
        proof = (
            ngettext("1 related relationship, mitigated.", "%(n)d related relationships, mitigated.", count)
            % {"n": count}
            if count
            else _("No relationship is related to the content.")
        )
        return _finding(plan, "passed", title, proof, rules, found)
    level: Level = "failed" if any(s.standing == Standing.EXCLUDED for s in held_up) else "missing"
    says = {
        s.role.person_id: f"{s.role.person.name_with_degrees}: {status_of('disclosure', s.standing).word.lower()}"
        for s in held_up
    }
    who = "planner" if any(s.standing not in _TO_SETTLE for s in held_up) else "staff"
    return _finding(
        plan,
        level,
        title,
        "; ".join(says.values()) + ".",
        rules,
        held_up,
        who=who,
        ties=_TO_SETTLE | {Standing.EXCLUDED},
    )


# --- told to learners: SII-3.5 -------------------------------------------------------------------------


@check("SII-3.5", "SII-3.5a", gates=("session", "publication"), group=GROUP)
def check_disclosure_text(plan: Plan) -> Finding:
    """Presence or absence: saying nothing is non-compliant."""
    block = disclosure_text.block(plan.activity, plan.session, standings=_of_gate(plan))
    title = _("Disclosure to learners is ready")
    if not block.is_ready:
        return _finding(
            plan,
            "missing",
            title,
            _("It can be written once everyone in control of content is cleared."),
            ("SII-3.5", "SII-3.5a"),
            (),
        )
    told = (
        _("%(n)d relationships and the rest in a sentence") % {"n": len(block.rows)}
        if block.rows
        else _("absence of relationships")
    )
    return _finding(
        plan,
        "passed",
        title,
        _("Says: %(what)s. Made from the record.") % {"what": told},
        ("SII-3.5", "SII-3.5a"),
        (),
        extra={"sha256": block.sha256},
    )


# --- shared --------------------------------------------------------------------------------------------


def standings(plan: Plan) -> list[RoleStanding]:
    """Everybody's standing, read once per plan however many checks and gates ask."""
    if "integrity.standings" not in plan.cache:
        plan.cache["integrity.standings"] = standing.for_activity(
            plan.activity, roles=plan.roles, sessions=plan.sessions
        )
    found: list[RoleStanding] = plan.cache["integrity.standings"]
    return found


def _of_gate(plan: Plan) -> list[RoleStanding]:
    """Those of the session and of the whole activity; without a session everybody, but for a series' later sessions."""
    if plan.session is not None:
        return [s for s in standings(plan) if s.role.session_id in {None, plan.session.pk}]
    return [s for s in standings(plan) if not (plan.activity.is_series and s.role.session_id)]


def _finding(
    plan: Plan, level: Level, title: str, proof: str, rules: tuple[str, ...], about: Any, *,
    who: str = "planner", ties: frozenset[Standing] | set[Standing] = frozenset(), extra: dict[str, Any] | None = None,
) -> Finding:  # fmt: skip
    link = plan.section_url(Section.PEOPLE.value) + "#people"
    data: dict[str, Any] = {
        "people": [_person(s) for s in about],
        "relationships": _to_decide(plan, about, ties) if ties else [],
    }
    return Finding(rules, level, title, proof, Section.PEOPLE.value, "people", link, GROUP, who, data | (extra or {}))


def _person(item: RoleStanding) -> dict[str, Any]:
    return {
        "person_id": item.role.person_id, "name": item.role.person.name_with_degrees, "role": item.role.get_role_display(),
        "role_id": item.role.pk, "standing": item.standing.value, "asked_at": item.asked_at, "reminded_at": item.reminded_at,
    }  # fmt: skip


def _to_decide(
    plan: Plan, about: Sequence[RoleStanding], wanted: frozenset[Standing] | set[Standing]
) -> list[dict[str, Any]]:
    """What the staff page needs for one form per relationship, however many roles its holder has."""
    by_key: dict[standing.Key, list[tuple[RoleStanding, Tie]]] = defaultdict(list)
    for item in about:
        for tie in item.ties:
            if tie.verdict in wanted:
                by_key[standing.key(tie.relationship)].append((item, tie))
    earlier = _earlier(plan)
    titles = {s.pk: s.title for s in plan.sessions}
    clean = _reviewers(plan)
    return [_form(plan, pairs, titles, earlier[key.company_id], clean) for key, pairs in by_key.items()]


def _form(
    plan: Plan,
    pairs: list[tuple[RoleStanding, Tie]],
    titles: dict[int, str],
    earlier: list[dict[str, Any]],
    clean: dict[int, str],
) -> dict[str, Any]:
    item, tie = pairs[0]
    row = tie.relationship
    strategies = dict.fromkeys(strategy for each, _tie in pairs for strategy in each.strategies)
    deadlines: list[dt.datetime] = [each.deadline for each, _tie in pairs if each.deadline]
    return {
        "relationship_id": row.pk, "activity_id": plan.activity.pk, "verdict": tie.verdict.value,
        "person_id": item.role.person_id, "person": item.role.person.name_with_degrees,
        "roles": list(dict.fromkeys(each.role.get_role_display() for each, _tie in pairs)),
        "sessions": [titles[each.role.session_id] for each, _tie in pairs if each.role.session_id in titles],
        "company_id": row.company_id, "company": row.company.name, "eligibility": row.company.eligibility,
        "company_decided": row.company.decided_at is not None, "traded": tie.facts.traded,
        "nature": disclosure_text.nature(row), "owner_or_employee": standing.owner_or_employee(tie.facts),
        "previous_id": tie.decision.pk if tie.decision else None, "relevant": tie.decision.relevant if tie.decision else None,
        "strategies": [(s.value, str(s.label)) for s in strategies], "deadline": min(deadlines, default=None),
        "reviewers": [name for person_id, name in clean.items() if person_id != item.role.person_id],
        "earlier": earlier,
    }  # fmt: skip


def _earlier(plan: Plan) -> dict[int, list[dict[str, Any]]]:
    """What the office decided elsewhere about the companies named here, newest first: at most three each."""
    if "integrity.earlier" not in plan.cache:
        companies = {t.relationship.company_id for s in standings(plan) for t in s.ties}
        rows = RelevanceDecision.objects.filter(relationship__company__in=companies).exclude(activity=plan.activity)
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in rows.select_related("relationship", "activity").order_by("-pk")[:200]:
            if len(found[row.relationship.company_id]) < 3:
                said = {"year": row.decided_at.year, "relevant": row.relevant, "activity": row.activity.title}
                found[row.relationship.company_id].append(said)
        plan.cache["integrity.earlier"] = found
    cached: dict[int, list[dict[str, Any]]] = plan.cache["integrity.earlier"]
    return cached


def _reviewers(plan: Plan) -> dict[int, str]:
    """People of the activity who may review another's content: disclosed, and without a relevant relationship."""
    tied = {s.role.person_id for s in standings(plan) if s.standing not in CLEARED or any(t.is_listed for t in s.ties)}
    return {s.role.person_id: s.role.person.name_with_degrees for s in standings(plan) if s.role.person_id not in tied}
