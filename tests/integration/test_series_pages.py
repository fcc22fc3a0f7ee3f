"""The pages of a series and of one session: as a planner uses them, with and without a script."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from activities.models import ActivityRole, AttendanceEvidence, SeriesPlan, Session
from common import clock
from tests.factories import ActivityFactory, ActivityRoleFactory, PersonFactory, SessionFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import attend
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db


@pytest.fixture
def school():
    return School()


@pytest.fixture
def rounds(school):
    return school.draft(kind="RSS", title="Medicine Grand Rounds", starts_on=None, ends_on=None)


@pytest.fixture
def planner(client, school):
    client.force_login(school.planner)
    return client


@pytest.fixture
def held(school, settings):
    settings.READINESS_CHECKS = ("activities.readiness", "integrity.readiness")
    activity = ActivityFactory(kind="RSS", published=True, department=school.department, title="Medicine Grand Rounds")
    return SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(minutes=20), check_in_code="SEP4K7")


def url(name, session):
    return reverse(f"activities:{name}", args=[session.activity.number, session.pk])


def answers(**changes):
    return {
        "every": "1",
        "weekdays": ["TU"],
        "starts_on": "2026-09-08",
        "ends_on": "2027-06-01",
        "start_time": "12:00",
        "minutes": "60",
        **changes,
    }


def previewed(page):
    """What the browser holds after a preview: the ticked dates and the two hidden fields."""
    html = page.content.decode()
    ticked = re.findall(r'value="([\d-]+)" checked', html)
    return {n: re.search(rf'name="{n}" value="([^"]*)"', html)[1] for n in ("seen", "shown")} | {"left_out": ticked}


def test_preview_then_confirm_without_a_script(planner, rounds):
    address = reverse("activities:series_plan", args=[rounds.number])
    page = planner.post(address, answers(action="preview"))
    text = " ".join(page.content.decode().split())
    assert "38 sessions" in text
    assert "Christmas week" in text
    assert Session.objects.count() == 0
    done = planner.post(address, answers(action="confirm", **previewed(page)))
    assert (done.status_code, done["Location"]) == (302, address)
    assert Session.objects.count() == 38
    assert SeriesPlan.objects.get().left_out == [dt.date(2026, 12, 29)]
    assert planner.get(address).content.decode().count("session_change") == 0


def test_a_holiday_may_be_kept_and_another_day_left_out(planner, rounds):
    address = reverse("activities:series_plan", args=[rounds.number])
    seen = previewed(planner.post(address, answers()))
    planner.post(address, answers(action="confirm", **seen | {"left_out": ["2026-09-15"]}))
    assert SeriesPlan.objects.get().left_out == [dt.date(2026, 9, 15)]
    assert Session.objects.filter(series_on="2026-12-29").count() == 1
    again = planner.post(address, answers())
    assert previewed(again)["left_out"] == ["2026-09-15"]


def test_confirming_other_dates_than_those_seen_asks_again(planner, rounds):
    address = reverse("activities:series_plan", args=[rounds.number])
    seen = previewed(planner.post(address, answers()))
    page = planner.post(address, answers(action="confirm", weekdays=["TH"], **seen))
    assert page.status_code == 200
    assert "Look at them once more" in page.content.decode()
    assert Session.objects.count() == 0


def test_htmx_gets_the_dates_alone(planner, rounds):
    page = planner.post(
        reverse("activities:series_plan", args=[rounds.number]), answers(), headers={"HX-Request": "true"}
    )
    html = page.content.decode()
    assert html.lstrip().startswith("<section") or "<html" not in html
    assert "38 sessions" in " ".join(html.split())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weekdays": []}, "weekdays"), ({"ends_on": "2026-09-01"}, "ends_on"), ({"ends_on": "2027-09-09"}, "ends_on"), ({"start_time": "noon"}, "start_time"),
        ({"minutes": "9000"}, "minutes"), ({"every": "month"}, "weeks"), ({"starts_on": ""}, "starts_on"),
    ],
)  # fmt: skip
def test_what_cannot_stand_is_said_at_its_field_and_kept_as_typed(planner, rounds, changes, field):
    page = planner.post(reverse("activities:series_plan", args=[rounds.number]), answers(action="confirm", **changes))
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in page.content.decode()
    assert Session.objects.count() == 0
    if field in {"minutes", "start_time", "ends_on"}:
        assert f'value="{changes[field]}"' in page.content.decode()


def test_a_monthly_series(planner, rounds):
    address = reverse("activities:series_plan", args=[rounds.number])
    asked = answers(every="month", weeks=["1", "3"], weekdays=["WE"])
    planner.post(address, asked | {"action": "confirm"} | previewed(planner.post(address, asked)))
    assert SeriesPlan.objects.get().rule == "FREQ=MONTHLY;BYDAY=1WE,3WE"
    assert {(s.series_on.weekday(), (s.series_on.day - 1) // 7) for s in Session.objects.all()} == {(2, 0), (2, 2)}
    page = planner.get(address)
    assert page.context["form"].initial["weeks"] == ["1", "3"]


def test_a_course_says_why_not(planner, school):
    assert planner.get(reverse("activities:series_plan", args=[school.draft(kind="C").number])).status_code == 409


@pytest.mark.parametrize("name", ["session_change", "session_present", "session_sheet", "session_attendance"])
def test_pages_open_for_planners_only(client, school, held, name):
    assert client.get(url(name, held)).status_code == 302
    client.force_login(school.outsider)
    assert client.get(url(name, held)).status_code == 404
    client.force_login(school.planner)
    assert client.get(url(name, held)).status_code == 200
    other = SessionFactory(check_in_code="ZZZZZZ")
    assert client.get(reverse(f"activities:{name}", args=[held.activity.number, other.pk])).status_code == 404


def test_series_page_is_for_planners_only(client, school, rounds):
    client.force_login(school.outsider)
    assert client.get(reverse("activities:series_plan", args=[rounds.number])).status_code == 404


def test_the_screen_shows_the_disclosure_first_then_code_and_qr(planner, held, settings):
    attend(PersonFactory(), held)
    html = planner.get(url("session_present", held)).content.decode()
    assert html.index("disclosures-head") < html.index("SEP4K7")
    assert f"{settings.PORTAL_BASE_URL}/in/SEP4K7/" in html
    assert '<span class="bignum">1</span>' in html
    partial = planner.get(url("session_present", held), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in partial
    assert 'hx-trigger="every 10s"' in partial


@pytest.mark.parametrize("name", ["session_present", "session_sheet"])
def test_a_code_that_is_not_released_is_nowhere(planner, held, name):
    Session.objects.filter(pk=held.pk).update(code_released_at=None)
    assert "SEP4K7" not in planner.get(url(name, held)).content.decode()


def test_the_sheet_names_those_with_a_place(planner, held):
    there = RegistrationFactory(activity=held.activity)
    waiting = RegistrationFactory(activity=held.activity, waiting=True)
    html = planner.get(url("session_sheet", held)).content.decode()
    assert there.person.name_with_degrees in html
    assert waiting.person.name_with_degrees not in html
    assert html.count('class="blank"') == 12


def test_mark_present_by_name(planner, held):
    person = PersonFactory(given_name="Amara", family_name="Osei")
    PersonFactory(given_name="Amara", family_name="Nobody", deactivated_at=clock.now())
    page = planner.get(url("session_attendance", held), {"q": "ama ose"})
    assert page.context["found"] == [person]
    done = planner.post(
        url("session_attendance", held),
        {"action": "present", "q": "ama ose", "person": person.pk, "minutes": "", "reason": "Signed the sheet"},
    )
    assert done.status_code == 302
    row = AttendanceEvidence.objects.get()
    assert (row.method, row.minutes, row.reason, row.recorded_by) == (
        "staff",
        None,
        "Signed the sheet",
        row.recorded_by,
    )
    assert "Amara Osei" in planner.get(url("session_attendance", held)).content.decode()


@pytest.mark.parametrize("typed", ["am", "person@", "@lakeshore.example", "lakeshore"])
def test_addresses_are_not_given_away(planner, held, typed):
    PersonFactory(given_name="Amara", email="amara@lakeshore.example")
    assert planner.get(url("session_attendance", held), {"q": typed}).context["found"] == []
    assert len(planner.get(url("session_attendance", held), {"q": "AMARA@lakeshore.example"}).context["found"]) == 1


@pytest.mark.parametrize(
    ("field", "value"), [("reason", ""), ("minutes", "61"), ("minutes", "many"), ("person", "999999")]
)
def test_mark_present_refused_keeps_what_was_typed(planner, held, field, value):
    person = PersonFactory(given_name="Amara", family_name="Osei")
    data = {
        "action": "present",
        "q": "amara",
        "person": person.pk,
        "minutes": "30",
        "reason": "Signed the sheet",
        field: value,
    }
    page = planner.post(url("session_attendance", held), data)
    assert list(page.context["present_form"].errors) == [field]
    assert AttendanceEvidence.objects.count() == 0


def test_a_correction_stands_beside_what_it_replaces(planner, held):
    row = attend(PersonFactory(given_name="Amara", family_name="Osei"), held)
    page = planner.post(
        url("session_attendance", held),
        {"action": "correct", "evidence": row.pk, "minutes": "45", "reason": "Left early"},
    )
    assert page.status_code == 302
    html = planner.get(url("session_attendance", held)).content.decode()
    assert "Left early" in html
    assert "Whole session" in html
    newest = AttendanceEvidence.objects.latest("pk")
    planner.post(
        url("session_attendance", held),
        {"action": "correct", "evidence": newest.pk, "withdrawn": "on", "minutes": "", "reason": "Somebody else"},
    )
    page = planner.get(url("session_attendance", held))
    assert page.context["present"] == 0
    assert AttendanceEvidence.objects.count() == 3


def test_a_correction_needs_a_reason(planner, held):
    row = attend(PersonFactory(), held)
    page = planner.post(
        url("session_attendance", held), {"action": "correct", "evidence": row.pk, "minutes": "45", "reason": ""}
    )
    assert list(page.context["correct_form"].errors) == ["reason"]
    assert AttendanceEvidence.objects.count() == 1


def test_evidence_of_another_session_is_not_found(planner, held):
    row = attend(PersonFactory(), SessionFactory(check_in_code="ZZZZZZ"))
    data = {"action": "correct", "evidence": row.pk, "minutes": "45", "reason": "Left early"}
    assert planner.post(url("session_attendance", held), data).status_code == 404
    assert AttendanceEvidence.objects.count() == 1


def test_topic_and_speaker_on_the_page(planner, held):
    former = ActivityRoleFactory(activity=held.activity, session=held)
    address = url("session_change", held)
    assert planner.post(address, {"action": "title", "title": "Gout, revisited"}).status_code == 302
    page = planner.post(
        address, {"action": "speaker", "leaving": former.pk, "email": "noor@lakeshore.example", "family_name": ""}
    )
    assert list(page.context["forms"]["speaker"].errors) == ["family_name"]
    data = {
        "action": "speaker",
        "leaving": former.pk,
        "email": "noor@lakeshore.example",
        "given_name": "Noor",
        "family_name": "Aziz",
        "degrees": "MD",
        "profession": "physician",
    }
    assert planner.post(address, data).status_code == 302
    assert list(held.roles.filter(removed_at=None).values_list("person__family_name", flat=True)) == ["Aziz"]
    role = held.roles.get(removed_at=None)
    assert planner.post(address, {"action": "remove", "role": role.pk}).status_code == 302
    held.refresh_from_db()
    assert (held.title, ActivityRole.objects.filter(session=held, removed_at=None).count()) == ("Gout, revisited", 0)


def move(held, **changes):
    day = clock.today("America/New_York") + dt.timedelta(days=9)
    return {
        "action": "move",
        "move-day": day.isoformat(),
        "move-time": "07:30",
        "move-minutes": "45",
        "move-room": "Birch Hall",
        **changes,
    }


def test_moving_and_cancelling(planner, held):
    RegistrationFactory(activity=held.activity)
    address = url("session_change", held)
    assert planner.post(address, move(held, told="1")).status_code == 302
    held.refresh_from_db()
    assert (held.starts_at, held.minutes, held.room, held.sequence) == (
        clock.local(clock.today("America/New_York") + dt.timedelta(days=9), dt.time(7, 30), held.activity.zone), 45, "Birch Hall", 1,
    )  # fmt: skip
    assert (
        planner.post(address, {"action": "cancel", "cancel-reason": "The speaker is ill", "told": "1"}).status_code
        == 302
    )
    held.refresh_from_db()
    assert (held.status, held.sequence) == ("cancelled", 2)
    page = planner.post(address, move(held), follow=True)
    assert "was cancelled" in page.content.decode()
    held.refresh_from_db()
    assert held.sequence == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"move-day": "2020-01-01"}, "day"), ({"move-time": "noon"}, "time"), ({"move-minutes": "1"}, "minutes")],
)
def test_a_move_that_cannot_be(planner, held, changes, field):
    page = planner.post(url("session_change", held), move(held, **changes))
    assert list(page.context["forms"]["move"].errors) == [field]
    held.refresh_from_db()
    assert held.sequence == 0


def test_cancelling_needs_a_reason(planner, held):
    page = planner.post(url("session_change", held), {"action": "cancel", "cancel-reason": " "})
    assert list(page.context["forms"]["cancel"].errors) == ["reason"]
    held.refresh_from_db()
    assert held.status == "ready"


@pytest.mark.parametrize("items", [1, 3])
def test_query_counts_do_not_grow(planner, held, items, django_assert_num_queries):
    SeriesPlan.objects.create(activity=held.activity, rule="FREQ=WEEKLY;BYDAY=TU", start_time=dt.time(12))
    for n in range(items):
        session = SessionFactory(
            activity=held.activity, check_in_code=f"ZZZZZ{n + 2}", starts_at=clock.now() + dt.timedelta(days=n)
        )
        for _ in range(items):
            ActivityRoleFactory(activity=held.activity, session=session)
            attend(PersonFactory(), held)
            RegistrationFactory(activity=held.activity)
    counts = {"series_plan": 6, "session_attendance": 7, "session_sheet": 5}
    for name, expected in counts.items():
        address = (
            reverse("activities:series_plan", args=[held.activity.number]) if name == "series_plan" else url(name, held)
        )
        planner.get(address)
        with django_assert_num_queries(expected):
            planner.get(address)
