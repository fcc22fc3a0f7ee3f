"""A copy of a person's whole record: what is in it, for whom, until when."""

import datetime as dt
import io
import json
import zipfile

import pytest
from django.core.files.storage import storages
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_of, actor_of_person
from accounts.domain import see_as, sign_in
from accounts.models import OfficeRole, PersonAddress
from activities.models import CheckInDevice, SelfStatement
from common import audit, clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from credits.documents import exports
from credits.domain import certificates, history, shares, transcripts
from credits.domain.transcript_filters import Filters
from credits.models import Achievement, Certificate, CertificateEvent, ClaimReview, RecordExport
from evaluations.models import Draft
from tests.factories import PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory
from tests.factories.files import PDF
from tests.integration.claim_cases import attend
from tests.integration.people_cases import apart, join
from tests.integration.transcript_cases import earn

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 15, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ProviderFactory()


@pytest.fixture
def person():
    return UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti")).person


@pytest.fixture
def staff():
    user = UserFactory()
    OfficeRole.objects.create(person=user.person, role="staff", granted_at=NOW, granted_by="set-up")
    return user


def made(person, by=None, reason=""):
    row = history.ask(person_id=person.pk, reason=reason, by=by or actor_of_person(person))
    history.make(row.pk)
    row.refresh_from_db()
    return row


def opened(row):
    with storages["private"].open(row.file_key) as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    return archive, json.loads(archive.read("record.json"))


def test_everything_about_the_person_and_nothing_about_others(person):
    claim = earn(person, dt.date(2026, 11, 17), title="Sepsis in the First Hour")
    certificates.show(certificate_id=Certificate.objects.get().pk, by=actor_of_person(person))
    certificates.render(Certificate.objects.get().pk)
    attend(person, claim.lines.get().session)
    line = ExternalCreditFactory(person=person, title="Board review")
    _share, token = shares.make(
        person_id=person.pk, label="Clinic", filters=Filters(), days=30, by=actor_of_person(person)
    )
    other = PersonFactory(family_name="Somebody-Else")
    earn(other, dt.date(2026, 11, 17), activity=claim.activity)
    attend(other, claim.lines.get().session)
    archive, data = opened(made(person))
    assert sorted(archive.namelist()) == sorted([f"certificates/{Certificate.objects.filter(claim=claim).get().code}.pdf", f"proofs/{line.pk}-Proof.pdf", "record.json", "transcript.json", "README.txt"])  # fmt: skip
    assert archive.read(f"proofs/{line.pk}-Proof.pdf") == PDF
    assert (data["format"], data["person"]["family_name"]) == ("cme-person-record/2", "Marchetti")
    tables = data["tables"]
    assert [row["id"] for row in tables["credits.Claim"]] == [claim.pk]
    assert [row["credits"] for row in tables["credits.ClaimTotal"]] == ["1.00"]
    assert [row["title"] for row in tables["credits.ExternalCredit"]] == ["Board review"]
    assert len(tables["activities.AttendanceEvidence"]) == 1
    assert data["names"]["activities.Activity"][str(claim.activity_id)] == {"number": claim.activity.number, "title": "Sepsis in the First Hour"}  # fmt: skip
    text = "".join(archive.read(name).decode() for name in ("record.json", "transcript.json", "README.txt"))
    for hidden in ("Somebody-Else", token, "token_hash", "form_key", "file_key"):
        assert hidden not in text


def test_the_transcript_for_programs_is_the_whole_one(person):
    earn(person, dt.date(2026, 11, 17), title="Sepsis in the First Hour")
    ExternalCreditFactory(person=person, title="Board review")
    archive, data = opened(made(person))
    text = archive.read("transcript.json").decode()
    assert text == exports.as_json(person, transcripts.load(person), NOW)
    found = json.loads(text)
    assert (found["format"], found["issued"][0]["title"]) == ("cme-transcript/1", "Sepsis in the First Hour")
    assert (found["elsewhere"]["lines"][0]["title"], data["made_at"]) == ("Board review", found["made_at"])


def test_the_readme_says_what_the_files_are_and_how_many_rows(person):
    for n in range(3):
        earn(person, dt.date(2026, 11, 10 + n))
    ExternalCreditFactory(person=person)
    archive, data = opened(made(person))
    text = archive.read("README.txt").decode()
    assert "Elena Marchetti, MD" in text
    assert "Made November 22, 2026, 10:00 am Eastern" in text
    assert "proofs/ (1)" in text
    counts = {line.split()[1]: int(line.split()[0]) for line in text.splitlines() if line[:7].strip().isdecimal()}
    assert counts == {label: len(rows) for label, rows in data["tables"].items()}
    assert counts["credits.Claim"] == 3


# --- what rows point to ----------------------------------------------------------------------------------------


def test_what_rows_point_to_is_named(person):
    claim = earn(person, dt.date(2026, 11, 17))
    session = claim.lines.get().session
    evidence = attend(person, session)
    earn(PersonFactory(), dt.date(2026, 11, 16))
    attend(PersonFactory(), SessionFactory())
    _archive, data = opened(made(person))
    names, designation = data["names"], claim.totals.get().designation
    assert names["activities.Activity"] == {str(claim.activity_id): {"number": claim.activity.number, "title": claim.activity.title}}  # fmt: skip
    assert names["activities.Session"] == {str(session.pk): {"activity_id": claim.activity_id, "title": session.title, "starts_at": session.starts_at.isoformat().replace("+00:00", "Z")}}  # fmt: skip
    assert names["accounts.Identity"] == {str(evidence.identity_id): {"kind": "email", "value": evidence.identity.value}}  # fmt: skip
    assert names["credits.CreditType"] == {"ama_pra_1": {"name": "AMA PRA Category 1"}}
    assert names["credits.Designation"] == {str(designation.pk): {"activity_id": claim.activity_id, "credit_type_id": "ama_pra_1", "maximum": "1.00"}}  # fmt: skip


def test_the_activity_of_a_session_is_named_where_only_the_session_stands(person):
    session = attend(person, SessionFactory()).session
    _archive, data = opened(made(person))
    assert list(data["names"]["activities.Activity"]) == [str(session.activity_id)]


def test_every_key_leads_to_a_row_or_to_a_name(person):
    """A new foreign key is named, or stays bare with a reason."""
    tables = [rows.model for _label, rows in history._tables(person, own=True)]
    known = {model._meta.label for model in tables} | set(history.NAMES) | {"accounts.Person"}
    keys = [f for model in tables for f in model._meta.concrete_fields if isinstance(f, models.ForeignKey)]
    bare = {f"{f.model._meta.label}.{f.name}" for f in keys if f.related_model._meta.label not in known}
    assert bare == {
        "credits.Certificate.template",  # how it looked: the PDF shows it
        "credits.FormerCredit.batch",  # of a file with others in it; its words are in the row
        "credits.FormerCredit.row",
    }


# --- what was done, and what was written -----------------------------------------------------------------------


def act(event, subject, **values):
    with transaction.atomic():
        audit.record(event, by=system("test"), subject=subject, **values)


def events(data):
    return [row["event"] for row in data["tables"]["common.AuditEvent"]]


def test_what_became_of_a_claim_and_its_certificate(person):
    for somebody in (person, PersonFactory()):
        claim = earn(somebody, dt.date(2026, 11, 17))
        certificate = Certificate.objects.get(claim=claim)
        CertificateEvent.objects.create(certificate=certificate, act="revoked", why="error", reason=f"{somebody.pk}", at=NOW, by="Joan")  # fmt: skip
        ClaimReview.objects.create(line=claim.lines.get(), supported=45, reason=f"{somebody.pk}", kept_at=NOW, kept_by="Joan")  # fmt: skip
        evidence = attend(somebody, SessionFactory())
        Achievement.objects.create(activity=claim.activity, identity=evidence.identity, kind="assessment", accepted=True, completed_at=NOW, recorded_at=NOW, recorded_by="Joan", source=f"{somebody.pk}")  # fmt: skip
    tables = opened(made(person))[1]["tables"]
    assert [row["reason"] for row in tables["credits.CertificateEvent"]] == [str(person.pk)]
    assert [row["reason"] for row in tables["credits.ClaimReview"]] == [str(person.pk)]
    assert [row["source"] for row in tables["credits.Achievement"]] == [str(person.pk)]


def test_what_was_done_to_the_person_and_their_rows_and_to_nobody_else(person, staff):
    claim, other = earn(person, dt.date(2026, 11, 17)), PersonFactory()
    theirs = earn(other, dt.date(2026, 11, 17))
    assert claim.pk != person.pk
    act("name_confirmed", person)
    act("claim_kept", claim, reason="The list was wrong.")
    act("name_confirmed", other)
    act("claim_voided", theirs)
    act("checked_out", claim.lines.get().session, new={"person": person.pk})
    see_as.start(person_id=person.pk, reason="A question by phone", by=actor_of(staff))
    _archive, data = opened(made(person))
    assert events(data) == ["name_confirmed", "claim_kept"]
    assert data["tables"]["common.AuditEvent"][1]["reason"] == "The list was wrong."
    assert (data["tables"]["common.AuditEvent"][1]["subject_type"], data["tables"]["common.AuditEvent"][1]["subject_id"]) == ("credits.claim", str(claim.pk))  # fmt: skip


def test_a_record_that_was_joined_brings_its_log_until_it_is_taken_apart(person):
    first, second = PersonFactory(), PersonFactory()
    act("address_proved", first)
    join(first, second)
    merge = join(second, person)
    assert "address_proved" in events(opened(made(person))[1])
    apart(merge)
    RecordExport.objects.all().delete()
    data = opened(made(person))[1]
    assert "address_proved" not in events(data)
    assert events(data) == ["people_joined", "people_separated"]


def letter(to, subject, at=NOW, template="certificate_ready"):
    return OutboxMessage.objects.create(to=to, template=template, subject=subject, text="https://example.org/k/SECRET", html="SECRET", created_at=at)  # fmt: skip


def subjects(data):
    return [row["subject"] for row in data["tables"]["common.OutboxMessage"]]


def test_mail_by_its_subject_without_its_text_and_without_codes(person):
    ProviderFactory()
    address = person.addresses.get()
    sign_in.request_code(email=address.value)
    code = OutboxMessage.objects.get(template="sign_in_code").subject.split()[0]
    letter(address.value, "Your certificate is ready")
    letter(address.value, "Lost mailbox: Somebody-Else", template="mailbox_request")
    letter(address.value, "Message from Somebody-Else", template="contact_message")
    letter("other@lakeshore.example", "Not theirs")
    archive, data = opened(made(person))
    (row,) = data["tables"]["common.OutboxMessage"]
    assert sorted(row) == ["created_at", "id", "sent_at", "subject", "template", "to", "to_name"]
    assert (row["subject"], row["template"]) == ("Your certificate is ready", "certificate_ready")
    text = archive.read("record.json").decode()
    for hidden in (code, "SECRET", "Somebody-Else"):
        assert hidden not in text


def test_mail_to_an_address_counts_while_it_was_theirs_alone(person):
    """A mailbox that was handed on, and one that somebody only wrote down."""

    def held(who, since, until=None, value="ward@lakeshore.example"):
        PersonAddress.objects.create(person=who, kind="email", value=value, created_at=since or NOW, verified_at=since, removed_at=until)  # fmt: skip

    day, other = dt.timedelta(days=1), PersonFactory()
    held(other, NOW - 9 * day, NOW - 6 * day)
    held(person, NOW - 5 * day, NOW - 3 * day)
    held(other, NOW - 1 * day)
    held(person, None, value="typed@lakeshore.example")
    for n in (10, 8, 5, 4, 2, 1, 0):
        letter("ward@lakeshore.example", f"{n} days ago", NOW - n * day)
    letter("typed@lakeshore.example", "To whoever it is")
    assert subjects(opened(made(person))[1]) == ["5 days ago", "4 days ago"]
    # Taken back after somebody else had it: their time stays theirs.
    PersonAddress.objects.filter(person=other, value="ward@lakeshore.example", removed_at=None).update(
        removed_at=NOW - dt.timedelta(hours=1)
    )
    PersonAddress.objects.filter(person=person, value="ward@lakeshore.example").update(removed_at=None)
    found = [s for s in subjects(opened(made(person))[1]) if s.endswith("ago")]
    assert found == ["5 days ago", "4 days ago", "2 days ago", "0 days ago"]


def test_logs_and_mail_are_found_by_index(person):
    """Tables of millions of rows: a plan that may use an index and still reads the whole table fails here."""
    earn(person, dt.date(2026, 11, 17))
    written = history._Written({"credits.Claim": [1, 2], "activities.Registration": [3]})
    found = [*history._logs(person, written), ("mail", history._mail_to(person))]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plans = {label: rows.order_by().explain() for label, rows in found}
    assert {label: [line.strip() for line in plan.splitlines() if "Seq Scan" in line] for label, plan in plans.items()} == {key: [] for key in plans}  # fmt: skip
    assert "audit_subject" in plans["common.AuditEvent"]
    assert "outbox_to" in plans["mail"]


def test_queries_do_not_grow_with_the_record(person):
    """One a table, so the number itself is that of the tables."""
    value, counted = person.addresses.get().value, []
    row = history.ask(person_id=person.pk, by=actor_of_person(person))
    for n in range(3):
        claim = earn(person, dt.date(2026, 11, 10 + n))
        attend(person, claim.lines.get().session)
        ExternalCreditFactory(person=person)
        act("claim_kept", claim, reason="It stands.")
        letter(value, f"Letter {n}")
        with CaptureQueriesContext(connection) as context:
            history._write(row, io.BytesIO())
        counted.append(len(context))
    assert counted == [counted[0]] * 3


def test_ones_own_statement_and_the_number_of_the_browser_are_in_it(person):
    for somebody, minutes in ((person, 45), (PersonFactory(), 30)):
        row = attend(somebody, SessionFactory(), method="self", minutes=minutes)
        SelfStatement.objects.create(evidence=row, sentence="I attended.", version="x", minutes=minutes, at=NOW)
        CheckInDevice.objects.create(evidence=row, device=f"{minutes}" * 16)
    _archive, data = opened(made(person))
    assert [row["minutes"] for row in data["tables"]["activities.SelfStatement"]] == [45]
    assert [row["device"] for row in data["tables"]["activities.CheckInDevice"]] == ["45" * 16]


def test_asked_on_the_page_mailed_and_taken(client, person, django_capture_on_commit_callbacks):
    client.force_login(person.user)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/record/")
    row = RecordExport.objects.get()
    page = client.get("/record/").content.decode()
    assert f"/record/{row.pk}/file/" in page
    content = b"".join(client.get(f"/record/{row.pk}/file/").streaming_content)
    assert json.loads(zipfile.ZipFile(io.BytesIO(content)).read("record.json"))["person"]["id"] == person.pk
    assert [m.template for m in OutboxMessage.objects.filter(template="record_ready")] == ["record_ready"]


def test_asking_twice_and_making_twice_is_one(person):
    by = actor_of_person(person)
    first = history.ask(person_id=person.pk, by=by)
    assert history.ask(person_id=person.pk, by=by) == first
    history.make(first.pk)
    history.make(first.pk)
    assert OutboxMessage.objects.filter(key=f"record:{first.pk}").count() == 1


def test_three_a_day(person):
    for _n in range(3):
        made(person)
    with pytest.raises(Conflict):
        history.ask(person_id=person.pk, by=actor_of_person(person))
    assert RecordExport.objects.count() == 3


def test_who_gets_it(client, person, staff):
    row = made(person)
    for user in (staff, UserFactory()):
        client.force_login(user)
        assert client.get(f"/record/{row.pk}/file/").status_code == 404
    with pytest.raises(NotAllowed):
        history.ask(person_id=person.pk, by=actor_of_person(PersonFactory()))
    with pytest.raises(Invalid):
        history.ask(person_id=person.pk, reason=" ", by=actor_of(staff))
    assert RecordExport.objects.count() == 1


def test_the_office_asks_with_a_reason_and_gets_no_answers(client, person, staff):
    client.force_login(staff)
    client.post(f"/people/{person.pk}/record/", {"reason": "Asked for by phone"})
    row = RecordExport.objects.get()
    assert AuditEvent.objects.get(event="record_asked_for").reason == "Asked for by phone"
    history.make(row.pk)
    row.refresh_from_db()
    _archive, data = opened(row)
    assert "evaluations.Draft" not in data["tables"]
    assert Draft._meta.label in opened(made(person))[1]["tables"]
    assert b"".join(client.get(f"/record/{row.pk}/file/").streaming_content).startswith(b"PK")
    OfficeRole.objects.update(revoked_at=NOW, revoked_by="set-up")
    assert client.get(f"/record/{row.pk}/file/").status_code == 404


def test_it_goes_after_seven_days(client, person, monkeypatch):
    row = made(person)
    key = row.file_key
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(days=8))
    client.force_login(person.user)
    assert client.get(f"/record/{row.pk}/file/").status_code == 410
    assert (history.sweep(), history.sweep()) == (1, 0)
    assert not storages["private"].exists(key)
