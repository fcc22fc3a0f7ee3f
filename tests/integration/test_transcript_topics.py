"""Topics of sessions: who says them, and what of them stands on a transcript."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.models import DepartmentMember
from common import clock
from common.actors import system
from common.errors import Invalid, NotAllowed
from common.models import AuditEvent
from credits.domain import topics, transcripts
from credits.models import SessionTopic
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan():
    ProviderFactory()
    activity = ActivityFactory(published=True)
    session = SessionFactory(activity=activity, starts_at=clock.now(), ends_at=clock.now() + dt.timedelta(minutes=60))
    user = UserFactory()
    DepartmentMember.objects.create(department=activity.department, person=user.person, added_at=clock.now())
    return user, activity, session


def test_planners_say_how_many_minutes(client, plan):
    user, activity, session = plan
    client.force_login(user)
    url = reverse("credits:activity_topics", args=[activity.number])
    data = {f"topic-{session.pk}-0": "pain", f"minutes-{session.pk}-0": "30"}
    assert client.post(url, data)["Location"] == url
    assert [(t.session, t.topic_id, t.minutes) for t in SessionTopic.objects.filter(removed_at=None)] == [(session, "pain", 30)]  # fmt: skip
    client.post(url, {f"topic-{session.pk}-0": "ethics", f"minutes-{session.pk}-0": "20"})
    assert dict(topics.of_activities([activity.pk])) == {(activity.pk, session.pk): {"ethics": 20}}
    client.post(url, data | {f"topic-{session.pk}-0": ""})
    assert dict(topics.of_activities([activity.pk])) == {}
    assert (SessionTopic.objects.count(), AuditEvent.objects.filter(event="topics_changed").count()) == (2, 3)


@pytest.mark.parametrize("minutes", ["61", "x", "-5", "99999"])
def test_no_more_than_the_session_has(client, plan, minutes):
    user, activity, session = plan
    client.force_login(user)
    page = client.post(
        reverse("credits:activity_topics", args=[activity.number]),
        {f"topic-{session.pk}-0": "pain", f"minutes-{session.pk}-0": minutes},
    )
    assert "A topic takes at most the 60 minutes of its session." in page.content.decode()
    assert f'value="{minutes}"' in page.content.decode()
    assert SessionTopic.objects.count() == 0


def test_others_do_not(plan):
    _user, activity, session = plan
    with pytest.raises(NotAllowed):
        topics.set_minutes(activity_id=activity.pk, minutes={(session.pk, "pain"): 5}, by=actor_of(UserFactory()))
    with pytest.raises(Invalid):
        topics.set_minutes(activity_id=activity.pk, minutes={(session.pk, "nonsense"): 5}, by=actor_of(plan[0]))
    with pytest.raises(Invalid):
        topics.set_minutes(activity_id=activity.pk, minutes={(SessionFactory().pk, "pain"): 5}, by=actor_of(plan[0]))
    assert SessionTopic.objects.count() == 0


@pytest.mark.usefixtures("plan")
def test_who_claims_half_counts_half():
    person = PersonFactory()
    claim = earn(person, dt.date(2026, 11, 17), credits="0.50")
    session = claim.lines.get().session
    length = session.minutes
    topics.set_minutes(
        activity_id=claim.activity_id, minutes={(session.pk, "pain"): length},
        by=system("test"),
    )  # fmt: skip
    (row,) = transcripts.load(person).rows
    assert row.topics == {"pain": 30}
