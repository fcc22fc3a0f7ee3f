"""How claims take part when two records of one person are joined: credit is never granted twice and never lost.

What both claimed is settled by a person before: the merge is refused until staff withdraw one of the two claims. Claims,
totals and certificates keep what they say (law 4); only whose they are changes.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Count, Sum
from django.urls import reverse

from accounts.domain import person_rows
from accounts.domain.merge_parts import Objection, Part, stays
from accounts.models import Person, PersonMerge
from activities.models import AttendanceEvidence
from credits.domain import achievements, certificates
from credits.enums import ClaimStatus, Scope
from credits.models import Certificate, Claim, ClaimLine, ClaimTotal, Designation


def objections(away: Person, kept: Person) -> list[Objection]:
    """Credit that one person cannot have: the same line twice, parallel sessions, more than was designated."""
    pair = {away.pk, kept.pk}
    rows = list(
        ClaimLine.objects.filter(person__in=pair, voided_at=None)
        .select_related("session", "achievement", "activity", "credit_type").order_by("claim__claimed_at", "pk")
    )  # fmt: skip
    both = [group for group in _by_activity(rows).values() if {r.person_id for r in group} == pair]
    found = [o for group in both for o in _same(group)]
    return found + _parallel(rows) + _above_designation(away, kept, {group[0].activity_id for group in both})


def _by_activity(rows: Sequence[ClaimLine]) -> dict[tuple[int, str], list[ClaimLine]]:
    groups: dict[tuple[int, str], list[ClaimLine]] = defaultdict(list)
    for row in rows:
        groups[(row.activity_id, row.family)].append(row)
    return groups


def _same(group: Sequence[ClaimLine]) -> list[Objection]:
    """Decision 6: of a family of types one live line per session or piece of work, as the table keeps it."""
    seen: dict[object, ClaimLine] = {}
    found = []
    for row in group:
        first = seen.setdefault(_once(row), row)
        if first.person_id != row.person_id:
            work, place = row.achievement, row.session or row.activity
            what = achievements.title_of(work, row.activity) if work else place.title
            found.append(
                Objection(
                    f"Both records claimed {what} in {row.activity.title} ({row.credit_type.name}). Withdraw one of the two claims first.",
                    _link(row.claim_id),
                )
            )
    return found


def _once(row: ClaimLine) -> object:
    """What is claimed once. One review written down for both records is one, though each row of it has its own unit."""
    work = row.achievement
    if work is not None and work.kind in achievements.ONE_BY_ONE:
        return work.kind, work.label, work.completed_at
    return row.session_id, row.unit


def _parallel(rows: Sequence[ClaimLine]) -> list[Objection]:
    """AMA-CALC-4: nobody is in two rooms at once. Two halves of parallel sessions fit; more than there was time does not."""
    timed = sorted(
        ((r.session.starts_at, r.session.ends_at, r) for r in rows if r.session and not r.credit_type.is_attendance),
        key=lambda t: (t[0], t[2].pk),
    )
    found: dict[tuple[int | None, int | None], Objection] = {}
    for n, (start, end, a) in enumerate(timed):
        for other_start, other_end, b in timed[n + 1 :]:
            if other_start >= end:
                break
            there = (max(end, other_end) - start).total_seconds() // 60
            if a.person_id != b.person_id and a.session_id != b.session_id and a.minutes + b.minutes > there:
                text = f"One record claimed {a.session}, the other {b.session}, which ran at the same time (AMA-CALC-4). Withdraw one of the two claims first."
                found.setdefault((a.session_id, b.session_id), Objection(text, _link(b.claim_id)))
    return list(found.values())


def _above_designation(away: Person, kept: Person, activity_ids: set[int]) -> list[Objection]:
    """AMA-CALC-5: both claims of a course together, never more than was designated."""
    sums = (
        ClaimTotal.objects.filter(
            claim__person__in=[away, kept], claim__status=ClaimStatus.LIVE, claim__activity__in=activity_ids, credit_type__is_attendance=False
        )
        .values("claim__activity", "claim__activity__title", "credit_type").annotate(credits=Sum("credits"))
    )  # fmt: skip
    most: dict[tuple[int, str], Decimal] = {
        (d.activity_id, d.credit_type_id): d.maximum
        for d in Designation.objects.filter(activity__in=activity_ids, scope=Scope.ACTIVITY, ended_at=None)
    }
    return [
        Objection(
            f"Together they would hold {row['credits']} credits of {row['claim__activity__title']}, which is designated for {cap} (AMA-CALC-5). Withdraw one of the claims first."
        )
        for row in sums
        if (cap := most.get((row["claim__activity"], row["credit_type"]))) is not None and row["credits"] > cap
    ]


def _link(claim_id: int) -> str:
    return reverse("admin:credits_claim_change", args=[claim_id])


def counts(person_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Certificates hang on claims. One query."""
    rows = Certificate.objects.filter(claim__person__in=person_ids, status__in=certificates.LIVE)
    return {
        pk: {"Certificates": number}
        for pk, number in rows.values_list("claim__person").annotate(Count("pk")).order_by()
    }


def remarks(away: Person, kept: Person) -> list[str]:
    """Certificates are not issued anew by a merge; the office may do so afterwards."""
    live = Certificate.objects.filter(claim__person__in=[away, kept], status__in=certificates.LIVE)
    printed = sorted(set(live.values_list("snapshot__facts__name", flat=True)))
    if len(printed) > 1:
        names = ", ".join(str(name) for name in printed)
        return [f"Certificates were issued to {names}. They stay as they are; issue them anew where the name is wrong."]
    return []


def undo_remarks(merge: PersonMerge, identity_ids: Sequence[int]) -> list[str]:
    """Credit claimed since by evidence that goes back: the claim stands, and a person looks at it."""
    since = (
        Claim.objects.filter(status=ClaimStatus.LIVE, claimed_at__gte=merge.merged_at)
        .filter(person_id__in=person_rows.holders_of(merge.kept)).prefetch_related("lines").select_related("activity")
    )  # fmt: skip
    sessions = {line.session_id for claim in since for line in claim.lines.all() if line.session_id}
    theirs = set(
        AttendanceEvidence.objects.filter(session__in=sessions, identity__in=identity_ids).values_list(
            "session_id", flat=True
        )
    )
    return [
        f"Credit of {claim.activity.title} was claimed after the records were joined, with attendance that goes back. The claim stands; look at it."
        for claim in since
        if any(line.session_id in theirs for line in claim.lines.all())
    ]


PART = Part(
    names={
        "credits.Claim": "Claims", "credits.ClaimLine": "Sessions claimed", "credits.TranscriptDocument": "Transcripts made",
        "credits.Designation": "Designations", "credits.ClaimRequest": "Requests for credit", "credits.ExternalCredit": "Credit from elsewhere",
        "credits.TranscriptShare": "Links to the transcript", "credits.PersonRequirement": "Requirements watched",
        "credits.RecordExport": "Copies of the record",
    },
    counts=counts,
    duplicates={"credits.TranscriptDocument": stays, "credits.ClaimRequest": stays, "credits.PersonRequirement": stays, "credits.RecordExport": stays},
    objections=objections,
    remarks=remarks,
    undo_remarks=undo_remarks,
)  # fmt: skip
