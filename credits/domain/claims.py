"""Claiming: one act, computed under lock, granted exactly once (decision 6; AMA-CORE-3, AMA-CALC-5)."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.domain import people
from accounts.models import Person
from activities.models import Activity
from common import audit, clock, rulesets, statements
from common.actors import Actor
from common.errors import Conflict, Invalid
from credits import eligibility
from credits.domain import certificates, facts
from credits.enums import CertificateWhy, ClaimStatus
from credits.models import Claim, ClaimLine, ClaimTotal
from integrity.domain import disclosure_text


def claim(
    *,
    person_id: int,
    activity_id: int,
    choices: Mapping[int, Decimal],
    form_key: uuid.UUID,
    disclosure_sha: str,
    by: Actor,
) -> Claim:
    """Claim credit for sessions of an activity and have the certificate made.

    `choices` maps session ids to credit in steps of 0.25. A second press of the same page (`form_key`) finds the
    first claim. Raises Conflict when nothing can be claimed (WF-7), Invalid with `s<id>` fields for a choice that
    cannot stand.
    """
    with transaction.atomic(durable=True):
        # Lock the person first: two phones, two tabs, a retry of the browser all wait here, then see the first claim.
        person = people.hold(person_id)
        made = Claim.objects.filter(form_key=form_key, person=person).first()
        if made is not None:
            return made
        activity = Activity.objects.select_related("department").get(pk=activity_id)
        facts.hold_designation(activity)
        known = facts.load(person, activity)
        found = eligibility.blockers(known)
        if found:
            raise Conflict(*[b.message for b in found])
        try:
            computed = eligibility.compute(known, choices)
        except eligibility.ChoiceError as error:
            raise Invalid(fields={f"s{key}": text for key, text in error.fields.items()}) from error
        if not computed.lines:
            raise Invalid(
                *([o.reason for o in computed.left_out] or ["Choose credit for at least one session you took part in."])
            )
        row = _write(person, activity, known, computed, form_key)
        if disclosure_sha:
            disclosure_text.record_delivery(
                activity=activity, session=None, person=person, sha=disclosure_sha, channel="claim", at=row.claimed_at
            )
        certificates.prepare(row)
        audit.record(
            "claimed",
            by=by,
            subject=row,
            new={t.code: {"credits": t.credits, "minutes": t.minutes} for t in computed.totals},
        )
        return row


def void(*, claim_id: int, reason: str, by: Actor) -> Claim:
    """Withdraw a claim: its sessions can be claimed anew, its certificate says revoked. Raises Conflict if done already."""
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})
    with transaction.atomic(durable=True):
        row = Claim.objects.select_for_update(of=("self",)).get(pk=claim_id)
        if row.status != ClaimStatus.LIVE:
            raise Conflict("This claim was withdrawn already.")
        at = clock.now()
        row.status, row.voided_at, row.voided_by, row.void_reason = ClaimStatus.VOID, at, by.label, reason
        row.save(update_fields=["status", "voided_at", "voided_by", "void_reason"])
        row.lines.filter(voided_at=None).update(voided_at=at)
        if live := certificates._live_of(row):
            certificates._revoke(live, why=CertificateWhy.WITHDRAWN, reason=reason, by=by)
        audit.record("claim_voided", by=by, subject=row, reason=reason)
        return row


def _write(
    person: Person, activity: Activity, known: eligibility.Facts, computed: eligibility.Computed, form_key: uuid.UUID
) -> Claim:
    by_code = {o.kind.code: o for o in facts.offers(person, activity)}
    by_id = {s.id: s for s in known.sessions}
    last = max(by_id[line.session_id].ends_at for line in computed.lines if line.session_id is not None)
    row = Claim.objects.create(
        person=person, activity=activity, claimed_at=known.now, participated_on=last.astimezone(ZoneInfo(activity.zone)).date(),
        rule_set=rulesets.version(), attestation=statements.body("CLAIM-ATTEST"), is_physician=person.is_physician, form_key=form_key,
    )  # fmt: skip
    ClaimTotal.objects.bulk_create(
        ClaimTotal(
            claim=row, credit_type=by_code[t.code].kind, designation=by_code[t.code].designation, minutes=t.minutes, credits=t.credits,
            designated=t.designated,
        )
        for t in computed.totals
    )  # fmt: skip
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=row, person=person, activity=activity, session_id=line.session_id, credit_type_id=line.code, minutes=line.minutes,
            credits=line.credits, facts=_evidence(by_id[line.session_id]) if line.session_id is not None else {},
        )
        for line in computed.lines
    )  # fmt: skip
    return row


def _evidence(session: eligibility.SessionFacts) -> dict[str, Any]:
    """The evidence as it stood, so that a later correction raises a finding and never edits the claim."""
    rows = [{"method": e.method, "minutes": e.minutes, "at": e.at} for e in session.evidence]
    return {"session_minutes": session.minutes, "evidence": rows}
