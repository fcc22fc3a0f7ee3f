"""What boards have to be told of claims: due in the claim's own transaction, put right when the claim changes (MOC-2)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext

from accounts.models import PersonNumber
from common import clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import TransitionLog
from credits.domain import adjusting, claims, transcripts
from credits.domain.reports import Report
from credits.models import Claim, CreditType
from reporting.domain import due, ledger
from reporting.models import CreditReport
from tests.factories import PersonFactory
from tests.integration.claim_cases import claim as claim_ama
from tests.integration.claim_cases import ready
from tests.integration.report_cases import allow, day, designate, mark, points, staff

pytestmark = pytest.mark.django_db
BY = system("test")


def states(claim):
    rows = CreditReport.objects.filter(total__claim=claim).order_by("number")
    return [(row.action, row.status) for row in rows]


def open_of(claim):
    return CreditReport.objects.get(total__claim=claim, status="to_send")


def test_points_are_due_thirty_days_after_the_evaluation_and_plain_credit_is_nobodys():
    """MOC-2."""
    made = points()
    row = CreditReport.objects.get()
    assert (row.total.credit_type_id, row.body, row.channel, row.number_kind) == ("moc_abim", "ABIM", "PARS", "abim")
    assert (row.action, row.status, row.amount, row.completed_on) == (
        "add",
        "to_send",
        Decimal("1.00"),
        made.participated_on,
    )
    assert row.due_on == clock.today(made.activity.zone) + dt.timedelta(days=30)


def test_pharmacy_credit_is_due_sixty_days_after_completion():
    """ACPE-1."""
    person = PersonFactory(pharmacist=True, birth_month=3, birth_day=14)
    PersonNumber.objects.create(person=person, kind="nabp", value="1234567", added_at=clock.now())
    person, activity, (one,) = ready(person=person, ago=dt.timedelta(days=3))
    designate(activity, "acpe")
    made = claim_ama(person, activity, {one: "1.00"})
    row = CreditReport.objects.get()
    assert (row.body, row.channel, row.number_kind) == ("CPE Monitor", "CPE Monitor", "nabp")
    assert row.due_on == made.participated_on + dt.timedelta(days=60)


def test_a_claim_asks_one_query_more_at_most():
    person, activity, (one,) = ready()
    with CaptureQueriesContext(transaction.get_connection()) as plain:
        claim_ama(person, activity, {one: "1.00"})
    assert "reporting_creditreport" not in " ".join(q["sql"] for q in plain)
    with CaptureQueriesContext(transaction.get_connection()) as told:
        points()
    assert sum('"reporting_creditreport"' in q["sql"] for q in told) == 1


@pytest.mark.parametrize(
    ("acts", "voided", "restored"),
    [
        ([], [("add", "dropped")], [("add", "to_send")]),
        (["send"], [("add", "sent"), ("withdraw", "to_send")], [("add", "sent"), ("withdraw", "dropped")]),
        (["send", "accept"], [("add", "accepted"), ("withdraw", "to_send")], [("add", "accepted"), ("withdraw", "dropped")]),
        (["send", "reject"], [("add", "dropped")], [("add", "to_send")]),
    ],
)  # fmt: skip
def test_a_withdrawn_claim_is_taken_back_where_it_was_told(acts, voided, restored):
    made = points()
    for verb in acts:
        mark(verb, CreditReport.objects.get(), text="No such number." if verb == "reject" else "")
    claims.void(claim_id=made.pk, reason="Wrong person.", by=BY)
    assert states(made) == voided
    adjusting.restore(claim_id=made.pk, reason="Right after all.", by=BY)
    assert states(made) == restored


def test_a_claim_restored_after_it_was_taken_back_is_told_anew():
    made = points()
    mark("send", open_of(made))
    claims.void(claim_id=made.pk, reason="x", by=BY)
    mark("send", open_of(made))
    adjusting.restore(claim_id=made.pk, reason="x", by=BY)
    assert states(made) == [("add", "sent"), ("withdraw", "sent"), ("add", "to_send")]


def test_an_adjusted_claim_takes_back_what_was_told_and_adds_the_rest():
    made = points(sessions=2)
    mark("send", open_of(made))
    one, _two = made.activity.sessions.order_by("pk")
    new = adjusting.adjust(claim_id=made.pk, choices={one.pk: Decimal("0.50")}, reason="x", by=BY)
    assert states(made) == [("add", "sent"), ("withdraw", "to_send")]
    assert states(new) == [("add", "to_send")]
    assert open_of(new).amount == Decimal("0.50")


def test_marked_as_sent_by_mistake_leaves_nothing_to_take_back():
    made = points()
    mark("send", open_of(made))
    claims.void(claim_id=made.pk, reason="x", by=BY)
    mark("unsend", CreditReport.objects.get(action="add"), text="Wrong list.")
    assert states(made) == [("add", "dropped"), ("withdraw", "dropped")]


def test_what_a_board_sent_back_is_kept_word_for_word_and_sent_again():
    made = points()
    row = open_of(made)
    mark("send", row, text="MOC-2026-11.xlsx")
    row.refresh_from_db()
    assert (row.sent_on, row.reference, row.sent_as.value) == (day(), "MOC-2026-11.xlsx", "123456")
    mark("reject", row, text="Err 12:  ID/DOB mismatch")
    row.refresh_from_db()
    assert (row.status, row.answered_on, row.answer) == ("rejected", day(), "Err 12:  ID/DOB mismatch")
    mark("again", row)
    row.refresh_from_db()
    assert (row.status, row.sent_on, row.answer, row.reference) == ("to_send", None, "", "")
    logged = TransitionLog.objects.filter(subject_type="reporting.creditreport", subject_id=row.pk).order_by("pk")
    assert [(t.verb, t.reason) for t in logged] == [("send", "MOC-2026-11.xlsx"), ("reject", "Err 12:  ID/DOB mismatch"), ("again", "")]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "values", "field"),
    [
        ("send", {"on": None}, "on"),
        ("send", {"on": dt.timedelta(days=1)}, "on"),
        ("send", {"on": dt.timedelta(days=-9)}, "on"),
        ("reject", {"on": dt.timedelta(0)}, "text"),
    ],
)
def test_days_and_words_that_cannot_be(verb, values, field):
    row = open_of(points())
    if verb == "reject":
        mark("send", row)
    on = values["on"] if values["on"] is None else day() + values["on"]
    before = CreditReport.objects.values().get()
    with pytest.raises(Invalid) as refused:
        ledger.mark(verb=verb, report_ids=[row.pk], on=on, by=staff())
    assert list(refused.value.fields) == [field]
    assert CreditReport.objects.values().get() == before


def test_a_board_that_may_not_be_told_is_not():
    """MOC-2: permission is read when it is needed; who takes it back is not told of."""
    made = points()
    allow(made.person, allowed=False)
    with pytest.raises(Conflict) as refused:
        mark("send", open_of(made))
    assert str(made.person) in str(refused.value)
    assert states(made) == [("add", "to_send")]
    assert (due.counts(day())["to_send"], due.counts(day())["withheld"]) == (0, 1)
    # What was told is taken back without asking.
    allow(made.person)
    mark("send", open_of(made))
    allow(made.person, allowed=False)
    claims.void(claim_id=made.pk, reason="x", by=BY)
    mark("send", open_of(made))
    assert states(made) == [("add", "sent"), ("withdraw", "sent")]


def test_nobody_but_the_office_marks():
    row = open_of(points())
    from accounts.actors import actor_of_person

    with pytest.raises(NotAllowed):
        mark("send", row, by=actor_of_person(row.total.claim.person))
    assert CreditReport.objects.get().status == "to_send"


def test_what_is_due_is_never_edited():
    row = open_of(points())
    for values in ({"amount": Decimal("0.50")}, {"due_on": day()}, {"status": "accepted"}):
        with pytest.raises(InternalError), transaction.atomic():
            CreditReport.objects.filter(pk=row.pk).update(**values)
    with pytest.raises(InternalError), transaction.atomic():
        row.delete()


def test_credit_from_before_the_ledger_is_found_once():
    CreditType.objects.filter(pk="moc_abim").update(report_to="")
    made = points()
    assert CreditReport.objects.count() == 0
    CreditType.objects.filter(pk="moc_abim").update(report_to="PARS")
    assert (ledger.catch_up(), ledger.catch_up()) == (1, 0)
    assert states(made) == [("add", "to_send")]


def test_transcripts_say_it_on_its_own_line(django_assert_num_queries):
    made = points()

    def said():
        found = transcripts.load(made.person)
        return {row.kind.code: row.reports for row in found.rows}

    row = open_of(made)
    assert said() == {"ama_pra_1": (), "moc_abim": (Report("ABIM", "due", row.due_on, "moc_abim"),)}
    allow(made.person, allowed=False)
    assert said()["moc_abim"] == (Report("ABIM", "withheld", row.due_on, "moc_abim", ask="abim"),)
    allow(made.person)
    mark("send", row)
    assert said()["moc_abim"] == (Report("ABIM", "sent", day(), "moc_abim"),)
    mark("reject", row, text="Unknown ID")
    assert said()["moc_abim"] == (Report("ABIM", "sent_back", day(), "moc_abim", text="Unknown ID"),)
    with django_assert_num_queries(1):
        due.of_claims([made.pk])


def test_the_claims_of_a_withdrawn_person_are_not_told_twice():
    """Half the points, claimed anew after a withdrawal, are another line."""
    made = points(sessions=2)
    mark("send", open_of(made))
    claims.void(claim_id=made.pk, reason="x", by=BY)
    assert Claim.objects.filter(status="live").count() == 0
    assert CreditReport.objects.filter(status="to_send", action="withdraw").count() == 1
