"""Claiming: one act, computed under lock, granted exactly once (decision 6; AMA-CORE-3, AMA-CALC-5)."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.domain import learner_fields, people
from accounts.enums import BOARDS, NumberKind
from accounts.models import Person
from activities.models import Activity
from common import audit, clock, mail, rulesets, statements
from common.actors import Actor, require_office
from common.errors import Conflict, Invalid
from credits import eligibility
from credits.documents import certificate as document
from credits.documents import statements as wording
from credits.documents.dates import long_date
from credits.domain import achievements, certificates, facts, reports
from credits.domain.holding import hold
from credits.enums import CertificateWhy, ClaimStatus
from credits.models import Claim, ClaimLine, ClaimTotal, CreditType
from integrity.domain import disclosure_text

NOTHING = "Choose credit for at least one session you took part in."


def claim(
    *,
    person_id: int,
    activity_id: int,
    choices: Mapping[int, Decimal],
    form_key: uuid.UUID,
    disclosure_sha: str,
    works: Mapping[int, Decimal] | None = None,
    codes: Collection[str] | None = None,
    by: Actor,
) -> Claim:
    """Claim credit for sessions or work of an activity, in every credit type chosen, and have the certificate made.

    `choices` maps session ids to what was chosen in the measure of the leading type: credit in its steps, minutes, or 1 for
    all of it; `works` does so for pieces of work. `codes` are the credit types; without them all that the person need not
    ask for. A second press of the same page (`form_key`) finds the first claim. Raises Conflict when nothing can be claimed
    (WF-7), Invalid with `s<id>` and `w<id>` fields for a choice that cannot stand.
    """
    with transaction.atomic(durable=True):
        # Lock the person first: two phones, two tabs, a retry of the browser all wait here, then see the first claim.
        person = people.hold(person_id)
        made = Claim.objects.filter(form_key=form_key, person=person).first()
        if made is not None:
            return made
        activity = Activity.objects.select_related("department").get(pk=activity_id)
        facts.hold_designation(activity)
        known = facts.gather(person, activity, codes)
        found = eligibility.blockers(known.facts)
        if found:
            raise Conflict(*[b.message for b in found])
        try:
            computed = eligibility.compute(known.facts, choices, works)
        except eligibility.ChoiceError as error:
            fields = {f"s{key}": text for key, text in error.fields.items()}
            raise Invalid(fields=fields | {f"w{key}": text for key, text in error.works.items()}) from error
        if not computed.lines:
            raise Invalid(*([o.reason for o in computed.left_out] or [NOTHING]))
        kinds = [known.offer(t.code).kind for t in computed.totals]
        require_answers(person, kinds)
        _require_day(person, activity, kinds, _participated_on(activity, known, computed))
        row = _write(person, activity, known, computed, form_key)
        if disclosure_sha:
            disclosure_text.record_delivery(
                activity=activity, session=None, person=person, sha=disclosure_sha, channel="claim", at=row.claimed_at
            )
        certificates.prepare(row)
        new = {t.code: {"credits": t.credits, "minutes": t.minutes} for t in computed.totals}
        audit.record("claimed", by=by, subject=row, new=new)
        return row


def require_answers(person: Person, kinds: Iterable[CreditType]) -> None:
    """What the types ask of the learner is answered, and boards may be told (IP-2, MOC-2). Raises Conflict naming what is not."""
    asked = [key for kind in kinds for key in kind.learner_fields]
    learner_fields.require(person, asked)
    silent = boards_to_ask(person, asked)
    if silent:
        named = ", ".join(str(NumberKind(key).label).removesuffix(" ID") for key in silent)
        raise Conflict(f"{named} can be told only if you allow it. Tick the permission beside your number.")


def boards_to_ask(person: Person, keys: Iterable[str]) -> list[str]:
    """Boards that a type reports to and the person has not allowed to be told (MOC-2). One query, none without boards."""
    boards = [key for key in dict.fromkeys(keys) if key in BOARDS]
    if not boards:
        return []
    told = person.numbers.filter(removed_at=None, kind__in=boards, report_ok_at__isnull=False)
    allowed = set(told.values_list("kind", flat=True))
    return [key for key in boards if key not in allowed]


def void(*, claim_id: int, reason: str, note: str = "", by: Actor) -> Claim:
    """Withdraw a claim: its sessions can be claimed anew, its certificate says revoked.

    Raises Conflict if done already, or while points that another claim has by this one stand (MOC-5).
    The learner reads one e-mail: about the revoked certificate, or about the claim where nobody ever had a certificate of
    it. `note` is a sentence to them.
    """
    _need(by, reason)
    with transaction.atomic(durable=True):
        row = hold(claim_id)
        if row.status != ClaimStatus.LIVE:
            raise Conflict("This claim was withdrawn already.")
        _end(row, reason=reason, by=by, at=clock.now())
        require_followed(row)
        live = certificates._live_of(row)
        if live:
            certificates._revoke(live, why=CertificateWhy.WITHDRAWN, reason=reason, by=by, note=note)
        if live is None or not live.sha256:
            _tell(row, heading="Your claim was withdrawn", note=note, gone=True)
        audit.record("claim_voided", by=by, subject=row, reason=reason)
        return row


def _tell(row: Claim, *, heading: str, note: str, gone: bool = False) -> None:
    """News of a claim itself, where no e-mail about its certificate carries it."""
    address = certificates.address_of(row)
    if not address:
        return
    totals = row.totals.select_related("credit_type", "designation__credit_type").order_by("credit_type__position")
    mail.send(
        "claim_news", to=address, to_name=row.person.full_name, subject=f"{heading}: {row.activity.title}",
        context={
            "heading": heading, "note": note.strip(), "gone": gone, "credit_runs": document.joined([document.credit_runs(t) for t in totals]),
            "facts": [("Activity", row.activity.title), ("When", long_date(row.participated_on))],
            "button_url": settings.PORTAL_BASE_URL + reverse("credits:transcript"), "button_label": "Open my transcript",
        },
    )  # fmt: skip


def _need(by: Actor, reason: str) -> None:
    require_office(by, "The CME office changes claims.")
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why; it stands in the record."})


def _end(row: Claim, *, reason: str, by: Actor, at: dt.datetime) -> None:
    row.status, row.voided_at, row.voided_by, row.void_reason = ClaimStatus.VOID, at, by.label, reason.strip()
    row.save(update_fields=["status", "voided_at", "voided_by", "void_reason"])
    row.lines.filter(voided_at=None).update(voided_at=at)
    reports.changed(row, by=by, at=at)


def require_followed(row: Claim) -> None:
    """MOC-5: of what follows another type no more stands than is claimed of that type in the same session.

    After `row` was ended, replaced or put back. What follows is another claim, which is never edited for this one: a person
    changes it first. Two queries. Raises Conflict naming what stands in the way.
    """
    lines = ClaimLine.objects.filter(
        person=row.person, voided_at=None, session__in=row.lines.order_by().values("session")
    )
    held = {(x.session_id, x.credit_type_id): x.minutes for x in lines}
    codes = Q(claim=row) | Q(credit_type__follows__in=row.totals.order_by().values("credit_type"))
    following = lines.filter(codes).exclude(credit_type__follows="").select_related("claim", "session", "activity", "credit_type")  # fmt: skip
    found: dict[tuple[int, str], str] = {}
    for x in following.order_by("claim__claimed_at", "pk"):
        if x.minutes > held.get((x.session_id, x.credit_type.follows), 0):
            at = x.claim.claimed_at.astimezone(ZoneInfo(x.activity.zone))
            do = "Put that credit right first." if x.claim_id == row.pk else f"Withdraw or lower the claim of {at:%b %-d, %Y, %-I:%M %p} first."  # fmt: skip
            text = f"{x.credit_type.name} of “{x.session}” would be more than the credit that they follow (MOC-5). {do}"
            found.setdefault((x.claim_id, x.credit_type_id), text)
    if found:
        raise Conflict(*found.values())


def _write(
    person: Person, activity: Activity, known: facts.Known, computed: eligibility.Computed, form_key: uuid.UUID | None, **values: Any
) -> Claim:  # fmt: skip
    sessions = {s.id: s for s in known.facts.sessions}
    works = {w.id: w for w in known.facts.works}
    said = {
        "attestation": statements.body("CLAIM-ATTEST"),
        "is_physician": person.is_physician,
        "rule_set": rulesets.version(),
    }
    row = Claim.objects.create(
        person=person, activity=activity, claimed_at=known.facts.now, participated_on=_participated_on(activity, known, computed),
        form_key=form_key, **{**said, **values},
    )  # fmt: skip
    totals = ClaimTotal.objects.bulk_create([_total(row, person, known.offer(t.code), t) for t in computed.totals])
    ClaimLine.objects.bulk_create(
        ClaimLine(
            claim=row, person=person, activity=activity, session_id=line.session_id, credit_type_id=line.code,
            family=known.offer(line.code).kind.kin, minutes=line.minutes, credits=line.credits, **_work(line, known),
            facts=_supported(line, sessions, works),
        )
        for line in computed.lines
    )  # fmt: skip
    reports.made(row, totals, known.evaluated_at)
    return row


def _participated_on(activity: Activity, known: facts.Known, computed: eligibility.Computed) -> dt.date:
    """The last day of what is claimed, in the activity's zone."""
    sessions = {s.id: s for s in known.facts.sessions}
    works = {w.id: w for w in known.facts.works}
    last = max(_done_at(line, sessions, works) for line in computed.lines)
    return last.astimezone(ZoneInfo(activity.zone)).date()


def _require_day(person: Person, activity: Activity, kinds: Iterable[CreditType], day: dt.date) -> None:
    """MOC-7: some boards take one completion a day in an activity. One query where such a type is claimed, else none."""
    once = [kind.pk for kind in kinds if kind.once_a_day]
    if not once:
        return
    held = ClaimTotal.objects.filter(
        claim__person=person, claim__activity=activity, claim__status=ClaimStatus.LIVE, claim__participated_on=day, credit_type__in=once,
    ).select_related("credit_type")  # fmt: skip
    if named := ", ".join(sorted({t.credit_type.name for t in held})):
        raise Conflict(f"{named}: the board takes one completion a day, and you claimed for this day already. Claim the rest without them, or ask the office to add it to that claim.")  # fmt: skip


def _total(row: Claim, person: Person, offer: facts.Offer, total: eligibility.Total) -> ClaimTotal:
    """One credit type of a claim, with what is printed beside its amount (ACPE-1: the UAN and CEUs)."""
    found = {}
    if offer.kind.second_factor:
        found[offer.kind.second_unit] = wording.in_second_unit(offer.kind, total.credits)
    if "uan" in offer.designation.details:
        found["uan"] = facts.uan(offer.designation, person)
    return ClaimTotal(
        claim=row, credit_type=offer.kind, designation=offer.designation, minutes=total.minutes, credits=total.credits,
        designated=total.designated, details=found,
    )  # fmt: skip


def _work(line: eligibility.Line, known: facts.Known) -> dict[str, Any]:
    """The columns of a line that is a piece of work, or a session taught."""
    if line.work_id is None:
        return {}
    if line.work_id in known.presentations:
        return {"presentation": known.presentations[line.work_id]}
    achievement = known.achievements[line.work_id]
    return {"achievement": achievement, "unit": achievements.unit_of(achievement)}


def _done_at(
    line: eligibility.Line, sessions: Mapping[int, eligibility.SessionFacts], works: Mapping[int, eligibility.WorkFacts]
) -> dt.datetime:
    return (
        works[line.work_id].at if line.session_id is None and line.work_id else sessions[line.session_id or 0].ends_at
    )


def _supported(
    line: eligibility.Line, sessions: Mapping[int, eligibility.SessionFacts], works: Mapping[int, eligibility.WorkFacts]
) -> dict[str, Any]:
    """What supported the line as it stood, so that a later correction raises a finding and never edits the claim."""
    if line.work_id is not None:
        work = works[line.work_id]
        return {"work": work.kind, "at": work.at, "score": work.score, "needed": work.needed, "minutes": work.minutes}
    session = sessions[line.session_id or 0]
    rows = [{"method": e.method, "minutes": e.minutes, "at": e.at} for e in session.evidence]
    return {"session_minutes": session.minutes, "evidence": rows}
