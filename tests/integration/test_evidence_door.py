"""At the door: who is in, added by name or as a guest, taken back by a row that says so (law 1)."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import people, sign_in
from accounts.models import Identity, IdentityLink, Person
from activities.domain import attendance, door
from activities.models import AttendanceEvidence, WalkIn
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from tests.factories import ActivityFactory, PersonFactory, SessionFactory
from tests.integration.claim_cases import attend
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def school():
    return School()


@pytest.fixture
def held(school):
    activity = ActivityFactory(kind="RSS", published=True, department=school.department, title="Grand Rounds")
    return SessionFactory(activity=activity, starts_at=clock.now() - 20 * MINUTE, ends_at=clock.now() + 40 * MINUTE)


@pytest.fixture
def by(school):
    return actor_of(school.planner)


def url(session):
    return reverse("activities:session_door", args=[session.activity.number, session.pk])


def names(session):
    return [row.name for row in door.there(session)]


def test_found_added_undone_and_added_again(client, school, held):
    client.force_login(school.planner)
    person = PersonFactory(given_name="Amara", family_name="Osei")
    assert client.get(url(held), {"q": "ama ose"}).context["found"] == [person]
    done = client.post(url(held), {"action": "add", "person": person.pk})
    first = AttendanceEvidence.objects.get()
    assert done.url == f"{url(held)}?undo={first.pk}"
    page = client.get(done.url)
    assert f"{person.name_with_degrees} is in." in " ".join(page.content.decode().split())
    assert (first.method, first.minutes, first.reason) == ("staff", None, "Seen at the door")
    client.post(url(held), {"action": "take_back", "evidence": first.pk})
    assert names(held) == []
    assert attendance.present([held]) == {}
    client.post(url(held), {"action": "add", "person": person.pk})
    assert [r.withdrawn for r in AttendanceEvidence.objects.order_by("pk")] == [False, True, False]
    assert attendance.present([held]) == {held.pk: 1}
    assert [e.session_id for e in attendance.of_person(person.pk, held.activity)] == [held.pk]


def test_who_is_in_by_code_is_not_added_twice(held, by):
    person = PersonFactory()
    attend(person, held)
    with pytest.raises(Conflict, match="is in already"):
        door.add(session_id=held.pk, person_id=person.pk, by=by)
    assert AttendanceEvidence.objects.count() == 1


def test_a_guest_waits_for_their_first_sign_in(held, by):
    row = door.add_walk_in(session_id=held.pk, name="  Ines  Alvarez ", email="INES@Clinic.example", by=by)
    assert (row.identity.kind, row.identity.value, WalkIn.objects.get().name) == (
        "email",
        "ines@clinic.example",
        "Ines Alvarez",
    )
    assert IdentityLink.objects.filter(identity=row.identity).count() == 0
    assert Person.objects.filter(family_name="Alvarez").count() == 0
    assert names(held) == ["Ines Alvarez"]
    user = sign_in.create_account(
        email="ines@clinic.example", given_name="Inés", family_name="Alvarez", degrees="MD", profession="physician"
    )
    assert [e.pk for e in attendance.of_person(user.person_id, held.activity)] == [row.pk]
    assert names(held) == [user.person.name_with_degrees]


def test_a_guest_whom_we_know_is_that_person(held, by):
    person = PersonFactory()
    address = people.email_of(person)
    row = door.add_walk_in(session_id=held.pk, name="Somebody", email=address, by=by)
    assert [e.pk for e in attendance.of_person(person.pk, held.activity)] == [row.pk]
    assert WalkIn.objects.count() == 0
    with pytest.raises(Conflict, match="is in already"):
        door.add_walk_in(session_id=held.pk, name="Somebody", email=address, by=by)


def test_a_guest_twice_is_one_row(held, by):
    door.add_walk_in(session_id=held.pk, name="Ines Alvarez", email="ines@clinic.example", by=by)
    with pytest.raises(Conflict, match="Ines A is in already"):
        door.add_walk_in(session_id=held.pk, name="Ines A", email="Ines@clinic.example", by=by)
    assert AttendanceEvidence.objects.count() == 1


@pytest.mark.parametrize(("name", "email"), [("", "a@b.example"), ("Ines", ""), ("Ines", "no address")])
def test_a_guest_without_name_or_address_is_refused_in_place(name, email, client, school, held):
    client.force_login(school.planner)
    page = client.post(url(held), {"action": "walk_in", "name": name, "email": email})
    assert page.status_code == 200
    assert "invalid-feedback" in page.content.decode()
    assert (AttendanceEvidence.objects.count(), Identity.objects.filter(value=email or "-").count()) == (0, 0)


def test_nobody_else_opens_the_door(client, school, held):
    person = PersonFactory()
    with pytest.raises(NotAllowed):
        door.add(session_id=held.pk, person_id=person.pk, by=actor_of(school.outsider))
    with pytest.raises(NotAllowed):
        door.add_walk_in(session_id=held.pk, name="X", email="x@y.example", by=actor_of(school.outsider))
    client.force_login(school.outsider)
    assert client.get(url(held)).status_code == 404
    assert client.post(url(held), {"action": "add", "person": person.pk}).status_code == 404
    assert AttendanceEvidence.objects.count() == 0


def test_nobody_marks_themselves(held, by):
    with pytest.raises(NotAllowed, match="Nobody marks themselves"):
        door.add(session_id=held.pk, person_id=by.person_id, by=by)
    address = people.email_of(Person.objects.get(pk=by.person_id))
    with pytest.raises(NotAllowed, match="Nobody marks themselves"):
        door.add_walk_in(session_id=held.pk, name="Me", email=address, by=by)
    assert AttendanceEvidence.objects.count() == 0


def test_only_rows_of_the_door_are_taken_back_and_once(held, by):
    scanned = attend(PersonFactory(), held)
    with pytest.raises(Conflict, match="not of the door"):
        door.take_back(session_id=held.pk, evidence_id=scanned.pk, by=by)
    row = door.add(session_id=held.pk, person_id=PersonFactory().pk, by=by)
    other = SessionFactory(activity=held.activity)
    with pytest.raises(Conflict):
        door.take_back(session_id=other.pk, evidence_id=row.pk, by=by)
    door.take_back(session_id=held.pk, evidence_id=row.pk, by=by)
    with pytest.raises(Conflict, match="already"):
        door.take_back(session_id=held.pk, evidence_id=row.pk, by=by)
    assert AttendanceEvidence.objects.count() == 3
    assert AuditEvent.objects.filter(event="evidence_corrected").count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"), [({"status": "cancelled"}, "was cancelled"), ({"ahead": 120}, "Nobody can be there yet")]
)
def test_no_door_before_check_in_or_for_a_cancelled_session(change, sentence, school, by):
    ahead = change.pop("ahead", 0) * MINUTE
    activity = ActivityFactory(published=True, department=school.department)
    session = SessionFactory(activity=activity, starts_at=clock.now() + ahead, **change)
    with pytest.raises(Conflict, match=sentence):
        door.add(session_id=session.pk, person_id=PersonFactory().pk, by=by)
    assert AttendanceEvidence.objects.count() == 0


def test_a_walk_ins_name_is_never_rewritten(held, by):
    from django.db import InternalError, transaction

    door.add_walk_in(session_id=held.pk, name="Ines", email="ines@clinic.example", by=by)
    for act in (lambda: WalkIn.objects.update(name="X"), lambda: WalkIn.objects.all().delete()):
        with pytest.raises(InternalError), transaction.atomic():
            act()


@pytest.mark.parametrize("part", ["there", "found"])
def test_htmx_gets_its_part_only(part, client, school, held):
    client.force_login(school.planner)
    page = client.get(url(held), {"q": "ama"}, headers={"HX-Request": "true", "HX-Target": part}).content.decode()
    assert "<html" not in page
    assert f'id="{part}"' in page


@pytest.mark.parametrize("action", [{}, {"action": "add"}, {"action": "add", "person": "x"}, {"action": "other"}])
def test_a_broken_button_does_nothing(action, client, school, held):
    client.force_login(school.planner)
    assert client.post(url(held), action).status_code in {302, 404}
    assert AttendanceEvidence.objects.count() == 0


@pytest.mark.parametrize("items", [1, 3])
def test_queries_are_constant(items, client, school, held, django_assert_num_queries):
    client.force_login(school.planner)
    for n in range(items):
        attend(PersonFactory(family_name="Marchetti"), held)
        door.add_walk_in(session_id=held.pk, name=f"G {n}", email=f"g{n}@x.example", by=actor_of(school.planner))
    client.get(url(held), {"q": "marchetti"})
    with django_assert_num_queries(7):
        client.get(url(held), {"q": "marchetti"})


def test_invalid_is_said_at_its_field(held, by):
    with pytest.raises(Invalid) as error:
        door.add_walk_in(session_id=held.pk, name="X", email="nothing", by=by)
    assert set(error.value.fields) == {"email"}
