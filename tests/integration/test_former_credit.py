"""Credit of a former system: from the file to the transcript and back, and that it never passes for ours."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, transaction
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import sign_in
from accounts.models import Identity
from activities.domain.imports import batches, preview, writing
from activities.domain.imports.lines import Reading
from activities.models import ImportBatch, ImportRow
from common import clock
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent
from credits.documents import exports
from credits.documents import transcript as document
from credits.domain import former_lists, history, transcripts
from credits.domain.transcript_filters import Filters
from credits.models import Certificate, Claim, CreditType, FormerCredit, TypeName
from tests.factories import PersonFactory, ProviderFactory, UserFactory
from tests.integration.import_cases import given, row
from tests.integration.import_cases import storage as storage
from tests.integration.people_cases import apart, join, user

pytestmark = pytest.mark.django_db
HEAD = "E-mail,First name,Last name,Activity title,Provider,Credit type,Credits,Completion date,Certificate number\n"
SOUND = (
    "ana@northpier.example,Ana,Ruiz,Sepsis update,Lakeside CME,AMA PRA Category 1 Credits™,1.50,03/14/2024,A-1\n"
    "guest@elsewhere.example,Gus,West,Airway day,Lakeside CME,AMA PRA Category 1,2,11/20/2023,A-2\n"
)


class Case:
    def __init__(self) -> None:
        ProviderFactory()
        self.kind = CreditType.objects.get(code="ama_pra_1")
        self.office = UserFactory(roles=["director"])
        self.by = actor_of(self.office)
        self.ana = PersonFactory(given_name="Ana", family_name="Ruiz", email="ana@northpier.example")

    def bring(self, body: str, name: str = "export.csv") -> ImportBatch:
        return former_lists.start(origin="LearnTrack", upload=given(name, HEAD + body), by=self.by).batch

    def read(self, batch: ImportBatch) -> ImportBatch:
        data = batch.mapping
        keys = ("columns", "source", "order", "zone", "repeated", "minimum")
        batches.read_import(batch_id=batch.pk, by=self.by, **{key: data[key] for key in keys})
        return self.read_on(batch)

    def read_on(self, batch: ImportBatch) -> ImportBatch:
        batch.refresh_from_db()
        preview.read(batch.pk, batch.preview)
        batch.refresh_from_db()
        return batch

    def previewed(self, body: str, name: str = "export.csv") -> ImportBatch:
        return self.read(self.bring(body, name))

    def recorded(self, body: str, name: str = "export.csv") -> ImportBatch:
        batch = self.previewed(body, name)
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=self.by)
        writing.write(batch.pk)
        batch.refresh_from_db()
        return batch

    def undo(self, batch: ImportBatch) -> None:
        writing.undo_import(batch_id=batch.pk, reason="The wrong file.", by=self.by)
        writing.undo(batch.pk)
        batch.refresh_from_db()


@pytest.fixture
def case(db, storage):
    return Case()


def verdicts(batch: ImportBatch) -> list[tuple[int, str, str]]:
    return [(r.number, str(r.verdict), r.code) for r in ImportRow.objects.filter(batch=batch).order_by("number")]


def standing() -> list[tuple[str, str, Decimal]]:
    rows = FormerCredit.objects.standing().order_by("number", "pk")
    return list(rows.values_list("identity__value", "title", "amount"))


def test_topics_of_mandates_come_along_and_unknown_words_stop_no_row(case, client):
    head = HEAD.replace("Provider", "State topics")
    body = "ana@northpier.example,Ana,Ruiz,Pain day,Pain management; HIV / AIDS law | ethics,AMA PRA Category 1,1.50,03/14/2024,T-1\n"
    batch = case.read(
        former_lists.start(origin="LearnTrack", upload=given("topics.csv", head + body), by=case.by).batch
    )
    (row,) = ImportRow.objects.filter(batch=batch)
    assert (row.verdict, row.reason.endswith("No topic of ours, left out: “HIV / AIDS law”.")) == ("matched", True)
    writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    writing.write(batch.pk)
    assert FormerCredit.objects.get().topics == ["ethics", "pain"]
    found = transcripts.load(case.ana, Filters(topic="pain"))
    assert [(line.title, line.topic_words) for line in found.external] == [
        ("Pain day", ("Ethics and professional responsibility", "Pain management"))
    ]
    assert [(e.minutes, dict(e.topics), e.verified) for e in found.earnings] == [
        (90, {"ethics": 90, "pain": 90}, False)
    ]
    client.force_login(UserFactory(person=case.ana))
    assert "Pain management" in client.get("/transcript/").content.decode().split('id="elsewhere"')[1]


# --- what becomes of each row -----------------------------------------------------------------------------


def test_every_row_has_a_verdict_and_a_reason(case):
    ahead = f"{clock.now() + dt.timedelta(days=40):%m/%d/%Y}"
    batch = case.previewed(
        SOUND
        + "ana@northpier.example,Ana,Ruiz,Sepsis update,Lakeside CME,AMA PRA Category 1,1.50,03/14/2024,A-1\n"
        + "ana@northpier.example,Ana,Ruiz,Sepsis update,Lakeside CME,AMA PRA Category 1,2.50,03/14/2024,A-1\n"
        + f"ana@northpier.example,Ana,Ruiz,Next year,Lakeside CME,AMA PRA Category 1,1,{ahead},\n"
        + "ana@northpier.example,Ana,Ruiz,Odd,Lakeside CME,AMA PRA Category 1,about two,03/14/2024,\n"
        + "ana@northpier.example,Ana,Ruiz,Thirds,Lakeside CME,AMA PRA Category 1,0.333,03/14/2024,\n"
        + "ana@northpier.example,Ana,Ruiz,Nothing,Lakeside CME,AMA PRA Category 1,0,03/14/2024,\n"
        + "ana@northpier.example,Ana,Ruiz,No day,Lakeside CME,AMA PRA Category 1,1,soon,\n"
        + "ana@northpier.example,Ana,Ruiz,,Lakeside CME,AMA PRA Category 1,1,03/14/2024,\n"
        + "ana@northpier.example,Ana,Ruiz,Zebra hour,Lakeside CME,Zebra Points,1,03/14/2024,\n"
        + ",Ana,Ruiz,By name,Lakeside CME,AMA PRA Category 1,1,03/14/2024,\n"
        + "ana@northpier.example,Boris,Odd,Other name,Lakeside CME,AMA PRA Category 1,1,03/14/2024,\n"
        + "ana@northpier.example,Ana,Ruiz,=HYPERLINK(1),Lakeside CME,AMA PRA Category 1,1,03/15/2024,\n"
    )
    assert verdicts(batch) == [
        (2, "matched", ""), (3, "new", ""), (4, "duplicate", "again"), (5, "problem", "other_amount"), (6, "problem", "to_come"), (7, "problem", "amount"),
        (8, "problem", "amount"), (9, "ignored", "zero"), (10, "problem", "date"), (11, "problem", "missing"), (12, "problem", "type"),
        (13, "problem", "nobody_known"), (14, "suggested", "other_name"), (15, "matched", ""),
    ]  # fmt: skip
    assert row(batch, 7).reason == "“about two” is not read as an amount of credit."
    assert row(batch, 11).reason == "Does not say the activity."
    assert row(batch, 4).reason == "The same credit as row 2; counted there, once."
    assert row(batch, 15).reason == "A cell looks like a formula. It is kept as text and never run."
    assert (FormerCredit.objects.count(), Identity.objects.filter(value="guest@elsewhere.example").count()) == (0, 0)


def test_a_name_of_a_type_is_said_once_and_remembered(case):
    body = SOUND + "ana@northpier.example,Ana,Ruiz,Zebra hour,Lakeside CME,Zebra Points,1,03/14/2024,\n"
    batch = case.previewed(body)
    assert former_lists.unknown_types(batch) == [("Zebra Points", 1)]
    former_lists.name_types(batch_id=batch.pk, said={"Zebra Points": former_lists.IN_WORDS}, by=case.by)
    batch = case.read_on(batch)
    assert verdicts(batch)[-1] == (4, "matched", "")
    assert (row(batch, 4).said["type"], row(batch, 4).said["type_name"]) == ("", "Zebra Points")
    other = case.previewed(
        "ana@northpier.example,Ana,Ruiz,Zebra day,Lakeside CME,zebra points,1,03/15/2024,\n", "b.csv"
    )
    assert verdicts(other) == [(2, "matched", "")]
    with pytest.raises(Conflict):
        former_lists.name_types(batch_id=case.recorded(SOUND, "c.csv").pk, said={"X": "words"}, by=case.by)
    assert TypeName.objects.count() == 1


def test_a_row_that_a_person_settles_is_weighed_against_the_others(case):
    line = "Sepsis update,Lakeside CME,AMA PRA Category 1,1.50,03/14/2024,A-1\n"
    batch = case.previewed(f"ana@northpier.example,Ana,Ruiz,{line},,,\n,Ana,Ruiz,{line}")
    lost = ImportRow.objects.get(batch=batch, code="nobody_known")
    batches.settle_rows(batch_id=batch.pk, choices={lost.pk: f"p{case.ana.pk}"}, by=case.by)
    lost.refresh_from_db()
    assert (lost.verdict, lost.code, lost.leader) == ("duplicate", "again", 2)


def test_columns_that_cannot_do_are_refused(case):
    batch = case.bring(SOUND)
    columns = {h: c for h, c in batch.mapping["columns"].items() if c not in {"type", "amount"}}
    with pytest.raises(Invalid) as wrong:
        batches.read_import(batch_id=batch.pk, columns=columns, source="history", order="mdy", zone="UTC", repeated="longest", minimum=0, by=case.by)  # fmt: skip
    assert str(wrong.value) == "Say which column holds the type of credit, and which the amount."
    batch.refresh_from_db()
    assert (batch.status, batch.preview) == ("parsed", 0)


# --- on record, and back ---------------------------------------------------------------------------------


def test_it_stands_on_the_transcript_apart_from_ours(case):
    batch = case.recorded(SOUND)
    assert (batch.status, batch.counts) == ("confirmed", {"matched": 1, "new": 1})
    found = transcripts.load(case.ana)
    line = found.external[0]
    assert (line.title, line.amount, line.origin, line.number, line.kind) == ("Sepsis update", Decimal("1.50"), "LearnTrack", "A-1", case.kind)  # fmt: skip
    assert (found.totals, found.rows, [s.value for s in found.elsewhere]) == ((), (), [Decimal("1.50")])
    assert (Claim.objects.count(), Certificate.objects.count()) == (0, 0)
    assert [(e.kinds, e.verified) for e in found.earnings] == [({case.kind.code: 90}, False)]
    assert transcripts.load(case.ana, Filters(source="ours")).external == ()
    assert len(transcripts.load(case.ana, Filters(text="learntrack a-1")).external) == 1
    assert [line[0] for line in exports.table(found, "Us")] == ["recorded from LearnTrack, not issued here"]
    assert exports.document(case.ana, found, clock.now())["elsewhere"]["lines"][0]["recorded_from"] == "LearnTrack"
    frozen = document.content(case.ana, found, clock.now().date())["elsewhere"]
    assert (frozen["title"], frozen["rows"][0]["proof"]) == ("Earned in a former system, not issued here", "recorded from LearnTrack, certificate A-1")  # fmt: skip


def test_it_waits_for_its_owner(case):
    case.recorded(SOUND)
    user = sign_in.create_account(
        email="guest@elsewhere.example", given_name="Gus", family_name="West", degrees="", profession="other"
    )
    assert [line.title for line in transcripts.load(user.person).external] == ["Airway day"]


def test_a_file_that_overlaps_adds_only_what_is_new(case):
    case.recorded(SOUND)
    more = "ana@northpier.example,Ana,Ruiz,Airway day,Lakeside CME,AMA PRA Category 1,3,11/20/2023,A-9\n"
    batch = case.previewed(SOUND + more, "later.csv")
    assert verdicts(batch) == [(2, "duplicate", "known"), (3, "duplicate", "known"), (4, "matched", "")]
    assert row(batch, 2).reason == "On record already, from LearnTrack."
    changed = case.previewed(SOUND.replace("1.50", "2.00"), "changed.csv")
    assert verdicts(changed)[0] == (2, "problem", "other_amount")
    assert row(changed, 2).reason == "On record with 1.50, from LearnTrack; this row says 2.00."


def test_the_same_file_leads_to_the_list_that_it_was(case):
    batch = case.bring(SOUND)
    again = former_lists.start(origin="Another name", upload=given("other.csv", HEAD + SOUND), by=case.by)
    assert (again.batch.pk, again.is_new, ImportBatch.objects.count()) == (batch.pk, False, 1)


def test_undone_as_a_whole_and_brought_again(case):
    batch = case.recorded(SOUND)
    case.undo(batch)
    assert (batch.status, standing(), FormerCredit.objects.count()) == ("undone", [], 4)
    assert transcripts.load(case.ana).external == ()
    writing.undo(batch.pk)
    assert FormerCredit.objects.count() == 4
    again = case.recorded(SOUND)
    assert again.pk != batch.pk
    assert standing() == [("ana@northpier.example", "Sepsis update", Decimal("1.50")), ("guest@elsewhere.example", "Airway day", Decimal("2.00"))]  # fmt: skip


def test_a_chunk_written_twice_is_written_once(case, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK", 1)
    batch = case.previewed(SOUND)
    writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    assert writing._write_chunk(batch.pk)
    writing.write(batch.pk)
    writing.write(batch.pk)
    assert len(standing()) == 2
    assert AuditEvent.objects.filter(event="import_recorded").count() == 1


def test_the_ledger_is_written_once(case):
    case.recorded(SOUND)
    line = FormerCredit.objects.first()
    for act in (lambda: FormerCredit.objects.filter(pk=line.pk).update(amount=9), line.delete):
        with pytest.raises(InternalError), transaction.atomic():
            act()


def test_only_the_office_brings_it(case):
    learner = actor_of(UserFactory(person=case.ana))
    with pytest.raises(NotAllowed):
        former_lists.start(origin="LearnTrack", upload=given("x.csv", HEAD + SOUND), by=learner)
    with pytest.raises(Invalid):
        former_lists.start(origin=" ", upload=given("x.csv", HEAD + SOUND), by=case.by)
    assert ImportBatch.objects.count() == 0


def test_it_is_in_the_copy_of_the_record(case):
    case.recorded(SOUND)
    told = json.loads("".join(history._parts(case.ana, clock.now(), history._Written(), own=True)))["tables"][
        "credits.FormerCredit"
    ]
    assert [(line["title"], line["origin"]) for line in told] == [("Sepsis update", "LearnTrack")]


# --- the pages ---------------------------------------------------------------------------------------------


def test_the_pages_from_the_file_to_the_transcript(case, client, django_capture_on_commit_callbacks):
    client.force_login(case.office)
    page = client.get(reverse("former:list"))
    assert page.status_code == 200
    body = SOUND + "ana@northpier.example,Ana,Ruiz,Zebra hour,Lakeside CME,Zebra Points,1,03/14/2024,\n"
    sent = {"origin": "LearnTrack", "file": SimpleUploadedFile("export.csv", (HEAD + body).encode())}
    page = client.post(reverse("former:list"), sent, follow=True)
    batch = ImportBatch.objects.get()
    assert page.redirect_chain[-1][0] == reverse("former:columns", args=[batch.pk])
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields} | {"action": "read"}
    client.post(reverse("former:columns", args=[batch.pk]), data)
    case.read_on(batch)
    detail = reverse("former:detail", args=[batch.pk])
    assert "1 name of a type of credit is not known here" in client.get(detail).content.decode()
    types = reverse("former:types", args=[batch.pk])
    assert client.post(types, {}).status_code == 422
    client.post(types, {"t0": "words"})
    batch = case.read_on(batch)
    assert client.get(types).status_code == 302
    for name in ("confirm", "columns", "download", "file"):
        answer = client.get(reverse(f"former:{name}", args=[batch.pk]))
        assert answer.status_code == 200
        assert b"".join(answer)
    assert client.get(reverse("former:row", args=[batch.pk, row(batch, 2).pk])).status_code == 200
    client.post(reverse("former:confirm", args=[batch.pk]), {"seen": batch.preview})
    writing.write(batch.pk)
    assert "on record, confirmed by" in client.get(detail).content.decode()
    assert client.get(reverse("former:undo", args=[batch.pk])).status_code == 200
    client.force_login(UserFactory(person=case.ana))
    text = client.get(reverse("credits:transcript")).content.decode()
    assert "Recorded from LearnTrack" in text
    assert "You entered this" not in text
    assert client.get(detail).status_code in {403, 404}


def test_columns_that_nobody_chose_say_nothing(case):
    head = HEAD.replace("Provider", "Phone")
    upload = given("phones.csv", head + SOUND.splitlines()[0].replace("Lakeside CME", "202-555-0143") + "\n")
    batch = former_lists.start(origin="LearnTrack", upload=upload, by=case.by).batch
    batch.mapping["columns"].pop("Phone")
    batch = case.read(batch)
    assert (batch.counts, row(batch, 2).said["provider"], Reading.of(batch).is_report) == ({"matched": 1}, "", False)


def test_joining_two_records_moves_nothing_and_the_undo_gives_back(case):
    case.recorded(SOUND)
    kept = user("ana.ruiz@northpier.example", given_name="Ana", family_name="Ruiz").person
    before = list(FormerCredit.objects.order_by("pk").values())
    merged = join(case.ana, kept)
    assert [line.title for line in transcripts.load(kept).external] == ["Sepsis update"]
    again = case.previewed(SOUND + "\n", "after.csv")
    assert verdicts(again) == [(2, "duplicate", "known"), (3, "duplicate", "known")]
    apart(merged)
    assert (transcripts.load(kept).external, len(transcripts.load(case.ana).external)) == ((), 1)
    assert list(FormerCredit.objects.order_by("pk").values()) == before
