"""Which ways of checking in an activity takes, and the learner's own statement where the office takes one."""

import datetime as dt
import uuid

import pytest
from django.apps import apps
from django.db import InternalError, transaction
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from activities.domain import attendance, door, kiosks, roster, texting, ways
from activities.enums import CheckInWay
from activities.models import Activity, AttendanceEvidence, KioskEntry, Registration, SelfStatement
from common import clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from credits.domain import attesting, facts, requests, why
from credits.models import ClaimLine
from tests.factories import ActivityFactory, PersonFactory, SessionFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.claim_cases import attend, claim, evaluate, ready

pytestmark = pytest.mark.django_db
ALL_BUT_SELF = ["code", "text", "tablet", "door"]
BY = system("test")


def staff():
    return actor_of(UserFactory(roles=["staff"]))


def choose(activity, *taken):
    ways.choose_ways(activity_id=activity.pk, ways=taken, by=staff())
    activity.refresh_from_db()


def state(person, session, minutes=45, version=None, by=None):
    return attesting.attest(
        session_id=session.pk, person_id=person.pk, minutes=minutes, version=version or attesting.wording(session).version,
        by=by or actor_of_person(person),
    )  # fmt: skip


@pytest.fixture
def running():
    """A session that runs now, and somebody registered."""
    session = SessionFactory(starts_at=clock.now() - dt.timedelta(minutes=20))
    session.activity.refresh_from_db()
    return session, RegistrationFactory(activity=session.activity).person


@pytest.fixture
def missed():
    """Somebody registered whose name nothing shows in the one session, which ended an hour ago; statements are taken."""
    _other, activity, (session,) = ready(evaluated=False, ago=dt.timedelta(hours=1))
    person = RegistrationFactory(activity=activity, created_at=clock.now() - dt.timedelta(days=40)).person
    choose(activity, *ALL_BUT_SELF, "self")
    session.refresh_from_db()
    return person, activity, session


# --- the office's choice -------------------------------------------------------------------------------


def test_every_way_but_ones_own_word_is_taken_unless_the_office_says_otherwise(running):
    assert running[0].activity.check_in_ways == ALL_BUT_SELF


def test_the_choice_is_audited_once_and_kept_in_history(running):
    activity = running[0].activity
    choose(activity, "self", "door")
    choose(activity, "door", "self")
    assert activity.check_in_ways == ["door", "self"]
    row = AuditEvent.objects.get(event="check_in_ways_chosen")
    assert (row.old, row.new) == ({"ways": ALL_BUT_SELF}, {"ways": ["door", "self"]})
    kept = apps.get_model("activities", "ActivityEvent").objects.filter(pgh_obj_id=activity.pk).order_by("pgh_id")
    assert list(kept.values_list("check_in_ways", flat=True)) == [ALL_BUT_SELF, ["door", "self"]]


@pytest.mark.parametrize("roles", [["planner"], ["reviewer"]])
def test_nobody_but_the_office_chooses(running, roles):
    with pytest.raises(NotAllowed):
        ways.choose_ways(activity_id=running[0].activity_id, ways=["self"], by=actor_of(UserFactory(roles=roles)))
    assert Activity.objects.get().check_in_ways == ALL_BUT_SELF


@pytest.mark.parametrize("status", ["closed", "archived"])
def test_a_closed_record_takes_no_new_way(status):
    shut = ActivityFactory(status=status, published_at=clock.now())
    with pytest.raises(Conflict):
        ways.choose_ways(activity_id=shut.pk, ways=["self"], by=staff())


def test_a_way_that_does_not_exist_is_refused(running):
    with pytest.raises(Invalid):
        ways.choose_ways(activity_id=running[0].activity_id, ways=["telepathy"], by=staff())


# --- every entrance refuses what is off ----------------------------------------------------------------


@pytest.mark.parametrize("method", ["code", "qr"])
def test_no_codes(running, method):
    session, person = running
    choose(session.activity, "door")
    with pytest.raises(Conflict, match=r"This activity takes no codes\. Give your name at the desk."):
        attendance.check_in(session_id=session.pk, person_id=person.pk, method=method, by=actor_of_person(person))
    assert not AttendanceEvidence.objects.exists()
    assert attendance.open_sessions(person.pk) == []


def test_no_codes_on_the_page_of_the_qr_code(client, running):
    session, _person = running
    choose(session.activity, "text")
    client.force_login(UserFactory())
    answer = client.get(reverse("credits:check_in_by_qr", args=[session.check_in_code]))
    assert "This activity takes no codes. Text the code from the screen." in answer.content.decode()


def test_no_texts(running):
    session, _person = running
    choose(session.activity, "code")
    reply = texting.receive(sid="SM1", sender="+14105550199", body=session.check_in_code)
    assert reply.body.startswith("This activity takes no text messages. Type the code from the screen")
    assert not AttendanceEvidence.objects.exists()


def test_no_tablet(running):
    session, person = running
    kiosk, _address = kiosks.open_kiosk(session_id=session.pk, by=staff())
    choose(session.activity, "code")
    with pytest.raises(Conflict, match="This activity has no tablet at the door"):
        kiosks.open_kiosk(session_id=session.pk, by=staff())
    given = kiosks.Given(uuid.uuid4(), "person", str(person.pk))
    row = kiosks.receive(kiosk_id=kiosk.pk, given=given, tablet_now=None, by=BY)
    assert (row.evidence, row.problem.split(".")[0]) == (None, "This activity has no tablet at the door")
    assert KioskEntry.objects.count() == 1


def test_nobody_is_added_at_the_door(running):
    session, person = running
    choose(session.activity, "code")
    by = staff()
    with pytest.raises(Conflict, match="nobody is added at the door"):
        door.add(session_id=session.pk, person_id=person.pk, by=by)
    with pytest.raises(Conflict, match="nobody is added at the door"):
        door.add_walk_in(session_id=session.pk, name="Ann Guest", email="ann@example.org", by=by)
    assert not AttendanceEvidence.objects.exists()


def test_staff_mark_present_whatever_is_off(running):
    session, person = running
    choose(session.activity)
    attendance.mark_present(
        session_id=session.pk, person_id=person.pk, minutes=None, reason="Signed the list", by=staff()
    )
    assert AttendanceEvidence.objects.get().method == "staff"


def test_nothing_left_says_whom_to_ask(running):
    session, person = running
    choose(session.activity)
    with pytest.raises(Conflict, match="Ask whoever runs the session"):
        attendance.check_in(session_id=session.pk, person_id=person.pk, method="code", by=actor_of_person(person))


@pytest.mark.parametrize(
    ("taken", "shows_code", "shows_qr", "shows_number"),
    [
        (["code", "text"], True, True, True),
        (["text"], True, False, True),
        (["code"], True, True, False),
        (["door"], False, False, False),
    ],
)
def test_the_screen_shows_what_is_taken(client, settings, running, taken, shows_code, shows_qr, shows_number):
    settings.SMS_NUMBER = "+1 410 555 0100"
    session, _person = running
    choose(session.activity, *taken)
    client.force_login(UserFactory(roles=["staff"]))
    for name in ("session_present", "session_sheet"):
        html = client.get(reverse(f"activities:{name}", args=[session.activity.number, session.pk])).content.decode()
        assert (session.check_in_code in html, "qr-box" in html) == (shows_code, shows_qr)
    html = client.get(
        reverse("activities:session_present", args=[session.activity.number, session.pk])
    ).content.decode()
    assert ("555 0100" in html) is shows_number


def test_pages_of_door_and_tablet_offer_nothing_that_is_off(client, running):
    session, _person = running
    choose(session.activity, "code")
    client.force_login(UserFactory(roles=["staff"]))
    at = [session.activity.number, session.pk]
    door_page = client.get(reverse("activities:session_door", args=at)).content.decode()
    assert ('name="q"' in door_page, "lets nobody be added at the door" in door_page) == (False, True)
    tablet = client.get(reverse("activities:session_kiosk", args=at)).content.decode()
    assert ("Make a link for a tablet" in tablet, "allows no tablet at the door" in tablet) == (False, True)


def test_the_desk_page_saves_the_choice(client, running):
    activity = running[0].activity
    client.force_login(UserFactory(roles=["staff"]))
    url = reverse("desk:check_in", args=[activity.number])
    assert client.get(url).context["form"].initial == {"ways": ALL_BUT_SELF}
    assert client.post(url, {"ways": ["door", "self"]}).url == url
    activity.refresh_from_db()
    assert activity.check_in_ways == ["door", "self"]
    assert client.post(url, {"ways": ["x"]}).context["form"].errors
    client.force_login(UserFactory(roles=["planner"]))
    assert client.post(url, {"ways": ["code"]}).status_code in {302, 403}
    activity.refresh_from_db()
    assert activity.check_in_ways == ["door", "self"]


# --- one's own statement -------------------------------------------------------------------------------


def test_a_statement_is_evidence_with_the_words_that_were_read(missed):
    person, _activity, session = missed
    row = state(person, session, minutes=45)
    assert (row.method, row.minutes, row.session_id) == ("self", 45, session.pk)
    said = SelfStatement.objects.get()
    assert (said.evidence_id, said.minutes, said.version) == (row.pk, 45, attesting.wording(session).version)
    assert said.sentence.startswith(f"I attended “{session.title}” on ")
    assert AuditEvent.objects.get(event="attendance_stated").new == {"person": person.pk, "minutes": 45}
    assert why.diagnose(person, session).answer.code == "evaluation"
    seen = next(c for c in why.diagnose(person, session).checks if c.detail)
    assert (seen.value, seen.detail) == ("45 minutes", "By their own statement; nobody else recorded it.")


def test_a_second_press_is_the_same_row(missed):
    person, _activity, session = missed
    assert state(person, session, minutes=45).pk == state(person, session, minutes=60).pk
    assert (SelfStatement.objects.count(), AttendanceEvidence.objects.filter(method="self").count()) == (1, 1)


def test_the_statement_is_never_rewritten(missed):
    person, _activity, session = missed
    state(person, session)
    for act in (SelfStatement.objects.all().delete, lambda: SelfStatement.objects.update(minutes=60)):
        with pytest.raises(InternalError), transaction.atomic():
            act()


@pytest.mark.parametrize("minutes", [0, -5, 61])
def test_no_more_minutes_than_the_session_has(missed, minutes):
    person, _activity, session = missed
    with pytest.raises(Invalid, match="Between 1 and 60 minutes"):
        state(person, session, minutes=minutes)
    assert not AttendanceEvidence.objects.filter(method="self").exists()


def refused(person, session, **options):
    with pytest.raises(Conflict):
        state(person, session, **options)
    assert not AttendanceEvidence.objects.filter(method="self", superseded_by=None, withdrawn=False).exists()


def test_not_where_the_office_takes_none(missed):
    person, activity, session = missed
    choose(activity, *ALL_BUT_SELF)
    refused(person, session)
    assert why.diagnose(person, session).answer.code == "no_evidence"


def test_not_without_a_registration(missed):
    _person, _activity, session = missed
    refused(PersonFactory(), session)


def test_not_for_who_registered_when_it_was_over(missed):
    _person, activity, session = missed
    refused(
        RegistrationFactory(activity=activity, created_at=session.ends_at + dt.timedelta(seconds=1)).person, session
    )
    in_time = RegistrationFactory(activity=activity, created_at=session.ends_at).person
    assert state(in_time, session).minutes == 45


def test_not_with_a_place_given_back(missed):
    person, _activity, session = missed
    Registration.objects.filter(person=person).update(status="cancelled", cancelled_at=clock.now())
    refused(person, session)


def test_not_from_the_waiting_list(missed):
    _person, activity, session = missed
    refused(RegistrationFactory(activity=activity, status="waiting", created_at=session.starts_at).person, session)


def test_not_before_the_end(missed):
    person, activity, _session = missed
    later = SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(minutes=55))
    refused(person, later)  # claiming is open ten minutes before the end, stating is not
    assert why.diagnose(person, later).answer.code == "no_evidence"


def test_not_when_the_time_to_claim_has_passed(missed):
    person, activity, _session = missed
    refused(person, SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(days=34)))


def test_not_for_a_cancelled_session(missed):
    person, _activity, session = missed
    type(session).objects.filter(pk=session.pk).update(status="cancelled")
    refused(person, session)


def test_not_for_who_is_on_record(missed):
    person, _activity, session = missed
    attend(person, session)
    refused(person, session)


def test_what_staff_took_back_stays_taken_back(missed):
    person, _activity, session = missed
    row = state(person, session)
    attendance.correct(evidence_id=row.pk, minutes=None, withdrawn=True, reason="Was in surgery", by=staff())
    refused(person, session)
    assert why.diagnose(person, session).answer.code == "no_evidence"


def test_a_check_in_that_was_withdrawn_is_not_stated_again(missed):
    person, _activity, session = missed
    row = attend(person, session)
    attendance.correct(evidence_id=row.pk, minutes=None, withdrawn=True, reason="A colleague's phone", by=staff())
    refused(person, session)


def test_what_was_asked_or_refused_is_not_stated(missed):
    person, activity, session = missed
    row = requests.ask(person_id=person.pk, session_id=session.pk, note="", by=actor_of_person(person))
    refused(person, session)
    requests.refuse(activity_id=activity.pk, request_ids=[row.pk], reason="Not on the list", by=staff())
    refused(person, session)


def test_nobody_states_it_for_somebody_else(missed):
    person, _activity, session = missed
    for by in (actor_of_person(PersonFactory()), staff(), system("test")):
        with pytest.raises(NotAllowed):
            state(person, session, by=by)
    assert not SelfStatement.objects.exists()


def test_words_that_changed_are_read_again(missed):
    person, _activity, session = missed
    with pytest.raises(Invalid, match="The sentence changed"):
        state(person, session, version="CHECKIN-SELF 2001-01-01")
    assert not SelfStatement.objects.exists()


# --- pages ---------------------------------------------------------------------------------------------


def test_from_the_missing_credit_to_the_claim(client, missed):
    person, activity, session = missed
    client.force_login(UserFactory(person=person))
    answer = why.diagnose(person, session).answer
    page = reverse("credits:attest", args=[session.pk])
    assert (answer.code, answer.url) == ("may_state", page)
    assert page in client.get(reverse("credits:why_session", args=[session.pk])).content.decode()
    assert page in client.get(reverse("credits:claim", args=[activity.number])).content.decode()
    html = client.get(page).content.decode()
    said = attesting.wording(session)
    assert said.text in html
    assert client.post(page, {"minutes": "90", "version": said.version}).context["form"].errors["minutes"]
    html = client.post(page, {"minutes": "90", "version": said.version}).content.decode()
    assert html.count("data-error-summary") == 1
    assert client.post(page, {"minutes": "", "version": said.version}).context["form"].errors["minutes"]
    answer = client.post(page, {"minutes": "45", "version": said.version})
    assert answer.url == reverse("credits:claim", args=[activity.number])
    assert SelfStatement.objects.get().minutes == 45
    assert "There is nothing to state here now." in client.get(page).content.decode()


def test_a_claim_rests_on_it_like_on_a_check_in():
    _attendee, activity, (session,) = ready(sessions=1, ago=dt.timedelta(hours=1))
    other = RegistrationFactory(activity=activity, created_at=session.starts_at).person
    choose(activity, "self")
    evaluate(other, activity)
    state(other, session, minutes=45)
    claim(other, activity, {session: "0.75"})
    assert ClaimLine.objects.get(person=other).minutes == 45


def test_the_attendance_list_shows_whose_word_it_is(client, missed):
    person, activity, session = missed
    state(person, session)
    line = next(line for line in roster.lines(session) if line.person == person)
    assert line.stated == SelfStatement.objects.get()
    client.force_login(UserFactory(roles=["staff"]))
    html = client.get(reverse("activities:session_attendance", args=[activity.number, session.pk])).content.decode()
    assert "Self-attested" in html
    assert "Stated 45 minutes" in html


@pytest.mark.parametrize("items", [1, 3])
def test_offering_asks_a_constant_number_of_queries(missed, items, django_assert_num_queries):
    person, activity, _session = missed
    for n in range(items - 1):
        SessionFactory(activity=activity, starts_at=clock.now() - dt.timedelta(hours=4 + n))
    known = facts.load(person, activity)
    with django_assert_num_queries(3):
        assert len(attesting.offered(person, activity, known)) == items


def test_where_none_is_taken_nothing_is_asked(missed, django_assert_num_queries):
    person, activity, _session = missed
    activity.check_in_ways = [CheckInWay.CODE]
    known = facts.load(person, activity)
    with django_assert_num_queries(0):
        assert attesting.offered(person, activity, known) == frozenset()
