"""Credit to report: the office's list, the page that confirms, the working list; what the learner reads and allows."""

import csv
import datetime as dt
import io

import pytest
from django.urls import reverse

from accounts.models import PersonNumber
from common import clock
from common.models import AuditEvent
from reporting.models import CreditReport
from tests.factories import PersonFactory, UserFactory
from tests.integration.report_cases import allow, day, mark, points

pytestmark = pytest.mark.django_db
HOME = "/admin/credit-to-report/"


@pytest.fixture
def office(client):
    client.force_login(UserFactory(roles=["staff"]))
    return client


def test_the_list_says_who_is_told_what_by_when(office):
    made = points()
    page = office.get(HOME).content.decode()
    for words in (
        made.person.name_with_degrees,
        "123456",
        "ABIM",
        "by PARS",
        "1.00",
        made.activity.title,
        "in 30 days",
        "To send",
    ):
        assert words in page, words
    assert "working-list" not in page


@pytest.mark.parametrize("items", [1, 3])
def test_the_list_takes_a_constant_number_of_queries(office, items, django_assert_num_queries):
    for _n in range(items):
        points()
    office.get(HOME)
    with django_assert_num_queries(6):
        assert len(office.get(HOME).context["rows"]) == items


def test_several_are_marked_after_a_page_that_says_how_many(office):
    rows = [CreditReport.objects.get(total__claim=points()) for _n in range(3)]
    chosen = {"verb": "send", "reports": [rows[0].pk, rows[1].pk]}
    page = office.post(reverse("report_desk:mark"), chosen)
    assert (page.status_code, page.context["count"]) == (200, 2)
    assert "Mark as sent: 2 lines" in " ".join(page.content.decode().split())
    assert CreditReport.objects.filter(status="sent").count() == 0
    late = office.post(reverse("report_desk:mark"), {**chosen, "sure": "1", "on": day() + dt.timedelta(days=1)})
    assert late.context["form"].errors == {"on": ["This day has not come yet."]}
    assert CreditReport.objects.filter(status="sent").count() == 0
    done = office.post(
        reverse("report_desk:mark"), {**chosen, "sure": "1", "on": day(), "text": "Upload 7"}, follow=True
    )
    assert "2 lines are marked as sent." in done.content.decode()
    assert sorted(CreditReport.objects.filter(status="sent", reference="Upload 7").values_list("pk", flat=True)) == [
        rows[0].pk,
        rows[1].pk,
    ]
    assert "Upload 7" in office.get(HOME + "?state=sent").content.decode()
    back = {"verb": "reject", "page_ids": f"{rows[0].pk},{rows[1].pk}", "all": "1"}
    assert office.post(reverse("report_desk:mark"), back).context["count"] == 2
    silent = office.post(reverse("report_desk:mark"), {**back, "sure": "1", "on": day(), "text": ""})
    assert silent.context["form"].errors == {"text": ["Copy what they wrote; the learner reads it too."]}
    office.post(reverse("report_desk:mark"), {**back, "sure": "1", "on": day(), "text": "Name does not match"})
    assert CreditReport.objects.filter(status="rejected", answer="Name does not match").count() == 2
    assert office.get("/admin/desk/").content.decode().count("2 credits were sent back by their boards") == 1


def test_nothing_chosen_and_a_wrong_verb_mark_nothing(office):
    row = CreditReport.objects.get(total__claim=points())
    for said in ({"verb": "send"}, {"verb": "drop", "reports": [row.pk]}, {"reports": [row.pk]}):
        answer = office.post(reverse("report_desk:mark"), said, follow=True)
        assert "Choose at least one line." in answer.content.decode()
    assert CreditReport.objects.get().status == "to_send"


def test_overdue_credit_is_on_the_work_list(office, request):
    made = points()
    assert "not reported in time" not in office.get("/admin/desk/").content.decode()
    clock.move(dt.timedelta(days=31))
    request.addfinalizer(clock.forget)
    page = office.get("/admin/desk/").content.decode()
    assert "1 credit was not reported in time" in page
    assert "MOC-2" in page
    late = office.get(HOME + "?due=overdue").content.decode()
    assert made.person.name_with_degrees in late
    assert "1 day late" in late


def test_the_working_list_has_what_may_be_told_and_nothing_else(office):
    told, silent = points(), points(person=PersonFactory(birth_month=3, birth_day=14))
    allow(silent.person, allowed=False)
    answer = office.post(reverse("report_desk:export"), {"state": "to_send"})
    [line] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert (line["Record Action"], line["Certifying Board"], line["Certifying Board ID"], line["Date of Birth"]) == ("Add", "ABIM", "123456", "03/14")  # fmt: skip
    assert (line["Credit Type"], line["Credits Awarded for Credit Type"], line["Last Name"]) == ("Medical Knowledge", "1.00", told.person.family_name)  # fmt: skip
    assert AuditEvent.objects.filter(event="credit_list_taken").count() == 1
    assert office.get(reverse("report_desk:export")).status_code == 302


@pytest.mark.parametrize("role", [None, "reviewer"])
def test_nobody_else_comes_in(client, role):
    client.force_login(UserFactory(roles=[role] if role else []))
    row = CreditReport.objects.get(total__claim=points())
    assert client.get(HOME).status_code in {302, 403}
    assert client.post(reverse("report_desk:mark"), {"verb": "send", "reports": [row.pk], "sure": "1", "on": day()}).status_code in {302, 403}  # fmt: skip
    assert CreditReport.objects.get().status == "to_send"


def test_the_learner_reads_it_and_allows_it_there(client):
    made = points()
    client.force_login(UserFactory(person=made.person))
    due_by = f"due by {CreditReport.objects.get().due_on:%b} {CreditReport.objects.get().due_on.day}"
    assert due_by in client.get("/transcript/").content.decode()
    allow(made.person, allowed=False)
    page = client.get("/transcript/").content.decode()
    assert "You did not allow it." in page
    assert "Allow telling ABIM" in page
    client.post(reverse("credits:transcript_allow"), {"board": "abim"})
    assert PersonNumber.objects.get(kind="abim").report_ok_at is not None
    assert "Allow telling" not in client.get("/transcript/").content.decode()
    mark("send", CreditReport.objects.get())
    mark("reject", CreditReport.objects.get(), text="Unknown <ID>")
    page = client.get("/transcript/").content.decode()
    assert "“Unknown &lt;ID&gt;”" in page
    told = b"".join(client.get("/transcript.csv").streaming_content).decode()
    assert f"ABIM: sent back on {day()} (Unknown <ID>)" in told
    lines = client.get("/transcript.json").json()["issued"]
    assert [line["reports"] for line in lines if line["type"] == "moc_abim"] == [[{"to": "ABIM", "state": "sent_back", "on": f"{day()}", "text": "Unknown <ID>"}]]  # fmt: skip


@pytest.mark.parametrize("board", ["npi", "aba", "nonsense"])
def test_a_board_without_a_number_is_not_allowed(client, board):
    made = points()
    client.force_login(UserFactory(person=made.person))
    before = list(PersonNumber.objects.values())
    client.post(reverse("credits:transcript_allow"), {"board": board})
    assert list(PersonNumber.objects.values()) == before
