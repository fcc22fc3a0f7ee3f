"""The pages of an import, from the upload to the undo, without a script; who may open them; what they cost."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities.domain import attendance
from activities.domain.imports import batches
from activities.models import AttendanceEvidence, ImportBatch, ImportRow
from common import clock, xlsx
from common.models import StoredFile
from tests.factories import DepartmentFactory, UserFactory
from tests.factories.imports import ImportBatchFactory, ImportRowFactory
from tests.integration.import_cases import Series, file_bytes, row, standing
from tests.integration.import_cases import after_the_month as after_the_month
from tests.integration.import_cases import storage as storage

pytestmark = pytest.mark.django_db
ROSTER = "roster_semicolon_bom.csv"


@pytest.fixture
def case(after_the_month):
    return Series()


@pytest.fixture
def browser(client, case):
    client.force_login(case.planner)
    return client


def url(name, case, batch=None, **more):
    arguments = [case.activity.number] + ([batch.pk] if batch else []) + list(more.values())
    return reverse(f"activities:{name}", args=arguments)


def upload(browser, case, name, content, **data):
    return browser.post(url("import_list", case), {"file": SimpleUploadedFile(name, content), "session": "", **data})


def sent_form(page) -> dict[str, str]:
    """Everything that the columns' form sends as it stands."""
    form = page.context["form"]
    found = {}
    for name in form.fields:
        value = form[name].value()
        found[name] = "" if value is None else str(value)
    return found


def run(browser, django_capture_on_commit_callbacks, address, data):
    """Press a button whose job runs at once."""
    with django_capture_on_commit_callbacks(execute=True):
        return browser.post(address, data)


# --- the whole way ------------------------------------------------------------------------------------------


def test_from_the_upload_to_the_record_and_back(browser, case, django_capture_on_commit_callbacks):
    answer = upload(browser, case, ROSTER, file_bytes(ROSTER))
    batch = ImportBatch.objects.get()
    assert answer["Location"] == url("import_detail", case, batch)
    assert browser.get(answer["Location"])["Location"] == url("import_columns", case, batch)
    page = browser.get(url("import_columns", case, batch))
    assert [(f.heading, f.field.value()) for f in page.context["form"].column_fields][:4] == [
        ("Last name", "family"), ("First name", "given"), ("Degree", "credentials"), ("E-mail", "email"),
    ]  # fmt: skip
    assert "folake.adeyemi@northpier.example" in page.content.decode(), "samples stand beside the column"

    answer = run(
        browser,
        django_capture_on_commit_callbacks,
        url("import_columns", case, batch),
        {**sent_form(page), "action": "read"},
    )
    assert answer["Location"] == url("import_detail", case, batch)
    page = browser.get(url("import_detail", case, batch))
    assert [(t.key, t.count) for t in page.context["tabs"]] == [
        ("", 10),
        ("problem", 3),
        ("matched", 3),
        ("new", 2),
        ("duplicate", 1),
        ("ignored", 1),
    ]
    assert standing() == []

    page = browser.get(url("import_confirm", case, batch))
    assert [(s.title, s.matched, s.new) for s in page.context["sums"]] == [("Sepsis bundles", 3, 2)]
    assert "5 rows go on record" in page.content.decode()
    run(
        browser,
        django_capture_on_commit_callbacks,
        url("import_confirm", case, batch),
        {"seen": page.context["batch"].preview},
    )
    page = browser.get(url("import_detail", case, batch))
    assert (page.context["batch"].status, len(standing())) == ("confirmed", 5)

    answer = browser.post(url("import_undo", case, batch), {"reason": ""})
    assert (answer.status_code, len(standing())) == (422, 5)
    run(browser, django_capture_on_commit_callbacks, url("import_undo", case, batch), {"reason": "The wrong week."})
    page = browser.get(url("import_detail", case, batch))
    assert (page.context["batch"].status, standing()) == ("undone", [])
    assert "The wrong week." in page.content.decode()


def test_the_same_file_leads_to_its_import(browser, case):
    batch = case.confirm(case.previewed(ROSTER))
    answer = upload(browser, case, "again.csv", file_bytes(ROSTER))
    page = browser.get(answer["Location"])
    assert (answer["Location"], ImportBatch.objects.count(), StoredFile.objects.count()) == (
        url("import_detail", case, batch),
        1,
        1,
    )
    assert f"by {case.by.label}. Nothing new was recorded." in page.content.decode()


def test_an_excel_file_goes_the_same_way(browser, case):
    content = b"".join(
        xlsx.write(
            ["E-mail", "Session date", "Minutes"], [["thu.tran@northpier.example", case.first.starts_at.date(), 50]]
        )
    )
    upload(browser, case, "roster.xlsx", content)
    batch = case.read(ImportBatch.objects.get())
    assert (row(batch, 2).minutes, row(batch, 2).person, row(batch, 2).session) == (50, case.thu, case.first)


def test_files_that_are_no_tables_are_refused_at_the_field(browser, case):
    for name, content in (
        ("a.pdf", b"%PDF-1.7\n%%EOF"),
        ("a.csv", b"<html>"),
        ("empty.csv", b""),
        ("a.xlsx", b"PK\x03\x04"),
    ):
        answer = upload(browser, case, name, content)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["file"])
    assert (ImportBatch.objects.count(), StoredFile.objects.count()) == (0, 0)


def test_two_hundred_megabytes_are_refused_before_they_are_read(browser, case):
    class Endless(io.RawIOBase):
        """A body that must not be asked for."""

        def read(self, size=-1):
            raise AssertionError("the body was read")

    answer = browser.generic(
        "POST", url("import_list", case), b"x", content_type="multipart/form-data; boundary=x",
        **{"CONTENT_LENGTH": str(210 * 1024 * 1024), "wsgi.input": Endless()},
    )  # fmt: skip
    assert (answer.status_code, ImportBatch.objects.count()) == (413, 0)


def test_columns_can_be_said_otherwise_and_headings_found_elsewhere(browser, case):
    table = b"A list of the office\nprinted on Monday\nWho,When\nthu.tran@northpier.example,2026-11-17\n"
    upload(browser, case, "odd.csv", table)
    batch = ImportBatch.objects.get()
    browser.post(url("import_columns", case, batch), {"action": "table", "table-row": "3"})
    page = browser.get(url("import_columns", case, batch))
    assert [f.heading for f in page.context["form"].column_fields] == ["Who", "When"]
    data = {**sent_form(page), "action": "read"}
    answer = browser.post(url("import_columns", case, batch), data)
    assert (answer.status_code, ImportBatch.objects.get().status) == (422, "parsed")
    assert "Say which column names the person" in answer.content.decode()
    batch = case.read(ImportBatch.objects.get(), columns={"Who": "email", "When": "date"})
    assert row(batch, 4).person == case.thu


def test_suggestions_are_settled_on_the_page(browser, case):
    holm = case.person("Birgit", "Holm", "b.holm@northpier.example", registered=True)
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    page = browser.get(url("import_detail", case, batch) + "?show=suggested")
    assert [(r.row.number, [words for _v, words in r.choices]) for r in page.context["rows"]] == [
        (13, ["Row 5: Folake Adeyemi folake.adeyemi@northpier.example"]), (14, ["Birgit Holm, MD"]),
    ]  # fmt: skip
    browser.post(
        url("import_detail", case, batch),
        {"action": "settle", f"w{row(batch, 14).pk}": f"p{holm.pk}", f"w{row(batch, 13).pk}": "out"},
    )
    assert [(row(batch, n).verdict, row(batch, n).settled_by) for n in (13, 14)] == [
        ("ignored", case.by.label),
        ("matched", case.by.label),
    ]
    assert browser.post(url("import_detail", case, batch), {"action": "settle"}).status_code == 302
    assert standing() == []


def test_a_row_with_a_problem_is_given_to_somebody_found_by_name(browser, case):
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    lost = row(batch, 8)
    page = browser.get(url("import_row", case, batch, row=lost.pk) + "?q=Kov")
    assert ("iPad (2)" in page.content.decode(), [p.pk for p in page.context["found"]]) == (True, [case.reka.pk])
    browser.post(url("import_row", case, batch, row=lost.pk), {"choice": f"p{case.reka.pk}", "q": "Kov"})
    assert (row(batch, 8).person, row(batch, 8).verdict, row(batch, 9).minutes) == (case.reka, "matched", None)
    assert row(batch, 8).minutes == 60, "the two devices count once"


def test_rows_to_put_right_come_with_their_reason_and_nothing_that_runs(browser, case):
    content = b"Last name,E-mail,Minutes\n=cmd|' /C calc'!A0,,30\n@SUM(A1),,30\nHolm,,30\n"
    batch = case.read(case.bring("list.csv", content, session=case.first))
    answer = browser.get(url("import_download", case, batch))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == ["Row", "Verdict", "Reason", "Last name", "E-mail", "Minutes"]
    assert [line[3] for line in lines[1:]] == ["'=cmd|' /C calc'!A0", "'@SUM(A1)", "Holm"]
    assert (answer["Content-Disposition"], answer["X-Content-Type-Options"]) == (
        'attachment; filename="rows-of-list.csv"',
        "nosniff",
    )
    answer = browser.get(url("import_download", case, batch) + "?as=xlsx")
    book = xlsx.open_book(io.BytesIO(b"".join(answer.streaming_content)))
    assert [cells[3] for _n, cells in xlsx.rows(book)][1:] == ["=cmd|' /C calc'!A0", "@SUM(A1)", "Holm"]


def test_the_template_can_be_filled_in_and_its_example_counts_nothing(browser, case):
    answer = browser.get(url("import_template", case))
    content = b"".join(answer.streaming_content)
    batch = case.previewed("attendance-list.csv", content + b"thu.tran@northpier.example,,,,,2026-11-24,,30\r\n")
    assert [(r.verdict, r.code, r.minutes) for r in ImportRow.objects.filter(batch=batch).order_by("number")] == [
        ("ignored", "example", None), ("matched", "", 30),
    ]  # fmt: skip


def test_progress_asks_again_and_leads_to_the_end(browser, case):
    batch = ImportBatchFactory(
        activity=case.activity, status="reading", preview=1, done=500, total=2_000, started_at=clock.now()
    )
    page = browser.get(url("import_detail", case, batch))
    html = page.content.decode()
    assert ('hx-trigger="every 2s"' in html, '<noscript><p class="mt-s4"><a class="btn btn-secondary"' in html) == (
        True,
        True,
    )
    part = browser.get(url("import_detail", case, batch) + "?poll=1", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    ImportBatch.objects.filter(pk=batch.pk).update(status="previewed")
    done = browser.get(url("import_detail", case, batch) + "?poll=1", headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Redirect"]) == (204, url("import_detail", case, batch))


def test_a_reading_that_broke_off_is_told_and_stopped_on_the_page(browser, case):
    batch = ImportBatchFactory(
        activity=case.activity, status="reading", preview=1, started_at=clock.now(), problem="Reading broke off."
    )
    address = url("import_detail", case, batch)
    html = browser.get(address).content.decode()
    assert ("Reading broke off. It is tried again by itself" in html, 'value="stop"' in html) == (True, True)
    assert browser.post(address, {"action": "stop"}).status_code == 302
    page = browser.get(f"{address}columns/").content.decode()
    assert ("Reading broke off. Stopped by" in page, 'value="discard"' in page) == (True, True)
    browser.post(address, {"action": "stop"})
    batch.refresh_from_db()
    assert batch.status == "refused", "once"
    assert 'value="stop"' not in browser.get(address).content.decode()


def test_most_rows_outside_ask_for_the_zone(browser, case):
    table = "Name (Original Name),User Email,Join Time,Leave Time\n" + "".join(
        f"P{n},p{n}@northpier.example,11/17/2026 17:0{n}:00,11/17/2026 17:50:00\n" for n in range(3)
    )
    batch = case.previewed("zoom.csv", table, session=case.first)
    assert "Most rows are outside of the sessions" in browser.get(url("import_detail", case, batch)).content.decode()


def test_a_claim_that_rests_on_an_import_is_found_and_never_changed(browser, case):
    from decimal import Decimal

    from credits.models import Claim, ClaimLine, CreditType

    batch = case.confirm(case.previewed(ROSTER))
    claim = Claim.objects.create(
        person=case.thu,
        activity=case.activity,
        claimed_at=clock.now(),
        participated_on=case.first.starts_at.date(),
        rule_set="x",
        attestation="x",
        is_physician=True,
    )
    line = ClaimLine.objects.create(
        claim=claim, person=case.thu, activity=case.activity, session=case.first, credit_type=CreditType.objects.get(code="ama_pra_1"), family="ama_pra_1", minutes=45,
        credits=Decimal("0.75"), facts={"evidence": [{"method": "roster", "minutes": 45}], "session_minutes": 60},
    )  # fmt: skip
    assert "1 claim rests on this import" in browser.get(url("import_undo", case, batch)).content.decode()
    case.undo(batch)
    page = browser.get(url("import_detail", case, batch)).content.decode()
    assert "1 claim is no longer supported by the record" in page
    assert f"{case.thu.name_with_degrees} claimed 45 minutes" in page
    at_session = reverse("activities:session_attendance", args=[case.activity.number, case.first.pk])
    assert "1 claim is no longer supported by the record" in browser.get(at_session).content.decode()
    line.refresh_from_db()
    assert (line.minutes, line.voided_at, Claim.objects.get().status) == (45, None, "live")
    attendance.mark_present(
        session_id=case.first.pk, person_id=case.thu.pk, minutes=None, reason="Signed the sheet.", by=case.by
    )
    assert "no longer supported" not in browser.get(at_session).content.decode()


# --- who may, and what it costs --------------------------------------------------------------------------------


def test_nobody_else_opens_an_import(client, case):
    batch = case.previewed(ROSTER)
    names = ("import_detail", "import_columns", "import_confirm", "import_undo", "import_download", "import_file")
    pages = [url(name, case, batch) for name in names] + [url("import_list", case), url("import_template", case)]
    pages.append(url("import_row", case, batch, row=row(batch, 2).pk))
    for user in (UserFactory(), UserFactory(departments=[DepartmentFactory()])):
        client.force_login(user)
        assert {client.get(page).status_code for page in pages} == {404}
        assert client.post(url("import_confirm", case, batch), {"seen": batch.preview}).status_code == 404
        assert upload(client, case, "b.csv", b"E-mail\na@b.example\n").status_code == 404
    assert (AttendanceEvidence.objects.count(), ImportBatch.objects.count()) == (0, 1)
    client.force_login(UserFactory(roles=["staff"]))
    answers = [client.get(page) for page in pages]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 302, 200, 200, 200, 200, 200]
    for answer in answers:
        for close in answer._resource_closers:  # not answer.close(): that ends the connection of the test
            close()


def test_an_import_of_another_activity_is_not_found_here(browser, case):
    other = ImportBatchFactory()
    assert browser.get(url("import_detail", case, other)).status_code == 404
    mine = case.previewed(ROSTER)
    foreign = ImportRowFactory(batch=other)
    assert browser.get(url("import_row", case, mine, row=foreign.pk)).status_code == 404


@pytest.mark.parametrize("items", [1, 3])
def test_the_list_of_imports_costs_the_same(browser, case, items, django_assert_num_queries):
    ImportBatchFactory.create_batch(items, activity=case.activity)
    with django_assert_num_queries(LIST_QUERIES):
        page = browser.get(url("import_list", case))
    assert len(page.context["imports"]) == items


@pytest.mark.parametrize("items", [1, 3])
def test_the_preview_costs_the_same(browser, case, items, django_assert_num_queries):
    people = [case.person("Birgit", "Holm", f"holm{n}@northpier.example", registered=True) for n in range(items)]
    table = "Name,E-mail,Date\n" + "".join(
        f",{p.addresses.get().value},2026-11-17\nBirgit Holm,,2026-11-17\n,,x\n" for p in people
    )
    batch = case.previewed("list.csv", table)
    with django_assert_num_queries(PREVIEW_QUERIES):
        page = browser.get(url("import_detail", case, batch))
    assert len(page.context["rows"]) == items * 3


LIST_QUERIES = 6
PREVIEW_QUERIES = 10


def test_thousands_of_rows_are_shown_a_page_at_a_time(browser, case):
    table = "E-mail,Date\n" + "".join(f"p{n}@northpier.example,2026-11-17\n" for n in range(120))
    batch = case.previewed("list.csv", table)
    page = browser.get(url("import_detail", case, batch) + "?page=3&show=new")
    assert [r.row.number for r in page.context["rows"]] == list(range(102, 122))
    found = browser.get(url("import_detail", case, batch) + "?q=p119@")
    assert [r.row.number for r in found.context["rows"]] == [121]


def test_a_list_for_one_session_is_asked_for_on_the_page_of_the_session(browser, case):
    page = browser.get(reverse("activities:session_attendance", args=[case.activity.number, case.first.pk]))
    assert f"{url('import_list', case)}?session={case.first.pk}" in page.content.decode()
    page = browser.get(f"{url('import_list', case)}?session={case.first.pk}")
    assert page.context["form"]["session"].value() == str(case.first.pk)
    upload(browser, case, ROSTER, file_bytes(ROSTER), session=case.first.pk)
    assert ImportBatch.objects.get().session == case.first


def test_a_file_read_again_is_a_list_of_its_own(browser, case):
    batch = case.confirm(case.previewed(ROSTER))
    answer = browser.post(url("import_detail", case, batch), {"action": "again"})
    again = ImportBatch.objects.latest("pk")
    assert (answer["Location"], again.again_of, again.status) == (url("import_detail", case, again), batch, "parsed")
    assert browser.get(url("import_columns", case, again)).context["form"]["c3"].value() == "email"
    browser.post(url("import_detail", case, again), {"action": "discard"})
    assert [i.pk for i in browser.get(url("import_list", case)).context["imports"]] == [batch.pk]


def test_the_office_finds_every_import_in_the_admin(client, case):
    batch = case.previewed(ROSTER)
    client.force_login(UserFactory(roles=["staff"]))
    page = client.get(reverse("admin:activities_importbatch_changelist"))
    assert ROSTER in page.content.decode()
    answer = client.get(reverse("admin:activities_importbatch_open_import", args=[batch.pk]))
    assert answer["Location"] == url("import_detail", case, batch)


def test_settling_is_refused_once_it_is_confirmed(browser, case):
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    lost = row(batch, 8)
    case.confirm(batch)
    browser.post(url("import_detail", case, batch), {"action": "settle", f"w{lost.pk}": f"p{case.thu.pk}"})
    assert (row(batch, 8).person, batches.can_settle(row(batch, 8))) == (None, True)
