"""Attendance from files: what becomes of each row, what is written, and that nothing is before somebody says so."""

import datetime as dt

import pytest
from django.db import InternalError, transaction

from accounts.domain import identities
from accounts.models import Identity, IdentityLink, PersonAddress, PersonNumber
from activities.domain import attendance
from activities.domain.imports import attendance as lists
from activities.domain.imports import batches, evidence, preview, writing
from activities.models import AttendanceEvidence, ImportBatch, ImportRow
from common import clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, Job
from tests.factories import SessionFactory, UserFactory
from tests.integration.import_cases import Series, actor_of, file_bytes, given, noon, row, rows, standing
from tests.integration.import_cases import after_the_month as after_the_month
from tests.integration.import_cases import storage as storage

pytestmark = pytest.mark.django_db
ROSTER = "roster_semicolon_bom.csv"


@pytest.fixture
def case(after_the_month):
    return Series()


# --- what becomes of each row ---------------------------------------------------------------------------


def test_a_roster_with_semicolons_decimal_commas_and_a_formula(case):
    batch = case.previewed(ROSTER)
    assert (batch.status, batch.mapping["order"], batch.mapping["written"]["delimiter"]) == ("previewed", "dmy", ";")
    assert rows(batch) == [
        (2, "matched", "", 60), (3, "matched", "", 45), (4, "new", "", 60), (5, "matched", "", 60), (6, "problem", "nobody_known", None),
        (7, "new", "", 60), (8, "duplicate", "again", None), (9, "problem", "no_session", None), (10, "problem", "minutes", None), (12, "ignored", "nobody", None),
    ]  # fmt: skip
    assert batch.counts == {"matched": 3, "new": 2, "problem": 3, "duplicate": 1, "ignored": 1}
    assert row(batch, 5).reason == "The file says 66 minutes; the session has 60."
    assert row(batch, 7).reason == "The name looks like a formula. It is kept as text and never run."
    assert row(batch, 8).reason == "The same person as row 2; counted there, once."
    assert row(batch, 9).reason == "No session on Wed, Nov 18."
    assert row(batch, 3).name == "Minh Thư Trần"
    assert row(batch, 5).identity_value == "reka.kovacs@northpier.example", (
        "capitals and blanks do not make another address"
    )


def test_nothing_is_written_before_the_confirmation(case):
    before = (Identity.objects.count(), IdentityLink.objects.count())
    case.previewed(ROSTER)
    assert (AttendanceEvidence.objects.count(), Identity.objects.count(), IdentityLink.objects.count()) == (0, *before)


def test_a_zoom_report_is_merged_clipped_and_without_the_waiting_room(case):
    case.person("Birgit", "Holm", "b.holm@northpier.example", registered=True)
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    assert (batch.source, batch.mapping["minimum"]) == ("zoom_meeting", 15)
    assert rows(batch) == [
        (5, "matched", "", 60), (6, "matched", "", 46), (7, "duplicate", "again", None), (8, "problem", "nobody_known", None), (9, "matched", "", 60),
        (10, "ignored", "short", 12), (11, "ignored", "waiting_room", None), (12, "new", "", 45), (13, "suggested", "same_name", None),
        (14, "suggested", "name", None), (15, "problem", "caller", None), (16, "ignored", "outside", 0),
    ]  # fmt: skip
    assert row(batch, 10).reason == "12 of 60 minutes; at least 15 are needed."
    assert row(batch, 12).minutes == 45, "from the moment out of the waiting room, cut to the session"


def test_a_report_for_the_whole_activity_finds_its_session_by_the_times(case):
    batch = case.previewed("zoom_meeting.csv")
    assert {r.session_id for r in ImportRow.objects.filter(batch=batch, verdict="matched")} == {case.first.pk}


def test_a_zoom_webinar_has_a_table_for_each_kind_of_participant(case):
    batch = case.previewed("zoom_webinar.csv")
    assert batch.source == "zoom_webinar"
    assert rows(batch) == [
        (7, "ignored", "host", None), (10, "new", "", 60), (13, "matched", "", 60), (14, "ignored", "absent", None), (17, "new", "", 40),
    ]  # fmt: skip
    assert (row(batch, 17).identity_kind, row(batch, 17).identity_value) == ("phone", "+12025550143"), (
        "a caller is a phone"
    )


def test_a_teams_report_counts_the_exact_times_and_not_the_time_between(case):
    batch = case.previewed("teams_attendance.csv")
    assert (batch.source, batch.mapping["written"]["encoding"]) == ("teams", "utf-16")
    assert rows(batch) == [
        (11, "matched", "", 40),
        (12, "matched", "", 60),
        (16, "duplicate", "again", None),
        (17, "duplicate", "again", None),
    ]
    assert row(batch, 11).reason == "2 times joined, put together."


def test_a_webex_report_says_the_zone_of_each_time(case):
    batch = case.previewed("webex_attendees.tsv")
    assert batch.source == "webex"
    assert rows(batch) == [(3, "matched", "", 59), (4, "problem", "nobody_known", None), (5, "matched", "", 30)]
    assert row(batch, 5).joined_at == noon(17).replace(minute=10), "11:10 in Chicago"


def test_a_list_with_a_column_for_each_session(case):
    batch = case.previewed("columns_of_sessions.csv")
    found = [
        (r.number, r.verdict, r.session_id, r.minutes)
        for r in ImportRow.objects.filter(batch=batch).order_by("number", "part")
    ]
    assert batch.mapping["written"]["encoding"] == "cp1252"
    assert found == [
        (2, "matched", case.first.pk, None), (2, "matched", case.second.pk, 45), (3, "matched", case.second.pk, None), (4, "ignored", None, None),
    ]  # fmt: skip


# --- the samples of the brief, as they came -------------------------------------------------------------------


def sample(case, name):
    case.person("Elena", "Marchetti", "elena.marchetti@lakeshore.example")
    case.session(10, "The first hour of sepsis")
    return case.previewed(name, file_bytes(f"samples/{name}"))


def test_the_sample_of_a_roster(case):
    batch = sample(case, ROSTER)
    assert rows(batch) == [
        (2, "matched", "", 60), (3, "new", "", 45), (4, "new", "", 60), (5, "new", "", 60), (6, "problem", "nobody_known", None), (7, "new", "", 60),
    ]  # fmt: skip
    assert batch.counts == {"matched": 1, "new": 4, "problem": 1}
    assert (row(batch, 4).name, row(batch, 5).identity_value) == (
        "Sean O'Neill, Jr.",
        "naomi.feldstein@lakeshore.example",
    )
    assert row(batch, 5).reason == "The file says 66 minutes; the session has 60."


def test_the_sample_of_a_webex_report(case):
    batch = sample(case, "webex_attendees.tsv")
    assert (batch.source, batch.counts) == ("webex", {"matched": 1, "problem": 1})
    assert rows(batch) == [(3, "matched", "", 59), (4, "problem", "nobody_known", None)]


def test_the_sample_of_a_zoom_report(case):
    """Times away are not counted, the waiting room is not, and a second device without an address is nobody's."""
    batch = sample(case, "zoom_participants_with_meeting_block.csv")
    assert (batch.source, batch.counts) == (
        "zoom_meeting",
        {"matched": 1, "new": 4, "duplicate": 1, "problem": 1, "ignored": 2},
    )
    assert rows(batch) == [
        (5, "matched", "", 60), (6, "new", "", 53), (7, "duplicate", "again", None), (8, "problem", "nobody_known", None), (9, "new", "", 60),
        (10, "ignored", "short", 13), (11, "ignored", "waiting_room", None), (12, "new", "", 56), (13, "new", "", 60),
    ]  # fmt: skip
    assert row(batch, 6).reason == "2 times joined, put together."


def test_times_in_another_zone_are_read_in_the_zone_that_is_said(case):
    table = "Name,E-mail,Join time,Leave time\nFolake Adeyemi,folake.adeyemi@northpier.example,11/17/2026 17:05,11/17/2026 17:50\n"
    batch = case.bring("zoom.csv", table, session=case.first)
    assert rows(case.read(batch)) == [(2, "ignored", "outside", 0)]
    assert rows(case.read(batch, zone="UTC")) == [(2, "matched", "", 45)]


def test_the_hour_that_comes_twice_when_daylight_saving_time_ends(case):
    """1:50 to 1:10 on November 1 in New York is twenty minutes; on any other night nobody leaves before joining."""
    night = SessionFactory(
        activity=case.activity, title="Night shift", status="held",
        starts_at=dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC), ends_at=dt.datetime(2026, 11, 1, 7, tzinfo=dt.UTC),
    )  # fmt: skip
    table = "Name (Original Name),User Email,Join Time,Leave Time\n" + "".join(
        f"{name},{name.lower()}@northpier.example,11/{day}/2026 {joined} AM,11/{day}/2026 {left} AM\n"
        for name, day, joined, left in (
            ("Ana", "01", "1:50:00", "1:10:00"), ("Bo", "01", "1:10:00", "1:50:00"), ("Cy", "02", "1:50:00", "1:10:00"),
        )
    )  # fmt: skip
    batch = case.previewed("zoom.csv", table, session=night)
    assert rows(batch) == [(2, "new", "", 20), (3, "new", "", 40), (4, "problem", "date", None)]


def test_short_stays_count_together_before_the_minimum_is_asked(case):
    table = "Name (Original Name),User Email,Join Time,Leave Time\n" + "".join(
        f"Folake Adeyemi,folake.adeyemi@northpier.example,11/17/2026 12:{a}:00 PM,11/17/2026 12:{a + 9}:00 PM\n"
        for a in (10, 30)
    )
    batch = case.previewed("zoom.csv", table)
    assert rows(batch) == [(2, "matched", "", 18), (3, "duplicate", "again", None)]


def test_minutes_of_several_rows_are_added_only_when_somebody_says_so(case):
    table = "E-mail,Date,Minutes\n" + "folake.adeyemi@northpier.example,2026-11-17,25\n" * 2
    batch = case.bring("list.csv", table)
    assert rows(case.read(batch)) == [(2, "matched", "", 25), (3, "duplicate", "again", None)]
    assert rows(case.read(batch, repeated="sum")) == [(2, "matched", "", 50), (3, "duplicate", "again", None)]


def test_a_person_by_two_addresses_is_one_person(case):
    with transaction.atomic(durable=True):
        PersonAddress.objects.create(
            person=case.folake,
            kind="email",
            value="f.adeyemi@home.example",
            verified_at=clock.now(),
            created_at=clock.now(),
        )
    table = (
        "E-mail,Date,Minutes\nfolake.adeyemi@northpier.example,2026-11-17,20\nf.adeyemi@home.example,2026-11-17,40\n"
    )
    batch = case.previewed("list.csv", table)
    assert rows(batch) == [(2, "matched", "", 40), (3, "duplicate", "again", None)]


def test_phone_and_npi_find_a_person_an_unproved_address_does_not(case):
    PersonAddress.objects.create(
        person=case.thu, kind="phone", value="+12025550177", verified_at=clock.now(), created_at=clock.now()
    )
    PersonNumber.objects.create(person=case.reka, kind="npi", value="1234567893", added_at=clock.now())
    PersonAddress.objects.create(
        person=case.folake, kind="email", value="claimed@nobody.example", created_at=clock.now()
    )
    table = "Name,E-mail,Mobile phone,NPI,Date\n,,(202) 555-0177,,11/17/2026\n,,,1234567893,11/17/2026\n,claimed@nobody.example,,,11/17/2026\n,,,1234567890,11/17/2026\n"
    batch = case.previewed("list.csv", table)
    assert [(r.how, r.person_id, r.verdict, r.code) for r in ImportRow.objects.filter(batch=batch).order_by("number")] == [
        ("phone", case.thu.pk, "matched", ""), ("npi", case.reka.pk, "matched", ""), ("", None, "new", ""), ("", None, "problem", "bad_npi"),
    ]  # fmt: skip


def test_two_keys_of_two_people_are_a_problem(case):
    PersonNumber.objects.create(person=case.reka, kind="npi", value="1234567893", added_at=clock.now())
    batch = case.previewed("list.csv", "E-mail,NPI,Date\nfolake.adeyemi@northpier.example,1234567893,2026-11-17\n")
    assert (row(batch, 2).verdict, row(batch, 2).code, row(batch, 2).person) == ("problem", "conflict", None)
    assert row(batch, 2).reason == "Names two people: E-mail of Folake Adeyemi, MD; NPI of Réka Kovács, MD."


def test_another_name_with_somebodys_address_is_asked_about(case):
    batch = case.previewed("list.csv", "Name,E-mail,Date\nBob Li,folake.adeyemi@northpier.example,2026-11-17\n")
    found = row(batch, 2)
    assert (found.verdict, found.code, found.person, found.candidates) == (
        "suggested",
        "other_name",
        None,
        [f"p{case.folake.pk}"],
    )


def test_one_address_for_several_people_credits_nobody(case):
    batch = case.previewed(
        "list.csv", "Name,E-mail,Date\nAnn Lee,desk@clinic.example,2026-11-17\nBob Ito,desk@clinic.example,2026-11-17\n"
    )
    assert rows(batch) == [(2, "problem", "shared", None), (3, "problem", "shared", None)]


def test_an_address_that_changed_hands_credits_nobody(case):
    with transaction.atomic(durable=True):
        identities.link(
            person=case.thu, kind="email", value="desk@northpier.example", by=system("test"), reason="was hers"
        )
    PersonAddress.objects.create(
        person=case.reka, kind="email", value="desk@northpier.example", verified_at=clock.now(), created_at=clock.now()
    )
    batch = case.previewed("list.csv", "E-mail,Date\ndesk@northpier.example,2026-11-17\n")
    assert rows(batch) == [(2, "problem", "changed_hands", None)]


def test_sessions_that_were_cancelled_or_are_to_come_take_nobody(case):
    case.session(30, "Next week", hour=18)
    case.session(10, "Called off", status="cancelled")
    batch = case.previewed(
        "list.csv",
        "E-mail,Date\nfolake.adeyemi@northpier.example,2026-11-30\nfolake.adeyemi@northpier.example,2026-11-10\n",
    )
    assert [code for _n, _v, code, _m in rows(batch)] == ["to_come", "cancelled"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("-5", "minutes"),
        ("1e9", "minutes"),
        ("0", "zero"),
        ("2000", "minutes"),
        ("sixty", "minutes"),
        ("=1+1", "minutes"),
        ("+45", ""),
    ],
)
def test_minutes_that_cannot_be(case, cell, code):
    batch = case.previewed("list.csv", f"E-mail,Date,Minutes\nfolake.adeyemi@northpier.example,2026-11-17,{cell}\n")
    assert rows(batch)[0][2] == code


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("-3", ("problem", "minutes", None)),
        ("1234567893", ("problem", "minutes", None)),  # an NPI under the wrong heading
        ("1500", ("problem", "minutes", None)),
        ("0.0", ("ignored", "zero", None)),
        ("0.75", ("matched", "", 45)),
    ],
)
def test_minutes_that_cannot_be_below_the_title_of_a_session(case, cell, found):
    batch = case.previewed("list.csv", f"E-mail,Sepsis bundles\nfolake.adeyemi@northpier.example,{cell}\n")
    assert (batch.status, rows(batch)) == ("previewed", [(2, *found)])


def test_a_list_of_one_session_refuses_rows_of_another_day(case):
    batch = case.previewed("list.csv", "E-mail,Date\nfolake.adeyemi@northpier.example,2026-11-24\n", session=case.first)
    assert (rows(batch), row(batch, 2).reason) == (
        [(2, "problem", "other_day", None)], "The row is of Tue, Nov 24; this session was on Tue, Nov 17.",
    )  # fmt: skip


def test_a_course_day_in_one_meeting_is_credited_session_by_session(case):
    late = case.session(17, "Workshop", hour=13)
    table = "Name (Original Name),User Email,Join Time,Leave Time\nFolake Adeyemi,folake.adeyemi@northpier.example,11/17/2026 12:10:00 PM,11/17/2026 01:30:00 PM\n"
    batch = case.previewed("zoom.csv", table)
    found = ImportRow.objects.filter(batch=batch).order_by("part").values_list("session_id", "minutes")
    assert list(found) == [(case.first.pk, 50), (late.pk, 30)]


def test_sessions_side_by_side_are_not_guessed(case):
    case.session(17, "Parallel workshop")
    table = "Name (Original Name),User Email,Join Time,Leave Time\nFolake Adeyemi,folake.adeyemi@northpier.example,11/17/2026 12:10:00 PM,11/17/2026 12:50:00 PM\n"
    assert rows(case.previewed("zoom.csv", table)) == [(2, "problem", "which_session", None)]


# --- what a person says about a row -----------------------------------------------------------------------


def test_a_name_is_credited_only_when_somebody_says_so(case):
    holm = case.person("Birgit", "Holm", "b.holm@northpier.example", registered=True)
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    asked, second = row(batch, 14), row(batch, 13)
    done = batches.settle_rows(batch_id=batch.pk, choices={asked.pk: f"p{holm.pk}", second.pk: "r5"}, by=case.by)
    assert done == 2
    assert (row(batch, 14).verdict, row(batch, 14).minutes, row(batch, 14).how, row(batch, 14).settled_by) == (
        "matched",
        60,
        "chosen",
        case.by.label,
    )
    assert (row(batch, 13).verdict, row(batch, 13).leader) == ("duplicate", 5), (
        "the second device adds nothing to an hour that is whole"
    )
    batch.refresh_from_db()
    case.confirm(batch)
    assert (identities_of(holm), "webinar", 60) in standing()


def identities_of(person) -> str:
    return person.addresses.get(is_primary=True).value


def test_a_row_that_is_left_out_and_taken_in_again(case):
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    second = row(batch, 13)
    batches.settle_rows(batch_id=batch.pk, choices={second.pk: "out"}, by=case.by)
    assert (row(batch, 13).verdict, row(batch, 13).code) == ("ignored", "left_out")
    batches.settle_rows(batch_id=batch.pk, choices={second.pk: f"p{case.thu.pk}"}, by=case.by)
    assert (row(batch, 6).minutes, row(batch, 13).leader) == (46, 6)


def test_what_is_clear_cannot_be_settled_otherwise(case):
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    with pytest.raises(Conflict):
        batches.settle_rows(batch_id=batch.pk, choices={row(batch, 5).pk: f"p{case.thu.pk}"}, by=case.by)
    assert row(batch, 5).person_id == case.folake.pk


def test_a_confirmation_of_what_was_not_seen_is_refused(case):
    case.person("Birgit", "Holm", "b.holm@northpier.example", registered=True)
    batch = case.previewed("zoom_meeting.csv", session=case.first)
    seen = batch.preview
    batches.settle_rows(batch_id=batch.pk, choices={row(batch, 13).pk: "r5"}, by=case.by)
    with pytest.raises(Conflict, match="read anew"):
        writing.confirm_import(batch_id=batch.pk, seen=seen, by=case.by)
    assert (AttendanceEvidence.objects.count(), ImportBatch.objects.get().status) == (0, "previewed")


# --- on record, and back ------------------------------------------------------------------------------------


def test_confirming_writes_what_the_preview_showed(case):
    batch = case.confirm(case.previewed(ROSTER))
    assert (batch.status, batch.done, batch.recorded) == ("confirmed", 5, 5)
    assert standing() == [
        ("folake.adeyemi@northpier.example", "roster", 60), ("mallory@bad.invalid", "roster", 60), ("paul.dsouza@eastclinic.example", "roster", 60),
        ("reka.kovacs@northpier.example", "roster", 60), ("thu.tran@northpier.example", "roster", 45),
    ]  # fmt: skip
    made = AttendanceEvidence.objects.get(identity__value="thu.tran@northpier.example")
    assert (made.reason, made.source, made.recorded_by, made.at) == (
        f"{ROSTER}, row 3",
        f"import:{batch.pk}",
        case.by.label,
        case.first.starts_at,
    )
    assert row(batch, 3).evidence_id == made.pk
    assert [r.minutes for r in attendance.of_person(case.thu.pk, case.activity)] == [45]
    said = AuditEvent.objects.get(event="import_confirmed")
    assert (said.actor_label, said.new["rows"], said.new["file"]) == (case.by.label, 5, ROSTER)


def test_unknown_people_find_their_attendance_when_they_sign_in(case):
    from accounts.domain import sign_in

    case.confirm(case.previewed(ROSTER))
    assert sign_in.user_for("paul.dsouza@eastclinic.example") is None
    user = sign_in.create_account(
        email="paul.dsouza@eastclinic.example",
        given_name="Paul",
        family_name="D'Souza",
        degrees="DO",
        profession="physician",
    )
    assert [r.minutes for r in attendance.of_person(user.person.pk, case.activity)] == [60]


def test_writing_twice_writes_once(case):
    batch = case.confirm(case.previewed(ROSTER))
    writing.write(batch.pk)
    preview.read(batch.pk, batch.preview)
    assert (len(standing()), ImportBatch.objects.get().status) == (5, "confirmed")


def test_a_job_that_died_in_the_middle_goes_on(case, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK", 2)
    batch = case.previewed(ROSTER)
    writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    assert writing._write_chunk(batch.pk)
    assert (len(standing()), ImportBatch.objects.get().done) == (2, 2)
    writing.write(batch.pk)
    assert (len(standing()), ImportBatch.objects.get().done, ImportBatch.objects.get().status) == (5, 5, "confirmed")


def test_a_slice_that_is_over_asks_for_the_next_one(case, monkeypatch):
    monkeypatch.setattr(lists, "CHUNK", 3)
    batch = case.bring(ROSTER)
    data = batch.mapping
    batches.read_import(
        batch_id=batch.pk,
        by=case.by,
        **{k: data[k] for k in ("columns", "source", "order", "zone", "repeated", "minimum")},
    )
    batch.refresh_from_db()
    slices = 0
    while batch.status == "reading":
        preview.read(batch.pk, batch.preview, slice_seconds=0)
        batch.refresh_from_db()
        slices += 1
    assert (slices, batch.status, batch.counts["matched"], ImportRow.objects.filter(batch=batch).count()) == (
        6,
        "previewed",
        3,
        10,
    )
    assert Job.objects.filter(name="activities.tasks.read_import").count() == 6


def test_an_import_is_undone_row_by_row_and_nothing_is_deleted(case):
    batch = case.confirm(case.previewed(ROSTER))
    case.undo(batch, "The list of another week.")
    assert (batch.status, standing(), AttendanceEvidence.objects.count()) == ("undone", [], 10)
    taken = AttendanceEvidence.objects.filter(withdrawn=True).first()
    assert (taken.reason, taken.supersedes.source) == ("Import undone: The list of another week.", f"import:{batch.pk}")
    assert attendance.of_person(case.thu.pk, case.activity) == []


def test_a_file_that_was_undone_can_be_imported_again(case):
    case.undo(case.confirm(case.previewed(ROSTER)))
    again = case.previewed(ROSTER)
    assert again.counts == {"matched": 3, "new": 2, "problem": 3, "duplicate": 1, "ignored": 1}
    case.confirm(again)
    assert len(standing()) == 5
    newest = AttendanceEvidence.objects.get(identity__value="thu.tran@northpier.example", superseded_by=None)
    assert (newest.supersedes.withdrawn, newest.reason, newest.minutes) == (True, f"{ROSTER}, row 3", 45)
    case.undo(again)
    assert standing() == []


def test_rows_corrected_by_hand_stay_when_the_import_is_undone(case):
    batch = case.confirm(case.previewed(ROSTER))
    hers = AttendanceEvidence.objects.get(identity__value="thu.tran@northpier.example")
    attendance.correct(evidence_id=hers.pk, minutes=30, withdrawn=False, reason="Came late.", by=case.by)
    assert evidence.corrected_since(batch) == 1
    case.undo(batch)
    assert (standing(), batch.done) == ([("thu.tran@northpier.example", "roster", 30)], 4)


def test_an_attendance_that_somebody_took_back_is_not_put_on_record_again(case):
    batch = case.confirm(case.previewed(ROSTER))
    hers = AttendanceEvidence.objects.get(identity__value="thu.tran@northpier.example")
    attendance.correct(evidence_id=hers.pk, minutes=None, withdrawn=True, reason="Was at home.", by=case.by)
    again = batches.start_again(batch_id=batch.pk, by=case.by)
    assert (row(case.read(again), 3).code, row(again, 3).reason) == (
        "taken_back",
        f"{case.by.label} took this attendance back: Was at home.",
    )


# --- the same file again ------------------------------------------------------------------------------------


def test_the_same_file_is_known_and_adds_nothing(case):
    batch = case.confirm(case.previewed(ROSTER))
    brought = batches.start_import(
        activity_id=case.activity.pk, session_id=None, upload=given("other name.csv", file_bytes(ROSTER)), by=case.by
    )
    assert (brought.batch, brought.is_new, ImportBatch.objects.count()) == (batch, False, 1)


def test_the_same_rows_in_another_file_add_nothing(case):
    case.confirm(case.previewed(ROSTER))
    content = file_bytes(ROSTER).replace(b"Total: 9", b"Total: nine")
    again = case.previewed("copy.csv", content)
    assert again.counts == {"duplicate": 6, "problem": 3, "ignored": 1}
    assert row(again, 3).reason == "On record already with 45 minutes."
    with pytest.raises(Conflict, match="No row of this list"):
        writing.confirm_import(batch_id=again.pk, seen=again.preview, by=case.by)


def test_other_minutes_of_somebody_on_record_are_said_and_not_written(case):
    case.confirm(case.previewed("list.csv", "E-mail,Date,Minutes\nthu.tran@northpier.example,2026-11-17,45\n"))
    again = case.previewed("list2.csv", "E-mail,Date,Minutes\nthu.tran@northpier.example,2026-11-17,50\n")
    assert (
        row(again, 2).reason
        == "On record already with 45 minutes. This file says 50 minutes; correct the record if that is right."
    )


def test_reading_a_file_again_takes_up_what_was_a_problem(case):
    batch = case.confirm(case.previewed(ROSTER))
    case.session(18, "An extra hour")
    again = case.read(batches.start_again(batch_id=batch.pk, by=case.by))
    assert (again.again_of, again.counts["new"], row(again, 9).verdict) == (batch, 1, "new")


def test_the_columns_are_remembered_by_the_headings(case):
    table = "Mail der Person,Wann,Min.\nfolake.adeyemi@northpier.example,17.11.2026,50\n"
    first = case.bring("a.csv", table)
    assert first.mapping["columns"] == {"Min.": "minutes"}
    case.read(
        first, columns={"Mail der Person": "email", "Wann": "date", "Min.": "minutes"}, order="dmy", repeated="sum"
    )
    second = case.bring("b.csv", table.replace("50", "51"))
    assert second.mapping["columns"] == {"Mail der Person": "email", "Wann": "date", "Min.": "minutes"}
    assert second.mapping["repeated"] == "sum"


# --- refusals -------------------------------------------------------------------------------------------------


def test_columns_that_name_nobody_are_refused(case):
    batch = case.bring("list.csv", "E-mail,Date\nfolake.adeyemi@northpier.example,2026-11-17\n")
    for columns in ({"Date": "date"}, {"E-mail": "date", "Date": "date"}):
        with pytest.raises(Invalid):
            case.read(batch, columns=columns)
    assert ImportBatch.objects.get().status == "parsed"


def test_only_planners_and_the_office_import(case):
    from tests.factories import DepartmentFactory, UserFactory

    outsider = actor_of(UserFactory(departments=[DepartmentFactory()]))
    with pytest.raises(NotAllowed):
        batches.start_import(
            activity_id=case.activity.pk, session_id=None, upload=given("a.csv", file_bytes(ROSTER)), by=outsider
        )
    batch = case.previewed(ROSTER)
    with pytest.raises(NotAllowed):
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=outsider)
    with pytest.raises(NotAllowed):
        batches.settle_rows(batch_id=batch.pk, choices={}, by=outsider)
    assert (ImportBatch.objects.count(), AttendanceEvidence.objects.count()) == (1, 0)


def test_a_closed_activity_takes_no_list(case):
    batch = case.previewed(ROSTER)
    for status in ("ended", "closing", "closed"):
        type(case.activity).objects.filter(pk=case.activity.pk).update(status=status)
    with pytest.raises(Conflict, match="until it is closed"):
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    with pytest.raises(Conflict):
        case.bring("b.csv", "E-mail\na@b.example\n")


def test_a_file_without_a_table_is_refused_at_its_field(case):
    with pytest.raises(Invalid) as error:
        case.bring("a.csv", "\n\n  \n")
    assert error.value.fields == {"file": "There is no row in this file. Choose another one."}


def test_a_file_that_goes_wrong_in_the_middle_is_refused_as_a_whole(case):
    table = "E-mail,Date\n" + "folake.adeyemi@northpier.example,2026-11-17\n" * 100 + '"' + "x" * 40_000 + "\n"
    batch = case.previewed("list.csv", table)
    assert (batch.status, batch.problem.startswith("Row 102 has a cell of more than 32,767 characters.")) == (
        "refused",
        True,
    )
    assert case.read(batch).status == "refused", "and can be looked at again"


def test_a_reading_that_breaks_off_says_so_and_can_be_stopped(case, monkeypatch):
    """A fault of ours ends no list for good: it is told, tried again, and given back to who waits for it."""
    batch = case.bring(ROSTER)
    with monkeypatch.context() as patch:
        patch.setattr(preview, "_insert", lambda rows: {}["no such column"])
        with pytest.raises(KeyError):
            case.read(batch)
    batch.refresh_from_db()
    assert (batch.status, batch.problem) == ("reading", "Reading broke off by a fault of the portal after 0 rows.")
    with pytest.raises(NotAllowed):
        batches.stop_reading(batch_id=batch.pk, by=actor_of(UserFactory()))
    stopped = batches.stop_reading(batch_id=batch.pk, by=case.by)
    assert (stopped.status, stopped.problem) == (
        "refused", f"Reading broke off by a fault of the portal after 0 rows. Stopped by {case.by.label}.",
    )  # fmt: skip
    preview.read(batch.pk, batch.preview)
    assert (ImportRow.objects.count(), case.bring(ROSTER).pk != batch.pk) == (0, True), "the job leaves it alone"
    batches.discard_import(batch_id=batch.pk, by=case.by)


def test_a_try_that_goes_well_takes_the_fault_back(case, monkeypatch):
    batch = case.bring(ROSTER)
    with monkeypatch.context() as patch:
        patch.setattr(preview, "_insert", lambda rows: {}["no such column"])
        with pytest.raises(KeyError):
            case.read(batch)
    preview.read(batch.pk, 1)
    batch.refresh_from_db()
    assert (batch.status, batch.problem) == ("previewed", "")


def test_recorded_rows_cannot_be_changed_or_deleted(case):
    batch = case.confirm(case.previewed(ROSTER))
    kept = row(batch, 2)
    for act in (
        lambda: ImportRow.objects.filter(pk=kept.pk).update(cells=["x"]),
        lambda: ImportRow.objects.filter(pk=kept.pk)._raw_delete("default"),
    ):
        with pytest.raises(InternalError), transaction.atomic(savepoint=True):
            act()
    with pytest.raises(InternalError), transaction.atomic(savepoint=True):
        ImportBatch.objects.filter(pk=batch.pk).update(status="previewed")
    assert row(batch, 2).cells == kept.cells


def test_discarded_lists_leave_nothing_on_record(case):
    batch = case.previewed(ROSTER)
    batches.discard_import(batch_id=batch.pk, by=case.by)
    with pytest.raises(Conflict):
        writing.confirm_import(batch_id=batch.pk, seen=batch.preview, by=case.by)
    assert (AttendanceEvidence.objects.count(), case.bring(ROSTER).pk != batch.pk) == (0, True)
