"""The transcript: what stands on it, for which days, as page and as PDF; and what anybody may check of it."""

import datetime as dt
import hashlib
import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from pypdf import PdfReader

from accounts.actors import actor_of_person
from accounts.models import Person
from common import clock, statements
from common.errors import NotAllowed
from common.models import Job
from credits.domain import certificates, claims, transcripts
from credits.models import TranscriptDocument, TranscriptFile
from tests.factories import ActivityFactory, PersonFactory, ProviderFactory, UserFactory
from tests.integration.claim_cases import BY
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db(transaction=True)

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)
PAGE = "/transcript/"


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def physician():
    return UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti", specialty="Hospital Medicine"))


@pytest.fixture
def learner(client, physician):
    client.force_login(physician)
    return client


def words(html: bytes | str) -> str:
    text = html.decode() if isinstance(html, bytes) else html
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def make(person: Person) -> TranscriptDocument:
    return transcripts.make(person_id=person.pk, by=actor_of_person(person))


def printed(document: TranscriptDocument) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(bytes(document.file.content))).pages]


def test_totals_years_and_wording(learner, physician):
    earn(physician.person, dt.date(2026, 11, 17), credits="2.75", title="Sepsis in the First Hour")
    earn(physician.person, dt.date(2025, 11, 14), credits="0.25", title="Stroke Night")
    found = transcripts.load(physician.person)
    assert [(year, [r.title for r in rows]) for year, rows in found.years] == [
        (2026, ["Sepsis in the First Hour"]),
        (2025, ["Stroke Night"]),
    ]
    assert [(t.value, t.label) for t in found.totals] == [
        (Decimal("3.00"), [{"text": "AMA PRA Category 1 Credits", "style": "mark"}])
    ]
    assert [r.unit_runs[0]["text"] for r in found.rows] == ["AMA PRA Category 1 Credits", "AMA PRA Category 1 Credit"]
    html = learner.get(PAGE).content.decode()
    assert '<span class="bignum">3.00</span>' in html
    assert '<em>AMA PRA Category 1 Credits</em><span class="tm">™</span>' in html


def test_a_nurse_attended_and_is_awarded_nothing(client):
    """AMA-TRN-1, AMA-CERT-2."""
    user = UserFactory(person=PersonFactory(nurse=True))
    earn(user.person, dt.date(2026, 11, 17), credits="3.00")
    client.force_login(user)
    text = words(client.get(PAGE).content)
    assert "Attended; designated for 3.00 AMA PRA Category 1 Credits ™" in text
    assert "1 activity attended" in text
    assert transcripts.load(user.person).totals == ()
    document = make(user.person)
    transcripts.render(document.pk)
    text = printed(document)[0]
    assert "Attended; designated for 3.00 AMA PRA Category 1 Credits" in text
    assert "awarded by" not in text


def test_a_series_is_one_line_with_its_sessions(physician, learner):
    """Claimed week by week or several at once: one line a year."""
    rounds = ActivityFactory(published=True, kind="RSS", title="Medicine Grand Rounds")
    earn(physician.person, dt.date(2026, 9, 29), activity=rounds, sessions=3, credits="3.00", series=True)
    earn(physician.person, dt.date(2026, 10, 6), activity=rounds, credits="1.00", series=True)
    earn(physician.person, dt.date(2025, 12, 2), activity=rounds, credits="1.00", series=True)
    found = transcripts.load(physician.person)
    assert [(r.first_on, r.last_on, r.sessions, r.credits, len(r.certificates)) for r in found.rows] == [
        (dt.date(2026, 9, 15), dt.date(2026, 10, 6), 4, Decimal("4.00"), 2), (dt.date(2025, 12, 2), dt.date(2025, 12, 2), 1, Decimal("1.00"), 1),
    ]  # fmt: skip
    text = words(learner.get(PAGE).content)
    assert "Live activity, series, 4 sessions" in text
    assert "2 certificates" in text
    assert "Sep 15 to Oct 6, 2026" in text


def test_the_title_is_the_printed_one(physician):
    """Law 4: renaming the activity changes no transcript."""
    claim = earn(physician.person, dt.date(2026, 11, 17), title="Sepsis in the First Hour")
    claim.activity.title = "Something else"
    claim.activity.save(update_fields=["title"])
    assert [r.title for r in transcripts.load(physician.person).rows] == ["Sepsis in the First Hour"]


def test_learning_format_is_printed_as_it_was(physician):
    """AMA-TRN-1: also "other"."""
    claim = earn(physician.person, dt.date(2026, 11, 17), certified=False)
    from credits.models import Certificate

    Certificate.objects.create(
        claim=claim, status="on_request", code="LS-26-2222-2222-2222", template_version="certificate/1", requested_at=NOW,
        snapshot={"facts": {"title": "Mixed", "learning_format": "other activity (blended learning)", "credit_runs": [], "name": "E"}},
    )  # fmt: skip
    row = transcripts.load(physician.person).rows[0]
    assert (row.title, row.format) == ("Mixed", "Other activity (blended learning)")


def test_a_withdrawn_claim_is_gone(physician):
    claim = earn(physician.person, dt.date(2026, 11, 17))
    claims.void(claim_id=claim.pk, reason="Claimed twice", by=BY)
    assert transcripts.load(physician.person).rows == ()


def test_a_line_whose_certificate_was_revoked_says_so(learner, physician):
    """The claim stands and is counted; what documented it does not, and no page may say both at once."""
    claim = earn(physician.person, dt.date(2026, 11, 17))
    row = claim.certificates.get()
    certificates.revoke(certificate_id=row.pk, reason="Wrong seal", by=BY)
    for address in (PAGE, "/"):
        assert f'<a href="/verify/{row.code}/">Revoked' in learner.get(address).content.decode()
    document = make(physician.person)
    assert [(line["code"], line["sub"]) for group in document.snapshot["groups"] for line in group["rows"]] == [("", "certificate revoked")]  # fmt: skip
    assert f"{row.code} (revoked)" in learner.get("/transcript.csv").getvalue().decode()


@pytest.mark.parametrize(
    ("query", "years"),
    [
        ("", [2026, 2026, 2025, 2024]), ("?period=all", [2026, 2026, 2025, 2024]), ("?period=year", [2026, 2026]), ("?period=months", [2026, 2026, 2025]),
        ("?since=2025-11-23&until=2026-01-01", [2026, 2025]), ("?since=2026-01-02", [2026]), ("?until=2024-12-31", [2024]), ("?since=2027-01-01", []),
    ],
)  # fmt: skip
def test_periods(learner, physician, query, years):
    for day in (dt.date(2026, 11, 17), dt.date(2026, 1, 1), dt.date(2025, 11, 23), dt.date(2024, 12, 31)):
        earn(physician.person, day)
    page = learner.get(PAGE + query)
    assert [r.last_on.year for r in page.context["found"].rows] == years


@pytest.mark.parametrize(
    ("query", "field", "typed"),
    [
        ("?since=2026-05-01&until=2026-04-01", "until", "2026-04-01"),
        ("?since=soon", "since", "soon"),
        ("?until=2026-02-30", "until", "2026-02-30"),
    ],
)
def test_days_that_cannot_be_are_said_at_the_field(learner, physician, query, field, typed):
    earn(physician.person, dt.date(2026, 11, 17))
    page = learner.get(PAGE + query)
    html = page.content.decode()
    assert list(page.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in html
    assert f'value="{typed}"' in html
    assert len(page.context["found"].rows) == 1


def test_empty_states(learner, physician):
    assert "Your credit will be listed here" in learner.get(PAGE).content.decode()
    earn(physician.person, dt.date(2026, 11, 17))
    assert "No credit in this period" in learner.get(PAGE + "?until=2020-01-01").content.decode()


def test_visitors_sign_in_first(client):
    assert client.get(PAGE).status_code == 302
    assert client.post("/transcript.pdf").status_code == 302
    assert TranscriptDocument.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_query_count(learner, physician, rows, django_assert_num_queries):
    activity = ActivityFactory(published=True, kind="RSS")
    for n in range(rows):
        earn(
            physician.person,
            dt.date(2026, 11, 17) - dt.timedelta(days=n),
            activity=activity if n % 2 else None,
            series=bool(n % 2),
        )
    learner.get(PAGE)
    with django_assert_num_queries(16):
        learner.get(PAGE)


# --- the document --------------------------------------------------------------------------------------


def test_from_the_page_to_the_file(learner, physician):
    earn(physician.person, dt.date(2026, 11, 17), credits="2.75", title="Sepsis in the First Hour")
    made = learner.post("/transcript.pdf", {"since": "", "until": ""})
    document = TranscriptDocument.objects.get()
    assert made["Location"] == reverse("credits:transcript_document", args=[document.code])
    page = learner.get(made["Location"])
    assert "Your transcript is ready" in page.content.decode()
    answer = learner.get(reverse("credits:transcript_file", args=[document.code]) + "?download=1")
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "application/pdf",
        f'attachment; filename="transcript-{document.code}.pdf"',
    )
    assert hashlib.sha256(answer.content).hexdigest() == document.sha256
    text = printed(document)[0]
    assert "Elena Marchetti, MD" in text
    assert "Hospital Medicine · Transcript of continuing medical education" in text
    assert "Covers November 17, 2026 to November 22, 2026" in text
    assert "2.75 AMA PRA Category 1 Credits™" in text
    assert document.code in text


def test_sixty_rows_read_back_with_the_totals_of_the_page(learner, physician):
    for n in range(60):
        earn(
            physician.person,
            dt.date(2026, 11, 17) - dt.timedelta(days=9 * n),
            credits="1.25",
            title=f"Talk number {n:02d}",
        )
    page = learner.get(PAGE).context["found"]
    document = make(physician.person)
    transcripts.render(document.pk)
    pages = printed(TranscriptDocument.objects.get())
    text = " ".join(pages)
    assert len(pages) > 2
    assert [n for n in range(60) if f"Talk number {n:02d}" in text] == list(range(60))
    assert len(re.findall(r"\b1\.25\b", text)) == 60
    assert [t["value"] for t in document.snapshot["totals"]] == [f"{t.value:.2f}" for t in page.totals] == ["75.00"]
    assert "75.00 AMA PRA Category 1 Credits™" in pages[0]
    assert sum(Decimal(row["credits"]) for group in document.snapshot["groups"] for row in group["rows"]) == Decimal(
        "75.00"
    )
    assert all(f"Page {i} of {len(pages)}" in page for i, page in enumerate(pages, 1))


def test_a_unit_stands_once_over_its_lines(physician):
    """AMA-TRN-1: a table for each unit of a year; what is printed beside an amount stands on its line."""
    pharmacy = ("acpe", {"ceu": "0.100", "uan": "1234-0000-26-001-L01-P"})
    for day, also in ((17, [pharmacy]), (3, [])):
        earn(physician.person, dt.date(2026, 11, day), title=f"Talk of day {day}", also=also)
    document = make(physician.person)
    groups = document.snapshot["groups"]
    assert [(g["title"], statements.plain(g["unit_runs"])) for g in groups] == [
        ("2026", "AMA PRA Category 1 Credits™"), ("", "pharmacy contact hours"),
    ]  # fmt: skip
    assert [g["total"] for g in groups] == ["2.00", ""]  # a sum of one line says nothing new
    assert [[(r["credits"], statements.plain(r["credit_runs"])) for r in g["rows"]] for g in groups] == [
        [("1.00", ""), ("1.00", "")], [("1.00", "(0.100 ceu), UAN 1234-0000-26-001-L01-P")],
    ]  # fmt: skip
    transcripts.render(document.pk)
    (text,) = printed(TranscriptDocument.objects.get())
    assert text.count("AMA PRA Category 1 Credit") == 2  # the total, and the head of its table
    assert "UAN 1234-0000-26-001-L01-P" in text


def test_the_same_content_is_made_once(physician):
    earn(physician.person, dt.date(2026, 11, 17))
    first, second = make(physician.person), make(physician.person)
    assert first == second
    assert (TranscriptDocument.objects.count(), Job.objects.filter(key=f"transcript:{first.pk}").count()) == (1, 1)
    transcripts.render(first.pk)
    transcripts.render(first.pk)
    assert TranscriptFile.objects.count() == 1
    earn(physician.person, dt.date(2026, 11, 18))
    assert make(physician.person) != first


def test_nobody_makes_or_opens_somebody_elses(client, physician):
    earn(physician.person, dt.date(2026, 11, 17))
    document = make(physician.person)
    other = UserFactory()
    with pytest.raises(NotAllowed):
        transcripts.make(person_id=physician.person.pk, by=actor_of_person(other.person))
    client.force_login(other)
    assert client.get(reverse("credits:transcript_document", args=[document.code])).status_code == 404
    assert client.get(reverse("credits:transcript_file", args=[document.code])).status_code == 404
    assert TranscriptDocument.objects.count() == 1


def test_waiting_works_without_a_script(learner, physician, monkeypatch):
    monkeypatch.setattr(transcripts.jobs, "later", lambda *a, **k: None)
    earn(physician.person, dt.date(2026, 11, 17))
    document = make(physician.person)
    address = reverse("credits:transcript_document", args=[document.code])
    html = learner.get(address).content.decode()
    assert "Show transcript" in html
    assert "hx-get" in html
    assert learner.get(reverse("credits:transcript_file", args=[document.code]))["Location"] == address
    assert "<html" not in learner.get(address, headers={"HX-Request": "true"}).content.decode()
    transcripts.render(document.pk)
    assert "hx-get" not in learner.get(address, headers={"HX-Request": "true"}).content.decode()


def test_days_that_cannot_be_make_nothing(learner, physician):
    answer = learner.post("/transcript.pdf", {"since": "2026-05-01", "until": "2026-04-01"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(PAGE + "?since=2026-05-01")
    assert TranscriptDocument.objects.count() == 0


def test_the_database_keeps_it_frozen(physician):
    document = make(physician.person)
    transcripts.render(document.pk)
    for change in ({"snapshot": {}}, {"sha256": "0" * 64}, {"code": "LS-26-2222-2222-2222"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            TranscriptDocument.objects.filter(pk=document.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        TranscriptFile.objects.update(content=b"other")


def test_anybody_checks_it_by_its_code(client, physician):
    claim = earn(physician.person, dt.date(2026, 11, 17), credits="2.75")
    document = make(physician.person)
    address = reverse("credits:verify_code", args=[document.code])
    text = words(client.get(address).content)
    assert "This transcript is genuine" in text
    assert "Elena Marchetti, MD" in text
    assert "November 17, 2026 to November 22, 2026" in text
    assert "2.75 AMA PRA Category 1 Credits ™" in text
    claims.void(claim_id=claim.pk, reason="Claimed twice", by=BY)
    assert "This transcript is out of date" in words(client.get(address).content)
    assert client.get(reverse("credits:verify_code", args=["LS-26-2222-2222-2222"])).status_code == 404
