"""Who did it: a signed-in user, the holder of a link, or the system under a name (decision 3)."""

from dataclasses import dataclass, field

from common.errors import NotAllowed

LABEL_LENGTH = 250


@dataclass(frozen=True)
class Actor:
    """The `by` of every domain function.

    `kind` is "user", "link", "system" or "anonymous"; `person_id` is None for the system and for visitors.
    `roles` holds the keys of the person's office roles; `departments` the ids of those they may plan for.
    """

    kind: str
    label: str
    person_id: int | None = None
    user_id: int | None = None
    grant_id: int | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    departments: frozenset[int] = field(default_factory=frozenset)
    seen_by: int | None = (
        None  # the person of the office who looks as this one, and can do nothing (accounts.domain.see_as)
    )

    def __post_init__(self) -> None:
        # A name may be longer than the columns that note who acted; the person's id says who it was.
        object.__setattr__(self, "label", self.label[:LABEL_LENGTH])

    @property
    def is_office(self) -> bool:
        """CME staff or director: works in the admin."""
        return bool(self.roles & {"staff", "director"})

    @property
    def is_director(self) -> bool:
        return "director" in self.roles

    @property
    def is_planner(self) -> bool:
        """May plan: member of a department, or of the office on their behalf."""
        return bool(self.departments) or self.is_office

    @property
    def is_authenticated(self) -> bool:
        return self.kind == "user"


ANONYMOUS = Actor(kind="anonymous", label="visitor")


def system(name: str) -> Actor:
    """The portal itself, under the name of the job that acts."""
    return Actor(kind="system", label=name)


def require_office(by: Actor, sentence: str) -> None:
    """Raise NotAllowed with the sentence unless the CME office acts, or the portal itself."""
    if not (by.is_office or by.kind == "system"):
        raise NotAllowed(sentence)


def require_self(by: Actor, person_id: int, sentence: str) -> None:
    """Raise NotAllowed with the sentence unless the person acts whom it is about."""
    if by.person_id != person_id:
        raise NotAllowed(sentence)
