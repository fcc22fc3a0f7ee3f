"""A link by which a stranger reads a part of a transcript: what it shows, to whom, until when."""

import datetime as dt
import hashlib

import pytest
from django.urls import reverse

from accounts.actors import actor_of_person
from common import clock
from common.errors import Conflict, NotAllowed
from common.models import SeenNote
from credits.domain import shares
from credits.domain.transcript_filters import Filters
from credits.models import TranscriptShare
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
PAGE = "/transcript/links/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def person():
    found = UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti")).person
    earn(found, dt.date(2026, 11, 17), title="Sepsis in the First Hour")
    earn(found, dt.date(2025, 11, 14), title="Stroke Night")
    ExternalCreditFactory(person=found, title="Board review", earned_on=dt.date(2026, 4, 18))
    return found


@pytest.fixture
def learner(client, person):
    client.force_login(person.user)
    return client


def share(person, **filters):
    return shares.make(
        person_id=person.pk, label="Clinic", filters=Filters(**filters), days=30, by=actor_of_person(person)
    )


def address(token):
    return reverse("credits:transcript_shared", args=[token])


def test_from_the_page_to_a_stranger(learner, person):
    answer = learner.post(PAGE + "?period=year", {"label": "Credentialing", "days": "30"})
    page = learner.get(answer["Location"])
    link = page.context["fresh_url"]
    row = TranscriptShare.objects.get()
    assert link in page.content.decode()
    token = link.rstrip("/").rpartition("/")[2]
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert (row.filters, row.expires_at) == (
        {"since": "2026-01-01", "until": "2026-11-22"},
        NOW + dt.timedelta(days=30),
    )
    assert link not in learner.get(PAGE).content.decode()
    learner.logout()
    seen = learner.get(address(token))
    text = seen.content.decode()
    assert "Transcript of Elena Marchetti, MD" in text
    assert "Sepsis in the First Hour" in text
    assert "Board review" in text
    assert "Not verified" in text
    assert "Stroke Night" not in text
    assert (seen["X-Robots-Tag"], seen["Cache-Control"], seen["Referrer-Policy"]) == ("noindex, nofollow, noarchive", "private, no-store", "no-referrer")  # fmt: skip
    assert '<meta name="robots" content="noindex, nofollow">' in text
    for hidden in ("Not by us", "/certificates/", "Proof.pdf", "/transcript/elsewhere/"):
        assert hidden not in text


def test_it_shows_what_is_earned_later_and_never_more_than_chosen(client, person):
    _row, token = share(person, text="sepsis")
    earn(person, dt.date(2026, 11, 18), title="Sepsis again")
    found = client.get(address(token) + "?text=&period=all&source=").context["found"]
    assert [r.title for r in found.rows] == ["Sepsis again", "Sepsis in the First Hour"]
    assert found.external == ()


def test_over_and_ended(client, person, monkeypatch):
    row, token = share(person)
    shares.revoke(person_id=person.pk, share_id=row.pk, by=actor_of_person(person))
    shares.revoke(person_id=person.pk, share_id=row.pk, by=actor_of_person(person))
    assert client.get(address(token)).status_code == 410
    _other, later = share(person)
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=30))
    answer = client.get(address(later))
    assert answer.status_code == 410
    assert "Sepsis" not in answer.content.decode()
    assert client.get(address("nonsense")).status_code == 404
    assert client.post(address(later)).status_code == 405


def test_opening_is_noted_but_not_ones_own(learner, person):
    row, token = share(person)
    learner.get(address(token))
    assert [link.opened for link in shares.of_person(person.pk)] == [0]
    learner.logout()
    learner.get(address(token))
    learner.get(address(token))
    (link,) = shares.of_person(person.pk)
    assert (link.opened, link.last_opened_at, link.is_live) == (2, NOW, True)
    assert SeenNote.objects.filter(kind=shares.OPENED, subject_id=row.pk).count() == 2


def test_nobody_shares_or_ends_somebody_elses(client, person):
    other = UserFactory()
    with pytest.raises(NotAllowed):
        shares.make(person_id=person.pk, label="x", filters=Filters(), days=30, by=actor_of_person(other.person))
    assert TranscriptShare.objects.count() == 0
    row, _token = share(person)
    client.force_login(other)
    assert client.post(f"/transcript/links/{row.pk}/end/").status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


def test_a_link_is_for_somebody(learner):
    page = learner.post(PAGE, {"label": " ", "days": "30"})
    assert list(page.context["form"].errors) == ["label"]
    assert list(learner.post(PAGE, {"label": "x", "days": "9000"}).context["form"].errors) == ["days"]
    assert TranscriptShare.objects.count() == 0


def test_too_many_links(person):
    for _n in range(shares.MOST):
        share(person)
    with pytest.raises(Conflict):
        share(person)
    assert TranscriptShare.objects.count() == shares.MOST


@pytest.mark.parametrize("rows", [1, 3])
def test_query_counts(learner, person, rows, django_assert_num_queries):
    for n in range(rows):
        _row, token = share(person)
        earn(person, dt.date(2026, 10, 1 + n))
        ExternalCreditFactory(person=person)
    learner.get(PAGE)
    with django_assert_num_queries(17):
        learner.get(PAGE)
    learner.logout()
    with django_assert_num_queries(17):
        learner.get(address(token))


def test_the_preview_is_the_page(learner, client, person):
    text = learner.get("/transcript/links/preview/?period=2025").content.decode()
    assert "This is what others will see." in text
    assert "Stroke Night" in text
    assert "Sepsis" not in text
