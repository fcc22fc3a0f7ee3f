"""A letter that no font can print is a finding on the desk, with the name, until somebody mends it (decision 30)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of
from credits.domain import certificates, letters
from credits.models import Certificate, UnprintedLetters
from tests.factories import PersonFactory, UserFactory
from tests.integration.claim_cases import claim, ready

pytestmark = [pytest.mark.django_db, pytest.mark.pdf]
ODD = "\U000f0000"


def issued(name: str, title: str = "") -> Certificate:
    person, activity, sessions = ready(person=PersonFactory(family_name=name))
    if title:
        type(activity).objects.filter(pk=activity.pk).update(title=title)
    row = claim(person, activity, {sessions[0]: "1.00"}).certificates.get()
    certificates.render(row.pk)
    row.refresh_from_db()
    assert row.status == "issued"
    return row


def desk(client) -> str:
    client.force_login(UserFactory(roles=["staff"]))
    return client.get(reverse("desk:queue")).content.decode()


def test_the_desk_lists_the_certificate_with_the_name_and_the_letter(client):
    row = issued(f"Tanaka{ODD}")
    page = desk(client)
    assert "Certificates with letters that no font here can print" in page
    assert f"Tanaka{ODD}, MD" in page
    assert "(U+F0000)" in page
    assert reverse("admin:credits_certificate_change", args=[row.pk]) in page
    assert "(U+F0000)" in client.get(reverse("admin:credits_certificate_change", args=[row.pk])).content.decode()


def test_names_with_fonts_are_no_finding(client):
    for name in ("Łukasz Nguyễn", "O’Brien-½", "Ελένη"):
        issued(name)
    assert UnprintedLetters.objects.count() == 0
    assert "no font here can print" not in desk(client)


def test_a_title_counts_as_well_as_a_name(client):
    issued("Okafor", title=f"Sepsis {ODD}")
    assert "Okafor, MD" in desk(client)


@pytest.mark.parametrize("how", ["corrected", "revoked"])
def test_what_was_mended_is_listed_no_longer(client, how):
    row = issued(f"Tanaka{ODD}")
    by = actor_of(UserFactory(roles=["staff"]))
    if how == "revoked":
        certificates.revoke(certificate_id=row.pk, reason="Unreadable.", by=by)
    else:
        person = row.claim.person
        person.family_name = "Tanaka"
        person.save(update_fields=["family_name"])
        new = certificates.supersede(certificate_id=row.pk, reason="Name without the letter.", by=by)
        certificates.render(new.pk)
    assert letters.findings() == ([], 0)
    assert "no font here can print" not in desk(client)
    assert UnprintedLetters.objects.count() == 1  # the record of what was issued stays


def test_rendering_twice_notes_once():
    row = issued(f"Tanaka{ODD}{ODD}")
    certificates.render(row.pk)
    assert list(UnprintedLetters.objects.values_list("certificate", "letters")) == [(row.pk, ODD)]


def test_the_newest_are_listed_and_the_rest_counted(client, monkeypatch):
    monkeypatch.setattr(letters, "LISTED", 1)
    first, second = issued(f"First{ODD}"), issued(f"Second{ODD}")
    listed, count = letters.findings()
    assert ([line.certificate for line in listed], count) == ([second], 2)
    page = desk(client)
    assert "2 in all; the newest are listed." in page
    assert first.code not in page


def test_three_findings_take_as_many_queries_as_one(client):
    counted = []
    for n in range(3):
        issued(f"Tanaka{n}{ODD}")
        with CaptureQueriesContext(connection) as captured:
            letters.findings()
        counted.append(len(captured))
    assert counted == [1, 1, 1]
