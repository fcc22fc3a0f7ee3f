"""What others get wrong, of enduring material and of series (WRONG-7, WRONG-8); WRONG-5 and WRONG-6 are in test_claims and the property tests."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from accounts.actors import actor_of, actor_of_person
from activities.domain import gates, plan
from activities.models import Activity
from common import clock
from common.errors import Conflict
from credits.domain import achievements, claims, designations, facts
from credits.models import Claim
from tests.factories import ActivityFactory, PersonFactory, UserFactory
from tests.integration.claim_cases import claim, designate, ready
from tests.integration.planning_cases import School

pytestmark = pytest.mark.django_db


def enduring(**values):
    """Enduring material that is open, of one credit, passed with 80 percent as it was told beforehand."""
    activity = ActivityFactory(published=True, kind="EM", evaluation_required=False, estimated_minutes=60, **values)
    row = designate(activity)
    row.__class__.objects.filter(pk=row.pk).update(ended_at=clock.now())
    row.pk, row.details, row.needs = None, {"pass_mark": "80"}, "passed"
    row.save(force_insert=True)
    return activity, PersonFactory()


def result(activity, person, score: str):
    return achievements.record(
        activity_id=activity.pk, person_id=person.pk, kind="assessment", score=Decimal(score), accepted=True, completed_at=clock.now(),
        source="Report of the platform", by=actor_of(UserFactory(roles=["staff"])),
    )  # fmt: skip


def take(activity, person, row):
    return claims.claim(
        person_id=person.pk, activity_id=activity.pk, choices={}, works={row.pk: Decimal("1.00")}, form_key=uuid.uuid4(), disclosure_sha="",
        by=actor_of_person(person),
    )  # fmt: skip


def test_wrong_7_marked_as_done_gives_no_credit():
    """WRONG-7, AMA-FMT-2: who says that it was passed decides nothing; the score does, against the mark told beforehand."""
    activity, person = enduring()
    with pytest.raises(Conflict, match="Pass the assessment first"):
        claims.claim(
            person_id=person.pk, activity_id=activity.pk, choices={}, form_key=uuid.uuid4(), disclosure_sha="", by=actor_of_person(person)
        )  # fmt: skip
    failed = result(activity, person, "79.99")
    assert (failed.accepted, failed.needed) == (False, Decimal(80))
    with pytest.raises(Conflict, match=r"Your result was 79\.99%; 80% is needed\."):
        take(activity, person, failed)
    assert Claim.objects.count() == 0
    passed = result(activity, person, "80")
    assert take(activity, person, passed).totals.get().credits == Decimal("1.00")


def test_wrong_7_nothing_is_claimed_after_the_last_day():
    """WRONG-7, CME-EM-2."""
    today = clock.today("America/New_York")
    activity, person = enduring(starts_on=today - dt.timedelta(days=900), ends_on=today - dt.timedelta(days=1))
    row = result(activity, person, "90")
    with pytest.raises(Conflict, match="The time to claim has passed"):
        take(activity, person, row)
    assert Claim.objects.count() == 0


@pytest.mark.parametrize(("years", "days", "level"), [(3, 0, "passed"), (3, 1, "failed"), (None, 0, "missing")])
def test_wrong_7_it_is_offered_three_years_at_most(years, days, level):
    """WRONG-7, CME-EM-2: the application names its last day, within three years."""
    start = dt.date(2027, 3, 1)
    ends = None if years is None else dt.date(2027 + years, 3, 1) + dt.timedelta(days=days)
    activity = School().draft(kind="EM", starts_on=start, ends_on=ends)
    found = [
        f.level
        for f in gates.for_submission(plan.load(activity))
        if f.title == "It names its last day, within three years"
    ]
    assert found == [level]


def test_wrong_8_a_series_states_one_session_and_adds_up_what_was_attended():
    """WRONG-8, CME-RSS-3, CME-RSS-4: one session on materials, each session rounded by itself, the sum on the certificate."""
    person, activity, sessions = ready(sessions=3, series=True)
    amount = designations.amount(designations.current(activity)[0])
    assert "".join(run["text"] for run in amount) == "1.00 AMA PRA Category 1 Credit per session"
    made = claim(person, activity, {sessions[0]: "1.00", sessions[1]: "0.75", sessions[2]: "0.00"})
    total = made.totals.get()
    assert (total.credits, total.designated, made.lines.count()) == (Decimal("1.75"), Decimal("2.00"), 2)
    assert facts.load(person, activity).credits[0].per_session


def test_wrong_8_a_series_lasts_twelve_months_at_most():
    """WRONG-8, CME-RSS-2: the database refuses what is longer."""
    from django.db import IntegrityError

    activity = ActivityFactory(kind="RSS", starts_on=dt.date(2027, 1, 1), ends_on=dt.date(2027, 12, 31))
    with pytest.raises(IntegrityError):
        Activity.objects.filter(pk=activity.pk).update(ends_on=dt.date(2028, 1, 3))


def test_several_lines_stay_on_one_page_with_hostile_lengths(django_capture_on_commit_callbacks):
    """AMA-CERT-4: four types, a long name and a long title; nothing cut, one page."""
    from io import BytesIO

    from pypdf import PdfReader

    from credits.domain import certificates
    from credits.models import CertificateFile, Presentation
    from tests.integration.test_credits_types import designate as also

    person = PersonFactory(
        given_name="Maximiliana Alexandrina", family_name="Wolfeschlegelsteinhausen-Bergerdorff", degrees="MD, PhD, MPH"
    )
    person, activity, sessions = ready(sessions=3, person=person)
    Activity.objects.filter(pk=activity.pk).update(
        title="Guideline-Directed Medical Therapy in Heart Failure With Reduced Ejection Fraction: From the First Clinic Visit to Titration at Home"
    )
    also(activity, "ama_pra_1_teaching", "2.00", scope="session", minutes=60, hour=30)
    also(activity, "moc_abim", "3.00", details={"moc_kind": "Medical Knowledge"})
    also(activity, "moc_abp", "3.00", details={"moc_kind": "Medical Knowledge"})
    taught = Presentation.objects.create(
        session=sessions[2], person=person, minutes=60, original=True, recorded_at=clock.now(), recorded_by="test"
    )
    from accounts.models import PersonNumber

    for kind in ("abim", "abp"):
        PersonNumber.objects.create(
            person=person, kind=kind, value="123456", added_at=clock.now(), report_ok_at=clock.now()
        )
    person.birth_month, person.birth_day = 3, 14
    person.save(update_fields=["birth_month", "birth_day"])
    with django_capture_on_commit_callbacks(execute=True):
        made = claims.claim(
            person_id=person.pk, activity_id=activity.pk, choices={s.pk: Decimal("1.00") for s in sessions[:2]}, works={-taught.pk: Decimal(1)},
            codes=["ama_pra_1", "ama_pra_1_teaching", "moc_abim", "moc_abp"], form_key=uuid.uuid4(), disclosure_sha="", by=actor_of_person(person),
        )  # fmt: skip
    certificate = made.certificates.get()
    certificates.render(certificate.pk)
    content = bytes(CertificateFile.objects.get(certificate=certificate).content)
    pages = PdfReader(BytesIO(content)).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1
    for words in (
        "2.00 AMA PRA Category 1 Credits",
        "for teaching",
        "2.00 ABIM MOC points",
        "2.00 ABP MOC points.",
        "Wolfeschlegelsteinhausen",
    ):
        assert words in text.replace("- ", "-"), text
