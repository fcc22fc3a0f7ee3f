"""Predicates on the actor alone, and the permissions of the accounts app."""

import rules

from common.actors import Actor


@rules.predicate
def is_signed_in(actor: Actor) -> bool:
    return actor.kind == "user"


@rules.predicate
def is_office(actor: Actor) -> bool:
    return actor.is_office


@rules.predicate
def is_director(actor: Actor) -> bool:
    return actor.is_director


@rules.predicate
def is_planner(actor: Actor) -> bool:
    return actor.is_planner


@rules.predicate
def is_reviewer(actor: Actor) -> bool:
    return "reviewer" in actor.roles or actor.is_office


@rules.predicate
def is_leadership(actor: Actor) -> bool:
    return "leadership" in actor.roles or actor.is_office


rules.add_perm("accounts.signed_in", is_signed_in)
rules.add_perm("accounts.office", is_office)
rules.add_perm("accounts.direct", is_director)
