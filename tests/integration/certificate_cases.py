"""What the tests of certificates share: claims with certificates, an office, a key."""

from typing import Any

from django.db import transaction

from accounts.actors import actor_of
from accounts.models import PersonAddress
from common import clock
from credits.models import Certificate, Claim
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import attend, claim, evaluate, ready
from tests.pdf import signing_keys


def office(*roles: str) -> Any:
    """An actor of the office."""
    return actor_of(UserFactory(roles=list(roles or ("staff",))))


def mailbox(person: Any, value: str = "") -> PersonAddress:
    """A proved address, so that news reaches the person."""
    return PersonAddress.objects.update_or_create(
        person=person, kind="email", value=value or f"person{person.pk}@lakeshore.example",
        defaults={"is_primary": True, "verified_at": clock.now(), "created_at": clock.now()},
    )[0]  # fmt: skip


def certificate(**values: Any) -> Certificate:
    """An issued certificate of one hour."""
    person = PersonFactory(**values)
    mailbox(person)
    person, activity, (one,) = ready(person=person)
    return claim(person, activity, {one: "1.00"}).certificates.get()


def hall(people: int, *, on_request: bool = False) -> tuple[Any, list[Claim]]:
    """An activity of one hour that several people claimed; their certificates wait to be opened if `on_request`."""
    from credits.domain import certificates

    first = PersonFactory()
    mailbox(first)
    first, activity, (session,) = ready(person=first)
    crowd = [first, *(PersonFactory() for _ in range(people - 1))]
    for person in crowd[1:]:
        mailbox(person)
        attend(person, session)
        evaluate(person, activity)
    if not on_request:
        return activity, [claim(person, activity, {session: "1.00"}) for person in crowd]
    made = []
    for person in crowd:
        with transaction.atomic():
            row = _quiet_claim(person, activity, session)
            certificates.prepare(row, on_request=True)
            made.append(row)
    return activity, made


def _quiet_claim(person: Any, activity: Any, session: Any) -> Claim:
    """A claim as an import of former years writes it: nothing is rendered, nobody is written to."""
    from decimal import Decimal

    from credits.models import ClaimLine, ClaimTotal, Designation

    designation = Designation.objects.get(activity=activity)
    row = Claim.objects.create(
        person=person, activity=activity, claimed_at=clock.now(), participated_on=session.ends_at.date(), rule_set="2026-01-01",
        attestation="I was there.", is_physician=True,
    )  # fmt: skip
    ClaimTotal.objects.create(
        claim=row, credit_type=designation.credit_type, designation=designation, minutes=60, credits=Decimal("1.00"), designated=Decimal("1.00")
    )  # fmt: skip
    ClaimLine.objects.create(
        claim=row,
        person=person,
        activity=activity,
        session=session,
        credit_type=designation.credit_type,
        family=designation.credit_type.kin,
        minutes=60,
        facts={},
    )
    return row


def signing_key(settings: Any, folder: Any, **values: Any) -> Any:
    """Configure a key; the certificate to check signatures against."""
    key = signing_keys.ec_key()
    leaf = signing_keys.certificate(key, **values)
    settings.SIGNING_KEY_FILE = str(signing_keys.p12(folder, key, leaf))
    return leaf
