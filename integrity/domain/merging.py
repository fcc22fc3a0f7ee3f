"""How disclosures take part when two records of one person are joined (settings.PERSON_MERGE)."""

from accounts.domain.merge_parts import Part, stays
from accounts.models import Person
from integrity.models import Disclosure, RelevanceDecision


def remarks(away: Person, kept: Person) -> list[str]:
    """What the office has to look at again: two statements that differ, and decisions about oneself (SII-3.1, SII-3.3)."""
    pair = [away.pk, kept.pk]
    latest: dict[int, Disclosure] = {}
    for row in Disclosure.objects.filter(person__in=pair).prefetch_related("relationships").order_by("submitted_at"):
        latest[row.person_id] = row
    found = []
    if len(latest) == 2:
        told = [{(r.company_id, r.nature, r.ended) for r in row.relationships.all()} for row in latest.values()]
        if told[0] != told[1]:
            found.append(
                "Their newest disclosures differ. The newer one counts from then on; ask for a fresh one before their next role (SII-3.1)."
            )
    own = RelevanceDecision.objects.filter(decided_by__in=pair, relationship__disclosure__person__in=pair).exists()
    if own:
        found.append(
            "One record decided about relationships of the other. Nobody decides about their own: a colleague decides again (SII-3.3)."
        )
    return found


PART = Part(
    names={
        "integrity.Disclosure": "Disclosures", "integrity.DisclosureRequest": "Requests to disclose",
        "integrity.RelevanceDecision": "Decisions about relationships", "integrity.MitigationAction": "Mitigations recorded",
        "integrity.ExclusionException": "Exceptions approved", "integrity.Company": "Companies decided",
    },
    duplicates={"integrity.DisclosureRequest": stays},
    remarks=remarks,
)  # fmt: skip
