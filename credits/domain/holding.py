"""One order of locks for everybody who changes what somebody earned: the person, then the claim, then its certificate."""

from accounts.domain import people
from common import locks
from common.errors import Conflict
from credits.models import Claim


def hold(claim_id: int) -> Claim:
    """A claim, locked after its person, as everybody who writes claims does: a learner who claims meanwhile waits."""
    owner = Claim.objects.values_list("person_id", flat=True).get(pk=claim_id)
    person = people.hold(owner)
    row = locks.lock_row(Claim.objects.select_related("activity__department"), pk=claim_id)
    if row.person_id != person.pk:
        raise Conflict("The records of this person were joined meanwhile. Open the claim once more.")
    row.person = person
    return row
