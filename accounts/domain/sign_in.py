"""Sign-in by an e-mailed code (decision 22): one answer for every address, one door for new and returning people."""

import datetime as dt
import hashlib
import hmac
import secrets

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.domain import identities, people
from accounts.models import Person, PersonAddress, Provider, SignInCode, User
from common import audit, clock, codes, locks, mail, ratelimit
from common.actors import Actor
from common.errors import Conflict, Invalid

CODE_LENGTH = 6
LIFE = dt.timedelta(minutes=10)
ATTEMPTS = 5
SENDS_PER_ADDRESS = 6
CLOSED = "The account of this address is closed. The CME office can open it again; your record is kept."


def normalize_email(text: str) -> str:
    """An address as it is stored. Raises Invalid with the sentence for the field."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(fields={"email": "Write an e-mail address, for example elena@hospital.org."}) from None
    return email


def request_code(*, email: str) -> str:
    """Send a code to an address, known or not, and return the key that the asking browser keeps.

    Known and unknown addresses take the same path, so neither page nor timing tells them apart.
    Raises Invalid for what is no address, Conflict after too many codes to one address.
    """
    email = normalize_email(email)
    if not ratelimit.hit("sign_in_send", email, limit=SENDS_PER_ADDRESS, per=LIFE):
        raise Conflict(
            "Several codes are on their way to this address already. Use the newest one, or wait ten minutes."
        )
    code, key, at = codes.make(CODE_LENGTH), secrets.token_urlsafe(24), clock.now()
    with transaction.atomic(durable=True):
        SignInCode.objects.create(email=email, code_hash=_hash(code, key), key=key, created_at=at, expires_at=at + LIFE)
        mail.send(
            "sign_in_code", to=email, subject=f"{code} is your code for {Provider.current().short_name}",
            context={"code": code, "minutes": int(LIFE.total_seconds() // 60), "provider": Provider.current()},
        )  # fmt: skip
    return key


def confirm_code(*, key: str, typed: str) -> str:
    """The address that a code proves. Raises Invalid for a wrong one, Conflict for one that ran out.

    A wrong try is counted even though the answer is an error, so that no retry gets more than five.
    """
    with transaction.atomic(durable=True):
        row = SignInCode.objects.select_for_update().filter(key=key).first()
        if row is None or row.used_at or row.expires_at < clock.now() or row.attempts >= ATTEMPTS:
            problem = "gone"
        elif not hmac.compare_digest(row.code_hash, _hash(codes.normalize(typed), key)):
            row.attempts += 1
            row.save(update_fields=["attempts"])
            problem = "wrong" if row.attempts < ATTEMPTS else "gone"
        else:
            row.used_at = clock.now()
            row.save(update_fields=["used_at"])
            return row.email
    if problem == "wrong":
        raise Invalid(fields={"code": "That is not the code we sent. Look for the newest e-mail from us."})
    raise Conflict("This code has run out. Ask for a new one.")


def address_of(key: str) -> str | None:
    """Where the code of this browser went, for the page that asks for it."""
    return SignInCode.objects.filter(key=key).values_list("email", flat=True).first()


def user_for(email: str) -> User | None:
    """The account of a proved address: by sign-in address, or by a person who waited for this proof (law 9).

    A person whom a planner or an import named by this address gets the account here; nobody is made twice.
    Raises Conflict when the account of this address is closed.
    """
    open_accounts = EmailAddress.objects.filter(email=email, user__is_active=True, user__person__deactivated_at=None)
    known = open_accounts.select_related("user__person").first()
    if known is not None:
        return known.user  # type: ignore[no-any-return]
    with transaction.atomic(durable=True):
        locks.lock_key("identity", email)
        waiting = people.find_by_email(email)  # who proved it before comes first
        if waiting is not None:
            return _attach(people.hold(waiting.pk), email)
    if people.closed_by_email(email):
        raise Conflict(CLOSED)
    return None


def create_account(*, email: str, given_name: str, family_name: str, degrees: str, profession: str) -> User:
    """The account of a first visitor whose address is proved already; `user_for` has found nobody."""
    by = Actor(kind="link", label=email)
    with transaction.atomic(durable=True):
        person = people.find_or_create_person(
            email=email, given_name=given_name, family_name=family_name, degrees=degrees, profession=profession, by=by
        )
        return _attach(people.hold(person.pk), email)


def _attach(person: Person, email: str) -> User:
    """Make a proved address sign a person in; assert an open transaction."""
    locks.require_transaction()
    at = clock.now()
    address = PersonAddress.objects.filter(person=person, kind="email", value=email, removed_at=None).first()
    has_primary = PersonAddress.objects.filter(person=person, kind="email", is_primary=True, removed_at=None).exists()
    if address is None:
        address = PersonAddress.objects.create(
            person=person, kind="email", value=email, verified_at=at, created_at=at, is_primary=not has_primary
        )
    elif address.verified_at is None or not has_primary:
        address.verified_at, address.is_primary = address.verified_at or at, address.is_primary or not has_primary
        address.save(update_fields=["verified_at", "is_primary"])
    user = User.objects.filter(person=person).first()
    if user is None:
        user = User.objects.create_user(email, person, date_joined=at)
    EmailAddress.objects.get_or_create(
        user=user, email=email, defaults={"verified": True, "primary": user.email == email}
    )
    identities.link(
        person=person, kind="email", value=email, by=Actor(kind="link", label=email), reason="proved by a code"
    )
    audit.record("address_proved", by=Actor(kind="link", label=email), subject=person)
    return user


def refresh(person: Person) -> None:
    """Let exactly the proved addresses of a person sign in, and nobody into a record that was joined to another.

    Asserts an open transaction. What may sign in follows from `PersonAddress`; nothing else writes it after a merge.
    """
    locks.require_transaction()
    user = User.objects.filter(person=person).first()
    if user is None:
        return
    is_open = person.merged_into_id is None and person.deactivated_at is None
    proved = PersonAddress.objects.filter(person=person, kind="email", removed_at=None, verified_at__isnull=False)
    emails = list(proved.order_by("-is_primary", "pk").values_list("value", flat=True)) if is_open else []
    EmailAddress.objects.filter(user=user).delete()
    user.is_active = is_open
    # A closed record keeps no address as its own: it is the key of whoever it was joined to.
    user.email = emails[0] if emails else f"joined-{user.pk}@nowhere.invalid"
    user.save(update_fields=["is_active", "email"])
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=email, verified=True, primary=email == user.email) for email in emails
    )


def _hash(code: str, key: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{key}:{code}".encode(), hashlib.sha256).hexdigest()
