"""Imports wait for their owner; a second address leads to the merge offer; nobody gets a second account."""

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import merging, people, profile, sign_in
from accounts.models import DuplicateSuggestion, Person, PersonAddress, PersonMerge, User
from activities.domain import attendance
from common import clock
from common.errors import Conflict
from common.models import OutboxMessage
from tests.factories import OfficeRoleFactory, PersonFactory, ProviderFactory, SessionFactory
from tests.integration.claim_cases import attend, claim, evaluate, ready
from tests.integration.people_cases import evidence, link, user, waiting
from tests.integration.sign_in_cases import code_sent_to, signed_in_as
from tests.integration.sign_in_cases import sign_in as sign_in_by_page

pytestmark = pytest.mark.django_db
MINE, SECOND = "elena@lakeshore.example", "elena@private.example"


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def me(client):
    found = user(MINE)
    client.force_login(found)
    return found


def prove(client, email):
    """Add an address on the profile, by its code."""
    client.post(reverse("accounts:address_create"), {"email": email})
    return client.post(reverse("accounts:address_confirm"), {"code": code_sent_to(email)})


# --- waiting for the owner ----------------------------------------------------------------------------


def test_evidence_under_an_address_attaches_when_the_address_is_proved_on_the_profile(client, me):
    session = SessionFactory()
    row = evidence(SECOND, session)
    assert attendance.of_person(me.person_id, session.activity) == []
    assert prove(client, SECOND).url == reverse("accounts:profile")
    assert attendance.of_person(me.person_id, session.activity) == [row]


def test_an_identity_that_somebody_linked_is_enough_to_be_known(client):
    """No address was entered, only evidence linked to the person: signing in with it makes no second account."""
    person = PersonFactory(email=MINE)
    link(person, SECOND)
    sign_in_by_page(client, SECOND)
    assert User.objects.get().person == person
    assert Person.objects.count() == 1


def test_an_address_its_owner_removed_does_not_open_their_account(client):
    """The mailbox may be a colleague's by now."""
    person = user(SECOND).person
    link(person, SECOND)
    PersonAddress.objects.filter(person=person).update(removed_at=clock.now(), is_primary=False)
    EmailAddress.objects.all().delete()
    assert people.find_by_email(SECOND) is None
    assert sign_in_by_page(client, SECOND).url == reverse("accounts:introduce")
    assert signed_in_as(client) is None


def test_a_closed_account_is_not_made_again(client):
    person = user(MINE).person
    Person.objects.filter(pk=person.pk).update(deactivated_at=clock.now())
    response = sign_in_by_page(client, MINE)
    assert "The account of this address is closed." in response.text
    assert (User.objects.count(), Person.objects.count(), signed_in_as(client)) == (1, 1, None)


def test_an_address_of_a_joined_record_signs_in_to_the_one_that_stands(client):
    away, kept = user(SECOND).person, user(MINE)
    merging.merge(away_id=away.pk, kept_id=kept.person_id, choices={}, reason="Same.", by=_office())
    sign_in_by_page(client, SECOND)
    assert signed_in_as(client) == kept.pk
    assert Person.objects.count() == 2


def _office():
    from tests.integration.people_cases import OFFICE

    return OFFICE


def test_a_session_of_the_closed_account_ends_with_the_merge(client):
    away, kept = user(SECOND), user(MINE)
    client.force_login(away)
    merging.merge(away_id=away.person_id, kept_id=kept.person_id, choices={}, reason="Same.", by=_office())
    assert client.get(reverse("accounts:profile")).status_code == 302


# --- the offer ------------------------------------------------------------------------------------------


def test_proving_the_address_of_another_account_offers_to_join_and_joins(client, me):
    other = user(SECOND, given_name="Elena Rosa").person
    session = SessionFactory()
    evidence(SECOND, session)
    link(other, SECOND)
    response = prove(client, SECOND)
    assert (response.url, PersonAddress.objects.filter(person=me.person).count()) == (reverse("accounts:join"), 1)
    page = client.get(response.url)
    assert page.status_code == 200
    assert "Another account signs in with it." in page.text
    assert PersonMerge.objects.count() == 0  # a look changes nothing

    done = client.post(response.url, {"verb": "join", "keep_name": "away"})
    assert done.url == reverse("accounts:profile")
    row = PersonMerge.objects.get()
    assert (row.away, row.kept, row.how) == (other, me.person, "owner")
    me.person.refresh_from_db()
    assert me.person.given_name == "Elena Rosa"
    assert len(attendance.of_person(me.person_id, session.activity)) == 1
    assert set(EmailAddress.objects.filter(user=me).values_list("email", flat=True)) == {MINE, SECOND}
    told = OutboxMessage.objects.filter(template="accounts_joined").values_list("to", flat=True)
    assert set(told) == {MINE, SECOND}


def test_a_record_that_waited_is_taken_over(client, me):
    other = waiting(SECOND)
    response = prove(client, SECOND)
    assert "Somebody entered it before you did" in client.get(response.url).text
    client.post(response.url, {"verb": "join"})
    other.refresh_from_db()
    assert other.merged_into == me.person
    address = PersonAddress.objects.get(person=me.person, value=SECOND, removed_at=None)
    assert address.verified_at is not None


def test_somebody_elses_record_is_left_alone_and_the_address_is_added(client, me):
    other = waiting(SECOND)
    url = prove(client, SECOND).url
    client.post(url, {"verb": "separate"})
    other.refresh_from_db()
    assert other.merged_into is None
    assert PersonAddress.objects.get(person=me.person, value=SECOND).verified_at is not None
    assert PersonAddress.objects.get(person=other, value=SECOND).verified_at is None


def test_an_address_somebody_proved_is_never_taken_away_from_them(client, me):
    other = user(SECOND).person
    with pytest.raises(profile.BelongsToAnother):
        profile.add_address(person_id=me.person_id, email=SECOND, not_person=other.pk, by=actor_of(me))
    assert PersonAddress.objects.get(value=SECOND).person == other


def test_without_the_proof_there_is_no_offer(client, me):
    user(SECOND)
    assert client.get(reverse("accounts:join")).url == reverse("accounts:profile")
    assert client.post(reverse("accounts:join"), {"verb": "join"}).url == reverse("accounts:profile")
    assert PersonMerge.objects.count() == 0


def test_the_proof_is_of_one_person_only(client, me):
    """Somebody else who signs in on the same browser finds no offer."""
    user(SECOND)
    url = prove(client, SECOND).url
    client.force_login(user("third@x.example"))
    assert client.post(url, {"verb": "join"}).url == reverse("accounts:profile")
    assert PersonMerge.objects.count() == 0


@pytest.mark.parametrize("guard", ["role", "factor"])
def test_a_code_by_mail_does_not_open_what_a_second_factor_guards(client, me, guard):
    other = user(SECOND)
    if guard == "role":
        OfficeRoleFactory(person=other.person, role="staff")
    else:
        Authenticator.objects.create(user=other, type=Authenticator.Type.TOTP, data={"secret": "x"})
    url = prove(client, SECOND).url
    page = client.get(url)
    assert "the CME director joins the two" in page.text
    assert "Join the two records" not in page.text
    client.post(url, {"verb": "join"})
    assert PersonMerge.objects.count() == 0
    client.post(url, {"verb": "ask"})
    row = DuplicateSuggestion.objects.get()
    assert (row.asked_by_owner, row.score, row.state) == (True, 100, "open")


def test_credit_claimed_in_both_goes_to_the_office(client, me):
    other = user(SECOND).person
    _p, activity, (one,) = ready(person=other)
    attend(me.person, one)
    evaluate(me.person, activity)
    claim(other, activity, {one: "1.00"})
    claim(me.person, activity, {one: "1.00"})
    url = prove(client, SECOND).url
    assert "Both records claimed" in client.get(url).text
    with pytest.raises(Conflict):
        merging.join_own(email=SECOND, other_id=other.pk, choices={}, by=actor_of(me))
    assert client.post(url, {"verb": "ask"}).url == reverse("accounts:profile")
    assert DuplicateSuggestion.objects.get().asked_by_owner


def test_the_address_went_to_a_third_meanwhile(client, me):
    other = waiting(SECOND)
    url = prove(client, SECOND).url
    third = user("third@x.example").person
    PersonAddress.objects.create(
        person=third, kind="email", value=SECOND, verified_at=clock.now(), created_at=clock.now() - dt.timedelta(days=1)
    )
    page = client.post(url, {"verb": "join"})
    assert "belongs to another record by now" in page.text
    other.refresh_from_db()
    assert other.merged_into is None


def test_what_may_sign_in_follows_from_the_proved_addresses():
    made = user(MINE)
    PersonAddress.objects.create(person=made.person, kind="email", value="unproved@x.example", created_at=clock.now())
    from django.db import transaction

    with transaction.atomic():
        sign_in.refresh(made.person)
    assert list(EmailAddress.objects.values_list("email", "primary")) == [(MINE, True)]
