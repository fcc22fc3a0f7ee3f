"""From a user or a link to the Actor that domain functions take."""

from accounts.models import LinkGrant, Person, User
from common.actors import Actor


def actor_of(user: User) -> Actor:
    """The actor behind a signed-in user, remembered on the user; no query when the session brought the user."""
    if not hasattr(user, "_actor"):
        departments = getattr(user, "live_departments", None)
        if departments is None:
            departments = user.person.memberships.filter(removed_at=None).values_list("department_id", flat=True)
        user._actor = Actor(  # type: ignore[attr-defined]
            kind="user", label=user.person.name_with_degrees, person_id=user.person_id, user_id=user.pk,
            roles=user.role_keys, departments=frozenset(departments),
        )  # fmt: skip
    return user._actor  # type: ignore[attr-defined]


def actor_of_link(grant: LinkGrant) -> Actor:
    """The actor behind a link: the person it was sent to, for its one purpose."""
    return Actor(kind="link", label=grant.person.name_with_degrees, person_id=grant.person_id, grant_id=grant.pk)


def actor_of_person(person: Person) -> Actor:
    """The person acting as a learner or planner, for loaders and tests that have no request."""
    user = getattr(person, "user", None)
    if user is not None:
        return actor_of(user)
    return Actor(kind="link", label=person.name_with_degrees, person_id=person.pk)
