"""The planner's pages: every section keeps what is typed, nobody foreign sees it, nobody writes once it is sent."""

import datetime as dt

import pytest
from django.urls import reverse

from activities.domain import people, sections
from activities.enums import Section
from activities.models import Activity, ActivityRole, Objective, PracticeGap, Session
from common import clock
from common.models import OutboxMessage
from tests.factories import ActivityRoleFactory, ObjectiveFactory, PersonFactory, SessionFactory
from tests.integration.planning_cases import School, Writer, complete, count_queries, form_data, section_url

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def school():
    return School()


@pytest.fixture
def page(client, school):
    client.force_login(school.planner)
    return client


@pytest.fixture
def draft(school):
    return school.draft(starts_on=None, ends_on=None, location="", city="")


ROUND_TRIPS = {
    "basics": {
        "title": "Sepsis in the First Hour", "kind": "C", "starts_on": "2031-03-16", "ends_on": "2031-03-17", "zone": "America/Chicago", "delivery": "online",
        "online_url": "https://stream.example/sepsis", "professions": ["physician", "nurse"], "audience": "Ward teams", "expected_learners": "80",
        "capacity": "100", "summary": "Come.", "fee_text": "Free", "location": "Room 5", "city": "Lakeshore",
    },
    "format": {
        "designed_to_change": ["competence", "outcomes"], "change_text": "Faster.", "methods": ["lecture", "cases"], "format_reason": "It fits.",
        "competencies": ["abms_knowledge", "iom_teams", "ipec_roles"],
    },
    "evaluation": {"evaluation_level": "5", "evaluation_tools": ["survey", "audit"], "evaluation_text": "Our audit."},
}  # fmt: skip


@pytest.mark.parametrize("section", ROUND_TRIPS)
def test_section_round_trip(page, draft, section):
    sent = ROUND_TRIPS[section]

    answer = Writer(page, draft).post(section, "next", **sent)

    order = list(Section.values)
    assert answer["Location"] == section_url(draft, order[order.index(section) + 1])
    shown = form_data(page.get(section_url(draft, section)))
    assert {name: shown[name] for name in sent} == sent


@pytest.mark.parametrize("section", Section.values)
def test_section_pages_open_empty_and_full(page, school, draft, section):
    full = complete(school).activity
    assert [page.get(section_url(a, section)).status_code for a in (draft, full)] == [200, 200]


def test_an_unanswered_draft_saves_with_gaps(page, draft):
    answer = Writer(page, draft).post("basics", audience="Only this")
    assert answer["Location"] == section_url(draft, "basics") + "?saved=1"
    draft.refresh_from_db()
    assert (draft.audience, draft.starts_on, draft.expected_learners) == ("Only this", None, None)


def test_an_error_keeps_what_was_typed_and_saves_the_rest(page, draft):
    answer = Writer(page, draft).post(
        "basics", "next", starts_on="2031-03-16", ends_on="2031-03-15", audience="Ward teams", online_url="not a link"
    )

    assert answer.status_code == 422
    shown = form_data(answer)
    assert (shown["starts_on"], shown["ends_on"], shown["audience"], shown["online_url"]) == (
        "2031-03-16",
        "2031-03-15",
        "Ward teams",
        "not a link",
    )
    assert "The last day comes before the first day." in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.audience, draft.starts_on, draft.ends_on, draft.online_url) == ("Ward teams", None, None, "")


def test_autosave_answers_with_the_parts_around_the_form(page, draft):
    data = {**form_data(page.get(section_url(draft, "basics"))), "audience": "Ward teams", "professions": ["nurse"]}

    answer = page.post(section_url(draft, "basics"), data, **HTMX)

    text = answer.content.decode()
    assert answer.status_code == 200
    assert answer["X-Saved-At"].endswith(("am", "pm"))
    assert [text.count(f'id="{part}"') for part in ("side", "notes", "problems", "initials", "section-form")] == [
        1,
        1,
        1,
        1,
        0,
    ]
    draft.refresh_from_db()
    assert draft.audience == "Ward teams"


def test_autosave_says_what_it_could_not_keep(page, draft):
    data = {**form_data(page.get(section_url(draft, "basics"))), "starts_on": "2031-03-16", "ends_on": "2031-03-15"}
    text = page.post(section_url(draft, "basics"), data, **HTMX).content.decode()
    assert "Saved, except this" in text
    assert 'href="#id_ends_on"' in text


def test_two_writers_of_one_section_keep_both_answers(page, draft):
    first, second = form_data(page.get(section_url(draft, "basics"))), form_data(page.get(section_url(draft, "basics")))

    page.post(section_url(draft, "basics"), {**first, "audience": "Ward teams", "action": "save"})
    page.post(section_url(draft, "basics"), {**second, "location": "Room 5", "action": "save"})

    draft.refresh_from_db()
    assert (draft.audience, draft.location) == ("Ward teams", "Room 5")


def test_a_row_that_a_colleague_added_is_not_emptied_by_an_older_page(page, draft):
    ObjectiveFactory(activity=draft, position=1, text="First")
    old = form_data(page.get(section_url(draft, "objectives")))
    ObjectiveFactory(activity=draft, position=2, text="Added meanwhile")

    page.post(section_url(draft, "objectives"), {**old, "action": "save"})

    assert list(draft.objectives.values_list("text", flat=True)) == ["First", "Added meanwhile"]


# --- who may ------------------------------------------------------------------------------------------------


def addresses(activity):
    names = ("plan_detail", "trace", "application_submit", "application_withdraw")
    return [section_url(activity, s) for s in Section.values] + [
        reverse(f"activities:{n}", args=[activity.number]) for n in names
    ]


def test_foreign_plans_do_not_exist(client, school, draft):
    client.force_login(school.outsider)
    assert {url: client.get(url).status_code for url in addresses(draft)} == dict.fromkeys(addresses(draft), 404)
    assert {url: client.post(url, {"action": "save"}).status_code for url in addresses(draft)[:-4]} == dict.fromkeys(
        addresses(draft)[:-4], 404
    )


def test_nobody_writes_without_signing_in(client, draft):
    assert all(client.get(url)["Location"].startswith("/sign-in") for url in addresses(draft))


def test_a_director_from_outside_the_department_reads_and_writes(client, school, draft):
    ActivityRoleFactory(activity=draft, person=school.outsider.person, role="director")
    client.force_login(school.outsider)
    Writer(client, draft).post("basics", audience="Ward teams")
    draft.refresh_from_db()
    assert draft.audience == "Ward teams"
    assert client.get(reverse("activities:my_activities")).content.decode().count(draft.title) == 1


@pytest.mark.parametrize("status", ["submitted", "in_review", "approved", "published"])
def test_sent_plans_are_read_and_not_written(page, school, status):
    at = clock.now()
    dates = {"approved_at": at, "designated_at": at, "published_at": at} if status == "published" else {}
    activity = complete(school, status=status, **dates).activity
    before = Activity.objects.values().get(pk=activity.pk)
    for section in Section.values:
        assert page.get(section_url(activity, section)).status_code == 200
        data = {**form_data(page.get(section_url(activity, section))), "title": "Changed", "action": "save"}
        assert page.post(section_url(activity, section), data).status_code == 403
    assert Activity.objects.values().get(pk=activity.pk) == before
    assert page.get(reverse("activities:plan_detail", args=[activity.number])).status_code == 200


def test_an_unknown_section_is_not_found(page, draft):
    assert page.get(section_url(draft, "money")).status_code == 404


@pytest.mark.parametrize("action", ["remove:x", "up:", "restore:-3"])
def test_a_made_up_button_is_refused(page, draft, action):
    answer = Writer(page, draft).post("objectives", action)
    assert answer.status_code == 302
    assert "out of date" in page.get(answer["Location"]).content.decode()


# --- objectives, agenda -------------------------------------------------------------------------------------


def test_objectives_move_and_come_back(page, draft):
    first, second = (
        ObjectiveFactory(activity=draft, position=1, text="First"),
        ObjectiveFactory(activity=draft, position=2, text="Second"),
    )
    write = Writer(page, draft)

    write.post("objectives", f"up:{second.pk}")
    assert list(draft.objectives.values_list("text", flat=True)) == ["Second", "First"]
    removed = write.post("objectives", f"remove:{first.pk}", **{f"o{second.pk}-text": "Second, better"})
    assert list(draft.objectives.filter(removed_at=None).values_list("text", flat=True)) == ["Second, better"]
    assert "Removed the objective “First”." in page.get(removed["Location"]).content.decode()

    page.post(section_url(draft, "objectives"), {"action": f"restore:{first.pk}"})
    assert list(draft.objectives.filter(removed_at=None).values_list("text", flat=True)) == ["Second, better", "First"]


def test_a_lone_undo_button_changes_nothing_else(page, school):
    case = complete(school)
    session = case.activity.sessions.last()
    before = list(Session.objects.order_by("pk").values("title", "starts_at", "ends_at", "removed_at"))
    sections.remove_slot(activity_id=case.activity.pk, session_id=session.pk, by=school.by)

    page.post(section_url(case.activity, "agenda"), {"action": f"restore:{session.pk}"})

    assert list(Session.objects.order_by("pk").values("title", "starts_at", "ends_at", "removed_at")) == before


def test_the_first_slot_asks_for_the_day_and_the_next_follows(page, draft):
    write = Writer(page, draft)
    refused = write.post("agenda", "add")
    assert (refused.status_code, "Choose the first day." in refused.content.decode()) == (422, True)

    write.post("agenda", "add", day="2031-03-16")
    write.post("agenda", "add")

    draft.refresh_from_db()
    assert (draft.starts_on, draft.ends_on) == (dt.date(2031, 3, 16), dt.date(2031, 3, 16))
    times = [(clock_time(s.starts_at), s.minutes) for s in draft.sessions.all()]
    assert times == [("08:00", 60), ("09:00", 60)]


def clock_time(moment):
    from zoneinfo import ZoneInfo

    return f"{moment.astimezone(ZoneInfo('America/New_York')):%H:%M}"


def test_a_slot_ends_after_it_begins(page, draft):
    write = Writer(page, draft)
    write.post("agenda", "add", day="2031-03-16")
    pk = draft.sessions.get().pk

    answer = write.post(
        "agenda", opened=pk, **{f"s{pk}-starts": "10:00", f"s{pk}-ends": "09:00", f"s{pk}-title": "Cases"}
    )

    assert (answer.status_code, "A session must end after it begins." in answer.content.decode()) == (422, True)
    session = draft.sessions.get()
    assert (session.title, clock_time(session.starts_at)) == ("Cases", "08:00")


def test_a_speaker_taken_off_the_last_session_stays_in_the_plan(page, school, draft):
    session = SessionFactory(activity=draft, status="planned", check_in_code="", code_released_at=None)
    role = ActivityRoleFactory(activity=draft, session=session, role="speaker")

    sections.save_slots(activity_id=draft.pk, rows={session.pk: {"speakers": []}}, by=school.by)
    role.refresh_from_db()
    assert (role.session_id, role.removed_at) == (None, None)

    sections.save_slots(activity_id=draft.pk, rows={session.pk: {"speakers": [role.person_id]}}, by=school.by)
    assert list(ActivityRole.objects.values_list("pk", "session_id", "removed_at")) == [(role.pk, session.pk, None)]


# --- people -------------------------------------------------------------------------------------------------

NURSE = {
    "email": " Chika@Lakeshore.example ",
    "role": "nurse_planner",
    "given_name": "Chika",
    "family_name": "Okafor",
    "degrees": "RN",
    "profession": "nurse",
}


def test_a_new_person_is_made_and_asked(page, draft):
    answer = Writer(page, draft).post("people", "add", **NURSE)

    assert answer.status_code == 302
    role = draft.roles.get()
    assert (role.role, role.controls_content, role.person.is_physician) == ("nurse_planner", True, False)
    address = role.person.addresses.get()
    assert (address.value, address.verified_at, address.is_primary) == ("chika@lakeshore.example", None, True)
    assert list(OutboxMessage.objects.values_list("to", "template")) == [
        ("chika@lakeshore.example", "disclosure_request")
    ]


def test_a_known_address_finds_the_person_and_keeps_the_name(page, draft):
    known = PersonFactory(email="chika@lakeshore.example", given_name="Chika Ada", degrees="")
    Writer(page, draft).post("people", "add", **NURSE)
    assert draft.roles.get().person_id == known.pk
    known.refresh_from_db()
    assert (known.given_name, known.degrees, known.profession) == ("Chika Ada", "RN", "physician")


def test_the_same_role_twice_is_refused_and_keeps_what_was_typed(page, draft):
    write = Writer(page, draft)
    write.post("people", "add", **NURSE)
    answer = write.post("people", "add", **NURSE)
    assert (answer.status_code, form_data(answer)["email"]) == (422, NURSE["email"])
    assert "already has that role here" in answer.content.decode()
    assert draft.roles.count() == 1


def test_a_coordinator_is_asked_only_when_content_is_theirs(page, draft):
    write = Writer(page, draft)
    write.post("people", "add", **{**NURSE, "role": "coordinator"})
    role = draft.roles.get()
    assert (role.controls_content, OutboxMessage.objects.count()) == (False, 0)

    write.post("people", f"controls:{role.person_id}-coordinator-yes")
    role.refresh_from_db()
    assert (role.controls_content, OutboxMessage.objects.count()) == (True, 1)


def test_a_removed_part_keeps_its_history_and_comes_back(page, school, draft):
    role = ActivityRoleFactory(activity=draft, role="planner")
    answer = Writer(page, draft).post("people", f"remove:{role.person_id}-planner")
    role.refresh_from_db()
    assert (role.removed_at is not None, role.removed_by) == (True, school.by.label)
    assert "Removed" in page.get(answer["Location"]).content.decode()

    page.post(section_url(draft, "people"), {"action": f"restore:{role.person_id}-planner"})
    assert list(draft.roles.order_by("pk").values_list("person_id", "removed_at")) == [
        (role.person_id, role.removed_at),
        (role.person_id, None),
    ]


def test_planners_see_standings_and_never_relationships(page, school):
    case = complete(school)
    text = page.get(section_url(case.activity, "people")).content.decode()
    assert text.count("Okafor") > 0
    assert set(people.standings(case.activity)) == set(
        case.activity.roles.filter(controls_content=True).values_list("pk", flat=True)
    )


# --- gaps ---------------------------------------------------------------------------------------------------


def test_a_gap_is_recorded_shown_and_started_from(page, school):
    made = page.post(
        reverse("activities:gap_create"), {"title": "Antibiotics come late", "department": school.department.pk}
    )
    gap = PracticeGap.objects.get()
    assert made["Location"] == gap.get_absolute_url()
    key, source = f"gap{gap.pk}", f"source{gap.pk}"
    data = form_data(page.get(gap.get_absolute_url()))
    data |= {
        f"{key}-audience": "Ward teams",
        f"{key}-current_practice": "41% within one hour.",
        f"{key}-has_performance": "on",
        f"{key}-need_performance": "No list at night",
    }
    page.post(
        gap.get_absolute_url(),
        {
            **data,
            "action": "add_source",
            f"{source}-kind": "audit",
            f"{source}-citation": "Bundle audit",
            f"{source}-url": "audit.example/q3",
        },
    )

    gap.refresh_from_db()
    assert (gap.audience, list(gap.needs.values_list("kind", "text"))) == (
        "Ward teams",
        [("performance", "No list at night")],
    )
    evidence = gap.evidence.get()
    assert (evidence.kind, evidence.citation, evidence.url) == ("audit", "Bundle audit", "https://audit.example/q3")

    removed = page.post(gap.get_absolute_url(), {"action": f"remove_source:{evidence.pk}"})
    assert "Removed the source “Bundle audit”." in page.get(removed["Location"]).content.decode()
    page.post(gap.get_absolute_url(), {"action": f"restore_source:{evidence.pk}"})
    evidence.refresh_from_db()
    assert evidence.removed_at is None

    begun = page.post(
        reverse("activities:application_create"),
        {"title": "Sepsis", "kind": "C", "department": school.department.pk, "part": "director", "gap": gap.pk},
    )
    activity = Activity.objects.get()
    assert begun["Location"] == section_url(activity, "basics")
    assert (activity.gap_links.get().gap_id, activity.roles.get().role) == (gap.pk, "director")


def test_a_source_without_its_name_is_refused_and_the_rest_is_saved(page, school):
    gap = school.gap()
    data = form_data(page.get(gap.get_absolute_url())) | {
        f"gap{gap.pk}-audience": "Residents",
        f"source{gap.pk}-finding": "41%",
        "action": "add_source",
    }
    answer = page.post(gap.get_absolute_url(), data)
    assert (answer.status_code, form_data(answer)[f"source{gap.pk}-finding"]) == (422, "41%")
    gap.refresh_from_db()
    assert (gap.audience, gap.evidence.count()) == ("Residents", 0)


def test_a_need_taken_away_and_ticked_again_keeps_its_thread(page, school):
    gap = school.gap()
    need = gap.needs.create(kind="knowledge", text="Bedside signs")
    data = form_data(page.get(gap.get_absolute_url()))
    data.pop(f"gap{gap.pk}-has_knowledge")
    page.post(gap.get_absolute_url(), {**data, "action": "save"})
    need.refresh_from_db()
    assert need.removed_at is not None

    data = form_data(page.get(gap.get_absolute_url()))
    page.post(gap.get_absolute_url(), {**data, f"gap{gap.pk}-has_knowledge": "on", "action": "save"})
    need.refresh_from_db()
    assert (need.removed_at, need.text) == (None, "Bedside signs")


def test_gaps_of_other_departments_do_not_exist(client, school):
    gap = school.gap()
    client.force_login(school.outsider)
    assert client.get(gap.get_absolute_url()).status_code == 404
    assert client.post(gap.get_absolute_url(), {"action": "save"}).status_code == 404
    assert client.get(reverse("activities:application_create") + f"?gap={gap.pk}").status_code == 404
    assert gap.title not in client.get(reverse("activities:gap_list")).content.decode()


def test_a_gap_is_linked_taken_off_and_brought_back(page, school, draft):
    gap = school.gap()
    write = Writer(page, draft)
    write.post("gap", "link", link_gap=str(gap.pk))
    write.post("gap", **{f"gap{gap.pk}-own_learners": "Our audit."})
    write.post("gap", f"unlink:{gap.pk}")
    assert draft.gap_links.filter(removed_at=None).count() == 0
    page.post(section_url(draft, "gap"), {"action": f"restore_gap:{gap.pk}"})
    link = draft.gap_links.get()
    assert (link.removed_at, link.own_learners) == (None, "Our audit.")


# --- lists --------------------------------------------------------------------------------------------------


def count(page, url):
    return count_queries(lambda: page.get(url))


def test_lists_cost_the_same_at_one_and_three(page, school):
    school.draft()
    school.gap()
    urls = [reverse("activities:my_activities"), reverse("activities:gap_list")]
    for url in urls:
        page.get(url)
    one = [count(page, url) for url in urls]
    for _n in range(2):
        school.draft()
        school.gap()
    assert [count(page, url) for url in urls] == one


@pytest.mark.parametrize("name", [*Section.values, "plan_detail", "trace"])
def test_pages_of_a_plan_cost_the_same_at_one_and_three(page, school, name):
    def add(activity):
        gap = school.gap()
        gap.needs.create(kind="knowledge", text="Signs")
        activity.gap_links.create(gap=gap)
        objective = ObjectiveFactory(activity=activity, need=gap.needs.get())
        session = SessionFactory(
            activity=activity,
            status="planned",
            check_in_code="",
            code_released_at=None,
            starts_at=clock.now() + dt.timedelta(days=90),
        )
        session.objectives.add(objective)
        ActivityRoleFactory(activity=activity, session=session)

    activity = school.draft()
    url = (
        section_url(activity, name) if name in Section.values else reverse(f"activities:{name}", args=[activity.number])
    )
    add(activity)
    page.get(url)
    one = count(page, url)
    add(activity)
    add(activity)
    assert count(page, url) == one


def test_my_activities_filters_and_marks_the_first_due(page, school):
    soon = school.draft(title="Soon", starts_on=clock.today("America/New_York") + dt.timedelta(days=100))
    school.draft(title="Later", starts_on=soon.starts_on + dt.timedelta(days=9))
    school.draft(title="Sent", status="submitted")
    url = reverse("activities:my_activities")

    text = page.get(url).content.decode()
    assert (text.count("<mark>"), [text.count(f">{t}</a>") for t in ("Soon", "Later", "Sent")]) == (1, [1, 1, 1])
    text = page.get(url + "?show=office").content.decode()
    assert [text.count(f">{t}</a>") for t in ("Soon", "Later", "Sent")] == [0, 0, 1]
    assert "None of your activities is at this stage." in page.get(url + "?show=over").content.decode()


def test_the_workspace_shows_code_standings_and_seats(page, school):
    at = clock.now()
    activity = school.draft(status="published", approved_at=at, designated_at=at, published_at=at, capacity=40)
    session = SessionFactory(activity=activity, starts_at=at + dt.timedelta(hours=3))
    ActivityRoleFactory(activity=activity, session=session)
    text = page.get(reverse("activities:plan_detail", args=[activity.number])).content.decode()
    assert f"{session.check_in_code[:3]}-{session.check_in_code[3:]}" in text
    assert "of 40 seats" in text
    assert Objective.objects.count() == 0
