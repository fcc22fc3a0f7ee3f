"""An activity's own time to claim: the office sets it before publishing, and every page and rule goes by it."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import windows
from activities.models import Activity
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from credits import eligibility
from credits.domain import facts, overview
from tests.factories import ActivityFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend, ready

pytestmark = pytest.mark.django_db


def staff():
    return actor_of(UserFactory(roles=["staff"]))


def own(activity):
    activity.refresh_from_db()
    return activity.claim_days, activity.claim_opens_minutes


@pytest.fixture
def planned():
    return ActivityFactory(status="designated")


@pytest.fixture
def desk(client, planned):
    client.force_login(UserFactory(roles=["staff"]))
    return reverse("desk:check_in", args=[planned.number])


# --- the office's choice -------------------------------------------------------------------------------


def test_the_office_sets_it_on_the_desk_and_takes_it_back(client, desk, planned):
    page = client.get(desk).content.decode()
    assert ("Empty: 30, as everywhere." in page, "Empty: 10, as everywhere." in page) == (True, True)
    assert client.post(desk, {"what": "window", "days": "60", "minutes": "0"}).url == desk
    assert own(planned) == (60, 0)
    assert client.get(desk).context["window"].initial == {"days": 60, "minutes": 0}
    client.post(desk, {"what": "window", "days": "", "minutes": ""})
    assert own(planned) == (None, None)
    rows = AuditEvent.objects.filter(event="claim_window_chosen").order_by("pk")
    none, some = {"days": None, "minutes": None}, {"days": 60, "minutes": 0}
    assert [(row.old, row.new) for row in rows] == [(none, some), (some, none)]


def test_each_button_saves_its_own_part(client, desk, planned):
    client.post(desk, {"what": "window", "days": "60", "minutes": "5"})
    client.post(desk, {"ways": ["door"]})
    assert (own(planned), planned.check_in_ways) == ((60, 5), ["door"])


def test_the_same_again_is_no_event(planned):
    for _n in range(2):
        windows.choose(activity_id=planned.pk, days=60, minutes=None, by=staff())
    assert AuditEvent.objects.filter(event="claim_window_chosen").count() == 1


def test_after_publishing_it_is_refused_with_a_sentence_and_only_read(client, desk, planned):
    Activity.objects.filter(pk=planned.pk).update(claim_days=60)
    Activity.objects.filter(pk=planned.pk).update(status="published", published_at=clock.now())
    page = client.get(desk).content.decode()
    assert ('name="days"' in page, "From 10 minutes before the end, for 60 days after it." in page) == (False, True)
    answer = client.post(desk, {"what": "window", "days": "90", "minutes": ""}, follow=True).content.decode()
    assert answer.count("After publishing that is not changed.") == 2
    assert own(planned) == (60, None)
    assert not AuditEvent.objects.filter(event="claim_window_chosen").exists()


@pytest.mark.parametrize("status", ["draft", "in_review", "cancelled"])
def test_what_is_not_approved_or_cancelled_has_none(status):
    with pytest.raises(Conflict, match="not approved yet"):
        windows.choose(activity_id=ActivityFactory(status=status).pk, days=60, minutes=None, by=staff())


@pytest.mark.parametrize("roles", [["planner"], ["reviewer"]])
def test_nobody_but_the_office_sets_it(planned, roles):
    with pytest.raises(NotAllowed):
        windows.choose(activity_id=planned.pk, days=60, minutes=None, by=actor_of(UserFactory(roles=roles)))
    assert own(planned) == (None, None)


@pytest.mark.parametrize(
    ("days", "minutes", "wrong"),
    [(0, None, {"days"}), (366, None, {"days"}), (None, -1, {"minutes"}), (0, 1441, {"days", "minutes"})],
)
def test_numbers_that_make_no_sense_are_refused_with_the_bounds(client, desk, planned, days, minutes, wrong):
    with pytest.raises(Invalid) as refused:
        windows.choose(activity_id=planned.pk, days=days, minutes=minutes, by=staff())
    assert set(refused.value.fields) == wrong
    said = {"what": "window", "days": "" if days is None else days, "minutes": "" if minutes is None else minutes}
    assert set(client.post(desk, said).context["window"].errors) == wrong
    assert own(planned) == (None, None)


@pytest.mark.parametrize(("days", "minutes"), [(1, 0), (365, 1440)])
def test_the_bounds_themselves_are_taken(planned, days, minutes):
    windows.choose(activity_id=planned.pk, days=days, minutes=minutes, by=staff())
    assert own(planned) == (days, minutes)


# --- what it does --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("own_minutes", "verdict", "listed"), [(None, "claimable", 1), (0, "not_yet", 0), (4, "not_yet", 0), (60, "claimable", 1)])  # fmt: skip
def test_it_opens_as_many_minutes_before_the_end_as_the_activity_says(own_minutes, verdict, listed):
    """Five minutes before the end of the only session; no minutes at all is an answer too."""
    person, activity, _sessions = ready(ago=-dt.timedelta(minutes=5))
    Activity.objects.filter(pk=activity.pk).update(claim_opens_minutes=own_minutes)
    activity.refresh_from_db()
    known = facts.load(person, activity)
    assert eligibility.verdict(known, known.sessions[0]).verdict == verdict
    assert [row.activity.pk for row in overview.to_claim(person)] == [activity.pk] * listed


@pytest.mark.parametrize(("ago", "verdict", "listed"), [(7, "claimable", 1), (9, "claimable", 1), (11, "closed", 0)])
def test_it_closes_after_as_many_days_and_the_grace(ago, verdict, listed):
    person, activity, _sessions = ready(ago=dt.timedelta(days=ago))
    Activity.objects.filter(pk=activity.pk).update(claim_days=7)
    activity.refresh_from_db()
    known = facts.load(person, activity)
    assert eligibility.verdict(known, known.sessions[0]).verdict == verdict
    assert len(overview.to_claim(person)) == listed


def test_the_longest_window_is_listed_to_its_last_day():
    person, activity, _sessions = ready()
    Activity.objects.filter(pk=activity.pk).update(claim_days=365)
    old = SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(days=367))
    attend(person, old)
    assert [row.sessions for row in overview.to_claim(person)] == [2]
