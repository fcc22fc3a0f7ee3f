"""Claims that the record no longer supports: attendance changed after the claim. A claim is never edited for it; it is found."""

from collections.abc import Collection
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.models import AttendanceEvidence, Session
from common.findings import Finding
from credits.models import ClaimLine

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
    lines = ClaimLine.objects.filter(session__in=session_ids, voided_at=None).select_related(
        "person", "session", "claim"
    )
    rested = [line for line in lines.order_by("pk") if line.facts.get("evidence")]  # teaching is not attended
    if not rested:
        return []
    known = _supported(
        {line.session_id for line in rested if line.session_id}, {line.person_id for line in rested}, without
    )
    found = [Weak(line, known.get((line.session_id or 0, line.person_id), 0)) for line in rested]
    return [weak for weak in found if weak.supported < weak.line.minutes]


def _supported(session_ids: Collection[int], person_ids: Collection[int], without: str) -> dict[tuple[int, int], int]:
    """(session, person) → minutes, the best single way of knowing, as eligibility counts them."""
    rows = AttendanceEvidence.objects.filter(
        session__in=session_ids, superseded_by=None, withdrawn=False, identity__links__ended_at=None, identity__links__person__in=person_ids
    )  # fmt: skip
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
