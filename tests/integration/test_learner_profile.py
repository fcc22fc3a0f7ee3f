"""The profile: details, degrees and physicians, addresses, e-mail settings."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import profile
from accounts.models import Person, PersonAddress
from common.errors import Conflict
from common.models import AuditEvent, OutboxMessage
from tests.factories import PersonFactory, ProviderFactory, UserFactory

pytestmark = pytest.mark.django_db
DETAILS = {
    "given_name": "Elena",
    "family_name": "Marchetti",
    "degrees": "MD",
    "profession": "physician",
    "specialty": "",
}


def has_certificate(person_id):
    return True


@pytest.fixture(autouse=True)
def _provider(settings):
    ProviderFactory()
    settings.NAME_STANDS_ON = ()


@pytest.fixture
def user(client):
    user = UserFactory(person=PersonFactory(given_name="Elena"))
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    return user


def save(client, **values):
    return client.post("/profile/", {**DETAILS, **values})


@pytest.mark.parametrize(
    ("degrees", "physician"),
    [("MD, MPH", True), ("DO", True), ("MBBS", True), ("PharmD", False), ("RN, BSN", False), ("", False)],
)
def test_physician_follows_from_the_degree_not_the_job(client, user, degrees, physician):
    assert save(client, degrees=degrees, profession="physician").status_code == 302
    person = Person.objects.get(pk=user.person_id)
    assert (person.degrees, person.is_physician, person.profession) == (degrees, physician, "physician")


def test_details_are_audited_and_nothing_is_written_when_nothing_changes(client, user):
    save(client)
    assert AuditEvent.objects.count() == 0
    save(client, family_name="Rossi")
    event = AuditEvent.objects.get()
    assert (event.event, event.old, event.new, event.actor_id) == (
        "details_changed",
        {"family_name": "Marchetti"},
        {"family_name": "Rossi"},
        user.person_id,
    )


def test_a_name_on_a_certificate_changes_with_a_reason(client, user, settings):
    settings.NAME_STANDS_ON = (f"{__name__}.has_certificate",)

    refused = save(client, family_name="Rossi")
    assert refused.status_code == 200
    assert "Your name stands on a certificate already." in refused.text
    assert 'value="Rossi"' in refused.text
    assert refused.context["person"].family_name == "Marchetti"  # the bar shows who they are, not what was refused
    assert (Person.objects.get(pk=user.person_id).family_name, AuditEvent.objects.count()) == ("Marchetti", 0)

    assert save(client, family_name="Rossi", reason="Married name").status_code == 302
    assert AuditEvent.objects.get().reason == "Married name"
    # What is not printed needs none.
    assert save(client, family_name="Rossi", specialty="Cardiology").status_code == 302


def test_adding_an_address_takes_a_code(client, user):
    response = client.post("/profile/addresses/new/", {"email": " Elena@Home.example "})
    assert response["Location"] == reverse("accounts:address_confirm")
    code = re.search(r"^[2-9A-Z]{6}$", OutboxMessage.objects.get(to="elena@home.example").text, re.M).group()
    assert client.post(response["Location"], {"code": "WRONG2"}).status_code == 200
    assert PersonAddress.objects.filter(value="elena@home.example").count() == 0

    assert client.post(response["Location"], {"code": code.lower()}).status_code == 302

    row = PersonAddress.objects.get(value="elena@home.example")
    assert (row.person_id, row.is_primary, row.verified_at is not None) == (user.person_id, False, True)
    assert EmailAddress.objects.filter(email="elena@home.example", user=user, verified=True).count() == 1


def test_somebody_elses_address_is_refused(user):
    other = UserFactory(person=PersonFactory(email="taken@x.example"))
    for known_to_allauth in (False, True):
        if known_to_allauth:
            EmailAddress.objects.create(user=other, email="taken@x.example", verified=True, primary=True)
        with pytest.raises(Conflict, match="already belongs to another account"):
            profile.add_address(person_id=user.person_id, email="taken@x.example", by=actor_of(user))
    assert PersonAddress.objects.filter(person=user.person).count() == 1


def test_making_main_tells_both_mailboxes(client, user):
    old = user.email
    row = profile.add_address(person_id=user.person_id, email="new@x.example", by=actor_of(user))

    client.post(reverse("accounts:address_main", args=[row.pk]))

    user.refresh_from_db()
    assert user.email == "new@x.example"
    assert sorted(OutboxMessage.objects.filter(template="address_changed").values_list("to", flat=True)) == sorted(
        [old, "new@x.example"]
    )
    assert list(PersonAddress.objects.filter(person=user.person, is_primary=True).values_list("value", flat=True)) == [
        "new@x.example"
    ]
    assert list(EmailAddress.objects.filter(user=user, primary=True).values_list("email", flat=True)) == [
        "new@x.example"
    ]


def test_removing_and_taking_it_back(client, user):
    row = profile.add_address(person_id=user.person_id, email="new@x.example", by=actor_of(user))
    response = client.post(reverse("accounts:address_remove", args=[row.pk]), follow=True)
    assert "Removed new@x.example." in response.text
    assert EmailAddress.objects.filter(email="new@x.example").count() == 0

    client.post(reverse("accounts:address_restore", args=[row.pk]))

    row.refresh_from_db()
    assert row.removed_at is None
    assert EmailAddress.objects.filter(email="new@x.example", user=user).count() == 1


def test_the_main_address_stays(client, user):
    main = user.person.addresses.get()
    response = client.post(reverse("accounts:address_remove", args=[main.pk]), follow=True)
    assert "Make another one the main address first." in response.text
    main.refresh_from_db()
    assert main.removed_at is None


@pytest.mark.parametrize("name", ["address_main", "address_remove", "address_restore"])
def test_foreign_addresses_are_out_of_reach(client, user, name):
    foreign = PersonFactory().addresses.get()
    PersonAddress.objects.filter(pk=foreign.pk).update(is_primary=False)
    response = client.post(reverse(f"accounts:{name}", args=[foreign.pk]), follow=True)
    assert foreign.value not in response.text
    assert AuditEvent.objects.count() == 0


def test_optional_mail_is_a_choice(client, user):
    client.post("/profile/e-mail/", {})
    assert Person.objects.get(pk=user.person_id).mail_off == ["reminders"]
    client.post("/profile/e-mail/", {"reminders": "on"})
    assert Person.objects.get(pk=user.person_id).mail_off == []


@pytest.mark.parametrize("path", ["/profile/", "/profile/addresses/new/", "/profile/addresses/code/"])
def test_visitors_sign_in_first(client, path):
    assert client.get(path)["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("items", [1, 3])
def test_profile_query_count(client, user, items, django_assert_num_queries):
    for n in range(items):
        profile.add_address(person_id=user.person_id, email=f"a{n}@x.example", by=actor_of(user))
    client.get("/profile/")
    with django_assert_num_queries(6):
        assert len(client.get("/profile/").context["addresses"]) == items + 1
