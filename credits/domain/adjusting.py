"""The office changes what was claimed: fewer or more within what the record supports; and takes a withdrawal back.

A claim is never rewritten. An adjustment ends it and puts another in its place, computed as the learner's was, from the
record of today and the designations it was made under; the certificate is superseded. Locks: the person, the claim, its
certificate, as everybody who writes claims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from activities.enums import ActivityStatus
from common import audit, clock
from common.actors import Actor
from common.errors import Conflict, Invalid
from credits import eligibility
from credits.domain import certificates, claims, facts, holding, reports
from credits.domain.facts import Known, Offer
from credits.entitlement import CreditFacts, SessionVerdict, WorkVerdict
from credits.enums import CertificateStatus, CertificateWhy, ClaimStatus, Scope
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal

SAME = "This is what is claimed already."


@dataclass(frozen=True)
class Now:
    """A claim as it could be: each session and piece of work with what the record supports, and what is claimed of it."""

    claim: Claim
    lead: CreditFacts | None
    sessions: tuple[SessionVerdict, ...]
    works: tuple[WorkVerdict, ...]
    claimed: Mapping[str, Decimal]


def as_it_is(claim: Claim) -> Now:
    """What the office may change of a live claim. Raises Conflict for one that it can only withdraw."""
    known = _without(claim, _offers(claim))
    sessions = [v for v in (eligibility.verdict(known.facts, s) for s in known.facts.sessions) if v.is_claimable]
    works = [v for v in (eligibility.work_verdict(known.facts, w) for w in known.facts.works) if v.is_claimable]
    return Now(claim, known.facts.lead, tuple(sessions), tuple(works), _claimed(claim, known))


def adjust(
    *,
    claim_id: int,
    choices: Mapping[int, Decimal],
    works: Mapping[int, Decimal] | None = None,
    reason: str,
    note: str = "",
    by: Actor,
) -> Claim:
    """Put a claim with other amounts in the place of this one; its certificate is superseded and the learner is told.

    Raises Conflict for a claim that was withdrawn or that points of another claim follow (MOC-5), Invalid with `s<id>` and
    `w<id>` for what the record does not support.
    """
    claims._need(by, reason)
    with transaction.atomic(durable=True):
        old = holding.hold(claim_id)
        if old.status != ClaimStatus.LIVE:
            raise Conflict("This claim was withdrawn already.")
        offers = _offers(old)
        certificate = certificates._live_of(old)
        before = _sums(old)
        claims._end(old, reason=f"Adjusted: {reason.strip()}", by=by, at=clock.now())
        known = _gather(old, offers)
        try:
            computed = eligibility.compute(known.facts, choices, works)
        except eligibility.ChoiceError as error:
            fields = {f"s{key}": text for key, text in error.fields.items()}
            raise Invalid(fields=fields | {f"w{key}": text for key, text in error.works.items()}) from error
        if not computed.lines:
            raise Invalid("Nothing would be left of it. Withdraw the claim instead.")
        after = {t.code: (t.credits, t.minutes) for t in computed.totals}
        if after == before:
            raise Invalid(SAME)
        new = claims._write(
            old.person, old.activity, known, computed, None, adjusts=old, attestation=old.attestation, is_physician=old.is_physician,
        )  # fmt: skip
        claims.require_followed(old)
        if certificate is not None:
            certificates._supersede(certificate, why=CertificateWhy.CREDIT, reason=reason, note=note, by=by, claim=new)
        else:
            certificates.prepare(new)
        audit.record(
            "claim_adjusted", by=by, subject=new, reason=reason.strip(),
            old={code: {"credits": c, "minutes": m} for code, (c, m) in before.items()},
            new={code: {"credits": c, "minutes": m} for code, (c, m) in after.items()},
        )  # fmt: skip
        return new


def restore(*, claim_id: int, reason: str, note: str = "", by: Actor) -> Claim:
    """Take a withdrawal back: the claim and its certificate stand again. Raises Conflict where something took its place."""
    claims._need(by, reason)
    with transaction.atomic(durable=True):
        row = holding.hold(claim_id)
        if row.status != ClaimStatus.VOID:
            raise Conflict("This claim was not withdrawn.")
        if Claim.objects.filter(adjusts=row).exists():
            raise Conflict("A corrected claim took its place. Change that one.")
        lines = list(row.lines.filter(voided_at=row.voided_at))
        _require_room(row, lines)
        row.status, row.voided_at, row.voided_by, row.void_reason = ClaimStatus.LIVE, None, "", ""
        row.save(update_fields=["status", "voided_at", "voided_by", "void_reason"])
        row.lines.filter(pk__in=[line.pk for line in lines]).update(voided_at=None)
        claims.require_followed(row)
        _certificate_again(row, reason=reason, note=note, by=by)
        reports.changed(row, by=by, at=clock.now())
        audit.record("claim_restored", by=by, subject=row, reason=reason.strip())
        return row


def _require_room(row: Claim, lines: Sequence[ClaimLine]) -> None:
    """Nothing of it was claimed anew, the clock has room for it, and the designation is not exceeded."""
    claims._require_day(
        row.person, row.activity, [t.credit_type for t in row.totals.select_related("credit_type")], row.participated_on
    )
    wanted = {(line.session_id, line.unit, line.family) for line in lines}
    live = ClaimLine.objects.filter(person=row.person, activity=row.activity, voided_at=None)
    if wanted & set(live.values_list("session", "unit", "family")):
        raise Conflict("Some of it was claimed again since. Withdraw that claim first, or leave this one withdrawn.")
    known = facts.gather(row.person, row.activity, given=_offers(row))
    minutes = {line.session_id: line.minutes for line in lines if line.session_id}
    if found := eligibility.clashes(known.facts, minutes):
        raise Conflict(*found)
    held = dict(
        ClaimTotal.objects.filter(claim__person=row.person, claim__activity=row.activity, claim__status=ClaimStatus.LIVE)
        .values_list("credit_type").annotate(Sum("credits")).order_by()
    )  # fmt: skip
    for total in row.totals.select_related("credit_type", "designation"):
        of_activity = total.designation is not None and total.designation.scope == Scope.ACTIVITY
        if of_activity and total.credits + held.get(total.credit_type_id, Decimal(0)) > total.designated:
            raise Conflict(f"Together with what was claimed since it would be more than the {total.designated} designated.")  # fmt: skip


def _certificate_again(row: Claim, *, reason: str, note: str, by: Actor) -> None:
    """Its certificate as it was. One e-mail: about a certificate that is valid again, else about the claim, without waiting."""
    last = Certificate.objects.select_for_update(of=("self",)).filter(claim=row).order_by("-number").first()
    if last is not None and last.status == CertificateStatus.REVOKED and last.end_why == CertificateWhy.WITHDRAWN:
        last.claim = row
        certificates._restore(last, reason=reason, note=note, by=by, tell=bool(last.sha256))
        if last.sha256:
            return
    elif last is None:
        certificates.prepare(row, on_request=True)
    claims._tell(row, heading="Your claim counts again", note=note)


# --- reading -------------------------------------------------------------------------------------------


def _offers(claim: Claim) -> list[Offer]:
    """The types and designations the claim was made under, in their order."""
    totals = claim.totals.select_related("credit_type", "designation__credit_type").order_by("credit_type__position")
    found = [Offer(t.credit_type, t.designation) for t in totals if t.designation is not None]
    if not found:
        raise Conflict("This claim names no designation, so nothing of it can be computed. Withdraw it instead.")
    return found


def _gather(claim: Claim, offers: Sequence[Offer]) -> Known:
    """The facts of today as of the moment of the claim: what could be claimed then can be put right now."""
    known = facts.gather(claim.person, claim.activity, given=offers)
    then = replace(
        known.facts, now=claim.claimed_at, activity_status=ActivityStatus.PUBLISHED, evaluation_done=True, expires_at=None
    )  # fmt: skip
    return replace(known, facts=then)


def _without(claim: Claim, offers: Sequence[Offer]) -> Known:
    """The same as if this claim were not there; for reading, where it still is."""
    known = _gather(claim, offers)
    mine = list(claim.lines.filter(voided_at=None))
    taken: dict[int | None, set[str]] = {}
    for line in mine:
        taken.setdefault(line.session_id, set()).add(line.family)
    own = {(line.session_id, line.credit_type_id) for line in mine}
    units = {line.achievement_id or -(line.presentation_id or 0): line.family for line in mine}
    totals = {t.credit_type_id: t.credits for t in claim.totals.all()}
    spent = {t.credit_type_id: t.minutes for t in claim.totals.all()}
    return replace(
        known,
        facts=replace(
            known.facts,
            sessions=tuple(
                replace(
                    s,
                    claimed=s.claimed - taken.get(s.id, set()),
                    held={code: m for code, m in s.held.items() if (s.id, code) not in own},
                )
                for s in known.facts.sessions
            ),
            works=tuple(
                replace(
                    w,
                    claimed=w.claimed - {units.get(w.id, "")},
                    session=w.session
                    and replace(w.session, claimed=w.session.claimed - taken.get(w.session.id, set())),
                )
                for w in known.facts.works
            ),
            credits=tuple(
                replace(
                    c,
                    already=c.already - totals.get(c.code, Decimal(0)),
                    already_minutes=c.already_minutes - spent.get(c.code, 0),
                )
                for c in known.facts.credits
            ),
            busy=tuple(b for b in known.facts.busy if b.session_id not in taken),
        ),
    )


def _claimed(claim: Claim, known: Known) -> dict[str, Decimal]:
    """Of each session and piece of work what is claimed now, in the measure of the leading type."""
    lead = known.facts.lead
    found: dict[str, Decimal] = {}
    for line in claim.lines.filter(voided_at=None):
        name = f"s{line.session_id}" if line.presentation_id is None and line.session_id else f"w{line.achievement_id or -(line.presentation_id or 0)}"  # fmt: skip
        if lead is None or lead.measure == "whole" or name.startswith("w"):
            found[name] = Decimal(1)
        elif line.credit_type_id == lead.code:
            found[name] = Decimal(line.minutes) if lead.measure == "minutes" else lead.round(line.minutes)
    return found


def _sums(claim: Claim) -> dict[str, tuple[Decimal, int]]:
    return {t.credit_type_id: (t.credits, t.minutes) for t in claim.totals.all()}
