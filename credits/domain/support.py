"""Claims that the record no longer supports: attendance changed after the claim. A claim is never edited for it; it is found."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.models import AttendanceEvidence, Session
from common import audit, clock, locks
from common.actors import Actor
from common.errors import Conflict, Invalid, NotAllowed
from common.findings import Finding
from credits.models import Claim, ClaimLine, ClaimReview

RULE = "WF-7"  # a claim needs attendance


@dataclass(frozen=True)
class Weak:
    """A live line of a claim with more minutes than the ledger supports now."""

    line: ClaimLine
    supported: int


def weakened(session_ids: Collection[int], *, without: str = "") -> list[Weak]:
    """Lines of these sessions that rest on attendance which is no longer there. Two queries.

    `without` names a source of evidence, such as `import:12`: what would be, if its rows were taken back.
    """
    return _weak(_lines().filter(session__in=session_ids), without)


def open_lines() -> list[Weak]:
    """Everywhere: what the record supports less of since it was claimed, and nobody decided about. The oldest first.

    Candidates are lines whose evidence was ever corrected, or went to somebody else. What the record supports decides, not
    when that was written: a correction may be stamped before a claim and committed after it. Three queries.
    """
    theirs = {"session": OuterRef("session"), "identity__links__person": OuterRef("person")}
    corrected = AttendanceEvidence.objects.filter(**theirs, supersedes__isnull=False)
    gone = AttendanceEvidence.objects.filter(**theirs, identity__links__ended_at__isnull=False)
    # Each by itself, so that the database begins with the few corrections and not with all lines.
    of_some = [_live().filter(Exists(rows)).order_by().values("pk") for rows in (corrected, gone)]
    found = _weak(_lines().filter(pk__in=of_some[0].union(of_some[1])), "")
    kept = set(
        ClaimReview.objects.filter(line__in=[weak.line.pk for weak in found]).values_list("line_id", "supported")
    )
    return [weak for weak in found if (weak.line.pk, weak.supported) not in kept]


def of_claim(claim: Claim) -> list[Weak]:
    """The lines of one claim with more minutes than the record supports now."""
    return _weak(_lines().filter(claim=claim), "")


def keep(*, line_id: int, supported: int, reason: str, by: Actor) -> ClaimReview:
    """The claim stands although the record supports less: the office knows better, and says why.

    `supported` is what the page showed; raises Conflict when it is another by now, or the claim was changed.
    """
    if by.kind == "user" and not by.is_office:
        raise NotAllowed("The CME office decides about claims.")
    if not reason.strip():
        raise Invalid(fields={"reason": "Say why it stands; others will read it."})
    with transaction.atomic(durable=True):
        line = locks.lock_row(ClaimLine.objects.all(), pk=line_id)
        now = next((weak.supported for weak in _weak(_lines().filter(pk=line_id), "")), None)
        if line.voided_at is not None or now is None:
            raise Conflict("This is settled: the claim was changed, or the record supports it again.")
        if now != supported:
            raise Conflict(f"The record changed meanwhile: it supports {now} minutes now. Look once more.")
        if ClaimReview.objects.filter(line=line, supported=supported).exists():
            raise Conflict("A colleague decided this already.")
        row = ClaimReview.objects.create(
            line=line, supported=supported, reason=reason.strip(), kept_at=clock.now(), kept_by=by.label[:250]
        )
        audit.record("claim_kept", by=by, subject=line.claim, new={"minutes": line.minutes, "supported": supported}, reason=reason.strip())  # fmt: skip
        return row


def _live() -> QuerySet[ClaimLine]:
    return ClaimLine.objects.filter(voided_at=None, session__isnull=False)


def _lines() -> QuerySet[ClaimLine]:
    return _live().select_related("person", "session", "claim__activity", "credit_type").order_by("pk")


def _weak(lines: Iterable[ClaimLine], without: str) -> list[Weak]:
    rested = [line for line in lines if line.facts.get("evidence")]  # teaching is not attended
    if not rested:
        return []
    known = _supported(
        {line.session_id for line in rested if line.session_id}, {line.person_id for line in rested}, without
    )
    found = [Weak(line, known.get((line.session_id or 0, line.person_id), 0)) for line in rested]
    return [weak for weak in found if weak.supported < weak.line.minutes]


def _supported(session_ids: Collection[int], person_ids: Collection[int], without: str) -> dict[tuple[int, int], int]:
    """(session, person) → minutes, the best single way of knowing, as eligibility counts them."""
    rows = AttendanceEvidence.objects.of_any(person_ids).standing().filter(session__in=session_ids)
    if without:
        rows = rows.exclude(source=without)
    sessions = Session.objects.in_bulk(session_ids)
    best: dict[tuple[int, int], int] = {}
    for session_id, person_id, minutes in rows.values_list("session_id", "identity__links__person_id", "minutes"):
        whole = sessions[session_id].minutes
        key = (session_id, person_id)
        best[key] = max(best.get(key, 0), min(whole if minutes is None else minutes, whole))
    return best


def findings(weak: Collection[Weak], *, for_office: bool) -> list[Finding]:
    """One finding for each, with the way to the claim for those who decide about it."""
    found = []
    for item in weak:
        line = item.line
        assert line.session is not None
        title = _("%(name)s claimed %(claimed)s minutes of “%(session)s”") % {
            "name": line.person.name_with_degrees, "claimed": line.minutes, "session": line.session.title,
        }  # fmt: skip
        proof = (
            ngettext("The record supports %(n)d minute now.", "The record supports %(n)d minutes now.", item.supported)
            % {"n": item.supported}
            if item.supported
            else _("Nothing on record supports it now.")
        )
        link = reverse("admin:credits_claim_change", args=[line.claim_id]) if for_office else ""
        found.append(Finding((RULE,), "failed", title, proof, link=link, who="staff"))
    return found
