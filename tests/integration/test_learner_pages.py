"""Catalogue, activity page, registration pages: what is shown to whom, by how many queries."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.test import override_settings
from django.urls import reverse

from accounts.models import Provider
from activities.domain import registrations
from activities.domain.catalogue import Filters
from activities.models import Registration
from common import clock
from tests.factories import (
    ActivityFactory,
    ActivityRoleFactory,
    DepartmentFactory,
    ObjectiveFactory,
    PersonFactory,
    ProviderFactory,
    SessionFactory,
    UserFactory,
)
from tests.factories.registrations import RegistrationFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script> مرحبا 🫀 " + "long" * 40
RUNS = [{"text": "1.00 ", "style": ""}, {"text": "AMA PRA Category 1 Credit™", "style": "mark"}]


def credit_labels(ids):
    return dict.fromkeys(ids, RUNS)


def panel(activity, actor):
    return SimpleNamespace(
        template="components/alert.html",
        context={"tone": "info", "text": f"Block of {activity.number} for {actor.kind}"},
    )


@pytest.fixture(autouse=True)
def _provider(settings):
    ProviderFactory()
    settings.MOVABLE_CLOCK = False  # its offset is read once a second, which no count of queries can know
    Provider.current()  # remembered per process
    settings.CATALOGUE_CREDIT = f"{__name__}.credit_labels"
    settings.PAGE_PANELS = {"activity": (f"{__name__}.panel",)}


@pytest.fixture
def learner(client):
    user = UserFactory()
    client.force_login(user)
    return user.person


def upcoming(days=7, *, session=None, **values):
    activity = ActivityFactory(
        published=True, starts_on=clock.today("America/New_York") + dt.timedelta(days=days), **values
    )
    SessionFactory(activity=activity, starts_at=clock.now() + dt.timedelta(days=days), **(session or {}))
    return activity


def titles(response):
    return [h.activity.title for h in response.context["listing"].hits]


def catalogue(client, **query):
    return client.get(reverse("activities:catalogue"), query)


def page(client, activity, name="activity_detail"):
    return client.get(reverse(f"activities:{name}", args=[activity.number]))


# --- catalogue ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [1, 3])
def test_catalogue_query_count(client, items, django_assert_num_queries):
    for n in range(items):
        upcoming(n + 1)
    with django_assert_num_queries(4):
        response = catalogue(client)
    assert (response.status_code, response.context["listing"].page.paginator.count) == (200, items)


@pytest.mark.parametrize("items", [1, 3])
def test_catalogue_query_count_signed_in(client, learner, items, django_assert_num_queries):
    for n in range(items):
        RegistrationFactory(activity=upcoming(n + 1, capacity=9), person=learner)
    with django_assert_num_queries(7):
        response = catalogue(client, q="sepsis")
    assert [h.state for h in response.context["listing"].hits] == ["You’re registered"] * items


def test_catalogue_lists_what_is_ahead_soonest_first(client):
    upcoming(9, title="Later")
    upcoming(2, title="Soon")
    upcoming(3, title="Rounds", kind="RSS", session={"title": "Gout, Revisited"})
    ActivityFactory(published=True, title="No sessions yet", starts_on=clock.now().date() + dt.timedelta(days=5))
    ActivityFactory(published=True, title="Any time", kind="EM", starts_on=None)
    upcoming(-2, title="Over")
    upcoming(4, title="Not listed", listed=False)
    upcoming(4, title="Draft", status="draft", published_at=None)
    upcoming(4, title="Cancelled", status="cancelled")
    over_today = ActivityFactory(published=True, title="Over today")
    SessionFactory(activity=over_today, starts_at=clock.now() - dt.timedelta(hours=3))

    response = catalogue(client)

    assert titles(response) == ["Soon", "Rounds", "No sessions yet", "Later", "Any time"]
    assert "Next: Gout, Revisited" in response.text


def test_catalogue_searches_title_summary_department_session_and_teacher(client):
    teacher = PersonFactory(given_name="Meihua", family_name="Lin")
    by_teacher = upcoming(1, title="One")
    ActivityRoleFactory(activity=by_teacher, person=teacher)
    upcoming(2, title="Two", summary="About procalcitonin")
    upcoming(3, title="Three", department=DepartmentFactory(name="Cardiology"))
    upcoming(4, title="Four", session={"title": "Choosing the first antibiotic"})

    assert titles(catalogue(client, q="lin")) == ["One"]
    assert titles(catalogue(client, q="PROCALCITONIN")) == ["Two"]
    assert titles(catalogue(client, q="cardio three")) == ["Three"]
    assert titles(catalogue(client, q="first antibiotic")) == ["Four"]
    assert titles(catalogue(client, q="100%_")) == []


def test_catalogue_filters_and_counts_what_each_choice_would_show(client):
    medicine = DepartmentFactory(name="Medicine")
    upcoming(1, title="Course", department=medicine, delivery="both", professions=["nurse"])
    upcoming(2, title="Rounds", kind="RSS", delivery="in_person")
    ActivityFactory(
        published=True, title="Online", kind="EM", starts_on=None, delivery="online", professions=["physician"]
    )

    assert titles(catalogue(client, format=["C", "EM"])) == ["Course", "Online"]
    assert titles(catalogue(client, place="online")) == ["Course", "Online"]
    assert titles(catalogue(client, profession="nurse")) == ["Course", "Rounds"]
    assert titles(catalogue(client, department=medicine.pk)) == ["Course"]
    facets = catalogue(client, place="online").context["listing"].facets
    assert [(c.value, c.count) for c in facets["format"]] == [("C", 1), ("RSS", 0), ("EM", 1)]
    assert [(c.value, c.count, c.on) for c in facets["place"]] == [("in_person", 2, False), ("online", 2, True)]


def test_catalogue_month_takes_what_overlaps_it(client):
    start = clock.now() + dt.timedelta(days=1)
    course = upcoming(1, title="Tomorrow")
    series = upcoming(1, title="Series", kind="RSS", ends_on=start.date() + dt.timedelta(days=80))
    later = f"{start.date().replace(day=1) + dt.timedelta(days=63):%Y-%m}"

    assert titles(catalogue(client, month=later)) == ["Series"]
    assert titles(catalogue(client, month=f"{start.astimezone(clock.UTC):%Y-%m}")) == [course.title, series.title]


def test_chips_remove_one_filter_each(client):
    upcoming(1)
    chips = catalogue(client, q="sepsis", format="C", place="in_person", profession="nurse").context["listing"].chips
    base = "/activities/?"
    assert [(c.label, c.remove_url) for c in chips] == [
        ("“sepsis”", base + "format=C&place=in_person&profession=nurse"),
        ("Live course", base + "q=sepsis&place=in_person&profession=nurse"),
        ("In person", base + "q=sepsis&format=C&profession=nurse"),
        ("For: Nurse", base + "q=sepsis&format=C&place=in_person"),
    ]


def test_no_match_offers_to_drop_the_last_filter(client):
    upcoming(1)
    response = catalogue(client, q="sepsis", place="online")
    assert titles(response) == []
    assert "Drop Online" in response.text
    assert 'href="/activities/?q=sepsis"' in response.text
    assert "Show all activities" in response.text


def test_an_empty_catalogue_says_what_will_be_here(client):
    assert "No activities ahead" in catalogue(client).text


@pytest.mark.parametrize(
    "query",
    [
        {"page": "999"},
        {"page": "x"},
        {"month": "2026-13"},
        {"month": "x"},
        {"department": "9" * 30},
        {"department": "²"},
        {"format": "<b>"},
        {"q": "\x00"},
        {"q": "%" * 500},
    ],
)
def test_odd_addresses_are_answered(client, query):
    upcoming(1)
    assert catalogue(client, **query).status_code == 200


def test_catalogue_pages_keep_the_filters(client):
    for n in range(12):
        upcoming(n + 1)
    first = catalogue(client, q="sepsis")
    assert len(titles(first)) == 10
    assert 'rel="next" href="?q=sepsis&amp;page=2"' in first.text
    assert len(titles(catalogue(client, q="sepsis", page=2))) == 2


def test_htmx_gets_the_list_only(client):
    upcoming(1, title="Rounds of gout")
    response = client.get(reverse("activities:catalogue"), headers={"HX-Request": "true"})
    assert ("Rounds of gout" in response.text, "<h1" in response.text) == (True, False)


def test_places_left_are_shown_when_few(client):
    words = {}
    for capacity, taken in ((None, 0), (50, 1), (3, 1), (2, 1), (1, 1)):
        activity = upcoming(1, capacity=capacity)
        RegistrationFactory.create_batch(taken, activity=activity)
        words[activity.pk] = None
    states = [h.state for h in catalogue(client).context["listing"].hits]
    assert states == ["Open", "Open", "2 places", "1 place", "Waiting list"]


@pytest.mark.parametrize("name", ["activity_detail", "registration_create"])
def test_hostile_titles_are_text(client, learner, name):
    activity = upcoming(
        1,
        title=HOSTILE[:250],
        summary=HOSTILE,
        location=HOSTILE[:200],
        session={"title": HOSTILE[:250], "room": HOSTILE[:120]},
    )
    ObjectiveFactory(activity=activity, text=HOSTILE)
    ActivityRoleFactory(activity=activity, person__family_name=HOSTILE)
    for response in (page(client, activity, name), catalogue(client)):
        assert "<script>alert" not in response.text
        assert "&lt;script&gt;alert(1)" in response.text


# --- the page of an activity ------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [1, 3])
def test_activity_query_count(client, items, django_assert_num_queries):
    activity = upcoming(1)
    for n in range(items):
        session = SessionFactory(activity=activity, starts_at=clock.now() + dt.timedelta(days=1, hours=n))
        ActivityRoleFactory(activity=activity, session=session)
        ObjectiveFactory(activity=activity)
    with django_assert_num_queries(4):
        response = page(client, activity)
    assert len(response.context["detail"].objectives) == items


@pytest.mark.parametrize(
    "values",
    [{"status": "draft", "published_at": None}, {"status": "approved", "published_at": None}, {"status": "archived"}],
)
def test_what_is_not_public_is_not_found(client, learner, values):
    activity = (
        ActivityFactory(published=True, **values)
        if "published_at" not in values
        else ActivityFactory(status=values["status"])
    )
    for name in ("activity_detail", "activity_calendar", "registration_create", "registration_detail"):
        assert page(client, activity, name).status_code == 404


def test_activity_shows_agenda_in_its_zone_people_and_panels(client):
    activity = ActivityFactory(
        published=True, zone="America/Denver", starts_on=dt.date(2030, 1, 15), audience="nurses and pharmacists"
    )
    session = SessionFactory(
        activity=activity, title="Four pillars", starts_at=dt.datetime(2030, 1, 15, 15, 0, tzinfo=dt.UTC)
    )
    SessionFactory(
        activity=activity, title="Lunch", kind="meal", starts_at=dt.datetime(2030, 1, 15, 16, 0, tzinfo=dt.UTC)
    )
    for name, degrees in (("Villareal", "PharmD"), ("Raghunathan", "RN")):
        ActivityRoleFactory(
            activity=activity, session=session, person=PersonFactory(given_name="T", family_name=name, degrees=degrees)
        )
    ObjectiveFactory(activity=activity, text="order cultures first")

    response = page(client, activity)

    detail = response.context["detail"]
    assert detail.when == "Tue, Jan 15, 2030, 8:00 to 10:00 am Mountain"
    assert detail.objectives == [("Order", "cultures first")]
    assert detail.people == [("T Villareal, PharmD", "Speaker"), ("T Raghunathan, RN", "Speaker")]
    text = response.text
    for piece in (
        "8:00 to 9:00 am",
        "Times are Mountain.",
        "T Villareal, PharmD, and T Raghunathan, RN",
        "For nurses and pharmacists.",
        "60 min",
    ):
        assert piece in text
    assert f"Block of {activity.number} for anonymous" in text
    assert '<em>AMA PRA Category 1 Credit</em><span class="tm">™</span>' in text


def test_the_online_room_is_for_registered_people(client, learner):
    activity = upcoming(
        1, delivery="both", online_url="https://meet.example/secret", session={"room": "Room 12"}, capacity=1
    )
    RegistrationFactory(activity=activity)
    RegistrationFactory(activity=activity, person=learner, waiting=True)
    for name in ("activity_detail", "registration_detail", "activity_calendar"):
        text = page(client, activity, name).content.decode()
        assert ("meet.example/secret" in text, "Room 12</span>" in text) == (False, False)

    Registration.objects.filter(activity=activity).exclude(person=learner).delete()
    registrations.offer_free_seats(activity_id=activity.pk)
    client.post(reverse("activities:registration_accept", args=[activity.number]))

    for name in ("activity_detail", "registration_detail", "activity_calendar"):
        assert "meet.example/secret" in page(client, activity, name).content.decode()


@pytest.mark.parametrize(
    ("make", "state", "words"),
    [
        (lambda: upcoming(1), "open", "Register"),
        (lambda: upcoming(1, capacity=0), "full", "Join the waiting list"),
        (
            lambda: upcoming(0, session={"ends_at": clock.now() + dt.timedelta(hours=1)}),
            "running",
            "Registration closed when it began",
        ),
        (lambda: upcoming(-1), "past", "Ended"),
        (lambda: upcoming(-1, status="closed"), "past", "Ended"),
        (lambda: upcoming(1, status="cancelled"), "cancelled", "This activity is cancelled"),
    ],
)
def test_registration_card_says_what_can_be_done(client, make, state, words):
    response = page(client, make())
    assert response.context["detail"].state == state
    assert words in response.text


def test_a_cancelled_session_stays_readable(client):
    activity = upcoming(1, kind="RSS")
    SessionFactory(
        activity=activity, title="Not held", status="cancelled", starts_at=clock.now() + dt.timedelta(days=2)
    )
    text = page(client, activity).text
    assert "<del>Not held</del>" in text


# --- registering in the browser -----------------------------------------------------------------------------


def test_a_visitor_signs_in_first_and_comes_back(client):
    activity = upcoming(1)
    response = page(client, activity, "registration_create")
    assert (response.status_code, response["Location"]) == (
        302,
        f"/sign-in/?next=%2Factivities%2F{activity.number}%2Fregister%2F",
    )


def test_the_consent_is_visible_separate_and_unticked(client, learner):
    activity = upcoming(1)
    text = page(client, activity, "registration_create").text
    assert '<input type="checkbox" name="share_consent"' in text
    assert "checked" not in text[text.index('name="share_consent"') : text.index('name="share_consent"') + 120]
    assert "You may give my name and e-mail address to companies" in text
    assert 'value="LRN-6 2022-01-01"' in text


def test_registering_cancelling_and_undoing(client, learner, django_capture_on_commit_callbacks):
    activity = upcoming(1, capacity=5)
    url = {
        n: reverse(f"activities:registration_{n}", args=[activity.number])
        for n in ("create", "detail", "cancel", "undo")
    }

    response = client.post(
        url["create"],
        {"accommodation": " Captions ", "consent_wording": "LRN-6 2022-01-01", "share_consent": "on"},
        follow=True,
    )
    assert response.redirect_chain == [(url["detail"], 302)]
    assert "You’re registered" in response.text
    row = Registration.objects.get()
    assert (row.status, row.accommodation, row.share_consent, row.consent_wording) == (
        "registered",
        "Captions",
        True,
        "LRN-6 2022-01-01",
    )

    response = client.post(url["cancel"], follow=True)
    assert "Your registration is cancelled." in response.text
    assert f'action="{url["undo"]}"' in response.text

    response = client.post(url["undo"], follow=True)
    assert "You’re registered" in response.text
    assert list(Registration.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "registered"]


def test_a_returning_learner_presses_once(client, learner):
    RegistrationFactory(person=learner)
    activity = upcoming(1)
    assert f'<form method="post" action="/activities/{activity.number}/register/"' in page(client, activity).text

    client.post(reverse("activities:registration_create", args=[activity.number]))

    row = Registration.objects.get(activity=activity)
    assert (row.status, row.share_consent, row.consent_wording) == ("registered", False, "")


def test_help_asked_for_once_is_offered_again_and_consent_is_not(client, learner):
    RegistrationFactory(
        person=learner, accommodation="Step-free access", share_consent=True, consent_wording="LRN-6 2022-01-01"
    )
    activity = upcoming(1)
    assert '<form method="post"' not in page(client, activity).text.split('aria-label="Registration"')[1]
    form = page(client, activity, "registration_create").context["form"]
    assert (form["accommodation"].value(), form["share_consent"].value()) == ("Step-free access", False)


def test_a_refused_registration_keeps_the_text(client, learner):
    activity = upcoming(1)
    response = client.post(
        reverse("activities:registration_create", args=[activity.number]),
        {"accommodation": "Captions", "share_consent": "on", "consent_wording": "old"},
    )
    assert (response.status_code, Registration.objects.count()) == (200, 0)
    assert "The wording of this question has changed." in response.text
    assert ">\nCaptions</textarea>" in response.text


@pytest.mark.parametrize("name", ["registration_cancel", "registration_undo", "registration_accept"])
def test_a_get_does_nothing(client, learner, name):
    row = RegistrationFactory(activity=upcoming(1), person=learner)
    assert page(client, row.activity, name).status_code == 302
    row.refresh_from_db()
    assert row.status == "registered"


def test_registration_page_of_somebody_not_registered_leads_to_the_activity(client, learner):
    activity = upcoming(1)
    assert page(client, activity, "registration_detail")["Location"] == activity.get_absolute_url()


def test_waiting_page_says_the_number(client, learner):
    activity = upcoming(1, capacity=1)
    RegistrationFactory(activity=activity, waiting=True)
    RegistrationFactory(activity=activity, person=learner, waiting=True)
    assert "You are number 2 in the list." in page(client, activity, "registration_detail").text


@override_settings(CATALOGUE_CREDIT="", PAGE_PANELS={})
def test_pages_stand_without_the_apps_above(client):
    activity = upcoming(1)
    assert page(client, activity).status_code == 200
    assert catalogue(client).status_code == 200


def test_filters_make_their_own_address():
    from django.http import QueryDict

    text = "q=sepsis&format=C&format=RSS&place=online&department=3&profession=nurse&month=2026-12"
    assert Filters.of(QueryDict(text)).query() == text
