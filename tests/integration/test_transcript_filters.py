"""What part of the transcript is shown, printed and taken away: one set of filters for all of them."""

import csv
import datetime as dt
import io
import json
import zipfile
from decimal import Decimal

import pytest
from django.core.files.storage import storages

from accounts.actors import actor_of_person
from common import clock
from common.errors import NotAllowed
from credits.domain import reports, runs, transcripts
from credits.domain.transcript_filters import ELSEWHERE, OURS, Filters
from credits.models import CertificateRun, CertificateRunItem, SessionTopic, TranscriptDocument
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
PAGE = "/transcript/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def physician():
    return UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti")).person


@pytest.fixture
def learner(client, physician):
    client.force_login(physician.user)
    return client


@pytest.fixture
def ledger(physician):
    """Two of ours, one of them with half an hour on pain, and two from elsewhere."""
    sepsis = earn(physician, dt.date(2026, 11, 17), credits="1.00", title="Sepsis in the First Hour")
    earn(physician, dt.date(2025, 11, 14), credits="0.25", title="Stroke Night")
    line = sepsis.lines.get()
    SessionTopic.objects.create(
        activity=sepsis.activity, session=line.session, topic_id="pain", minutes=30, added_at=NOW, added_by="set-up"
    )
    ExternalCreditFactory(
        person=physician, title="Board review", earned_on=dt.date(2026, 4, 18), amount="6.50", topics=["ethics"]
    )
    ExternalCreditFactory(
        person=physician, title="Reading", earned_on=dt.date(2025, 2, 1), credit_type_id=None, other_type="AMA PRA Category 2", amount="2.00", proof=None,
    )  # fmt: skip
    return physician


def titles(found):
    return [r.title for r in found.rows], [e.title for e in found.external]


@pytest.mark.parametrize(
    ("filters", "ours", "theirs"),
    [
        (Filters(), ["Sepsis in the First Hour", "Stroke Night"], ["Board review", "Reading"]),
        (Filters(text="FIRST sepsis"), ["Sepsis in the First Hour"], []),
        (Filters(text="harbor"), [], ["Board review", "Reading"]),
        (Filters(text="pain management"), ["Sepsis in the First Hour"], []),
        (Filters(kind="ama_pra_1"), ["Sepsis in the First Hour", "Stroke Night"], ["Board review"]),
        (Filters(kind="other:ama pra category 2"), [], ["Reading"]),
        (Filters(topic="pain"), ["Sepsis in the First Hour"], []),
        (Filters(topic="ethics"), [], ["Board review"]),
        (Filters(source=OURS), ["Sepsis in the First Hour", "Stroke Night"], []),
        (Filters(source=ELSEWHERE), [], ["Board review", "Reading"]),
        (Filters(since=dt.date(2026, 1, 1)), ["Sepsis in the First Hour"], ["Board review"]),
        (Filters(until=dt.date(2025, 12, 31)), ["Stroke Night"], ["Reading"]),
        (Filters(since=dt.date(2026, 4, 18), until=dt.date(2026, 4, 18)), [], ["Board review"]),
        (Filters(text="nothing has this"), [], []),
    ],
)
def test_what_the_filters_leave(ledger, filters, ours, theirs):
    assert titles(transcripts.load(ledger, filters)) == (ours, theirs)
    assert Filters.of_data(json.loads(json.dumps(filters.as_data))) == filters


def test_totals_by_type_topic_and_year_and_never_with_credit_from_elsewhere(ledger):
    found = transcripts.load(ledger)
    assert [(t.credit_type.code, t.value) for t in found.totals] == [("ama_pra_1", Decimal("1.25"))]
    assert [(s.name, s.value) for s in found.elsewhere] == [("AMA PRA Category 1", Decimal("6.50")), ("AMA PRA Category 2", Decimal("2.00"))]  # fmt: skip
    assert found.together == [("AMA PRA Category 1", Decimal("7.75"))]
    assert found.topic_hours == [("Pain management", Decimal("0.50"))]
    assert [(year, [t.value for t in totals]) for year, totals in found.year_totals] == [(2026, [Decimal("1.00")]), (2025, [Decimal("0.25")])]  # fmt: skip
    assert (found.choices.years, [code for code, _name in found.choices.kinds], [code for code, _name in found.choices.topics]) == (
        [2026, 2025], ["ama_pra_1", "other:ama pra category 2"], ["pain", "ethics"],
    )  # fmt: skip


def test_the_page_shows_both_apart(learner, ledger):
    html = learner.get(PAGE).content.decode()
    assert '<span class="bignum">1.25</span>' in html
    assert "Earned elsewhere" in html
    assert "Not verified" in html
    assert "Pain management, 30 min" in html
    assert "Not by us" in html
    found = learner.get(PAGE + "?period=2025&kind=ama_pra_1")
    assert titles(found.context["found"]) == (["Stroke Night"], [])
    assert [chip["label"] for chip in found.context["chips"]] == ["AMA PRA Category 1"]
    assert found.context["chips"][0]["remove_url"] == "?period=2025"


def test_what_was_reported_comes_from_the_apps_above(ledger, settings, monkeypatch):
    told = reports.Report("ABIM", "accepted", dt.date(2026, 11, 20))
    claim_id = transcripts.load(ledger).rows[0].claim_ids[0]
    monkeypatch.setattr(reports, "import_string", lambda _path: lambda ids: {claim_id: [told]})
    settings.CREDIT_REPORTS = ("somewhere.above",)
    assert [row.reports for row in transcripts.load(ledger).rows] == [(told,), ()]


def test_a_hundred_lines_a_page(learner, physician):
    for n in range(103):
        earn(physician, dt.date(2026, 11, 17) - dt.timedelta(days=n), certified=False)
    first = learner.get(PAGE)
    assert sum(len(rows) for _year, rows in first.context["years"]) == 100
    assert "?page=2" in first.content.decode()
    assert sum(len(rows) for _year, rows in learner.get(PAGE + "?page=2").context["years"]) == 3


# --- to take away -------------------------------------------------------------------------------------------


def table(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_lines_on_the_page(learner, ledger):
    rows = table(learner.get("/transcript.csv?period=2026"))
    assert [(r["Source"], r["Title"], r["Credit"], r["Topics"]) for r in rows] == [
        ("issued", "Sepsis in the First Hour", "1.00", "Pain management (30 min)"),
        ("entered by the learner, not verified", "Board review", "6.50", "Ethics and professional responsibility"),
    ]
    assert rows[0]["Statement"] == "1.00 AMA PRA Category 1 Credit™"


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(A1)", " =1"])
def test_no_cell_runs(learner, physician, title):
    ExternalCreditFactory(person=physician, title=title, provider_name=title)
    (row,) = table(learner.get("/transcript.csv"))
    assert (row["Title"], row["Provider"]) == (f"'{title}", f"'{title}")


def test_json_says_what_is_verified(learner, ledger):
    found = json.loads(learner.get("/transcript.json?topic=pain").content)
    assert (found["format"], found["filters"]) == ("cme-transcript/1", {"topic": "pain"})
    assert [(line["title"], line["credit"], line["topic_minutes"]) for line in found["issued"]] == [("Sepsis in the First Hour", "1.00", {"pain": 30})]  # fmt: skip
    assert found["elsewhere"] == {"verified": False, "totals": [], "lines": []}
    every = json.loads(learner.get("/transcript.json").content)
    assert [t["credit"] for t in every["totals"]] == ["1.25"]
    assert [line["credit"] for line in every["elsewhere"]["lines"]] == ["6.50", "2.00"]


def test_the_pdf_honours_the_filters(learner, ledger):
    learner.post("/transcript.pdf", {"topic": "pain"})
    document = TranscriptDocument.objects.get()
    assert document.snapshot["part"] == "A part of the transcript, only: Pain management"
    assert [row["title"] for group in document.snapshot["groups"] for row in group["rows"]] == [
        "Sepsis in the First Hour"
    ]
    assert document.snapshot["elsewhere"] is None
    learner.post("/transcript.pdf", {})
    whole = TranscriptDocument.objects.exclude(pk=document.pk).get()
    assert [t["value"] for t in whole.snapshot["totals"]] == ["1.25"]
    assert [row["title"] for row in whole.snapshot["elsewhere"]["rows"]] == ["Board review", "Reading"]
    assert "did not issue or check it" in whole.snapshot["elsewhere"]["note"]


@pytest.mark.django_db(transaction=True)
def test_certificates_of_the_lines_on_the_page_as_zip(learner, ledger):
    answer = learner.post("/transcript/certificates/", {"text": "sepsis"})
    run = CertificateRun.objects.get()
    assert answer["Location"] == f"/certificate-runs/{run.pk}/"
    run.refresh_from_db()
    assert (run.total, run.done, run.status) == (1, 1, "done")
    page = learner.get(f"/certificate-runs/{run.pk}/file/")
    with zipfile.ZipFile(io.BytesIO(b"".join(page.streaming_content))) as archive:
        assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["csv", "pdf"]
    storages["private"].delete(run.file_key)


def test_the_bundle_is_nobody_elses(client, ledger):
    claim_ids = transcripts.load(ledger).rows[0].claim_ids
    other = UserFactory()
    with pytest.raises(NotAllowed):
        runs.ask(kind="zip", chosen=runs.Chosen(own=claim_ids), by=actor_of_person(other.person))
    assert (CertificateRun.objects.count(), CertificateRunItem.objects.count()) == (0, 0)
    run = runs.ask(kind="zip", chosen=runs.Chosen(own=claim_ids), by=actor_of_person(ledger))
    client.force_login(other)
    assert client.get(f"/certificate-runs/{run.pk}/").status_code == 404


def test_nothing_to_bundle_is_said(learner, physician):
    ExternalCreditFactory(person=physician)
    assert learner.post("/transcript/certificates/", {}, follow=True).status_code == 200
    assert CertificateRun.objects.count() == 0
