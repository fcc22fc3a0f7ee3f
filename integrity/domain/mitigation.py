"""The office decides what is relevant and what is done about it (SII-3.2 to 3.4). Nobody decides about themselves."""

from dataclasses import dataclass

import rules
from django.db import transaction

from accounts.models import Person
from activities.models import Activity
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.templatetags.cme import local
from integrity.domain import standing
from integrity.domain.standing import RoleStanding, Tie
from integrity.enums import Eligibility, Standing, Strategy, Traded
from integrity.models import Company, ExclusionException, MitigationAction, Relationship, RelevanceDecision
from integrity.rules import Case

PEER_REVIEWS = frozenset({Strategy.PEER_REVIEW_PLANNING, Strategy.PEER_REVIEW_CONTENT})


@dataclass(frozen=True)
class Mitigation:
    """What is done about a relevant relationship; `performed_by` names the peer reviewer."""

    strategy: str
    performed_by: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Found:
    """One relationship as it stands in each role of its holder, with the holder locked."""

    relationship: Relationship
    activity: Activity
    decider_id: int
    holders: tuple[tuple[RoleStanding, Tie], ...]
    everybody: tuple[RoleStanding, ...]

    @property
    def tie(self) -> Tie:
        return self.holders[0][1]


def decide_relevance(
    *,
    relationship_id: int,
    activity_id: int,
    relevant: bool,
    rationale: str,
    by: Actor,
    previous_id: int | None = None,
    mitigation: Mitigation | None = None,
) -> RelevanceDecision:
    """Record whether a relationship relates to what its holder teaches or plans here (SII-3.3), and its mitigation if given.

    `previous_id` is the decision that the decider saw (None: none yet); if another came between, Conflict says whose.
    Raises NotAllowed for the holder and everybody who takes part, Conflict for owners and employees (SII-3.2).
    """
    with transaction.atomic(durable=True):
        found = _find(relationship_id, activity_id, by)
        _require_decidable(found.tie)
        _require_unchanged(found, previous_id)
        if not relevant and not rationale.strip():
            raise Invalid(
                fields={
                    "rationale": "Say in a sentence why it is not related, for example “the talk is about communication”."
                }
            )
        decision = RelevanceDecision.objects.create(
            relationship=found.relationship, activity=found.activity, relevant=relevant, rationale=rationale.strip(),
            decided_by_id=found.decider_id, decided_at=clock.now(),
        )  # fmt: skip
        audit.record(
            "relevance_decided",
            by=by,
            subject=decision,
            new={"relationship": relationship_id, "relevant": relevant},
            reason=rationale.strip(),
        )
        if relevant and mitigation is not None:
            _mitigate(found, mitigation, by)
    return decision


def record_mitigation(
    *, relationship_id: int, activity_id: int, strategy: str, performed_by: str, note: str, by: Actor
) -> MitigationAction:
    """Record what was done about a relevant relationship, before its holder's role begins (SII-3.4).

    Raises Invalid when the strategy does not suit the role, Conflict when it comes too late or is on record.
    """
    with transaction.atomic(durable=True):
        found = _find(relationship_id, activity_id, by)
        if found.tie.decision is None or not found.tie.decision.relevant:
            raise Conflict("Decide first that this relationship is related to the content. Only those are mitigated.")
        action = _mitigate(found, Mitigation(strategy, performed_by, note), by)
    return action


def approve_exception(
    *, relationship_id: int, activity_id: int, exception: str, justification: str, by: Actor
) -> ExclusionException:
    """Let an owner or employee take part under SII-3.2 a, b or c. Raises Conflict where nothing is excluded."""
    with transaction.atomic(durable=True):
        found = _find(relationship_id, activity_id, by)
        if found.tie.verdict != Standing.EXCLUDED:
            raise Conflict("This relationship excludes nobody, so there is nothing to except.")
        fields = {}
        if exception not in {"a", "b", "c"}:
            fields["exception"] = "Choose which of the three exceptions applies."
        if not justification.strip():
            fields["justification"] = "Say why it applies; accreditors ask for it."
        if fields:
            raise Invalid(fields=fields)
        row = ExclusionException.objects.create(
            relationship=found.relationship, activity=found.activity, exception=exception, justification=justification.strip(),
            approved_by_id=found.decider_id, approved_at=clock.now(),
        )  # fmt: skip
        audit.record(
            "exclusion_excepted",
            by=by,
            subject=row,
            new={"relationship": relationship_id, "exception": exception},
            reason=justification.strip(),
        )
    return row


def set_company(*, company_id: int, eligibility: str, traded: str, reason: str, by: Actor) -> Company:
    """Decide whether a company is ineligible (SII-E-1) and privately held (SII-3.2a); whoever has ties to it may not."""
    with transaction.atomic(durable=True):
        if by.person_id is None or by.kind != "user" or not by.is_office:
            raise NotAllowed("The CME office decides about companies.")
        company = locks.lock_row(Company.objects.all(), pk=company_id)
        if Relationship.objects.filter(company=company, disclosure__person_id=by.person_id).exists():
            raise NotAllowed("You disclosed a relationship with this company, so a colleague decides about it.")
        if eligibility not in Eligibility.values or traded not in Traded.values:
            raise Invalid(fields={"eligibility": "Choose one of the answers."})
        if eligibility != Eligibility.UNDETERMINED and not reason.strip():
            raise Invalid(
                fields={"reason": "Say what the company does, for example “device manufacturer” or “hospital”."}
            )
        old = {"eligibility": company.eligibility, "traded": company.traded}
        company.eligibility, company.traded, company.reason = eligibility, traded, reason.strip()[:250]
        company.decided_by_id, company.decided_at = by.person_id, clock.now()
        company.save(update_fields=["eligibility", "traded", "reason", "decided_by", "decided_at"])
        audit.record(
            "company_decided",
            by=by,
            subject=company,
            old=old,
            new={"eligibility": eligibility, "traded": traded},
            reason=company.reason,
        )
    return company


# --- shared steps ----------------------------------------------------------------------------------


def _find(relationship_id: int, activity_id: int, by: Actor) -> _Found:
    """The relationship in every role its holder has here. Locks the holder, as a new disclosure of theirs does."""
    locks.require_transaction()
    relationship = (
        Relationship.objects.select_related("disclosure__person", "company").filter(pk=relationship_id).first()
    )
    activity = Activity.objects.filter(pk=activity_id).first()
    if relationship is None or activity is None:
        raise Conflict("This relationship is not on record. Go back to the activity and choose it there.")
    person = relationship.disclosure.person
    if (
        by.person_id is None
        or by.kind != "user"
        or not rules.has_perm("integrity.decide", by, Case(person.pk, activity))
    ):
        raise NotAllowed(
            "Nobody decides about their own relationships or in an activity they take part in. A colleague in the CME office can (SII-3.3)."
        )
    locks.lock_row(Person.objects.all(), pk=person.pk)
    everybody = tuple(standing.for_activity(activity))
    same = standing.key(relationship)
    holders = tuple((item, tie) for item in everybody for tie in item.ties if standing.key(tie.relationship) == same)
    if not holders:
        raise Conflict(
            f"{person.display_name} sent another disclosure, or left this activity. Reload the page to see what stands."
        )
    return _Found(relationship, activity, by.person_id, holders, everybody)


def _require_decidable(tie: Tie) -> None:
    name = tie.relationship.company.name
    if tie.verdict == Standing.EXCLUDED:
        raise Conflict(
            f"An owner or employee of {name} is excluded (SII-3.2). Approve one of the three exceptions, or name somebody else."
        )
    barred = standing.owner_or_employee(tie.facts)
    if barred is None:
        raise Conflict(
            f"Say first whether {name} is privately held: stock in a private company makes its holder an owner (SII-3.2a)."
        )
    if barred and tie.facts.eligibility == Eligibility.UNDETERMINED:
        raise Conflict(
            f"Say first whether {name} is an ineligible company (SII-E-1): its owners and employees would be excluded."
        )


def _require_unchanged(found: _Found, previous_id: int | None) -> None:
    last = found.tie.decision
    if last is not None and last.pk != previous_id:
        word = "related" if last.relevant else "not related"
        when = local(last.decided_at, found.activity.zone)
        raise Conflict(f"{last.decided_by.display_name} decided this on {when}: {word}. Reload the page to change it.")


def _mitigate(found: _Found, given: Mitigation, by: Actor) -> MitigationAction:
    locks.require_transaction()
    suited = [(item, tie) for item, tie in found.holders if given.strategy in item.strategies]
    if not suited:
        raise Invalid(
            fields={
                "strategy": f"Choose a strategy that suits the role: {found.holders[0][0].role.get_role_display().lower()} (SII-3.4)."
            }
        )
    at = clock.now()
    deadlines = [item.deadline for item, _tie in suited]
    if all(limit is not None and at > limit for limit in deadlines):
        limit = local(max(d for d in deadlines if d is not None), found.activity.zone)
        raise Conflict(f"Too late: the role began on {limit}, and mitigation comes before that (SII-3.4).")
    if all(any(m.strategy == given.strategy for m in tie.mitigations) for _item, tie in suited):
        raise Conflict("This is on record already. Reload the page to see it.")
    _require_reviewer(found, given)
    if given.strategy == Strategy.OTHER and not given.note.strip():
        raise Invalid(fields={"note": "Describe what is done."})
    action = MitigationAction.objects.create(
        relationship=found.relationship, activity=found.activity, strategy=given.strategy, performed_by=given.performed_by.strip(),
        note=given.note.strip(), implemented_at=at, recorded_by_id=found.decider_id,
    )  # fmt: skip
    audit.record(
        "mitigation_recorded",
        by=by,
        subject=action,
        new={"relationship": found.relationship.pk, "strategy": given.strategy},
        reason=given.note.strip(),
    )
    return action


def _require_reviewer(found: _Found, given: Mitigation) -> None:
    """SII-3.4: peer review is by somebody without relevant relationships, never by the holder."""
    if given.strategy not in PEER_REVIEWS:
        return
    name = given.performed_by.strip()
    if not name:
        raise Invalid(fields={"performed_by": "Name the reviewer, somebody without relevant relationships."})
    tied = {found.relationship.disclosure.person_id} | {
        item.role.person_id for item in found.everybody if any(t.is_listed for t in item.ties)
    }
    people = [item.role.person for item in found.everybody if item.role.person_id in tied]
    if name.casefold() in {
        n.casefold() for person in people for n in (person.full_name, person.name_with_degrees, person.display_name)
    }:
        raise Invalid(
            fields={"performed_by": f"{name} has a relationship here. Name a reviewer without one (SII-3.4)."}
        )
