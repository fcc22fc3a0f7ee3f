"""Constant queries per page (design section 8), and names that bite, from the form to the paper."""

import datetime as dt
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import User
from common import clock
from credits.models import CertificateFile
from evaluations.models import Completion
from tests.factories import ActivityFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend, claim, designate, evaluate, ready

pytestmark = pytest.mark.django_db(transaction=True)


def user_of(person):
    return User.objects.filter(person=person).first() or UserFactory(person=person)


def queries(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)


def home_with(items):
    """So many activities to claim, sessions to come, sessions open now, and claims made."""
    person = None
    for n in range(items):
        # Claims at one time would be two rooms at once (AMA-CALC-4).
        person, activity, sessions = ready(sessions=n + 1, person=person, ago=dt.timedelta(days=n + 1))
        claim(person, activity, dict.fromkeys(sessions, "1.00"))
        ready(sessions=n + 1, person=person)
        coming = ActivityFactory(published=True)
        for days in range(n + 1):
            at = clock.now() + dt.timedelta(days=days + 1)
            SessionFactory(activity=coming, starts_at=at, ends_at=at + dt.timedelta(hours=1))
        coming.registrations.create(person=person, created_at=clock.now())
        now = ActivityFactory(published=True)
        SessionFactory(activity=now, starts_at=clock.now(), ends_at=clock.now() + dt.timedelta(hours=1))
        now.registrations.create(person=person, created_at=clock.now())
    return person


def count(items, make_client, page):
    client = make_client()
    if page == "home":
        person = home_with(items)
        client.force_login(user_of(person))
        return queries(client, reverse("credits:home"))
    person, activity, sessions = ready(sessions=items)
    client.force_login(user_of(person))
    if page == "claim":
        return queries(client, reverse("credits:claim", args=[activity.number]))
    if page == "checked in":
        return queries(client, reverse("credits:checked_in", args=[sessions[0].pk]))
    made = claim(person, activity, dict.fromkeys(sessions, "1.00"))
    if page == "claimed":
        return queries(client, reverse("credits:claimed", args=[made.pk]))
    return queries(make_client(), reverse("credits:verify_code", args=[made.certificates.get().code]))


@pytest.mark.parametrize(
    ("page", "most"), [("home", 26), ("claim", 26), ("checked in", 26), ("claimed", 12), ("verify", 6)]
)
def test_three_items_cost_what_one_costs(page, most, settings):
    from django.test import Client

    settings.MOVABLE_CLOCK = False  # its offset is read once a second

    one = count(1, Client, page)
    assert count(3, Client, page) == one
    assert one <= most, f"{page}: {one} queries"


HOSTILE = {
    "markup": ("<script>alert(1)</script>", 'O\'Neil & "Sons"'),
    "right to left": ("رضا", "کاظمی"),
    "long": ("Ana " * 49 + "Ana", "Wolfe" * 40),
    "emoji": ("Robin 🩺", "👩‍⚕️ Okafor"),
    "override": ("Eve\u202elive", "Sm\u00adith"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_stand_whole_on_pages_and_paper(kind, client):
    from django.utils.html import escape

    given, family = HOSTILE[kind]
    person = PersonFactory(given_name=given, family_name=family, degrees="MD")
    person, activity, (session,) = ready(person=person)
    user = user_of(person)
    client.force_login(user)
    made = claim(person, activity, {session: "1.00"})
    certificate = made.certificates.get()
    pages = [
        reverse("credits:home"),
        reverse("credits:claimed", args=[made.pk]),
        reverse("credits:verify_code", args=[certificate.code]),
        reverse("accounts:profile"),
    ]
    for url in pages:
        body = client.get(url).content.decode()
        assert "<script>alert" not in body, url
    verified = client.get(pages[2]).content.decode()
    assert escape(person.full_name) in verified
    assert certificate.snapshot["facts"]["name"] == person.name_with_degrees
    content = bytes(CertificateFile.objects.get(certificate=certificate).content)
    printed = "".join(PdfReader(BytesIO(content)).pages[0].extract_text().split())
    if kind in {"markup", "long"}:
        assert "".join(person.full_name.split()) in printed
    assert len(PdfReader(BytesIO(content)).pages) == 1
    assert Completion.objects.filter(person=person).count() == 1


def test_a_hostile_activity_title_stays_text(client):
    person = PersonFactory()
    activity = ActivityFactory(published=True, title="<img src=x onerror=alert(1)> & “Sepsis”")
    session = SessionFactory(activity=activity)
    designate(activity)
    attend(person, session)
    evaluate(person, activity)
    client.force_login(user_of(person))
    for name in ("activities:activity_detail", "credits:claim"):
        assert "<img src=x" not in client.get(reverse(name, args=[activity.number])).content.decode()
