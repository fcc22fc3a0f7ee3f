"""WF-11: what changes after publishing goes back to the office, with what was and what is, and waits for its answer."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import actor_of
from activities.domain import applications, changes, gates, plan, reviews, sections, series, sessions
from activities.models import Activity, AgreedPlan, Objective, Session
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from credits.domain import designations
from credits.models import Designation
from integrity.models import Disclosure
from reporting.domain import desk, queue
from reporting.domain.queue import Filters
from tests.factories import ActivityFactory, PersonFactory, SessionFactory, UserFactory
from tests.factories.registrations import RegistrationFactory
from tests.integration.office_cases import fresh, office
from tests.integration.planning_cases import sign

pytestmark = pytest.mark.django_db
SIMULATION = "Simulation with observed feedback"


@pytest.fixture
def made():
    return office("published")


def slot(made, title=SIMULATION) -> Session:
    return made.activity.sessions.get(title=title)


def shorten(made, minutes=60, by=None, told=0) -> Session:
    """The last session, 90 minutes, is made shorter: 330 minutes become 300."""
    session = slot(made)
    return sessions.move_session(
        session_id=session.pk,
        starts_at=session.starts_at,
        minutes=minutes,
        room=session.room,
        told=told,
        by=by or made.planner,
    )


def move_room(made, room="Birch Hall", told=0) -> Session:
    session = slot(made)
    return sessions.move_session(
        session_id=session.pk,
        starts_at=session.starts_at,
        minutes=session.minutes,
        room=room,
        told=told,
        by=made.planner,
    )


def found(made) -> list[tuple[str, str, str, str, bool]]:
    since = changes.since(plan.load(fresh(made)))
    return [(str(c.part), c.label, c.before, c.after, c.credit) for c in since.changes]


def waits(made) -> str:
    """What the queue says of it; "" when it is not there."""
    listed = queue.changed()
    return listed[made.pk].text if made.pk in listed else ""


def confirm(made, reason="The director has agreed to it.", by=None, seen=None) -> AgreedPlan:
    seen = seen or changes.since(plan.load(fresh(made))).token
    return changes.confirm(activity_id=made.pk, reason=reason, seen=seen, by=by or made.staff)


def agreements(made) -> list[str]:
    return list(made.activity.agreements.values_list("how", flat=True))


def maximum(made) -> Decimal:
    return designations.current(made.activity)[0].maximum


# --- what shows --------------------------------------------------------------------------------------


def test_nothing_waits_after_publishing(made):
    assert (agreements(made), found(made), waits(made)) == (["approved", "published"], [], "")


def test_a_shorter_agenda_waits_for_the_office_with_what_was_and_is(made):
    day = slot(made).starts_at
    shorten(made)
    texts = [when_of(day, minutes) for minutes in (90, 60)]
    assert found(made) == [
        ("agenda", SIMULATION, *texts, True),
        ("agenda", "Minutes of education", "330", "300", True),
    ]
    assert waits(made) == "Changed since published: agenda and dates"


def when_of(starts, minutes):
    from activities.domain import when

    return when.of_session(starts, starts + dt.timedelta(minutes=minutes), "America/New_York")


def test_a_cancelled_session_is_not_held(made):
    sessions.cancel_session(session_id=slot(made).pk, reason="The room is closed.", told=0, by=made.planner)
    assert [(label, after) for _part, label, _before, after, _credit in found(made)] == [
        (SIMULATION, "Not held"),
        ("Minutes of education", "240"),
    ]


def test_another_day_is_a_change_without_credit(made):
    session = slot(made)
    sessions.move_session(
        session_id=session.pk, starts_at=session.starts_at + dt.timedelta(days=1), minutes=90, room=session.room, told=0, by=made.planner
    )  # fmt: skip
    assert [(part, credit) for part, _label, _b, _a, credit in found(made)] == [("agenda", False)]


def test_a_room_and_a_topic(made):
    move_room(made)
    series.change_topic(
        session_id=slot(made, "Low pressure, bad kidneys: cases").pk, title="Potassium: cases", by=made.planner
    )
    assert [(part, label, before) for part, label, before, *_rest in found(made)][1:] == [
        ("place", f"Room: {SIMULATION}", "Harbor Auditorium")
    ]
    assert "“Low pressure, bad kidneys: cases”" in found(made)[0][2]
    assert waits(made) == "Changed since published: agenda and dates, place"


@pytest.mark.parametrize(
    ("values", "part", "label", "before", "after"),
    [
        ({"location": "Birch Hall"}, "place", "Place", "Harbor Auditorium, Lakeshore", "Birch Hall, Lakeshore"),
        ({"online_url": "https://meet.example/1"}, "place", "Online at", "", "https://meet.example/1"),
        ({"delivery": "online"}, "place", "How it is held", "In person", "Online"),
        ({"ends_on": dt.date(2030, 1, 5)}, "agenda", "Last day", None, "2030-01-05"),
        (
            {"credit_types": ["ama_pra_1", "attendance"]},
            "agenda",
            "Credit asked for",
            "ama_pra_1",
            "ama_pra_1, attendance",
        ),
    ],
)
def test_however_a_column_changed_it_shows(made, values, part, label, before, after):
    """Nobody need think of this list when a new way to change something is built; saying when is enough."""
    was = fresh(made)
    Activity.objects.filter(pk=made.pk).update(**values, changed_at=clock.now())
    before = before if before is not None else str(was.ends_on)
    assert [row[:4] for row in found(made)] == [(part, label, before, after)]
    assert waits(made).startswith("Changed since published")


@pytest.mark.parametrize("how", ["added", "changed", "removed"])
def test_objectives(made, how):
    first = made.case.objectives[0]
    if how == "added":
        Objective.objects.create(activity=made.activity, text="Teach it", position=9)
    elif how == "changed":
        Objective.objects.filter(pk=first.pk).update(text="Start two classes")
    else:
        Objective.objects.filter(pk=first.pk).update(removed_at=clock.now())
    Activity.objects.filter(pk=made.pk).update(changed_at=clock.now())
    wanted = {"added": ("", "Teach it"), "changed": (first.text, "Start two classes"), "removed": (first.text, "")}[how]
    assert found(made) == [("objectives", "Objective", *wanted, False)]
    assert waits(made) == "Changed since published: objectives"


def test_what_is_changed_back_waits_no_longer(made):
    shorten(made)
    shorten(made, minutes=90)
    assert (found(made), waits(made)) == ([], "")


def test_only_what_the_office_agreed_to_waits():
    """Before publishing it stands in the queue anyway; what is over is closed out."""
    made = office("approved")
    shorten(made)
    assert [c[1] for c in found(made)] == [SIMULATION, "Minutes of education"]
    assert waits(made) == ""
    assert desk.dossier(fresh(made), made.staff).changed.answers is False


def test_an_activity_published_before_this_was_kept_has_a_baseline_at_its_first_change():
    activity = ActivityFactory(published=True, kind="C")
    session = SessionFactory(
        activity=activity, status="planned", starts_at=clock.now() + dt.timedelta(days=9), check_in_code="", code_released_at=None, room="A"
    )  # fmt: skip
    office_person = actor_of(UserFactory(roles=["staff"]))
    sessions.move_session(
        session_id=session.pk, starts_at=session.starts_at, minutes=60, room="B", told=0, by=office_person
    )
    assert list(activity.agreements.values_list("how", "by")) == [("found", "plan as found")]
    assert [
        (c.label, c.before, c.after) for c in changes.since(plan.load(Activity.objects.get(pk=activity.pk))).changes
    ] == [(f"Room: {session.title}", "A", "B")]


def test_what_was_agreed_is_written_once(made):
    with pytest.raises(InternalError), transaction.atomic():
        AgreedPlan.objects.filter(activity=made.activity).update(reason="x")


# --- people ------------------------------------------------------------------------------------------


def join(made, person_email="newcomer@lakeshore.example"):
    return series.change_speaker(
        session_id=slot(made).pk, leaving=None, email=person_email, given_name="Naomi", family_name="Feldstein", degrees="MD",
        profession="physician", by=made.planner,
    )  # fmt: skip


def disclose(person, days_ago=0):
    return Disclosure.objects.create(
        person=person, answer="none", method="link", definition_shown="x", statement="x", attested_name=person.full_name,
        submitted_at=clock.now() - dt.timedelta(days=days_ago),
    )  # fmt: skip


def test_a_new_speaker_waits_until_cleared_and_no_longer(made):
    role = join(made)
    assert waits(made) == "Changed since published: 1 new person not cleared"
    card = desk.dossier(fresh(made), made.staff).changed
    assert [(s.role.person_id, str(s.standing)) for s in card.newcomers] == [(role.person_id, "asked")]

    disclose(role.person)

    assert waits(made) == ""
    assert desk.dossier(fresh(made), made.staff).changed is None


@pytest.mark.parametrize("days_ago", [400])
def test_an_expired_disclosure_clears_nobody(made, days_ago):
    disclose(join(made).person, days_ago)
    assert waits(made) == "Changed since published: 1 new person not cleared"
    assert desk.dossier(fresh(made), made.staff).changed is not None


def test_somebody_who_was_there_before_is_no_newcomer(made):
    person = made.case.people.nurse
    series.change_speaker(session_id=slot(made).pk, leaving=None, email=person.addresses.get().value, by=made.planner)
    assert waits(made) == ""


def test_confirming_waits_for_the_newcomer(made):
    move_room(made)
    role = join(made)
    before = agreements(made)
    with pytest.raises(Conflict, match="Everyone who joined is cleared"):
        confirm(made)
    assert agreements(made) == before
    disclose(role.person)
    confirm(made)
    assert waits(made) == ""


# --- the answers -------------------------------------------------------------------------------------


def test_confirming_agrees_with_the_reason_on_record(made):
    move_room(made)
    row = confirm(made)
    assert (row.how, row.by, row.reason) == ("confirmed", made.staff.label, "The director has agreed to it.")
    assert (found(made), waits(made)) == ([], "")
    event = AuditEvent.objects.get(event="change_confirmed")
    assert (event.actor_id, event.reason) == (made.staff.person_id, row.reason)
    assert event.new == [
        {"part": "place", "label": f"Room: {SIMULATION}", "before": "Harbor Auditorium", "after": "Birch Hall"}
    ]


def test_another_amount_of_credit_is_designated_not_confirmed(made):
    shorten(made)
    before = agreements(made)
    with pytest.raises(Conflict, match="The designated credit is that of the agenda"):
        confirm(made)
    assert (agreements(made), maximum(made)) == (before, Decimal("5.50"))

    designations.designate(activity_id=made.pk, by=made.staff)

    assert (maximum(made), found(made), waits(made), agreements(made)) == (
        Decimal("5.00"),
        [],
        "",
        [*before, "designated"],
    )


def test_designating_again_answers_the_agenda_and_nothing_else(made):
    shorten(made)
    move_room(made)
    join(made)
    designations.designate(activity_id=made.pk, by=made.staff)
    assert [row[0] for row in found(made)] == ["place"]
    assert waits(made) == "Changed since published: place, 1 new person not cleared"


def test_once_it_has_begun_credit_stays_and_the_change_is_confirmed(made):
    """AMA-CORE-1: never retroactive. The first day is over when the last session is made shorter."""
    later = slot(made)
    Session.objects.filter(pk=later.pk).update(
        starts_at=later.starts_at + dt.timedelta(days=5), ends_at=later.ends_at + dt.timedelta(days=5)
    )
    first = made.activity.sessions.filter(kind="education").earliest("starts_at")
    offset = first.ends_at - clock.now() + dt.timedelta(hours=1)
    clock.move(offset)
    try:
        shorten(made)
        with pytest.raises(Conflict):
            designations.designate(activity_id=made.pk, by=made.staff)
        (finding,) = [
            f
            for f in gates.for_change(plan.load(fresh(made)))
            if f.title == "The designated credit is that of the agenda"
        ]
        assert (finding.level, finding.rules) == ("not_applicable", ("AMA-CORE-1",))
        assert "5.50 designated, 5.00 follow from the agenda now. It has begun" in finding.proof
        confirm(made)
        assert (maximum(made), waits(made)) == (Decimal("5.50"), "")
    finally:
        clock.move(dt.timedelta())


def test_who_confirms_has_read_what_is_different(made):
    move_room(made)
    seen = changes.since(plan.load(fresh(made))).token
    move_room(made, "Cedar Hall")
    with pytest.raises(Conflict, match="changed meanwhile"):
        confirm(made, seen=seen)
    assert waits(made) != ""


@pytest.mark.parametrize("reason", ["", "  "])
def test_confirming_needs_a_reason(made, reason):
    move_room(made)
    with pytest.raises(Invalid):
        confirm(made, reason=reason)
    assert (agreements(made), AuditEvent.objects.filter(event="change_confirmed").count()) == (
        ["approved", "published"],
        0,
    )


def test_there_is_nothing_to_confirm_when_nothing_changed(made):
    with pytest.raises(Conflict, match="Nothing changed"):
        confirm(made)


def test_nobody_confirms_their_own_and_planners_none(made):
    move_room(made)
    director_of_it = UserFactory(person=made.case.people.cardiologist, roles=["staff"])
    for by in (made.planner, actor_of(director_of_it), actor_of(UserFactory(roles=["reviewer"]))):
        with pytest.raises(NotAllowed):
            confirm(made, by=by)
    assert agreements(made) == ["approved", "published"]


# --- credit meanwhile --------------------------------------------------------------------------------


def test_learners_see_what_is_designated_until_it_is_designated_anew(client, made):
    learner = UserFactory()
    client.force_login(learner)
    page = reverse("activities:activity_detail", args=[made.activity.number])

    def shown() -> tuple[bool, bool]:
        text = client.get(page).content.decode() + client.get(reverse("activities:catalogue")).content.decode()
        return "5.50" in text, "5.00" in text

    assert shown() == (True, False)
    shorten(made)
    assert shown() == (True, False)
    designations.designate(activity_id=made.pk, by=made.staff)
    assert shown() == (False, True)


def test_a_new_designation_never_changes_an_issued_claim():
    from tests.integration.claim_cases import claim, ready

    person, activity, made = ready(sessions=2)
    row = claim(person, activity, {made[0]: "1.00"})
    certificate = row.certificates.get()
    before = (row.totals.values().get(), certificate.snapshot)
    old = Designation.objects.get(activity=activity, ended_at=None)
    Designation.objects.filter(pk=old.pk).update(ended_at=clock.now())
    values = {k: v for k, v in old.__dict__.items() if k not in {"_state", "id"}}
    Designation.objects.create(**{**values, "maximum": Decimal("0.50"), "ended_at": None})

    certificate.refresh_from_db()

    assert (row.totals.values().get(), certificate.snapshot) == before
    assert row.totals.get().designation_id == old.pk


def test_everybody_registered_is_told_of_each_change_once(made, django_capture_on_commit_callbacks):
    RegistrationFactory(activity=made.activity, person=PersonFactory())

    def told() -> int:
        return OutboxMessage.objects.filter(template__in=["activity_moved", "activity_cancelled"]).count()

    for act, wanted in ((shorten, 1), (shorten, 1), (move_room, 2)):
        with django_capture_on_commit_callbacks(execute=True):
            act(made, told=1)
        assert told() == wanted
    with django_capture_on_commit_callbacks(execute=True):
        designations.designate(activity_id=made.pk, by=made.staff)
        confirm(made)
    assert told() == 2


# --- pages -------------------------------------------------------------------------------------------


def enter(client, made, role="staff"):
    user = {"staff": made.school.staff, "planner": made.school.planner}[role]
    client.force_login(user)


def desk_url(made, name="activity"):
    return reverse(f"desk:{name}", args=[made.activity.number])


def test_the_queue_lists_it_and_its_page_says_what_changed(client, made):
    shorten(made)
    move_room(made)
    enter(client, made)
    listed = client.get(reverse("desk:queue")).content.decode()
    assert made.activity.title in listed
    assert "Changed since published: agenda and dates, place" in listed
    assert client.get(reverse("desk:queue"), {"status": "published"}).content.decode().count(made.activity.number) >= 1

    page = client.get(desk_url(made)).content.decode()
    for words in ("Changed since it was published", "330", "300", "Birch Hall", "Designate again", "Confirm the change",
                  "What is designated stays designated", "5.50 designated, 5.00 follow from the agenda now. Designate again."):  # fmt: skip
        assert words in page


def test_staff_answer_on_the_pages(client, made):
    shorten(made)
    move_room(made)
    enter(client, made)
    client.post(desk_url(made, "designate"), {"ama_pra_1": "on"})
    assert maximum(made) == Decimal("5.00")

    page = client.get(desk_url(made, "confirm")).content.decode()
    assert "Birch Hall" in page
    token = changes.since(plan.load(fresh(made))).token
    silent = client.post(desk_url(made, "confirm"), {"reason": " ", "seen": token})
    assert "Say why it is in order" in silent.content.decode()
    old = client.post(desk_url(made, "confirm"), {"reason": "It fits.", "seen": "0" * 16})
    assert "The plan changed meanwhile" in old.content.decode()
    assert f'value="{token}"' in old.content.decode()
    assert "It fits." in old.content.decode()
    done = client.post(desk_url(made, "confirm"), {"reason": "It fits.", "seen": token}, follow=True)
    assert "Confirmed. The plan as it is now counts as agreed to." in done.content.decode()
    assert "Changed since" not in client.get(desk_url(made)).content.decode()
    assert made.activity.number not in client.get(reverse("desk:queue")).content.decode()
    history = client.get(desk_url(made), {"tab": "history"}).content.decode()
    assert "Harbor Auditorium → Birch Hall" in history
    assert "5.00 AMA PRA Category 1" in history


def test_the_confirm_page_of_something_unchanged_goes_back(client, made):
    enter(client, made)
    assert client.get(desk_url(made, "confirm")).url == desk_url(made)


def test_planners_and_people_with_a_part_confirm_nothing_on_the_pages(client, made):
    move_room(made)
    enter(client, made, "planner")
    assert client.get(desk_url(made, "confirm")).status_code == 403
    client.force_login(UserFactory(person=made.case.people.cardiologist, roles=["staff"]))
    assert client.post(desk_url(made, "confirm"), {"reason": "x", "seen": "x"}).status_code == 403
    assert agreements(made) == ["approved", "published"]


def test_before_publishing_the_card_informs_and_publishing_agrees(client):
    made = office("designated")
    move_room(made)
    enter(client, made)
    page = client.get(desk_url(made)).content.decode()
    assert "Changed since it was approved" in page
    assert "Publishing agrees to the plan as it is then." in page
    assert "Confirm the change" not in page
    client.post(desk_url(made, "step"), {"verb": "publish"})
    assert agreements(made) == ["approved", "published"]
    assert (found(made), waits(made)) == ([], "")


def count(act) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum("common_clockoffset" not in q["sql"] for q in captured)


def test_the_queue_takes_as_many_queries_for_three_changed_activities_as_for_one(client):
    counted = []
    for _n in range(3):
        made = office("published")
        shorten(made)
        join(made, f"n{_n}@lakeshore.example")
        enter(client, made)
        client.get(reverse("desk:queue"))
        counted.append(count(lambda: client.get(reverse("desk:queue"))))
    assert counted == [counted[0]] * 3
    assert len(queue.changed()) == 3
    assert [a.pk for a in queue.select(Filters(), made.staff, queue.changed())] != []


@pytest.mark.parametrize("times", [1, 2])
def test_a_frozen_agenda_names_the_credit_type(client, times):
    """Submissions keep the code; people read the name, also where it changed between two submissions."""
    made = office("in_review")
    if times == 2:
        asks = [reviews.Ask("agenda", "Ask for attendance only.")]
        reviews.return_with_requests(activity_id=made.pk, asks=asks, by=made.staff)
        request = made.activity.change_requests.get()
        sections.save_section(
            activity_id=made.pk, section="agenda", values={"credit_types": ["attendance"]}, by=made.planner
        )
        applications.answer_request(activity_id=made.pk, request_id=request.pk, text="Done.", by=made.planner)
        sign(fresh(made), made.case.people.cardiologist)
        applications.submit_application(activity_id=made.pk, by=made.planner)
    enter(client, made)
    page = client.get(desk_url(made), {"tab": "application"}).content.decode()
    assert "ama_pra_1" not in page
    assert "AMA PRA Category 1" in page
