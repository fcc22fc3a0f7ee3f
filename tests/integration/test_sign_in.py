"""Signing in by an e-mailed code (decisions 22 to 24): one answer for everybody, codes that run out, nobody twice."""

import datetime as dt

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.domain import sign_in as domain
from accounts.models import Identity, Person, PersonAddress, SignInCode, User
from activities.domain import attendance
from activities.models import AttendanceEvidence
from common import clock
from common.models import OutboxMessage
from tests.factories import PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.integration.sign_in_cases import ask, code_sent_to, sign_in, signed_in_as, type_code, without_tokens

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "known@lakeshore.example", "nobody@lakeshore.example"


@pytest.fixture(autouse=True)
def provider():
    return ProviderFactory()


@pytest.fixture
def user():
    return UserFactory(person=PersonFactory(email=KNOWN))


# --- one answer


def answer_to(email):
    """Everything a visitor can observe of asking for a code, and what it cost."""
    client = Client()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        response = ask(client, email)
    page = client.get(response.url)
    headers = {k: v for k, v in response.headers.items() if k not in {"X-Request-Id", "Set-Cookie"}}
    kinds = [q["sql"].split(" ", 1)[0] for q in asked.captured_queries]
    return (
        response.status_code,
        response.url,
        headers,
        sorted(response.cookies),
        page.status_code,
        without_tokens(page.content, email),
        kinds,
    )


def test_known_and_unknown_addresses_get_the_same_answer(user):
    """Decision 22: neither page nor the work behind it tells whether an address exists."""
    answer_to("warm-up@lakeshore.example")
    assert answer_to(KNOWN) == answer_to(UNKNOWN)


def test_after_too_many_codes_too_the_answer_is_the_same(user):
    def seventh(email):
        for _ in range(6):
            assert ask(Client(), email).status_code == 302
        sent = OutboxMessage.objects.filter(to=email).count()
        response = ask(Client(), email)
        return (
            response.status_code,
            without_tokens(response.content, email),
            sent,
            OutboxMessage.objects.filter(to=email).count(),
        )

    known, unknown = seventh(KNOWN), seventh(UNKNOWN)
    assert known == unknown
    assert known[0] == 200
    assert "Several codes are on their way" in known[1]
    assert known[2:] == (6, 6)


def test_ten_minutes_later_codes_are_sent_again(user):
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clocked:
        for _ in range(7):
            ask(Client(), KNOWN)
        clocked.shift(dt.timedelta(minutes=10, seconds=1))
        clock.forget()
        assert ask(Client(), KNOWN).status_code == 302


@pytest.mark.parametrize("typed", ["", "no address", "two@@example.org", "a" * 300 + "@example.org"])
def test_what_is_no_address_is_said_at_the_field_and_kept(typed):
    response = ask(Client(), typed)
    assert response.status_code == 200
    assert (SignInCode.objects.count(), OutboxMessage.objects.count()) == (0, 0)
    assert not typed or typed.encode()[:50] in response.content


def test_capitals_and_blanks_are_the_same_address(user, client):
    ask(client, f"  {KNOWN.upper()} ")
    type_code(client, code_sent_to(KNOWN))
    assert signed_in_as(client) == user.pk


# --- codes


def test_a_right_code_signs_in_and_works_once(user, client):
    ask(client, KNOWN)
    kept, code = client.cookies["sign_in"].value, code_sent_to(KNOWN)
    assert type_code(client, code).url == reverse("credits:home")
    assert signed_in_as(client) == user.pk

    thief = Client()
    thief.cookies["sign_in"] = kept
    assert "This code has run out" in type_code(thief, code).content.decode()
    assert signed_in_as(thief) is None


@pytest.mark.parametrize("write", [str.lower, lambda c: f" {c[:3]} {c[3:]} ", lambda c: f"{c[:3]}-{c[3:]}"])
def test_a_code_may_be_typed_as_people_type(write, user, client):
    ask(client, KNOWN)
    type_code(client, write(code_sent_to(KNOWN)))
    assert signed_in_as(client) == user.pk


def test_five_wrong_codes_end_it_even_for_the_right_one(user, client):
    ask(client, KNOWN)
    right = code_sent_to(KNOWN)
    said = [type_code(client, "ZZZZZZ" if right != "ZZZZZZ" else "YYYYYY").content.decode() for _ in range(5)]
    assert ["not the code we sent" in text for text in said] == [True] * 4 + [False]
    assert "run out" in said[4]
    assert "run out" in type_code(client, right).content.decode()
    assert signed_in_as(client) is None
    assert SignInCode.objects.get().attempts == 5


def test_a_code_lives_ten_minutes(user, client):
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clocked:
        ask(client, KNOWN)
        clocked.shift(dt.timedelta(minutes=10, seconds=1))
        clock.forget()
        assert "run out" in type_code(client, code_sent_to(KNOWN)).content.decode()
    assert signed_in_as(client) is None


def test_a_code_is_worth_nothing_in_another_browser(user):
    mine, theirs = Client(), Client()
    ask(mine, KNOWN)
    code = code_sent_to(KNOWN)
    ask(theirs, KNOWN)
    assert "not the code we sent" in type_code(theirs, code).content.decode()
    assert type_code(Client(), code).url == reverse("accounts:sign_in")


def test_after_a_new_code_the_newest_counts(user, client):
    ask(client, KNOWN)
    first = code_sent_to(KNOWN)
    ask(client, KNOWN)
    assert "newest e-mail" in type_code(client, first).content.decode()
    type_code(client, code_sent_to(KNOWN))
    assert signed_in_as(client) == user.pk


def test_codes_are_stored_hashed(user, client):
    ask(client, KNOWN)
    row = SignInCode.objects.get()
    assert code_sent_to(KNOWN) not in f"{row.code_hash} {row.key}"


def test_a_forged_cookie_is_no_proof(client):
    client.cookies["sign_in"] = "eyJwcm92ZWQiOiJkaXJlY3RvckBsYWtlc2hvcmUuZXhhbXBsZSJ9:x:y"
    assert client.get(reverse("accounts:introduce")).url == reverse("accounts:sign_in")
    assert client.post(
        reverse("accounts:introduce"), {"given_name": "A", "family_name": "B", "profession": "physician"}
    ).url == reverse("accounts:sign_in")
    assert User.objects.count() == 0


# --- people


def introduce(client, **fields):
    return client.post(
        reverse("accounts:introduce"),
        {"given_name": "Ines", "family_name": "Alvarez", "degrees": "MD", "profession": "physician", **fields},
    )


def test_a_first_visit_asks_for_name_and_profession_once(client):
    assert sign_in(client, UNKNOWN).url == reverse("accounts:introduce")
    assert signed_in_as(client) is None
    assert (User.objects.count(), Person.objects.count()) == (0, 0)

    assert introduce(client).url == reverse("credits:home")
    user = User.objects.get()
    assert (signed_in_as(client), user.email, user.person.name_with_degrees) == (user.pk, UNKNOWN, "Ines Alvarez, MD")
    assert user.person.is_physician

    again = Client()
    assert sign_in(again, UNKNOWN).url == reverse("credits:home")
    assert (User.objects.count(), Person.objects.count()) == (1, 1)


def test_an_introduction_without_a_name_is_asked_again_and_kept(client):
    sign_in(client, UNKNOWN)
    response = introduce(client, family_name="")
    assert response.status_code == 200
    assert "Write your last name" in response.content.decode()
    assert 'value="Ines"' in response.content.decode()
    assert User.objects.count() == 0


def test_pressing_twice_on_the_introduction_makes_one_account(client):
    sign_in(client, UNKNOWN)
    other = Client()
    other.cookies["sign_in"] = client.cookies["sign_in"].value
    introduce(client)
    introduce(other, given_name="Else")
    assert (User.objects.count(), Person.objects.count(), Person.objects.get().given_name) == (1, 1, "Ines")


def waiting_person(email=UNKNOWN):
    """Somebody an import knows: a person without account, an address that nobody proved, evidence under it."""
    person = Person.objects.create(
        given_name="Ruth", family_name="Castellanos", degrees="RN", profession="nurse", created_at=clock.now()
    )
    PersonAddress.objects.create(person=person, kind="email", value=email, is_primary=True, created_at=clock.now())
    session = SessionFactory()
    identity = Identity.objects.create(kind="email", value=email)
    AttendanceEvidence.objects.create(
        session=session,
        identity=identity,
        method="roster",
        at=clock.now(),
        recorded_by="import",
        recorded_at=clock.now(),
    )
    return person, session


def test_a_person_waiting_from_an_import_is_met_by_the_proved_address(client):
    """Law 9: no second account, and what was recorded before is theirs from the first sign-in."""
    person, session = waiting_person()
    assert attendance.of_person(person.pk, session.activity) == []
    assert sign_in(client, UNKNOWN).url == reverse("credits:home")
    assert User.objects.get().person == person
    assert [e.session for e in attendance.of_person(person.pk, session.activity)] == [session]
    assert PersonAddress.objects.get(person=person).verified_at is not None
    assert Person.objects.filter(family_name="Castellanos").count() == 1


def test_of_two_people_entered_with_one_address_the_one_who_proved_it_is_met(client):
    waiting, _session = waiting_person()
    PersonAddress.objects.filter(person=waiting).update(created_at=clock.now() - dt.timedelta(days=900))
    owner = PersonFactory(email=UNKNOWN)
    sign_in(client, UNKNOWN)
    assert User.objects.get().person == owner


def test_a_second_address_of_a_person_signs_in_to_the_same_account(user, client):
    PersonAddress.objects.create(
        person=user.person, kind="email", value="private@example.org", verified_at=clock.now(), created_at=clock.now()
    )
    assert sign_in(client, "private@example.org").url == reverse("credits:home")
    assert signed_in_as(client) == user.pk
    assert (User.objects.count(), EmailAddress.objects.filter(user=user).count()) == (1, 1)


def test_a_deactivated_person_does_not_come_in(user, client):
    user.is_active = False
    user.save(update_fields=["is_active"])
    user.person.deactivated_at = clock.now()
    user.person.save(update_fields=["deactivated_at"])
    sign_in(client, KNOWN)
    assert signed_in_as(client) is None


# --- where to


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(target, user, client):
    assert sign_in(client, KNOWN, next=target).url == reverse("credits:home")


def test_a_closed_page_is_opened_after_signing_in(user, client):
    first = client.get(reverse("credits:check_in"))
    client.get(first.url)
    assert sign_in(client, KNOWN, next=reverse("credits:check_in")).url == reverse("credits:check_in")


def test_the_page_keeps_where_a_first_visitor_was_going(client):
    sign_in(client, UNKNOWN, next="/check-in/")
    assert introduce(client).url == "/check-in/"


def test_signing_out_is_a_button(user, client):
    client.force_login(user)
    assert client.get(reverse("accounts:sign_out")).status_code == 200
    assert signed_in_as(client) == user.pk
    client.post(reverse("accounts:sign_out"))
    assert signed_in_as(client) is None


def test_signing_in_changes_the_session_key(user, client):
    """A session fixed on somebody before they sign in is not theirs afterwards."""
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    sign_in(client, KNOWN)
    assert client.session.session_key != before


def test_forms_want_their_token():
    strict = Client(enforce_csrf_checks=True)
    assert ask(strict, KNOWN).status_code == 403
    assert SignInCode.objects.count() == 0


# --- the office's second factor


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.parametrize("role", ["staff", "director"])
def test_an_office_role_without_second_factor_enrols_before_any_admin_page(role, required, client):
    """Decision 24."""
    sign_in(client, UserFactory(roles=[role]).email)
    for path in ("/admin/", "/admin/accounts/person/", "/admin/login/", "/admin/nonsense/"):
        assert client.get(path).url == reverse("mfa_activate_totp"), path
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    assert b"<main" in page.content  # in the portal's frame, not allauth's bare one


def test_others_are_not_asked_for_one(required, client, user):
    client.force_login(user)
    assert client.get(reverse("credits:home")).status_code == 200


def test_a_second_factor_is_asked_at_sign_in_where_there_is_one(user, client):
    from allauth.mfa.totp.internal import auth

    secret = auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    assert sign_in(client, KNOWN, next="/check-in/").url == reverse("mfa_authenticate")
    assert signed_in_as(client) is None
    page = client.get(reverse("mfa_authenticate"))
    assert page.status_code == 200

    code = auth.format_hotp_value(auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time()))))
    response = client.post(reverse("mfa_authenticate"), {"code": code})
    assert response.url == "/check-in/"
    assert signed_in_as(client) == user.pk


# --- a hall


@pytest.mark.slow
def test_three_hundred_people_sign_in_and_check_in_from_one_address_within_a_minute():
    """Decision 23: time stands still here, so every limit per minute and address would show."""
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False):
        session = SessionFactory(
            starts_at=clock.now() - dt.timedelta(minutes=5), ends_at=clock.now() + dt.timedelta(minutes=55)
        )
        users = [UserFactory() for _ in range(300)]
        for user in users:
            client = Client(REMOTE_ADDR="192.0.2.7")
            assert sign_in(client, user.email, next="/check-in/").url == "/check-in/"
            response = client.post("/check-in/", {"code": session.check_in_code})
            assert response.status_code == 302, response.content
    assert AttendanceEvidence.objects.filter(session=session).count() == 300


def test_a_client_address_is_believed_from_known_proxies_only(settings, rf):
    from common.middleware import RequestIdMiddleware

    seen = []

    def remote(proxy, forwarded):
        RequestIdMiddleware(
            lambda r: seen.append(r.META["REMOTE_ADDR"]) or __import__("django.http").http.HttpResponse()
        )(rf.get("/", REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR=forwarded))
        return seen[-1]

    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "192.0.2.1"]
    assert remote("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert remote("192.0.2.1", "198.51.100.1") == "198.51.100.1"
    assert remote("10.1.2.3", "198.51.100.1") == "198.51.100.1"
    assert remote("10.1.2.3", "6.6.6.6, 198.51.100.1, 10.9.9.9") == "198.51.100.1"
    assert remote("10.1.2.3", "nonsense") == "10.1.2.3"


def test_guessing_costs_more_than_there_is_time():
    """30 guesses in ten minutes at a billion codes."""
    from common.codes import ALPHABET

    assert domain.SENDS_PER_ADDRESS * domain.ATTEMPTS / len(ALPHABET) ** domain.CODE_LENGTH < 1e-7
