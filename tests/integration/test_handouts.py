"""Handouts: who may put them there, who sees them and from when, on which pages."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import handouts
from activities.models import Handout
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import ActivityFactory, ActivityRoleFactory, SessionFactory, UserFactory
from tests.factories.files import HandoutFactory, StoredFileFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration import upload_cases as cases
from tests.integration.claim_cases import attend, ready
from tests.integration.planning_cases import School, count_queries

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def school():
    return School()


@pytest.fixture
def activity(school):
    found = school.draft(
        status="published", approved_at=clock.now(), published_at=clock.now(), starts_on=None, ends_on=None
    )
    SessionFactory(activity=found, title="Sepsis", starts_at=clock.now() + HOUR)
    return found


def learner(activity, **values):
    user = UserFactory()
    RegistrationFactory(activity=activity, person=user.person, **values)
    return user


def titles(groups):
    return [item.handout.title for group in groups for item in group.items]


def seen_by(activity, user):
    return [i.handout.title for g in handouts.of_learner(activity, user.person_id) for i in g.items if i.is_open]


def page(activity):
    return reverse("activities:handout_list", args=[activity.number])


def file_of(handout):
    return reverse("activities:handout_file", args=[handout.activity.number, handout.pk])


def status(client, user, url):
    client.force_login(user)
    answer = client.get(url)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


# --- who sees what, when ------------------------------------------------------------------------------


def test_each_opens_at_its_time(activity):
    session = activity.sessions.get()
    user = learner(activity)
    for place in (None, session):
        for moment in ("registration", "start", "end"):
            HandoutFactory(activity=activity, session=place, visible_from=moment, title=f"{moment} {place or 'all'}")
    assert seen_by(activity, user) == ["registration all", "registration Sepsis"]

    clock.move(HOUR + dt.timedelta(minutes=1))
    assert seen_by(activity, user) == ["registration all", "start all", "registration Sepsis", "start Sepsis"]

    clock.move(3 * HOUR)
    assert len(seen_by(activity, user)) == 6


@pytest.fixture(autouse=True)
def _clock():
    yield
    clock.forget()


def test_of_the_whole_activity_first_start_and_last_end_count(activity):
    SessionFactory(activity=activity, starts_at=clock.now() + 5 * HOUR)
    SessionFactory(activity=activity, status="cancelled", starts_at=clock.now() + 9 * HOUR)
    start, end = (HandoutFactory(activity=activity, visible_from=moment) for moment in ("start", "end"))
    first, last = activity.sessions.exclude(status="cancelled").order_by("starts_at")

    opens = {i.handout: i.opens_at for g in handouts.of_activity(activity) for i in g.items}

    assert opens == {start: first.starts_at, end: last.ends_at}


def test_without_sessions_the_days_count_in_the_activitys_zone(school):
    activity = school.draft(
        status="published",
        published_at=clock.now(),
        kind="EM",
        starts_on=dt.date(2026, 12, 1),
        ends_on=dt.date(2026, 12, 3),
        zone="America/Chicago",
    )
    start, end = (HandoutFactory(activity=activity, visible_from=moment) for moment in ("start", "end"))
    opens = {i.handout: i.opens_at for g in handouts.of_activity(activity) for i in g.items}
    assert opens == {
        start: dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC), end: dt.datetime(2026, 12, 4, 6, tzinfo=dt.UTC),
    }  # fmt: skip


def test_only_people_with_a_place_or_with_attendance_see_them(activity, client):
    handout = HandoutFactory(activity=activity)
    here, waiting, gone, stranger = learner(activity), learner(activity, waiting=True), UserFactory(), UserFactory()
    RegistrationFactory(activity=activity, person=gone.person, status="cancelled", cancelled_at=clock.now())
    walked_in = UserFactory()
    attend(walked_in.person, activity.sessions.get())
    speaker = UserFactory()
    ActivityRoleFactory(activity=activity, person=speaker.person, role="speaker")

    found = {name: status(client, user, file_of(handout)) for name, user in {
        "here": here, "walked in": walked_in, "waiting": waiting, "gone": gone, "stranger": stranger, "speaker": speaker,
    }.items()}  # fmt: skip

    assert found == {"here": 200, "walked in": 200, "waiting": 404, "gone": 404, "stranger": 404, "speaker": 404}


def test_a_stranger_is_asked_to_sign_in_whether_it_exists_or_not(activity, client):
    handout = HandoutFactory(activity=activity)
    there = client.get(file_of(handout))
    nowhere = client.get(reverse("activities:handout_file", args=[activity.number, 2_000_000_000]))
    assert (there.status_code, nowhere.status_code) == (302, 302)
    assert there.url.split("?")[0] == nowhere.url.split("?")[0] == reverse("accounts:sign_in")


def test_planners_and_the_office_open_what_learners_do_not_yet(activity, client, school):
    handout = HandoutFactory(activity=activity, visible_from="end")
    coordinator = UserFactory()
    ActivityRoleFactory(activity=activity, person=coordinator.person, role="coordinator")
    users = (school.planner, coordinator, school.staff, school.outsider, learner(activity))
    assert [status(client, u, file_of(handout)) for u in users] == [200, 200, 200, 404, 404]


@pytest.mark.parametrize("state", ["cancelled", "approved", "designated"])
def test_an_activity_that_is_not_open_shows_none(state, school, client):
    activity = school.draft(status=state, published_at=clock.now())
    handout = HandoutFactory(activity=activity)
    assert status(client, learner(activity), file_of(handout)) == 404


def test_what_was_removed_or_belongs_to_a_cancelled_session_is_gone(activity, client):
    user = learner(activity)
    removed = HandoutFactory(activity=activity, removed_at=clock.now(), removed_by="Dana")
    off = HandoutFactory(activity=activity, session=SessionFactory(activity=activity, status="cancelled"))
    down = HandoutFactory(activity=activity, file=StoredFileFactory(removed_at=clock.now(), removed_by="Joan"))
    assert seen_by(activity, user) == []
    assert [status(client, user, file_of(h)) for h in (removed, off, down)] == [404, 404, 404]


def test_a_link_has_no_file(activity, client):
    assert status(client, learner(activity), file_of(HandoutFactory(activity=activity, link=True))) == 404


def test_a_handout_is_found_under_its_own_activity_only(activity, client):
    handout = HandoutFactory(activity=activity)
    other = ActivityFactory(published=True)
    assert status(client, learner(activity), reverse("activities:handout_file", args=[other.number, handout.pk])) == 404


# --- on the learner's pages -----------------------------------------------------------------------------


def test_the_activity_page_and_the_registration_list_them(activity, client):
    HandoutFactory(activity=activity, title="Pocket card")
    HandoutFactory(activity=activity, title="The guideline", link=True)
    HandoutFactory(activity=activity, title="Slides with answers", visible_from="end")
    client.force_login(learner(activity))
    for name in ("activities:activity_detail", "activities:registration_detail"):
        text = client.get(reverse(name, args=[activity.number])).text
        assert [t in text for t in ("Pocket card", "The guideline", "Slides with answers", "Here from", "PDF, 15")] == [
            True
        ] * 5
        assert text.count("/handouts/") == 1, "the one that is open, and a file"
    client.force_login(UserFactory())
    assert "Pocket card" not in client.get(activity.get_absolute_url()).text


def test_without_any_the_registration_says_where_they_will_be(activity, client):
    client.force_login(learner(activity))
    text = client.get(reverse("activities:registration_detail", args=[activity.number])).text
    assert "Handouts appear here when the planners add them." in text


def test_home_check_in_and_claim_have_them_at_hand(client):
    person, activity, (session,) = ready()
    client.force_login(UserFactory(person=person))
    HandoutFactory(activity=activity, title="Pocket card", session=session, visible_from="start")
    pages = [
        reverse("credits:home"), reverse("credits:checked_in", args=[session.pk]), reverse("credits:claim", args=[activity.number]),
    ]  # fmt: skip
    assert ["Pocket card" in client.get(url).text for url in pages] == [True, True, True]


def test_home_shows_what_can_be_opened_now_the_newest_first(activity, client):
    user = learner(activity)
    old = ActivityFactory(published=True, starts_on=None, ends_on=None)
    SessionFactory(activity=old, starts_at=clock.now() - dt.timedelta(days=60))
    RegistrationFactory(activity=old, person=user.person)
    HandoutFactory(activity=old, title="Long ago")
    HandoutFactory(activity=activity, title="Later", visible_from="end")
    first = HandoutFactory(activity=activity, title="First", added_at=clock.now() - HOUR)
    second = HandoutFactory(activity=activity, title="Second")
    assert [i.handout for i in handouts.at_hand(user.person_id, limit=5)] == [second, first]
    assert [i.handout for i in handouts.at_hand(user.person_id, limit=1)] == [second]
    assert handouts.at_hand(UserFactory().person_id, limit=5) == []


@pytest.mark.parametrize("url", ["home", "activity", "registration", "planner"])
def test_three_handouts_cost_what_one_costs(url, activity, client, school):
    client.force_login(school.planner if url == "planner" else learner(activity))
    address = {
        "home": reverse("credits:home"), "activity": activity.get_absolute_url(), "planner": page(activity),
        "registration": reverse("activities:registration_detail", args=[activity.number]),
    }[url]  # fmt: skip

    def one_more():
        HandoutFactory(activity=activity, visible_from="start")
        HandoutFactory(activity=activity, session=SessionFactory(activity=activity))
        client.get(address)
        return count_queries(lambda: client.get(address))

    first = one_more()
    one_more()
    assert one_more() == first


# --- the planners' list -----------------------------------------------------------------------------------


def post(client, activity, action, **data):
    return client.post(
        page(activity),
        {"action": action, "session": "", "visible_from": "registration", "title": "", "url": "", **data},
    )


def test_the_list_begins_empty_and_tells_what_it_is_for(client, activity, school):
    client.force_login(school.planner)
    text = client.get(page(activity)).text
    assert "No handout yet" in text
    assert text.count("<h1") == 1
    assert f'href="{page(activity)}"' in client.get(reverse("activities:plan_detail", args=[activity.number])).text


def test_a_planner_adds_a_file_and_a_link(client, activity, school):
    client.force_login(school.planner)
    session = activity.sessions.get()

    post(
        client,
        activity,
        "add",
        file=cases.given("Sepsis slides.pptx", cases.office("pptx")),
        session=session.pk,
        visible_from="end",
    )
    answer = client.post(
        page(activity), {"action": "add", "title": "The guideline", "url": "guideline.example/2026", "session": "", "visible_from": "start"}, follow=True,
    )  # fmt: skip

    slides, link = Handout.objects.order_by("pk")
    assert (slides.title, slides.session, slides.visible_from, slides.url, slides.added_by) == (
        "Sepsis slides", session, "end", "", str(school.planner.person),
    )  # fmt: skip
    assert (link.title, link.session, link.visible_from, link.url, link.file) == (
        "The guideline",
        None,
        "start",
        "https://guideline.example/2026",
        None,
    )
    assert "“The guideline” is added." in answer.text
    assert list(AuditEvent.objects.filter(event="handout_added").values_list("new", flat=True)) == [
        {"handout": "Sepsis slides"},
        {"handout": "The guideline"},
    ]


WRONG = {
    "nothing": ({}, {"file": ["Choose a file, or give a link."]}),
    "both": ({"url": "https://a.example", "file": True}, {"url": ["A file and a link are two handouts. Leave one of them out."]}),
    "link without a name": ({"url": "https://a.example"}, {"title": ["Write what learners read instead of the address, for example “The guideline of 2026”."]}),
    "a script as link": ({"url": "javascript:alert(1)", "title": "x"}, {"url": ["Write the whole address, for example https://www.example.org/paper."]}),
    "a server of files": ({"url": "ftp://a.example/x", "title": "x"}, {"url": ["Write the whole address, for example https://www.example.org/paper."]}),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_stands_at_its_field(case, client, activity, school):
    client.force_login(school.planner)
    data, errors = WRONG[case]
    data = {**data, **({"file": cases.given("a.pdf", cases.PDF)} if data.get("file") else {})}
    answer = post(client, activity, "add", **data)
    assert (answer.status_code, answer.context["form"].errors) == (422, errors)
    assert Handout.objects.count() == 0


def test_a_session_of_another_activity_is_refused(client, activity, school):
    client.force_login(school.planner)
    other = SessionFactory()
    answer = post(client, activity, "add", file=cases.given("a.pdf", cases.PDF), session=other.pk)
    assert list(answer.context["form"].errors) == ["session"]
    with pytest.raises(Invalid):
        handouts.add_handout(
            activity_id=activity.pk,
            title="x",
            session_id=other.pk,
            visible_from="start",
            upload=None,
            url="https://a.example",
            by=school.by,
        )
    assert Handout.objects.count() == 0


def test_rename_and_give_to_another_session(client, activity, school):
    client.force_login(school.planner)
    session = activity.sessions.get()
    HandoutFactory(activity=activity, session=session, position=4)
    row = HandoutFactory(activity=activity)
    opened = client.get(page(activity) + f"?open={row.pk}")
    assert opened.context["change"]["title"].value() == row.title

    prefix = f"h{row.pk}-"
    answer = client.post(
        page(activity),
        {
            "action": f"change:{row.pk}",
            f"{prefix}title": "Slides, corrected",
            f"{prefix}session": session.pk,
            f"{prefix}visible_from": "end",
        },
    )

    assert answer.url == f"{page(activity)}#handout-{row.pk}"
    row.refresh_from_db()
    assert (row.title, row.session, row.visible_from, row.position) == ("Slides, corrected", session, "end", 5)
    answer = client.post(
        page(activity),
        {"action": f"change:{row.pk}", f"{prefix}title": "", f"{prefix}session": "", f"{prefix}visible_from": "end"},
    )
    assert (answer.status_code, list(answer.context["change"].errors)) == (422, ["title"])


def test_order_within_a_session(client, activity, school):
    client.force_login(school.planner)
    a, b, c = (HandoutFactory(activity=activity, title=t, position=1) for t in "ABC")
    HandoutFactory(activity=activity, session=activity.sessions.get(), title="S")

    post(client, activity, f"down:{a.pk}")
    assert titles(handouts.of_activity(activity)) == ["B", "A", "C", "S"]
    post(client, activity, f"up:{c.pk}")
    assert titles(handouts.of_activity(activity)) == ["B", "C", "A", "S"]
    post(client, activity, f"up:{b.pk}")
    assert titles(handouts.of_activity(activity)) == ["B", "C", "A", "S"]


def test_remove_and_undo(client, activity, school):
    client.force_login(school.planner)
    row = HandoutFactory(activity=activity, title="Wrong slides")
    user = learner(activity)

    answer = client.post(page(activity), {"action": f"remove:{row.pk}"}, follow=True)

    assert "Removed “Wrong slides”." in answer.text
    assert f'value="restore:{row.pk}"' in answer.text
    assert seen_by(activity, user) == []
    post(client, activity, f"restore:{row.pk}")
    assert seen_by(activity, user) == ["Wrong slides"]
    assert list(AuditEvent.objects.order_by("pk").values_list("event", flat=True)) == [
        "handout_removed",
        "handout_restored",
    ]


def test_only_its_planners_change_them(client, activity, school):
    row = HandoutFactory(activity=activity, title="Slides")
    client.force_login(school.outsider)
    assert client.post(page(activity), {"action": f"remove:{row.pk}"}).status_code == 404
    with pytest.raises(NotAllowed):
        handouts.remove_handout(activity_id=activity.pk, handout_id=row.pk, by=actor_of(school.outsider))
    assert Handout.objects.filter(removed_at=None).count() == 1


@pytest.mark.parametrize("state", ["draft", "submitted", "cancelled", "closed", "archived"])
def test_a_closed_file_is_not_added_to(state, client, school):
    activity = school.draft(status=state, published_at=clock.now())
    row = HandoutFactory(activity=activity)
    client.force_login(school.planner)
    text = client.get(page(activity)).text
    assert ("Add this handout" in text, "Remove" in text) == (False, False)
    with pytest.raises(Conflict):
        handouts.remove_handout(activity_id=activity.pk, handout_id=row.pk, by=school.by)
    post(client, activity, "add", file=cases.given("a.pdf", cases.PDF))
    assert Handout.objects.count() == 1


@pytest.mark.parametrize(
    "action", ["remove:2000000000", "up:x", "explode", "change:2000000000", "restore:", "remove:" + "9" * 40]
)
def test_buttons_that_are_out_of_date_change_nothing(action, client, activity, school):
    client.force_login(school.planner)
    HandoutFactory(activity=activity)
    assert post(client, activity, action).status_code in {302, 422}
    assert Handout.objects.filter(removed_at=None).count() == 1


def test_the_database_wants_one_of_file_and_link(activity):
    for values in ({"file": None, "url": ""}, {"url": "https://a.example"}, {"removed_by": "Dana"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HandoutFactory(activity=activity, **values)
