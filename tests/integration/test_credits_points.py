"""What continuing certification asks of an activity, of a claim and of what boards are told: a test a rule, MOC-3 to MOC-8."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.actors import actor_of, actor_of_person
from activities.domain import plan
from activities.models import Activity
from common import clock, statements
from common.actors import system
from common.errors import Conflict, Invalid
from credits.domain import adjusting, claims, designations, types
from credits.domain.designations import Award
from credits.models import AwardTerm, Claim, Designation
from reporting.models import CreditReport
from tests.factories import ActivityFactory, PersonFactory, SessionFactory, UserFactory
from tests.integration.claim_cases import attend, claim, ready
from tests.integration.office_cases import fresh, office
from tests.integration.report_cases import allow, designate

pytestmark = pytest.mark.django_db
BY = system("test")
FEEDBACK = "The right answers with their reasons, at once"


@pytest.fixture
def director():
    return actor_of(UserFactory(roles=["director"]))


def approved():
    """Case 1, approved, in a year in which the provider may give points of two boards."""
    made = office("approved")
    day = clock.today(made.activity.zone)
    for code in ("moc_abim", "moc_abp"):
        AwardTerm.objects.create(
            credit_type_id=code, statement="Registered in PARS.", starts_on=day - dt.timedelta(days=1), ends_on=day + dt.timedelta(days=800),
            added_at=clock.now(), added_by="test",
        )  # fmt: skip
    return made


def fix(made, by, *, covers=(), **said):
    kept = {"moc_kind": "Medical Knowledge", "moc_feedback": FEEDBACK, **said}
    awards = [Award("ama_pra_1"), Award("moc_abim", {k: v for k, v in kept.items() if v}, covers)]
    return designations.designate(activity_id=made.activity.pk, awards=awards, by=by)


def why_not(made, code="moc_abim"):
    return designations.why_not(plan.load(fresh(made)), types.settled([code])[0])


def test_moc_3_points_rest_on_an_evaluation_that_asks_what_will_change(director):
    made = approved()
    assert why_not(made) == []
    Activity.objects.filter(pk=made.activity.pk).update(evaluation_required=False)
    assert why_not(made) == ["No evaluation is asked for here, and points rest on one (MOC-3)."]
    with pytest.raises(Invalid):
        fix(made, director)
    Activity.objects.filter(pk=made.activity.pk).update(evaluation_required=True)
    made.activity.objectives.update(commitment="")
    assert why_not(made) == ["No objective names a change to make, so the evaluation would not show one (MOC-3)."]
    with pytest.raises(Invalid):
        fix(made, director)
    assert Designation.objects.count() == 0


def test_moc_3_who_designates_says_how_learners_get_feedback(director):
    made = approved()
    with pytest.raises(Invalid) as refused:
        fix(made, director, moc_feedback="")
    assert refused.value.fields == {
        "moc_abim-moc_feedback": "Points rest on an evaluation with feedback (MOC-3). Say how it is given, or leave the type out."
    }
    assert Designation.objects.count() == 0
    fix(made, director)
    assert Designation.objects.get(credit_type="moc_abim").details == {"moc_kind": "Medical Knowledge", "moc_feedback": FEEDBACK}  # fmt: skip


def test_moc_3_taking_part_alone_brings_no_points():
    person, activity, (one,) = ready(person=PersonFactory(birth_month=3, birth_day=14), evaluated=False)
    Activity.objects.filter(pk=activity.pk).update(evaluation_required=False)
    designate(activity)
    allow(person)
    with pytest.raises((Conflict, Invalid)):
        claims.claim(
            person_id=person.pk, activity_id=activity.pk, choices={one.pk: Decimal("1.00")}, form_key=uuid.uuid4(), disclosure_sha="", codes=["moc_abim"],
            by=actor_of_person(person),
        )  # fmt: skip
    assert Claim.objects.count() == 0


def test_moc_4_what_passes_is_read_before_one_begins(client):
    activity = ActivityFactory(published=True, kind="EM", estimated_minutes=60)
    row = designate(activity, "ama_pra_1")
    Designation.objects.filter(pk=row.pk).update(ended_at=clock.now())
    Designation.objects.create(**{
        f.attname: getattr(row, f.attname) for f in Designation._meta.local_concrete_fields if f.name not in {"id", "details", "ended_at"}
    }, details={"pass_mark": "75"})  # fmt: skip
    page = client.get(reverse("activities:activity_detail", args=[activity.number])).content.decode()
    assert "75%" in page


def test_moc_5_points_only_for_the_sessions_that_qualify(director):
    made = approved()
    held = plan.load(fresh(made)).education
    one = held[0].session
    fix(made, director, covers=(one.pk,))
    row = Designation.objects.get(credit_type="moc_abim")
    assert row.covers == [one.pk]
    assert row.maximum < Designation.objects.get(credit_type="ama_pra_1").maximum


def test_moc_6_the_statement_stands_on_the_public_page(client, director):
    made = approved()
    fix(made, director)
    row = Designation.objects.get(credit_type="moc_abim")
    assert row.statement.startswith("Successful completion of this CME activity, which includes participation in the evaluation component, enables the participant to earn up to")  # fmt: skip
    assert "Medical Knowledge MOC points" in row.statement
    Activity.objects.filter(pk=made.activity.pk).update(status="published", published_at=clock.now())
    page = client.get(reverse("activities:activity_detail", args=[made.activity.number])).content.decode()
    assert statements.plain(statements.runs(row.statement)).split("Board of")[0] in page.replace("&#x27;", "'")


# --- MOC-7: what single boards ask ---------------------------------------------------------------------


def of_abp(person, activity, sessions):
    return claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal("1.00") if s in sessions else Decimal(0) for s in activity.sessions.all()},
        form_key=uuid.uuid4(), disclosure_sha="", codes=["ama_pra_1", "moc_abp"], by=actor_of_person(person),
    )  # fmt: skip


@pytest.fixture
def pediatrician(monkeypatch):
    """Two sessions of one day, at noon, with ABP points."""
    noon = dt.datetime(2026, 11, 18, 17, 0, tzinfo=dt.UTC)
    monkeypatch.setattr(clock, "now", lambda: noon)
    person, activity, sessions = ready(sessions=2, person=PersonFactory(birth_month=3, birth_day=14))
    designate(activity, "moc_abp", "2.00")
    allow(person, "abp")
    return person, activity, sessions


def test_moc_7_abp_takes_one_completion_a_day(pediatrician):
    person, activity, (one, two) = pediatrician
    first = of_abp(person, activity, [one])
    with pytest.raises(Conflict) as refused:
        of_abp(person, activity, [two])
    assert str(refused.value).startswith("ABP MOC points: the board takes one completion a day")
    assert Claim.objects.count() == 1
    # A withdrawn one makes room, and is not taken back beside the next.
    claims.void(claim_id=first.pk, reason="x", by=BY)
    of_abp(person, activity, [two])
    with pytest.raises(Conflict):
        adjusting.restore(claim_id=first.pk, reason="x", by=BY)
    assert list(Claim.objects.order_by("pk").values_list("status", flat=True)) == ["void", "live"]


def test_moc_7_abp_takes_the_next_day(pediatrician, monkeypatch):
    person, activity, (one, _two) = pediatrician
    of_abp(person, activity, [one])
    tomorrow = clock.now() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    other = SessionFactory(activity=activity, starts_at=tomorrow - dt.timedelta(hours=1))
    attend(person, other)
    of_abp(person, activity, [other])
    assert Claim.objects.filter(status="live").count() == 2


def test_moc_7_other_boards_take_two_completions_of_a_day(pediatrician):
    person, activity, (one, two) = pediatrician
    designate(activity, "moc_abs", "2.00")
    allow(person, "abs")
    for session in (one, two):
        claims.claim(
            person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal("1.00") if s == session else Decimal(0) for s in (one, two)},
            form_key=uuid.uuid4(), disclosure_sha="", codes=["ama_pra_1", "moc_abs"], by=actor_of_person(person),
        )  # fmt: skip
    assert Claim.objects.filter(status="live").count() == 2


@pytest.mark.parametrize(
    ("day", "due"),
    [(dt.date(2026, 10, 5), dt.date(2026, 11, 4)), (dt.date(2026, 11, 18), dt.date(2026, 12, 1)), (dt.date(2026, 12, 2), dt.date(2027, 1, 1))],
)  # fmt: skip
def test_moc_7_abp_wants_the_points_of_the_year_by_the_first_of_december(monkeypatch, day, due):
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(day.year, day.month, day.day, 17, 0, tzinfo=dt.UTC))
    person, activity, (one,) = ready(person=PersonFactory(birth_month=3, birth_day=14))
    designate(activity, "moc_abp")
    allow(person, "abp")
    of_abp(person, activity, [one])
    assert CreditReport.objects.get().due_on == due


def test_moc_8_each_board_offers_the_kinds_it_counts(client, director):
    made = approved()
    types.settle(
        code="moc_abp",
        name="statement",
        value="Up to {credits} ABP MOC points.",
        source="Letter of 2026-01-12",
        by=director,
    )
    client.force_login(UserFactory(roles=["director"]))
    form = client.get(reverse("desk:designate", args=[made.activity.number])).context["form"]
    assert [value for value, _label in form.fields["moc_abim-moc_kind"].choices if value] == ["Medical Knowledge", "Practice Assessment"]  # fmt: skip
    assert [value for value, _label in form.fields["moc_abp-moc_kind"].choices if value] == ["Lifelong Learning & Self-Assessment"]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        fix(made, director, moc_kind="Lifelong Learning")
    assert refused.value.fields == {"moc_abim-moc_kind": "Choose one of the list."}
    assert Designation.objects.count() == 0


# --- MOC-5: points follow the credit, also when it is changed -------------------------------------------


@pytest.fixture
def later():
    """Two sessions with credit, and ABIM points claimed for both afterwards, by themselves."""
    person, activity, sessions = ready(sessions=2, person=PersonFactory(birth_month=3, birth_day=14))
    allow(person)
    base = claim(person, activity, dict.fromkeys(sessions, "1.00"))
    designate(activity, "moc_abim", "2.00")
    points = claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal("1.00") for s in sessions}, form_key=uuid.uuid4(), disclosure_sha="",
        codes=["moc_abim"], by=actor_of_person(person),
    )  # fmt: skip
    return base, points, sessions


def standing():
    return sorted(Claim.objects.filter(status="live").values_list("totals__credit_type", "totals__credits"))


def test_moc_5_credit_is_not_withdrawn_below_the_points_that_follow_it(later):
    base, points, _sessions = later
    before = standing()
    with pytest.raises(Conflict, match=r"ABIM MOC points of .* \(MOC-5\)\. Withdraw or lower the claim of .* first\."):
        claims.void(claim_id=base.pk, reason="x", by=BY)
    assert standing() == before == [("ama_pra_1", Decimal("2.00")), ("moc_abim", Decimal("2.00"))]
    claims.void(claim_id=points.pk, reason="x", by=BY)
    claims.void(claim_id=base.pk, reason="x", by=BY)
    # Nor are the points taken back without it.
    with pytest.raises(Conflict, match="Put that credit right first"):
        adjusting.restore(claim_id=points.pk, reason="x", by=BY)
    adjusting.restore(claim_id=base.pk, reason="x", by=BY)
    adjusting.restore(claim_id=points.pk, reason="x", by=BY)
    assert standing() == before


def test_moc_5_credit_is_not_lowered_below_the_points_that_follow_it(later):
    base, points, (one, two) = later
    fewer = {one.pk: Decimal("1.00"), two.pk: Decimal("0.50")}
    before = standing()
    with pytest.raises(Conflict, match=f"ABIM MOC points of “{two}”"):
        adjusting.adjust(claim_id=base.pk, choices=fewer, reason="x", by=BY)
    assert standing() == before
    # The page of the points shows what the credit allows; lowered, they make way.
    assert {v.session.id: v.minutes for v in adjusting.as_it_is(points).sessions} == {one.pk: 60, two.pk: 60}
    adjusting.adjust(claim_id=points.pk, choices={one.pk: Decimal(1)}, reason="x", by=BY)
    adjusting.adjust(claim_id=base.pk, choices=fewer, reason="x", by=BY)
    assert standing() == [("ama_pra_1", Decimal("1.50")), ("moc_abim", Decimal("1.00"))]


def test_moc_5_points_of_one_board_are_withdrawn_whatever_became_of_anothers(later):
    base, points, sessions = later
    person, activity = base.person, base.activity
    designate(activity, "moc_abs", "2.00")
    allow(person, "abs")
    other = claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal("1.00") for s in sessions}, form_key=uuid.uuid4(), disclosure_sha="",
        codes=["moc_abs"], by=actor_of_person(person),
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        claims.void(claim_id=base.pk, reason="x", by=BY)
    assert len(refused.value.messages) == 2
    base.lines.update(voided_at=clock.now())  # as it could be before the rule was kept
    for row in (points, other):
        claims.void(claim_id=row.pk, reason="x", by=BY)
    assert Claim.objects.get(status="live") == base
