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
from credits.domain import achievements, certificates, claims, facts, holding, reports, support
from credits.domain.facts import Known, Offer
from credits.entitlement import CreditFacts, Evidence, SessionFacts, SessionVerdict, WorkVerdict
from credits.enums import CertificateStatus, CertificateWhy, ClaimStatus, Scope
from credits.models import Certificate, Claim, ClaimLine, ClaimReview, ClaimTotal

SAME = "This is what is claimed already."


GONE = "It is no longer on record"


@dataclass(frozen=True)
class Now:
    """A claim as it could be: each session and piece of work with what the record supports, and what is claimed of it.

    What is claimed and no longer supported is among them, so that nothing leaves a claim unseen; `gone` names by their
    fields what is not even in the activity any more.
    """

    claim: Claim
    lead: CreditFacts | None
    sessions: tuple[SessionVerdict, ...]
    works: tuple[WorkVerdict, ...]
    claimed: Mapping[str, Decimal]
    gone: Mapping[str, str]


def as_it_is(claim: Claim) -> Now:
    """What the office may change of a live claim. Raises Conflict for one that it can only withdraw."""
    known = _without(claim, _offers(claim), _kept(claim))
    claimed = _claimed(claim, known)
    sessions = [eligibility.verdict(known.facts, s) for s in known.facts.sessions]
    works = [eligibility.work_verdict(known.facts, w) for w in known.facts.works]
    return Now(
        claim, known.facts.lead,
        tuple(v for v in sessions if v.is_claimable or f"s{v.session.id}" in claimed),
        tuple(v for v in works if v.is_claimable or f"w{v.work.id}" in claimed),
        claimed, {name: title for name, title in _titles(claim, known).items() if name not in _names(known)},
    )  # fmt: skip


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

    What the office let stand although the record supports less of it (support.keep) supports itself, and is still let
    stand. Raises Conflict for a claim that was withdrawn or that points of another claim follow (MOC-5), Invalid with
    `s<id>` and `w<id>` for what the record does not support.
    """
    claims._need(by, reason)
    with transaction.atomic(durable=True):
        old = holding.hold(claim_id)
        if old.status != ClaimStatus.LIVE:
            raise Conflict("This claim was withdrawn already.")
        offers = _offers(old)
        certificate = certificates._live_of(old)
        before, kept = _sums(old), _kept(old)
        claims._end(old, reason=f"Adjusted: {reason.strip()}", by=by, at=clock.now())
        known = _gather(old, offers, kept)
        chosen = {f"s{key}" for key, value in choices.items() if value}
        chosen |= {f"w{key}" for key, value in (works or {}).items() if value}
        if unknown := chosen - _names(known):
            raise Invalid(fields=dict.fromkeys(sorted(unknown), f"{GONE}."))
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
        _keep_on(new, kept)
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


# --- what the office let stand -------------------------------------------------------------------------


def _kept(claim: Claim) -> dict[int, list[ClaimReview]]:
    """Sessions of a live claim that stand by decision of the office, while the record supports what it did then."""
    weak = support.of_claim(claim)
    reviews = {(r.line_id, r.supported): r for r in ClaimReview.objects.filter(line__in=[w.line.pk for w in weak]).select_related("line")}  # fmt: skip
    found: dict[int, list[ClaimReview]] = {}
    for w in weak:
        if review := reviews.get((w.line.pk, w.supported)):
            found.setdefault(w.line.session_id or 0, []).append(review)
    # Each credit type of a session is decided about by itself; one that is not decided yet is not kept by the others.
    asked = {w.line.session_id or 0 for w in weak if (w.line.pk, w.supported) not in reviews}
    return {key: rows for key, rows in found.items() if key not in asked}


def _with_kept(known: Known, kept: Mapping[int, Sequence[ClaimReview]]) -> Known:
    """The decision of the office counts as a way of knowing: for no more than was claimed."""

    def also(session: SessionFacts) -> SessionFacts:
        rows = [Evidence("kept", r.line.minutes, r.kept_at, r.kept_by) for r in kept.get(session.id, ())]
        return replace(session, evidence=(*session.evidence, *rows)) if rows else session

    return replace(known, facts=replace(known.facts, sessions=tuple(also(s) for s in known.facts.sessions)))


def _keep_on(new: Claim, kept: Mapping[int, Sequence[ClaimReview]]) -> None:
    """The decisions hold for the claim that takes the place, so that nobody is asked again."""
    if not kept:
        return
    before = {(r.line.session_id, r.line.credit_type_id, r.supported): r for rows in kept.values() for r in rows}
    for weak in support.of_claim(new):
        if row := before.get((weak.line.session_id, weak.line.credit_type_id, weak.supported)):
            ClaimReview.objects.create(
                line=weak.line, supported=weak.supported, reason=row.reason, kept_at=row.kept_at, kept_by=row.kept_by
            )


# --- reading -------------------------------------------------------------------------------------------


def _offers(claim: Claim) -> list[Offer]:
    """The types and designations the claim was made under, in their order."""
    totals = claim.totals.select_related("credit_type", "designation__credit_type").order_by("credit_type__position")
    found = [Offer(t.credit_type, t.designation) for t in totals if t.designation is not None]
    if not found:
        raise Conflict("This claim names no designation, so nothing of it can be computed. Withdraw it instead.")
    return found


def _gather(claim: Claim, offers: Sequence[Offer], kept: Mapping[int, Sequence[ClaimReview]]) -> Known:
    """The facts of today as of the moment of the claim: what could be claimed then can be put right now."""
    known = facts.gather(claim.person, claim.activity, given=offers)
    then = replace(
        known.facts, now=claim.claimed_at, activity_status=ActivityStatus.PUBLISHED, evaluation_done=True, expires_at=None
    )  # fmt: skip
    return _with_kept(replace(known, facts=then), kept)


def _without(claim: Claim, offers: Sequence[Offer], kept: Mapping[int, Sequence[ClaimReview]]) -> Known:
    """The same as if this claim were not there; for reading, where it still is."""
    known = _gather(claim, offers, kept)
    mine = list(claim.lines.filter(voided_at=None))
    taken: dict[int | None, set[str]] = {}
    for line in mine:
        taken.setdefault(line.session_id, set()).add(line.family)
    own = {(line.session_id, line.credit_type_id) for line in mine}
    units = {_work_id(line, known): line.family for line in mine}
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
    works = {f"w{w.id}": eligibility.work_verdict(known.facts, w).measure for w in known.facts.works}
    found: dict[str, Decimal] = {}
    # The leading type says how much; where it has no line, the type that has one does.
    for line in sorted(
        claim.lines.filter(voided_at=None), key=lambda x: lead is not None and x.credit_type_id == lead.code
    ):
        name = _name(line, known)
        measure = works.get(name, "whole") if name.startswith("w") else lead.measure if lead else "whole"
        if lead is None or measure == "whole":
            found[name] = Decimal(1)
        else:
            found[name] = Decimal(line.minutes) if measure == "minutes" else lead.round(line.minutes)
    return found


def _titles(claim: Claim, known: Known) -> dict[str, str]:
    """What each field of the claim is called."""
    lines = claim.lines.filter(voided_at=None).select_related("session", "achievement", "presentation__session")
    found = {}
    for line in lines:
        if line.achievement is not None:
            found[_name(line, known)] = achievements.title_of(line.achievement, claim.activity)
        else:
            session = line.presentation.session if line.presentation is not None else line.session
            found[_name(line, known)] = session.title if session is not None else ""
    return found


def _names(known: Known) -> set[str]:
    return {f"s{s.id}" for s in known.facts.sessions} | {f"w{w.id}" for w in known.facts.works}


def _name(line: ClaimLine, known: Known) -> str:
    """The field of a line: `s<id>` of a session, `w<id>` of a piece of work."""
    if line.presentation_id is None and line.session_id:
        return f"s{line.session_id}"
    return f"w{_work_id(line, known)}"


def _work_id(line: ClaimLine, known: Known) -> int:
    """The piece of work behind a line as it is on record now: of several tries at an assessment, the best."""
    now = {
        achievements.unit_of(known.achievements[w.id]): w.id for w in known.facts.works if w.id in known.achievements
    }
    return now.get(line.unit) or line.achievement_id or -(line.presentation_id or 0)


def _sums(claim: Claim) -> dict[str, tuple[Decimal, int]]:
    return {t.credit_type_id: (t.credits, t.minutes) for t in claim.totals.all()}
