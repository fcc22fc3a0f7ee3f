"""Organisations that plan with the provider: known by name, their self-assessment, the office's verdict (SII-E-5, CME-JP-1)."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.enums import AssessmentQuestion, Eligibility, OrganisationKind
from accounts.models import Organisation, Provider
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed


def find_or_create_organisation(*, name: str, kind: str, by: Actor) -> Organisation:
    """The organisation of this name, whatever its capitals, or a new one; a known one keeps its kind.

    Runs in the caller's transaction; two callers with the same name get the same row.
    """
    locks.require_transaction()
    plain = " ".join(name.split())
    if plain.casefold() == Provider.current().name.casefold():
        raise Invalid(fields={"name": "This is the accredited provider itself. Name whom it plans with."})
    found = Organisation.objects.filter(name__iexact=plain).first()
    if found is not None:
        return found
    made = Organisation(name=plain, kind=OrganisationKind(kind), created_at=clock.now())
    try:
        made.full_clean()
    except ValidationError as error:
        raise Invalid(fields={"name": " ".join(error.messages)}) from error
    Organisation.objects.bulk_create([made], ignore_conflicts=True)
    found = Organisation.objects.get(name__iexact=plain)
    audit.record("organisation_added", by=by, subject=found, new={"name": found.name, "kind": found.kind})
    return found


def record_answers(*, organisation: Organisation, answers: Mapping[str, bool | None], by: Actor) -> bool:
    """Keep the answers of the self-assessment; whether any changed. The caller holds the row and asked who may write.

    What the office decided stands on the answers it read: they change only after it opens the question again.
    """
    locks.require_transaction()
    unknown = set(answers) - set(AssessmentQuestion.values)
    if unknown:
        raise ValueError(f"The self-assessment does not ask {sorted(unknown)}")
    changed = {name: value for name, value in answers.items() if getattr(organisation, name) != value}
    if not changed:
        return False
    if organisation.is_decided:
        raise Conflict(f"The CME office decided about {organisation.name} meanwhile, so its answers stand.")
    old = {name: getattr(organisation, name) for name in changed}
    for name, value in changed.items():
        setattr(organisation, name, value)
    organisation.assessed_at, organisation.assessed_by_id = clock.now(), by.person_id
    organisation.save(update_fields=[*changed, "assessed_at", "assessed_by"])
    audit.record("organisation_assessed", by=by, subject=organisation, old=old, new=changed)
    return True


def decide_eligibility(*, organisation_id: int, eligibility: str, reason: str, by: Actor) -> Organisation:
    """A person of the office decides whether an organisation may plan with us, or opens the question again (CME-JP-1).

    Raises NotAllowed for whoever answered its self-assessment: nobody clears what they wrote (law 7).
    """
    if by.person_id is None or by.kind != "user" or not by.is_office:
        raise NotAllowed("The CME office decides which organizations may plan with us.")
    if eligibility not in Eligibility.values:
        raise Invalid(fields={"eligibility": "Choose one of the answers."})
    reason = reason.strip()
    if not reason:
        raise Invalid(
            fields={"reason": "Say what the organization does, for example “hospital” or “device manufacturer”."}
        )
    with transaction.atomic(durable=True):
        row = locks.lock_row(Organisation.objects.all(), pk=organisation_id)
        if row.assessed_by_id == by.person_id:
            raise NotAllowed("You answered the questions about this organization, so a colleague decides.")
        old = {"eligibility": row.eligibility, "reason": row.eligibility_reason}
        opened = eligibility == Eligibility.UNDETERMINED
        row.eligibility, row.eligibility_reason = eligibility, reason
        row.decided_at, row.decided_by_id = (None, None) if opened else (clock.now(), by.person_id)
        row.save(update_fields=["eligibility", "eligibility_reason", "decided_at", "decided_by"])
        audit.record(
            "organisation_decided", by=by, subject=row, old=old, new={"eligibility": eligibility}, reason=reason
        )
    return row
