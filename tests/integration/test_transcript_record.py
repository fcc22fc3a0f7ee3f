"""A copy of a person's whole record: what is in it, for whom, until when."""

import datetime as dt
import io
import json
import zipfile

import pytest
from django.core.files.storage import storages

from accounts.actors import actor_of, actor_of_person
from accounts.models import OfficeRole
from activities.models import CheckInDevice, SelfStatement
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from credits.domain import certificates, history, shares
from credits.domain.transcript_filters import Filters
from credits.models import Certificate, RecordExport
from evaluations.models import Draft
from tests.factories import PersonFactory, ProviderFactory, SessionFactory, UserFactory
from tests.factories.credits import ExternalCreditFactory
from tests.factories.files import PDF
from tests.integration.claim_cases import attend
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
    assert sorted(archive.namelist()) == sorted([f"certificates/{Certificate.objects.filter(claim=claim).get().code}.pdf", f"proofs/{line.pk}-Proof.pdf", "record.json"])  # fmt: skip
    assert archive.read(f"proofs/{line.pk}-Proof.pdf") == PDF
    assert (data["format"], data["person"]["family_name"]) == ("cme-person-record/1", "Marchetti")
    tables = data["tables"]
    assert [row["id"] for row in tables["credits.Claim"]] == [claim.pk]
    assert [row["credits"] for row in tables["credits.ClaimTotal"]] == ["1.00"]
    assert [row["title"] for row in tables["credits.ExternalCredit"]] == ["Board review"]
    assert len(tables["activities.AttendanceEvidence"]) == 1
    text = json.dumps(data)
    for hidden in ("Somebody-Else", token, "token_hash", "form_key", "file_key"):
        assert hidden not in text


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
