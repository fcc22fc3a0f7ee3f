"""Three people whom somebody entered a second time, so that the office has pairs to decide about."""

import datetime as dt
from collections.abc import Sequence

from accounts.models import Person, PersonAddress

# Which of the people, how the name was written the second time (%s is the right one), and what both have in common.
SECOND = (
    (40, "%s", "%s", "+12025550143"),
    (47, "%s", "%s-Weber", "+12025550177"),
    (53, "%s", "%s", "+12025550119"),
)


def enter_twice(people: Sequence[Person], *, now: dt.datetime) -> list[Person]:
    """A private address that nobody proved, the same phone in both records. Nobody of a small school."""
    made = []
    for at, given, family, phone in SECOND:
        if at >= len(people):
            continue
        first = people[at]
        second = Person.objects.create(
            given_name=given % first.given_name, family_name=family % first.family_name, degrees=first.degrees,
            profession=first.profession, is_physician=first.is_physician, created_at=now - dt.timedelta(days=9 + at),
        )  # fmt: skip
        private = f"{first.addresses.get(kind='email').value.split('@')[0]}@mailbox.example"
        PersonAddress.objects.create(
            person=second, kind="email", value=private, is_primary=True, created_at=second.created_at
        )
        for person in (first, second):
            PersonAddress.objects.create(person=person, kind="phone", value=phone, is_primary=True, created_at=now)
        made.append(second)
    return made
