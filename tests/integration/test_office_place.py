"""Place and objectives after approval: changed by planners, told once, looked at by the office."""

import datetime as dt

import pytest
from django.urls import reverse

from activities.domain import agreed_plan, changes, plan
from activities.models import Activity, Session
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from tests.factories import PersonFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.office_cases import fresh, office

pytestmark = pytest.mark.django_db
BIRCH = {"delivery": "in_person", "location": "Birch Hall", "city": "Lakeshore", "online_url": ""}


@pytest.fixture
def made():
    return office("published")


def move(made, by=None, told=0, **values):
    return agreed_plan.change_place(activity_id=made.pk, told=told, by=by or made.planner, **{**BIRCH, **values})


def news() -> list[str]:
    return list(OutboxMessage.objects.filter(template="activity_moved").order_by("pk").values_list("text", flat=True))


def since(made):
    return changes.since(plan.load(fresh(made)))


def test_another_place_holds_at_once_and_the_office_looks_at_it(made):
    move(made)
    assert fresh(made).place == "Birch Hall, Lakeshore"
    assert [(str(c.part), c.before, c.after) for c in since(made).changes] == [
        ("place", "Harbor Auditorium, Lakeshore", "Birch Hall, Lakeshore")
    ]
    event = AuditEvent.objects.get(event="place_changed")
    assert (event.old["location"], event.new["location"], event.actor_id) == (
        "Harbor Auditorium",
        "Birch Hall",
        made.planner.person_id,
    )


def test_everybody_registered_is_told_once_per_move_with_the_old_place(made, django_capture_on_commit_callbacks):
    RegistrationFactory(activity=made.activity, person=PersonFactory())
    for values, wanted in (({}, 1), ({}, 1), ({"location": "Cedar Hall"}, 2), ({"location": "Birch Hall"}, 3)):
        with django_capture_on_commit_callbacks(execute=True):
            move(made, told=1, **values)
        assert len(news()) == wanted
    assert "Where: Birch Hall, Lakeshore" in news()[0]
    assert "Before: Harbor Auditorium, Lakeshore" in news()[0]
    assert "Before: Cedar Hall, Lakeshore" in news()[2]


def test_calendars_follow_for_sessions_that_are_still_to_come(made):
    held = made.activity.sessions.get(title="Welcome")
    Session.objects.filter(pk=held.pk).update(
        starts_at=clock.now() - dt.timedelta(hours=2), ends_at=clock.now() - dt.timedelta(hours=1)
    )
    move(made)
    assert set(made.activity.sessions.exclude(pk=held.pk).values_list("sequence", flat=True)) == {1}
    held.refresh_from_db()
    assert held.sequence == 0


def test_nobody_is_told_before_it_is_published(django_capture_on_commit_callbacks):
    made = office("approved")
    with django_capture_on_commit_callbacks(execute=True):
        move(made)
    assert (news(), fresh(made).location) == ([], "Birch Hall")


@pytest.mark.parametrize(
    ("values", "field"),
    [({"location": "", "city": " "}, "location"), ({"delivery": "online", "location": ""}, "online_url")],
)
def test_a_place_is_named(made, values, field):
    with pytest.raises(Invalid) as refused:
        move(made, **values)
    assert (list(refused.value.fields), fresh(made).location) == ([field], "Harbor Auditorium")


def test_objectives_in_other_words(made):
    first, second, _third = made.case.objectives
    changed = agreed_plan.change_objectives(
        activity_id=made.pk, texts={first.pk: " Start two  classes ", second.pk: second.text}, by=made.planner
    )
    assert changed
    assert [(c.before, c.after) for c in since(made).changes] == [(first.text, "Start two classes")]
    assert AuditEvent.objects.filter(event="objective_changed").count() == 1
    assert not agreed_plan.change_objectives(
        activity_id=made.pk, texts={first.pk: "Start two classes"}, by=made.planner
    )


def test_an_empty_objective_is_refused(made):
    first = made.case.objectives[0]
    with pytest.raises(Invalid) as refused:
        agreed_plan.change_objectives(activity_id=made.pk, texts={first.pk: " "}, by=made.planner)
    first.refresh_from_db()
    assert (list(refused.value.fields), first.text != "") == ([f"o{first.pk}"], True)


def test_objectives_of_other_activities_stay(made):
    other = office("published")
    theirs = other.case.objectives[0]
    assert not agreed_plan.change_objectives(activity_id=made.pk, texts={theirs.pk: "Mine"}, by=made.planner)
    theirs.refresh_from_db()
    assert theirs.text != "Mine"


@pytest.mark.parametrize("status", ["submitted", "ended"])
def test_only_from_approval_until_it_is_over(status):
    made = office("submitted" if status == "submitted" else "published")
    if status == "ended":
        Activity.objects.filter(pk=made.pk).update(status="ended")
    with pytest.raises(Conflict):
        move(made)
    assert fresh(made).location == "Harbor Auditorium"


def test_strangers_change_nothing(made):
    from accounts.actors import actor_of

    for user in (made.school.outsider, UserFactory(), UserFactory(roles=["leadership"])):
        with pytest.raises(NotAllowed):
            move(made, by=actor_of(user))
    assert fresh(made).location == "Harbor Auditorium"


# --- page --------------------------------------------------------------------------------------------


def url(made):
    return reverse("activities:plan_change", args=[made.activity.number])


def test_a_planner_does_both_on_the_page(client, made):
    client.force_login(made.school.planner)
    first = made.case.objectives[0]
    workspace = reverse("activities:plan_detail", args=[made.activity.number])
    assert url(made) in client.get(workspace).content.decode()

    refused = client.post(url(made), {"action": "place", **BIRCH, "location": "", "city": ""})
    assert (refused.status_code, "Say where it is held." in refused.content.decode()) == (422, True)
    done = client.post(url(made), {"action": "place", **BIRCH}, follow=True).content.decode()
    assert "Saved. The CME office looks at what changed." in done
    texts = {f"o{o.pk}": o.text for o in made.case.objectives}
    silent = client.post(url(made), {"action": "objectives", **texts, f"o{first.pk}": ""})
    assert (silent.status_code, "Say what the learner will do." in silent.content.decode()) == (422, True)
    client.post(url(made), {"action": "objectives", **texts, f"o{first.pk}": "Start two classes"})

    assert [str(c.part) for c in since(made).changes] == ["place", "objectives"]
    shown = client.get(workspace).content.decode()
    assert "The CME office looks at what changed" in shown
    assert "Start two classes" in shown


def test_the_page_is_the_planners(client, made):
    client.force_login(made.school.outsider)
    assert client.get(url(made)).status_code == 404
    assert client.post(url(made), {"action": "place", **BIRCH}).status_code == 404
    assert fresh(made).location == "Harbor Auditorium"


def test_a_draft_is_changed_in_its_sections(client):
    made = office("submitted")
    client.force_login(made.school.planner)
    assert client.get(url(made)).url == reverse("activities:plan_detail", args=[made.activity.number])
