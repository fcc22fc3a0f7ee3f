"""The director gives and takes office roles in the admin; who may enter it follows at the next page."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import OfficeRole, User
from common.models import AuditEvent
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
QUEUE = reverse("desk:queue")


def enter(*roles) -> tuple[Client, User]:
    user, client = UserFactory(roles=list(roles)), Client()
    client.force_login(user)
    return client, user


def give(client, user, role):
    return client.post(reverse("admin:accounts_person_give_role", args=[user.person_id]), {"role": role}, follow=True)


def take(client, role):
    return client.post(reverse("admin:accounts_officerole_take_back", args=[role.pk]), {}, follow=True)


@pytest.mark.parametrize(("role", "opens"), [("staff", 200), ("director", 200), ("reviewer", 403), ("leadership", 403)])
def test_who_works_in_the_admin_follows_from_the_role_at_once(role, opens):
    director, _user = enter("director")
    colleague, person = enter()
    assert (colleague.get(QUEUE).status_code, person.is_staff) == (403, False)

    assert "Role given." in give(director, person, role).content.decode()
    assert colleague.get(QUEUE).status_code == opens
    assert User.objects.get(pk=person.pk).is_staff == (opens == 200)

    assert "Role taken back." in take(director, OfficeRole.objects.get(person=person.person)).content.decode()
    assert colleague.get(QUEUE).status_code == 403
    assert User.objects.get(pk=person.pk).is_staff is False
    events = AuditEvent.objects.filter(event__startswith="office_role").order_by("pk").values_list("event", flat=True)
    assert list(events) == ["office_role_granted", "office_role_revoked"]


def test_the_buttons_are_the_directors():
    director, _user = enter("director")
    staff, holder = enter("staff")
    role = OfficeRole.objects.get(person=holder.person)
    pages = {
        "Give an office role": reverse("admin:accounts_person_change", args=[holder.person_id]),
        "Take the role back": reverse("admin:accounts_officerole_change", args=[role.pk]),
    }
    for words, url in pages.items():
        assert words in director.get(url).content.decode()
        assert words not in staff.get(url).content.decode()


def test_a_role_taken_back_can_be_given_again():
    director, _user = enter("director")
    _client, person = enter()
    give(director, person, "staff")
    take(director, OfficeRole.objects.get(person=person.person))
    give(director, person, "staff")
    rows = OfficeRole.objects.filter(person=person.person).order_by("pk")
    assert [row.revoked_at is None for row in rows] == [False, True]


def test_an_unknown_role_gives_nothing():
    director, _user = enter("director")
    _client, person = enter()
    give(director, person, "emperor")
    assert OfficeRole.objects.filter(person=person.person).count() == 0
