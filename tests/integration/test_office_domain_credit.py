"""Credit fixed before the start with its mandated sentences (WF-4, WF-5, WF-11): arithmetic of both cases, wording per mode."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import AccreditationTerm
from activities.domain import agenda, gates, plan
from activities.models import Activity, Session
from common import clock, statements
from common.errors import Conflict
from common.models import AuditEvent, TransitionLog
from credits import panels
from credits.documents import statements as wording
from credits.domain import designations, publishing
from credits.models import CreditType, Designation
from evaluations.models import Questionnaire
from tests.factories import ProviderFactory, SessionFactory
from tests.integration.office_cases import fresh, office

pytestmark = pytest.mark.django_db
SCHOOL = "Lakeshore University School of Medicine"
CASE_1 = "60 + 45 + 75 + 60 + 90 = 330 minutes. Parallel sessions count once. Left out: Welcome, Break, Lunch. Rounded once: 5.50."


def findings_of(gate, activity: Activity, rule: str) -> list[tuple[str, str]]:
    return [(f.level, f.proof) for f in gate(plan.load(activity)) if rule in f.rules]


def series(made, minutes: list[int]) -> Activity:
    """The course turned into a series with one meeting a week, before anything is designated."""
    activity = made.activity
    Session.objects.filter(activity=activity).update(removed_at=clock.now())
    Activity.objects.filter(pk=activity.pk).update(
        kind="RSS", ends_on=activity.starts_on + dt.timedelta(days=7 * len(minutes))
    )
    for week, length in enumerate(minutes):
        start = clock.local(activity.starts_on + dt.timedelta(days=7 * week), dt.time(12), activity.zone)
        SessionFactory(
            activity=activity, status="planned", title=f"Week {week + 1}", starts_at=start, ends_at=start + dt.timedelta(minutes=length),
            check_in_code="", code_released_at=None,
        )  # fmt: skip
    return fresh(made)


# --- how much: AMA-CALC-1…4, AMA-DES-4 ---------------------------------------------------------------


def test_case_1_comes_to_five_and_a_half_and_says_how():
    made = office("submitted")
    [proposal] = designations.proposed(plan.load(made.activity))
    assert (proposal.credit_type.code, proposal.scope, proposal.maximum, proposal.minutes) == (
        "ama_pra_1",
        "activity",
        Decimal("5.50"),
        330,
    )
    assert proposal.sentence == CASE_1
    assert statements.plain(proposal.runs) == "5.50 AMA PRA Category 1 Credits™"
    assert findings_of(gates.for_approval, made.activity, "AMA-CALC-1") == [("passed", CASE_1)]


def test_a_series_states_the_credit_of_one_session():
    made = office("submitted")
    [proposal] = designations.proposed(plan.load(series(made, [60, 60, 60])))
    assert (proposal.scope, proposal.maximum, proposal.minutes, proposal.sessions) == (
        "session",
        Decimal("1.00"),
        60,
        3,
    )
    assert proposal.sentence == "60 minutes a session, 3 sessions: 3.00 over the series (CME-RSS-3)."


@pytest.mark.parametrize(
    ("minutes", "credit"), [(7, "0.00"), (8, "0.25"), (52, "0.75"), (53, "1.00"), (67, "1.00"), (68, "1.25")]
)
def test_rounded_to_the_nearest_quarter_once(minutes, credit):
    made = office("submitted")
    found = series(made, [minutes])
    Activity.objects.filter(pk=found.pk).update(kind="C")
    [proposal] = designations.proposed(plan.load(fresh(made)))
    assert proposal.maximum == Decimal(credit)


def test_the_panel_of_the_agenda_says_the_same():
    made = office("submitted")
    panel = panels.agenda(plan.load(made.activity), made.planner)
    assert [p.sentence for p in panel.context["proposals"]] == [CASE_1]


# --- fixed: WF-4, AMA-CORE-1 -------------------------------------------------------------------------


def test_designating_keeps_the_sentences_of_the_day():
    made = office("designated")
    row = Designation.objects.get()
    assert (row.maximum, row.minutes, row.scope, row.ended_at, row.designated_by_id) == (
        Decimal("5.50"),
        330,
        "activity",
        None,
        made.staff.person_id,
    )
    assert row.statement == (
        f"The {SCHOOL} designates this live activity for a maximum of 5.50 *AMA PRA Category 1 Credit(s)*™. "
        "Physicians should claim only the credit commensurate with the extent of their participation in the activity."
    )
    assert row.accreditation_statement == (
        f"The {SCHOOL} is accredited by the Accreditation Council for Continuing Medical Education (ACCME) "
        "to provide continuing medical education for physicians."
    )
    activity = fresh(made)
    assert (activity.status, activity.designated_at is not None) == ("designated", True)


def test_never_at_or_after_the_start(monkeypatch):
    """AMA-CORE-1: credit is never retroactive, and no waiver changes that."""
    made = office("approved")
    start = made.activity.sessions.filter(kind="education").earliest("starts_at").starts_at
    monkeypatch.setattr(clock, "now", lambda: start)
    before = AuditEvent.objects.count(), TransitionLog.objects.count()

    with pytest.raises(Conflict, match="AMA-CORE-1"):
        designations.designate(activity_id=made.pk, by=made.staff)

    assert (fresh(made).status, Designation.objects.count()) == ("approved", 0)
    assert (AuditEvent.objects.count(), TransitionLog.objects.count()) == before


def test_an_activity_without_education_gets_no_credit():
    made = office("approved")
    Session.objects.filter(activity=made.activity).update(kind="other")
    with pytest.raises(Conflict):
        designations.designate(activity_id=made.pk, by=made.staff)
    assert (fresh(made).status, Designation.objects.count()) == ("approved", 0)


def test_a_certificate_of_participation_alone_can_be_designated_and_published():
    """An activity that asks for no credit at all still opens (ATTENDANCE)."""
    made = office("approved", credit_types=["attendance"])
    designations.designate(activity_id=made.pk, by=made.staff)
    publishing.publish(activity_id=made.pk, by=made.staff)
    assert fresh(made).status == "published"


# --- the agenda moved afterwards: WF-11 --------------------------------------------------------------


@pytest.mark.parametrize("step", ["designated", "published"])
def test_a_changed_agenda_is_designated_anew(step):
    made = office(step)
    slot = made.activity.sessions.get(title="Simulation with observed feedback")
    slot.ends_at -= dt.timedelta(minutes=30)
    slot.save(update_fields=["ends_at"])
    first = Designation.objects.get()
    assert findings_of(gates.for_publication, fresh(made), "WF-11") == [
        ("failed", "The agenda comes to a different amount now; designate again.")
    ]

    designations.designate(activity_id=made.pk, by=made.staff)

    first.refresh_from_db()
    current = designations.current(made.activity)
    assert first.ended_at is not None
    assert [(d.maximum, d.minutes) for d in current] == [(Decimal("5.00"), 300)]
    assert fresh(made).status == step
    assert findings_of(gates.for_publication, fresh(made), "WF-11") == [("passed", "Unchanged since the designation.")]


@pytest.mark.parametrize("step", ["submitted", "in_review"])
def test_nothing_is_designated_before_approval(step):
    made = office(step)
    with pytest.raises(Conflict):
        designations.designate(activity_id=made.pk, by=made.staff)
    assert (fresh(made).status, Designation.objects.count()) == (step, 0)


@pytest.mark.parametrize(
    "path", [["cancelled"], ["published", "ended"], ["published", "ended", "closing", "closed"]], ids=lambda p: p[-1]
)
def test_what_is_over_is_not_designated_anew(path):
    made = office("designated")
    before = list(Designation.objects.values_list("pk", "ended_at"))
    for status in path:
        Activity.objects.filter(pk=made.pk).update(status=status, published_at=clock.now())

    with pytest.raises(Conflict):
        designations.designate(activity_id=made.pk, by=made.staff)

    assert list(Designation.objects.values_list("pk", "ended_at")) == before


# --- which sentence: ST-1, ST-3, ST-4, ST-7 ----------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("accme_direct", f"The {SCHOOL} is accredited by the Accreditation Council for Continuing Medical Education (ACCME) to provide continuing medical education for physicians."),
        ("state", f"The {SCHOOL} is accredited by the California Medical Association (CMA) to provide continuing medical education for physicians."),
        (
            "joint",
            f"In support of improving patient care, {SCHOOL} is jointly accredited by the Accreditation Council for Continuing Medical Education (ACCME), the Accreditation Council for Pharmacy Education (ACPE), and the American Nurses Credentialing Center (ANCC), to provide continuing education for the healthcare team.",
        ),
    ],
)  # fmt: skip
def test_the_accreditation_statement_follows_the_mode(mode, sentence):
    ProviderFactory()
    AccreditationTerm.objects.update(
        mode=mode, accreditor_name="California Medical Association", accreditor_short="CMA"
    )
    assert wording.accreditation() == sentence


def test_without_a_term_there_is_no_statement():
    provider = ProviderFactory()
    provider.terms.all().delete()
    with pytest.raises(LookupError):
        wording.accreditation()


def test_nothing_in_a_name_is_read_as_a_blank():
    made = office("submitted")
    provider = ProviderFactory()
    provider.name = "{credits} School"
    provider.save()
    kind = CreditType.objects.get(code="ama_pra_1")
    assert wording.designation(made.activity, kind, Decimal(1)).startswith(
        "The {credits} School designates this live activity for a maximum of 1.00 "
    )


# --- published: WF-5 ---------------------------------------------------------------------------------


def test_publishing_opens_the_page_the_questions_and_the_codes():
    made = office("published")
    activity = fresh(made)
    assert (activity.status, activity.published_at is not None) == ("published", True)
    sheet = Questionnaire.objects.get(activity=activity)
    assert [q.rule for q in sheet.questions.all()] == ["EVAL-1", "EVAL-1", "EVAL-1", "EVAL-2", "EVAL-4", "EVAL-6"]
    states = set(activity.sessions.values_list("kind", "status"))
    assert states == {("education", "ready"), ("welcome", "planned"), ("break", "planned"), ("meal", "planned")}


def test_changed_wording_stops_publishing_until_designated_anew():
    """WF-5: verbatim on the day of publishing; what was designated keeps its own copy."""
    made = office("designated")
    AccreditationTerm.objects.update(mode="joint")
    with pytest.raises(Conflict, match="ST-7"):
        publishing.publish(activity_id=made.pk, by=made.staff)
    assert (fresh(made).status, Questionnaire.objects.count()) == ("designated", 0)
    assert made.activity.sessions.exclude(check_in_code="").count() == 0

    designations.designate(activity_id=made.pk, by=made.staff)
    publishing.publish(activity_id=made.pk, by=made.staff)

    assert fresh(made).status == "published"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Earn Category 1 credit", "AMA-TM-1"), ("6 CME hours", "AMA-TM-1"), ("ACCME credit for all", "AMA-TM-1"),
        ("Credit pending", "AMA-PUB-1"), ("AMA PRA Category 1 Credit applied for", "AMA-PUB-1"),
    ],
)  # fmt: skip
def test_words_that_published_text_never_says(text, rule):
    made = office("submitted")
    Activity.objects.filter(pk=made.pk).update(summary=text)
    found = [(f.level, f.rules) for f in gates.for_approval(plan.load(fresh(made))) if rule in f.rules]
    assert found == [("failed", (rule,))]


@pytest.mark.parametrize(
    "text",
    ["5.50 AMA PRA Category 1 Credits™", "AAPA Category 1 CME", "AOA Category 1-A", "Topics we applied to last year"],
)
def test_words_that_are_right(text):
    made = office("submitted")
    Activity.objects.filter(pk=made.pk).update(summary=text)
    assert [level for level, _proof in findings_of(gates.for_approval, fresh(made), "AMA-TM-1")] == ["passed"]


def test_parallel_workshops_are_one_block():
    made = office("submitted")
    blocks = agenda.compute(s.slot for s in plan.load(made.activity).slots).blocks
    assert [(b.minutes, b.is_parallel) for b in blocks] == [
        (60, False),
        (45, False),
        (75, True),
        (60, False),
        (90, False),
    ]
