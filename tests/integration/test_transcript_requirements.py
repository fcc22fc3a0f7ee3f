"""What a person needs: chosen with their own dates, measured on transcript and first page, written by the office."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from accounts.models import OfficeRole
from activities.models import Session
from common import clock, reference
from common.errors import Conflict, Invalid, NotAllowed
from credits.domain import requirements, transcripts
from credits.models import PersonRequirement, Requirement, RequirementProfile, SessionTopic
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory
from tests.integration.claim_cases import designate
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
LIST = "/transcript/requirements/"
CT = LIST + "ct_md/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def person():
    return UserFactory(person=PersonFactory()).person


@pytest.fixture
def learner(client, person):
    client.force_login(person.user)
    return client


@pytest.fixture
def staff():
    user = UserFactory()
    OfficeRole.objects.create(person=user.person, role="staff", granted_at=NOW, granted_by="set-up")
    return user


def choose(person, code="ct_md", **dates):
    said = requirements.Dates(**{"renews_on": dt.date(2027, 3, 31), "renewal": 2, **dates})
    return requirements.choose(person_id=person.pk, code=code, dates=said, by=actor_of_person(person))


def tag(session, topic, minutes):
    SessionTopic.objects.create(
        activity=session.activity, session=session, topic_id=topic, minutes=minutes, added_at=NOW, added_by="set-up"
    )


def lines(person):
    (found,) = requirements.watched(person, suggest=True)
    return {line.meter.rule.key: line for line in found.lines}


def test_every_profile_of_the_file_cites_its_source():
    rules = {rule["id"] for rule in reference.read("rules")["rules"]}
    topics = {row["code"] for row in reference.read("topics")["rows"]}
    held = RequirementProfile.objects.filter(revision=0).prefetch_related("requirements")
    assert len(held) == len(reference.read("requirements")["profiles"])
    for profile in held:
        assert profile.rule in rules
        assert profile.source
        assert profile.requirements.all()
        assert {t for r in profile.requirements.all() for t in r.topics} <= topics


def test_chosen_measured_and_shown(learner, person):
    claim = earn(person, dt.date(2026, 11, 17), credits="1.00")
    tag(claim.lines.get().session, "sexual_assault", 50)
    ExternalCreditFactory(person=person, amount="6.50", topics=["hiv"], earned_on=dt.date(2026, 4, 18))
    answer = learner.post(CT, {"renews_on": "2027-03-31", "renewal": "2"})
    assert answer["Location"] == LIST + "#ct_md"
    found = lines(person)
    assert (found["total"].meter.hours_had, found["total"].meter.hours_unverified) == (Decimal("9.00"), Decimal("7.80"))
    assert {key: line.meter.state for key, line in found.items()} == {
        "total": "open", "infectious": "met", "risk": "open", "assault": "met", "violence": "open", "cultural": "open", "behavioral": "open",
    }  # fmt: skip
    assert transcripts.earnings(person) == transcripts.load(person).earnings
    page = learner.get(LIST).content.decode()
    assert "41.00 hours missing" in page
    assert "An hour has 50 minutes here." in page
    assert "9.00 of 50.00 hours" in learner.get("/transcript/").content.decode()
    assert "9.00 of 50.00 hours" in learner.get("/").content.decode()


def test_suggestions_are_activities_ahead_on_the_topic(learner, person):
    claim = earn(person, dt.date(2026, 11, 17))
    tag(claim.lines.get().session, "domestic_violence", 20)
    ahead = ActivityFactory(published=True, title="Seeing violence at home")
    designate(ahead)
    tag(SessionFactory(activity=ahead, starts_at=NOW + dt.timedelta(days=9)), "domestic_violence", 30)
    nurses = ActivityFactory(published=True, title="For nurses")
    designate(nurses, credit_type="ancc")
    tag(SessionFactory(activity=nurses, starts_at=NOW + dt.timedelta(days=8)), "domestic_violence", 30)
    late = ActivityFactory(published=True, title="Too late")
    designate(late)
    tag(SessionFactory(activity=late, starts_at=NOW + dt.timedelta(days=900)), "domestic_violence", 30)
    hidden = ActivityFactory(published=True, listed=False, title="Not listed")
    designate(hidden)
    tag(SessionFactory(activity=hidden, starts_at=NOW + dt.timedelta(days=9)), "domestic_violence", 30)
    choose(person)
    assert [s.activity.title for s in lines(person)["violence"].suggestions] == ["Seeing violence at home"]
    assert lines(person)["cultural"].suggestions == ()
    assert "Seeing violence at home" in learner.get(LIST).content.decode()
    Session.objects.filter(activity=ahead).update(status="cancelled")
    assert lines(person)["violence"].suggestions == ()


def test_what_can_be_taken_at_any_time_is_suggested_until_it_is_claimed_or_over(learner, person):
    online = ActivityFactory(published=True, title="Violence at home, online", kind="EM", starts_on=dt.date(2026, 1, 1), ends_on=dt.date(2027, 1, 1))  # fmt: skip
    designate(online)
    SessionTopic.objects.create(
        activity=online, topic_id="domestic_violence", minutes=60, added_at=NOW, added_by="set-up"
    )
    choose(person)
    assert [(s.activity, s.starts_at) for s in lines(person)["violence"].suggestions] == [(online, None)]
    assert "At any time, 60 min of it" in " ".join(learner.get(LIST).content.decode().split())
    type(online).objects.filter(pk=online.pk).update(ends_on=dt.date(2026, 11, 21))
    assert lines(person)["violence"].suggestions == ()
    type(online).objects.filter(pk=online.pk).update(ends_on=None)
    earn(person, dt.date(2026, 11, 20), activity=online)
    assert lines(person)["violence"].suggestions == ()


def test_a_busy_topic_hides_no_other_and_hours_of_any_topic_are_suggested_too(person):
    for n in range(25):
        busy = ActivityFactory(published=True, title=f"Pain {n}")
        designate(busy)
        tag(SessionFactory(activity=busy, starts_at=NOW + dt.timedelta(days=1, hours=n)), "pain", 30)
    other = ActivityFactory(published=True, title="Culture")
    designate(other)
    tag(SessionFactory(activity=other, starts_at=NOW + dt.timedelta(days=60)), "cultural_competency", 30)
    choose(person)
    found = lines(person)
    assert [s.activity.title for s in found["cultural"].suggestions] == ["Culture"]
    assert [s.activity.title for s in found["risk"].suggestions] == ["Pain 0", "Pain 1"]
    assert [s.activity.title for s in found["total"].suggestions] == ["Pain 0", "Pain 1"]


# --- what counts, and how often ---------------------------------------------------------------------------------


def test_points_claimed_later_for_the_same_session_are_no_further_hour(person):
    """One hour of two types is one hour, also in two claims (MOC-5)."""
    first = earn(person, dt.date(2026, 11, 17))
    tag(first.lines.get().session, "cultural_competency", 30)
    again = earn(
        person, dt.date(2026, 11, 17), activity=first.activity, code="moc_abim", session=first.lines.get().session
    )
    choose(person)
    assert again.pk != first.pk
    found = lines(person)
    assert (found["total"].meter.had, found["cultural"].meter.had) == (60, 30)


def test_lines_of_one_course_elsewhere_are_its_hours_once(person):
    for kind in ("ama_pra_1", "moc_abim"):
        ExternalCreditFactory(person=person, title="Autumn course", provider_name="Elm Society", earned_on=dt.date(2026, 10, 3), credit_type_id=kind, amount=Decimal("10.00"))  # fmt: skip
    choose(person)
    assert lines(person)["total"].meter.hours_had == Decimal("12.00")  # ST-CT-1: 600 minutes


def test_credit_that_no_clock_measures_counts_an_hour_each(person):
    """AMA-FMT-6: stages have no minutes; ST-UT-1 asks for Category 1 credit."""
    earn(person, dt.date(2026, 11, 17), credits="20.00", minutes=0)
    choose(person, code="ut_md")
    found = lines(person)
    assert (found["total"].meter.hours_had, found["category1"].meter.hours_had) == (Decimal("20.00"), Decimal("20.00"))


@pytest.mark.parametrize(
    ("code", "data", "field"),
    [
        ("ct_md", {"renews_on": ""}, "renews_on"), ("ct_md", {"renews_on": "2099-01-01"}, "renews_on"), ("ct_md", {"renewal": "0"}, "renewal"),
        ("mi_md", {}, "starts_on"), ("mi_md", {"starts_on": "2027-04-01"}, "starts_on"),
    ],
)  # fmt: skip
def test_what_does_not_stand_is_said_at_its_field(learner, code, data, field):
    page = learner.post(f"{LIST}{code}/", {"renews_on": "2027-03-31", "renewal": "2", **data})
    assert list(page.context["form"].errors) == [field]
    assert PersonRequirement.objects.count() == 0


def test_conditions_are_asked(learner, person):
    assert "You prescribe controlled substances" in learner.get(LIST + "ut_md/").content.decode()
    choose(person, "ut_md")
    assert set(lines(person)) == {"total", "category1"}
    choose(person, "ut_md", applies=("controlled", "nonsense"))
    assert set(lines(person)) == {"total", "category1", "controlled"}
    assert PersonRequirement.objects.count() == 1


def test_let_go_and_taken_back(learner, person):
    choose(person)
    answer = learner.post(CT + "remove/")
    page = learner.get(answer["Location"]).content.decode()
    assert "Removed Connecticut physician." in page
    assert requirements.watched(person) == []
    learner.post(CT + "remove/", {"undo": "1"})
    assert [w.choice.renews_on for w in requirements.watched(person)] == [dt.date(2027, 3, 31)]
    with pytest.raises(Conflict):
        requirements.take_back(person_id=person.pk, code="ct_md", by=actor_of_person(person))


def test_nobody_chooses_for_others(person):
    other = PersonFactory()
    with pytest.raises(NotAllowed):
        requirements.choose(
            person_id=person.pk, code="ct_md", dates=requirements.Dates(dt.date(2027, 1, 1)), by=actor_of_person(other)
        )
    assert PersonRequirement.objects.count() == 0


@pytest.mark.parametrize("url", ["/", "/transcript/", LIST])
def test_query_counts_do_not_grow(learner, person, url):
    codes = ("ct_md", "fl_md", "ut_md")
    counts = []
    for n, code in enumerate(codes):
        choose(person, code)
        earn(person, dt.date(2026, 11, 1 + n))
        ahead = ActivityFactory(published=True)
        tag(SessionFactory(activity=ahead, starts_at=NOW + dt.timedelta(days=9 + n)), "medical_errors", 30)
        tag(ahead.sessions.get(), "domestic_violence", 30)
        learner.get(url)
        with CaptureQueriesContext(connection) as captured:
            learner.get(url)
        counts.append(len(captured))
    assert counts == [counts[0]] * 3


# --- by the office ------------------------------------------------------------------------------------------------


VALUES = {
    "name": "Harbor Hospital, medical staff", "kind": "hospital", "effective_from": dt.date(2026, 1, 1), "cycle_months": 24, "minutes_per_hour": 60,
    "exempt_renewals": 0, "source": "Bylaws 7.2", "confirmed": False, "note": "",
}  # fmt: skip


def test_the_office_writes_a_hospital_and_learners_choose_it(client, staff, person):
    client.force_login(staff)
    answer = client.post(
        reverse("admin:credits_requirementprofile_new_profile"),
        {**VALUES, "effective_from": "2026-01-01", "confirmed": ""},
    )
    profile = RequirementProfile.objects.get(code__startswith="own_")
    assert answer["Location"] == reverse("admin:credits_requirementprofile_change", args=[profile.pk])
    url = reverse("admin:credits_requirementprofile_add_line", args=[profile.pk])
    assert (
        client.post(url, {"label": "Ethics", "hours": "2", "every": "cycle", "topics": ["ethics"]}).status_code == 302
    )
    assert client.post(url, {"label": "Nth", "hours": "2", "every": "nth"}).status_code == 200
    assert [(r.label, r.hours, r.topics) for r in profile.requirements.all()] == [
        ("Ethics", Decimal("2.00"), ["ethics"])
    ]
    choose(person, profile.code)
    assert [line.meter.rule.label for line in requirements.watched(person)[0].lines] == ["Ethics"]
    client.force_login(person.user)
    assert "Not confirmed" in client.get(LIST).content.decode()


def test_confirmed_ones_are_not_typed_over(staff):
    by = actor_of(staff)
    profile = RequirementProfile.objects.get(code="ct_md")
    with pytest.raises(Conflict):
        requirements.take_off_line(profile_id=profile.pk, line="total", by=by)
    own = requirements.write_profile(values={**VALUES, "name": "Connecticut, ours"}, based_on=profile.pk, by=by)
    requirements.take_off_line(profile_id=own.pk, line="total", by=by)
    assert (profile.requirements.count(), own.requirements.count()) == (7, 6)


def test_the_version_that_begins_last_holds(staff):
    by, profile = actor_of(staff), RequirementProfile.objects.get(code="ct_md")
    later = requirements.write_profile(
        values={**VALUES, "effective_from": dt.date(2026, 12, 1)}, based_on=profile.pk, by=by
    )
    assert requirements.profiles(dt.date(2026, 11, 30))["ct_md"] == profile
    assert requirements.profiles(dt.date(2026, 12, 1))["ct_md"] == later


def test_only_the_office_writes(person):
    by = actor_of_person(person)
    with pytest.raises(NotAllowed):
        requirements.write_profile(values=VALUES, by=by)
    with pytest.raises(NotAllowed):
        requirements.add_line(
            profile_id=RequirementProfile.objects.first().pk, label="x", hours=Decimal(1), every="cycle", number=None, topics=[], credit_types=[], condition="", by=by,
        )  # fmt: skip
    assert RequirementProfile.objects.filter(revision__gt=0).count() == 0


def test_two_of_one_name(staff):
    requirements.write_profile(values=VALUES, by=actor_of(staff))
    with pytest.raises(Invalid):
        requirements.write_profile(values=VALUES, by=actor_of(staff))
    assert Requirement.objects.filter(profile__revision=0).count() == len(
        reference.read("requirements")["requirements"]
    )
