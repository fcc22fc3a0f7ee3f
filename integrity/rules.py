"""Who may ask for and decide about relationships (design section 5; SII-3.3: nobody clears themselves)."""

from dataclasses import dataclass

import rules

from accounts.rules import is_office
from activities.rules import has_part_in, plans_activity
from common.actors import Actor


@dataclass(frozen=True)
class Case:
    """One person's relationships in one activity: what a decision is about."""

    person_id: int
    activity: object


@rules.predicate
def is_own(actor: Actor, case: Case) -> bool:
    return actor.person_id == case.person_id


@rules.predicate
def takes_part(actor: Actor, case: Case) -> bool:
    return bool(has_part_in(actor, case.activity))


rules.add_perm("integrity.decide", is_office & ~is_own & ~takes_part)
rules.add_perm("integrity.remind", is_office | plans_activity)
