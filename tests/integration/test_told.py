"""Nothing mails in bulk unless a person saw how many: the number beside the button, carried by the press, asked again."""

import datetime as dt
import re
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of_person
from activities.domain import agreed_plan, notices, reviews, sessions
from activities.models import Session
from common import clock, mail
from common.errors import Conflict
from common.models import AuditEvent, Job, OutboxMessage
from credits.domain import requests
from credits.models import ClaimRequest
from tests.factories import ActivityRoleFactory, PersonFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import ready
from tests.integration.office_cases import fresh, office

pytestmark = pytest.mark.django_db
PLACE = {"delivery": "in_person", "location": "Birch Hall", "city": "Lakeshore", "online_url": ""}
SITUATIONS = {"move": "moved", "cancel": "cancelled", "place": "moved", "activity": "cancelled"}


@pytest.fixture
def made():
    return office("published")


def register(made, people=1, **values):
    return [RegistrationFactory(activity=made.activity, person=PersonFactory(), **values) for _ in range(people)]


def slot(made) -> Session:
    return made.activity.sessions.filter(kind="education").latest("starts_at")


def do(act, made, told):
    """The four changes that are told to everybody with a place."""
    session = slot(made)
    if act == "move":
        return sessions.move_session(
            session_id=session.pk, starts_at=session.starts_at, minutes=session.minutes, room="B", told=told, by=made.planner
        )  # fmt: skip
    if act == "cancel":
        return sessions.cancel_session(session_id=session.pk, reason="No speaker.", told=told, by=made.planner)
    if act == "place":
        return agreed_plan.change_place(activity_id=made.pk, **PLACE, told=told, by=made.planner)
    return reviews.cancel(activity_id=made.pk, reason="The hall is flooded.", told=told, by=made.staff)


def written() -> tuple[int, int, int]:
    """Everything that a change leaves behind."""
    return AuditEvent.objects.count(), Job.objects.count(), OutboxMessage.objects.count()


def state(made) -> tuple:
    session = slot(made)
    return session.status, session.room, session.sequence, fresh(made).status, fresh(made).location


# --- the number --------------------------------------------------------------------------------------


def test_who_is_counted_is_who_is_written_to(made):
    """Waiting and offered places too; not who cancelled, left, or has no address. A second address is no second e-mail."""
    register(made, 2)
    register(made, waiting=True)
    register(made, status="cancelled", cancelled_at=clock.now())
    (silent,) = register(made)
    silent.person.addresses.update(removed_at=clock.now(), is_primary=False)
    (gone,) = register(made)
    type(gone.person).objects.filter(pk=gone.person_id).update(deactivated_at=clock.now())
    first = made.activity.registrations.earliest("pk").person
    first.addresses.create(kind="email", value="second@x.example", created_at=clock.now())

    assert notices.audience(made.activity) == 3
    notices.send_news(made.activity, "cancelled", None, 0, (None, None, ""), "Flooded.")
    assert OutboxMessage.objects.filter(template="activity_cancelled").count() == 3


def test_nobody_hears_of_what_is_not_published(django_assert_num_queries):
    made = office("approved")
    register(made)
    with django_assert_num_queries(0):
        assert notices.audience(made.activity) == 0


@pytest.mark.parametrize("people", [1, 3])
def test_counting_is_one_query(made, people, django_assert_num_queries):
    register(made, people)
    with django_assert_num_queries(1):
        assert notices.audience(made.activity) == people


# --- the refusal -------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", SITUATIONS)
@pytest.mark.parametrize(("told", "people"), [(0, 1), (1, 2), (2, 5)])
def test_more_people_than_were_shown_are_not_told(made, act, told, people):
    register(made, people)
    before = written(), state(made)
    sentence = f"This sends {people} e-mail"
    with pytest.raises(Conflict, match=sentence):
        do(act, made, told)
    assert (written(), state(made)) == before


@pytest.mark.parametrize("act", SITUATIONS)
@pytest.mark.parametrize(("told", "people"), [(2, 2), (3, 2)])
def test_as_many_or_fewer_are_told_and_the_record_says_how_many(
    made, act, told, people, django_capture_on_commit_callbacks
):
    register(made, people)
    with django_capture_on_commit_callbacks(execute=True):
        do(act, made, told)
    assert OutboxMessage.objects.filter(template=f"activity_{SITUATIONS[act]}").count() == people
    events = {"move": "session_moved", "cancel": "session_cancelled", "place": "place_changed", "activity": "activity_cancelled"}  # fmt: skip
    assert AuditEvent.objects.get(event=events[act]).new["told"] == people


@pytest.mark.parametrize("act", SITUATIONS)
def test_where_nobody_is_registered_no_number_is_asked(made, act):
    do(act, made, 0)
    assert not Job.objects.filter(name="activities.jobs_learner.send_news").exists()


def test_what_changes_nothing_needs_no_number(made):
    register(made)
    session = slot(made)
    same = {"starts_at": session.starts_at, "minutes": session.minutes, "room": session.room}
    assert sessions.move_session(session_id=session.pk, **same, told=0, by=made.planner).sequence == 0
    here = {name: getattr(made.activity, name) for name in agreed_plan.PLACE}
    agreed_plan.change_place(activity_id=made.pk, **here, told=0, by=made.planner)
    assert not AuditEvent.objects.filter(event__in=["session_moved", "place_changed"]).exists()


@pytest.mark.parametrize(("number", "shown", "refused"), [(0, 0, False), (3, 3, False), (2, 3, False), (4, 3, True)])
def test_fewer_is_no_surprise(number, shown, refused):
    if refused:
        with pytest.raises(Conflict):
            mail.require_shown(number, shown=shown)
    else:
        mail.require_shown(number, shown=shown)


# --- the pages ---------------------------------------------------------------------------------------


def page_of(act, made) -> SimpleNamespace:
    """Who presses, where, with what typed, and the words on the button with and without people to tell."""
    session = slot(made)
    wall = session.starts_at + dt.timedelta(days=1)
    moved = {"move-day": wall.date().isoformat(), "move-time": "09:30", "move-minutes": "45", "move-room": "Typed room"}
    of_session = reverse("activities:session_change", args=[made.activity.number, session.pk])
    found = {
        "move": (made.school.planner, of_session, {"action": "move", **moved}, "Typed room", "Move it and tell {}", "Move the session"),
        "cancel": (made.school.planner, of_session, {"action": "cancel", "cancel-reason": "Typed reason"}, "Typed reason", "Cancel it and tell {}", "Cancel this session"),
        "place": (
            made.school.planner, reverse("activities:plan_change", args=[made.activity.number]), {"action": "place", **PLACE}, "Birch Hall",
            "Save the place and tell {}", "Save the place",
        ),
        "activity": (
            made.school.staff, reverse("desk:reason", args=[made.activity.number]) + "?verb=cancel", {"verb": "cancel", "reason": "Typed reason"},
            "Typed reason", "Cancel it and tell {}", "Cancel this activity",
        ),
    }[act]  # fmt: skip
    return SimpleNamespace(
        **dict(zip(("user", "url", "data", "typed", "many", "plain"), found, strict=True)), is_of_session=act in {"move", "cancel"}
    )  # fmt: skip


@pytest.fixture
def enter(made):
    def enter(act) -> tuple[Client, SimpleNamespace]:
        case, client = page_of(act, made), Client()
        client.force_login(case.user)
        return client, case

    return enter


@pytest.mark.parametrize("act", SITUATIONS)
def test_the_button_names_the_number_and_the_press_carries_it(made, enter, act):
    register(made, 2)
    client, case = enter(act)
    html = client.get(case.url).content.decode()
    assert f">{case.many.format('2 people')}</button>" in html
    assert html.count('<input type="hidden" name="told" value="2">') == (2 if case.is_of_session else 1)

    assert client.post(case.url, case.data | {"told": "2"}).status_code == 302
    assert Job.objects.filter(name="activities.jobs_learner.send_news").count() == 1


@pytest.mark.parametrize("act", SITUATIONS)
def test_one_person_is_one_person(made, enter, act):
    register(made)
    client, case = enter(act)
    assert f">{case.many.format('1 person')}</button>" in client.get(case.url).content.decode()


@pytest.mark.parametrize("act", SITUATIONS)
def test_nobody_to_tell_is_said_plainly(made, enter, act):
    client, case = enter(act)
    html = client.get(case.url).content.decode()
    assert (f">{case.plain}</button>" in html, 'name="told"' in html) == (True, False)
    assert "Sends no e-mail: nobody with an address is registered." in html
    assert client.post(case.url, case.data).status_code == 302
    assert not Job.objects.filter(name="activities.jobs_learner.send_news").exists()


@pytest.mark.parametrize("act", SITUATIONS)
@pytest.mark.parametrize("told", ["1", "", "many", "-5", "²"])
def test_a_number_that_grew_shows_the_page_again_with_what_was_typed(made, enter, act, told):
    register(made, 3)
    before = written(), state(made)
    client, case = enter(act)

    page = client.post(case.url, case.data | {"told": told})

    html = page.content.decode()
    assert (page.status_code in {200, 422}, (written(), state(made)) == before) == (True, True)
    assert "This sends 3 e-mails now, more than the page said" in html
    assert (case.typed in html, f">{case.many.format('3 people')}</button>" in html) == (True, True)
    assert 'name="told" value="3"' in html
    assert client.post(case.url, case.data | {"told": "3"}).status_code == 302


def test_a_move_to_where_it_is_says_that_nobody_was_told(made, enter):
    register(made)
    client, case = enter("move")
    session = slot(made)
    form = client.get(case.url).context["forms"]["move"]
    same = {f"move-{name}": form.get_initial_for_field(form.fields[name], name) for name in form.fields}
    same["move-time"] = f"{same['move-time']:%H:%M}"
    page = client.post(case.url, {"action": "move", "told": "1", **same}, follow=True)
    assert "nobody gets an e-mail" in page.content.decode()
    session.refresh_from_db()
    assert session.sequence == 0


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize(("act", "queries"), [("move", 6), ("place", 17), ("activity", 5)])
def test_pages_cost_the_same_however_many_are_registered(made, enter, act, queries, people, django_assert_num_queries):
    register(made, people)
    client, case = enter(act)
    client.get(case.url)
    with django_assert_num_queries(queries):
        client.get(case.url)


def test_rejecting_asks_no_number(client):
    made = office("in_review")
    client.force_login(made.school.staff)
    url = reverse("desk:reason", args=[made.activity.number])
    assert 'name="told"' not in client.get(url).content.decode()
    page = client.post(url, {"verb": "reject", "reason": "Out of scope."}, follow=True)
    assert "Rejected. The planners have your reason by e-mail." in page.content.decode()


# --- answers to many requests for credit -------------------------------------------------------------


@pytest.fixture
def asked():
    """Three people who say they were there, and the coordinator who answers them."""
    _person, activity, (session,) = ready(evaluated=False)
    who = PersonFactory()
    ActivityRoleFactory(activity=activity, person=who, role="coordinator")
    people = [PersonFactory() for _ in range(3)]
    rows = [
        requests.ask(person_id=p.pk, session_id=session.pk, note="", by=actor_of_person(p)) for p in people
    ]  # fmt: skip
    client = Client()
    client.force_login(UserFactory(person=who))
    url = reverse("credits:claim_requests", args=[activity.number])
    return SimpleNamespace(activity=activity, rows=rows, ids=[r.pk for r in rows], by=actor_of_person(who), client=client, url=url)  # fmt: skip


def decided() -> tuple[int, int]:
    answers = OutboxMessage.objects.filter(template="claim_request_decided")
    return ClaimRequest.objects.exclude(status="asked").count(), answers.count()


@pytest.mark.parametrize("act", ["confirm", "refuse"])
@pytest.mark.parametrize(("told", "passes"), [(1, False), (2, False), (3, True), (4, True)])
def test_an_answer_to_many_goes_to_no_more_than_were_shown(asked, act, told, passes):
    values = {"activity_id": asked.activity.pk, "request_ids": asked.ids, "told": told, "by": asked.by}
    function = requests.confirm if act == "confirm" else requests.refuse
    values |= {} if act == "confirm" else {"reason": "Not on the sheet."}
    if passes:
        assert len(function(**values)) == 3
    else:
        with pytest.raises(Conflict, match="This sends 3 e-mails now"):
            function(**values)
    assert decided() == ((3, 3) if passes else (0, 0))


@pytest.mark.parametrize(
    ("act", "words"), [("confirm", "Confirm attendance, at most 3 e-mails"), ("refuse", "Send the refusal, 3 e-mails")]
)
def test_the_page_says_how_many_before_it_answers_many(asked, act, words):
    data = {"action": act, "requests": asked.ids, "reason": "Typed reason" if act == "refuse" else ""}
    html = asked.client.post(asked.url, data).content.decode()
    ticked = re.findall(r'name="requests" value="(\d+)"[^>]* checked', html)
    assert (decided(), f">{words}</button>" in html, sorted(map(int, ticked))) == ((0, 0), True, sorted(asked.ids))
    assert ("Nothing is sent yet" in html, 'name="told" value="3"' in html) == (True, True)
    assert act == "confirm" or "Typed reason" in html

    assert asked.client.post(asked.url, data | {"told": "3"}).status_code == 302
    assert decided() == (3, 3)


def test_another_one_ticked_after_the_number_was_shown_is_asked_about(asked):
    page = asked.client.post(asked.url, {"action": "confirm", "requests": asked.ids, "told": "2"})
    html = page.content.decode()
    assert ("This sends 3 e-mails now" in html, 'name="told" value="3"' in html) == (True, True)
    assert decided() == (0, 0)


def test_one_person_chosen_is_one_press(asked):
    html = asked.client.get(asked.url).content.decode()
    assert ('name="told"' in html, ">Confirm attendance</button>" in html) == (False, True)
    assert asked.client.post(asked.url, {"action": "confirm", "requests": asked.ids[:1]}).status_code == 302
    assert decided() == (1, 1)


@pytest.mark.parametrize("n", [1, 3])
def test_counting_the_answers_is_one_query(asked, n, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert requests.letters(asked.rows[:n]) == n


def test_who_has_no_address_is_not_counted(asked):
    asked.rows[0].person.addresses.update(removed_at=clock.now(), is_primary=False)
    assert requests.letters(asked.rows) == 2
