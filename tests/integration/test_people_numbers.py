"""Phones, NPI, licences, board ids, birthday; the certificate's name; asking only for what a credit type needs."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import identities, learner_fields, phones, profile
from accounts.models import Licence, NameChange, Person, PersonAddress, PersonNumber, PhoneCode
from accounts.number_forms import LearnerFieldsForm
from activities.domain import attendance
from common import clock
from common.actors import system
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from tests.factories import PersonFactory, ProviderFactory, SessionFactory
from tests.integration.people_cases import OFFICE, evidence, user

pytestmark = pytest.mark.django_db
NUMBER, KEPT = "(202) 555-0123", "+12025550123"
SMS = system("text message")


@pytest.fixture(autouse=True)
def _provider(settings):
    ProviderFactory()
    settings.SMS_NUMBER = "+1 202 555 0199"


@pytest.fixture
def me(client):
    found = user("elena@lakeshore.example")
    client.force_login(found)
    return found


def add(me, number=NUMBER):
    return phones.add(person_id=me.person_id, number=number, by=actor_of(me))


# --- phones -------------------------------------------------------------------------------------------


def test_a_phone_is_listed_unproved_in_one_form(client, me):
    client.post(reverse("accounts:phone_create"), {"phone": NUMBER})
    row = PersonAddress.objects.get(kind="phone")
    assert (row.value, row.verified_at, row.is_primary, row.person) == (KEPT, None, False, me.person)
    again = client.post(reverse("accounts:phone_create"), {"phone": "202.555.0123"})
    assert "This phone is listed already." in again.text
    assert PersonAddress.objects.filter(kind="phone").count() == 1


def test_the_code_from_the_profile_texted_from_the_phone_proves_it_and_brings_what_waited(client, me):
    session = SessionFactory()
    row = evidence(KEPT, session, kind="phone", method="code")
    address = add(me)
    page = client.post(reverse("accounts:phone_code", args=[address.pk]))
    code = page.context["code"]
    assert code in page.text
    assert PhoneCode.objects.get().code_hash != code
    assert phones.person_of(NUMBER) is None
    done = phones.verify(number="+1 202 555 0123", code=code.lower(), by=SMS)
    assert done.verified_at is not None
    assert phones.person_of(NUMBER) == me.person
    assert attendance.of_person(me.person_id, session.activity) == [row]


def test_a_wrong_a_late_and_a_used_code_prove_nothing(me):
    address = add(me)
    code = phones.ask_code(person_id=me.person_id, address_id=address.pk, by=actor_of(me))
    with pytest.raises(Invalid):
        phones.verify(number=NUMBER, code="ZZZZZZ", by=SMS)
    assert PhoneCode.objects.get().attempts == 1
    with pytest.raises(Invalid):  # from another phone
        phones.verify(number="202-555-0177", code=code, by=SMS)
    PhoneCode.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    with pytest.raises(Invalid):
        phones.verify(number=NUMBER, code=code, by=SMS)
    assert PersonAddress.objects.get(kind="phone").verified_at is None


def test_five_wrong_tries_end_a_code(me):
    address = add(me)
    code = phones.ask_code(person_id=me.person_id, address_id=address.pk, by=actor_of(me))
    for _ in range(phones.ATTEMPTS):
        with pytest.raises(Invalid):
            phones.verify(number=NUMBER, code="ZZZZZZ", by=SMS)
    with pytest.raises(Invalid):
        phones.verify(number=NUMBER, code=code, by=SMS)
    assert PersonAddress.objects.get(kind="phone").verified_at is None


def test_a_stranger_who_lists_my_number_does_not_get_my_texts(me):
    """Listing proves nothing: only a code from their page, texted from my phone, would."""
    stranger = user("mallory@x.example")
    phones.add(person_id=stranger.person_id, number=NUMBER, by=actor_of(stranger))
    assert phones.person_of(NUMBER) is None
    mine = add(me)
    code = phones.ask_code(person_id=me.person_id, address_id=mine.pk, by=actor_of(me))
    phones.verify(number=NUMBER, code=code, by=SMS)
    assert phones.person_of(NUMBER) == me.person
    theirs = PersonAddress.objects.get(person=stranger.person, kind="phone")
    code = phones.ask_code(person_id=stranger.person_id, address_id=theirs.pk, by=actor_of(stranger))
    with pytest.raises(Conflict, match="proved for another account"):
        phones.verify(number=NUMBER, code=code, by=SMS)


def test_an_unknown_phone_that_answers_with_an_address_is_paired_unproved_and_told(client, me):
    session = SessionFactory()
    row = evidence(KEPT, session, kind="phone", method="code")
    found = phones.pair(number=NUMBER, email="Elena@Lakeshore.example", by=SMS)
    assert (found.outcome, found.person, found.proved) == ("paired", me.person, False)
    assert attendance.of_person(me.person_id, session.activity) == [row]
    assert phones.person_of(NUMBER) == me.person
    assert PersonAddress.objects.get(kind="phone").verified_at is None
    assert OutboxMessage.objects.get(template="phone_paired").to == "elena@lakeshore.example"
    assert phones.pair(number=NUMBER, email="elena@lakeshore.example", by=SMS).outcome == "known"
    assert "Texted us with your address" in client.get("/profile/").text


def test_a_paired_phone_is_confirmed_by_its_owner_with_one_press(client, me):
    phones.pair(number=NUMBER, email="elena@lakeshore.example", by=SMS)
    row = PersonAddress.objects.get(kind="phone")
    client.post(reverse("accounts:phone_confirm", args=[row.pk]))
    row.refresh_from_db()
    assert row.verified_at is not None


def test_not_my_phone_takes_its_evidence_away_again(client, me):
    session = SessionFactory()
    evidence(KEPT, session, kind="phone", method="code")
    phones.pair(number=NUMBER, email="elena@lakeshore.example", by=SMS)
    client.post(reverse("accounts:address_remove", args=[PersonAddress.objects.get(kind="phone").pk]))
    assert attendance.of_person(me.person_id, session.activity) == []
    assert phones.person_of(NUMBER) is None
    assert identities.owner(kind="phone", value=KEPT) is None


def test_a_phone_that_was_only_listed_is_proved_by_both_ends_saying_the_same(me):
    add(me)
    found = phones.pair(number=NUMBER, email="elena@lakeshore.example", by=SMS)
    assert (found.outcome, found.proved) == ("paired", True)


def test_unknown_addresses_and_taken_phones_pair_nothing(me):
    other = user("other@x.example")
    assert phones.pair(number=NUMBER, email="nobody@x.example", by=SMS).outcome == "unknown_address"
    phones.pair(number=NUMBER, email="other@x.example", by=SMS)
    assert phones.pair(number=NUMBER, email="elena@lakeshore.example", by=SMS).outcome == "taken"
    assert [a.person for a in PersonAddress.objects.filter(kind="phone")] == [other.person]


def test_confirming_a_phone_that_never_texted_is_refused(client, me):
    address = add(me)
    with pytest.raises(Conflict):
        phones.confirm(person_id=me.person_id, address_id=address.pk, by=actor_of(me))
    with pytest.raises(NotAllowed):
        phones.ask_code(person_id=me.person_id, address_id=address.pk, by=actor_of(user("x@x.example")))


# --- numbers ------------------------------------------------------------------------------------------


def numbers(client, **values):
    return client.post(reverse("accounts:numbers"), values)


def test_numbers_are_checked_on_the_spot_and_nothing_is_kept_of_a_wrong_page(client, me):
    page = numbers(client, npi="1234567890", birth_month="2", birth_day="30")
    assert "its last digit does not fit the others" in page.text
    assert "There is no such day." in page.text
    assert 'value="1234567890"' in page.text
    me.person.refresh_from_db()
    assert (PersonNumber.objects.count(), me.person.birth_month) == (0, None)


def test_numbers_are_kept_changed_and_taken_off(client, me):
    numbers(client, npi="1234567893", birth_month="2", birth_day="29", add="abim", abim="ABIM123456", abim_report="on")
    kept = {n.kind: (n.value, n.report_ok_at is not None) for n in PersonNumber.objects.filter(removed_at=None)}
    assert kept == {"npi": ("1234567893", False), "abim": ("123456", True)}
    numbers(client, npi="1245319599", birth_month="2", birth_day="29", abim="123456")
    kept = {n.kind: (n.value, n.report_ok_at is not None) for n in PersonNumber.objects.filter(removed_at=None)}
    assert kept == {"npi": ("1245319599", False), "abim": ("123456", False)}
    numbers(client, npi="", abim="123456")
    assert list(PersonNumber.objects.filter(removed_at=None).values_list("kind", flat=True)) == ["abim"]
    assert PersonNumber.objects.count() == 3  # what was is kept
    me.person.refresh_from_db()
    assert (me.person.birth_month, me.person.birth_day) == (2, 29)


def test_the_database_refuses_an_npi_that_is_none(me):
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonNumber.objects.create(person=me.person, kind="npi", value="12", added_at=clock.now())


def test_licences_are_added_removed_and_taken_back(client, me):
    url = reverse("accounts:licence_create")
    values = {"licence-state": "CT", "licence-kind": "physician", "licence-number": " 0012345 "}
    client.post(url, values)
    row = Licence.objects.get()
    assert (row.state, row.number, row.report_ok_at) == ("CT", "0012345", None)
    assert "This license is listed already." in client.post(url, values).text
    assert "as it is on your license" in client.post(url, {**values, "licence-number": "none"}).text
    change = reverse("accounts:licence_change", args=[row.pk])
    client.post(change, {"verb": "report", "allowed": "1"})
    removed = client.post(change, {"verb": "remove"})
    assert "Removed CT 0012345." in client.get(removed.url.split("#")[0]).text
    client.post(change, {"verb": "restore"})
    row.refresh_from_db()
    assert (row.removed_at, row.report_ok_at is not None, Licence.objects.count()) == (None, True, 1)


def test_somebody_elses_licence_cannot_be_changed(client, me):
    theirs = Licence.objects.create(
        person=PersonFactory(), state="CT", kind="physician", number="1", added_at=clock.now()
    )
    client.post(reverse("accounts:licence_change", args=[theirs.pk]), {"verb": "remove"})
    theirs.refresh_from_db()
    assert theirs.removed_at is None


# --- asking only for what is missing --------------------------------------------------------------------


def test_missing_names_what_has_no_answer_in_its_order(me, django_assert_num_queries):
    person = me.person
    with django_assert_num_queries(0):
        assert profile.missing(person, []) == ()
    with django_assert_num_queries(2):
        asked = ("nabp", "birthday", "npi|licence", "degrees")
        assert profile.missing(person, asked) == ("nabp", "birthday", "npi|licence")
    Licence.objects.create(person=person, state="CT", kind="pharmacist", number="1", added_at=clock.now())
    assert profile.missing(person, ("npi|licence", "name")) == ("name",)
    with pytest.raises(LookupError):
        profile.missing(person, ("npy",))
    with pytest.raises(Conflict, match="NABP e-Profile ID, birthday"):
        learner_fields.require(person, ("nabp", "birthday"))


def form(me, fields, **data):
    return LearnerFieldsForm(data or None, person=me.person, fields=fields, prefix="f")


def test_the_form_asks_exactly_for_what_is_missing_and_keeps_it(me):
    asked = profile.missing(me.person, ("nabp", "birthday"))
    assert not LearnerFieldsForm(person=me.person, fields=())
    assert list(form(me, asked).fields) == ["nabp", "birth_month", "birth_day"]
    empty = form(me, asked, **{"f-nabp": ""})
    assert not empty.is_valid()
    assert set(empty.errors) == {"nabp", "birth_day"}
    wrong = form(me, asked, **{"f-nabp": "12", "f-birth_month": "4", "f-birth_day": "31"})
    assert not wrong.is_valid()
    assert "5 to 8 digits" in wrong.errors["nabp"][0]
    right = form(me, asked, **{"f-nabp": "1234567", "f-birth_month": "4", "f-birth_day": "30"})
    assert right.is_valid()
    assert right.save(by=actor_of(me))
    assert profile.missing(Person.objects.get(pk=me.person_id), ("nabp", "birthday")) == ()


def test_one_of_several_is_enough(me):
    assert form(me, ("npi|licence",), **{"f-npi": "1234567893"}).is_valid()
    by_licence = {"f-licence_state": "CT", "f-licence_kind": "physician", "f-licence_number": "12"}
    found = form(me, ("npi|licence",), **by_licence)
    assert found.is_valid()
    assert found.save(by=actor_of(me))
    assert Licence.objects.get().number == "12"
    assert not form(me, ("npi|licence",), **{"f-npi": ""}).is_valid()
    half = form(me, ("npi|licence",), **{"f-licence_number": "12"})
    assert not half.is_valid()
    assert "Choose the state" in half.errors["licence_state"][0]


def test_a_board_may_be_told_only_where_it_was_ticked(me):
    found = form(me, ("abim",), **{"f-abim": "123456"})
    assert found.is_valid()
    found.save(by=actor_of(me))
    assert PersonNumber.objects.get().report_ok_at is None


# --- the name on certificates ---------------------------------------------------------------------------


def test_the_name_is_confirmed_as_it_was_shown(me):
    shown = me.person.name_with_degrees
    with pytest.raises(Conflict, match="changed meanwhile"):
        profile.confirm_name(person_id=me.person_id, printed="Somebody Else", by=actor_of(me))
    profile.confirm_name(person_id=me.person_id, printed=shown, by=actor_of(me))
    first = Person.objects.get(pk=me.person_id).name_confirmed_at
    profile.confirm_name(person_id=me.person_id, printed=shown, by=actor_of(me))
    assert Person.objects.get(pk=me.person_id).name_confirmed_at == first
    assert AuditEvent.objects.filter(event="name_confirmed").count() == 1
    with pytest.raises(NotAllowed):
        profile.confirm_name(person_id=me.person_id, printed=shown, by=OFFICE)


def on_paper(person_id):
    return True


def test_a_change_after_a_certificate_keeps_its_reason_and_may_ask_for_new_certificates(client, me, settings):
    settings.NAME_STANDS_ON = (f"{__name__}.on_paper",)
    old = me.person.name_with_degrees
    values = {
        "given_name": "Elena",
        "family_name": "Rossi",
        "degrees": "MD",
        "profession": "physician",
        "specialty": "",
    }
    assert "Say why" in client.post("/profile/", values).text
    assert NameChange.objects.count() == 0
    client.post("/profile/", {**values, "reason": "Married name.", "wants_certificates": "on"})
    row = NameChange.objects.get()
    assert (row.old_name, row.new_name, row.reason, row.wants_certificates) == (
        old,
        "Elena Rossi, MD",
        "Married name.",
        True,
    )
    with pytest.raises(NotAllowed):
        profile.settle_name_change(change_id=row.pk, note="x", by=actor_of(me))
    profile.settle_name_change(change_id=row.pk, note="Two certificates issued anew.", by=OFFICE)
    with pytest.raises(Conflict):
        profile.settle_name_change(change_id=row.pk, note="Again.", by=OFFICE)


def test_a_degree_filled_in_by_somebody_else_is_looked_at_again():
    from accounts.domain import people

    person = PersonFactory(degrees="", name_confirmed_at=clock.now())
    with transaction.atomic():
        people.find_or_create_person(
            email=people.email_of(person), given_name="x", family_name="x", degrees="MD", profession="physician", by=SMS
        )
    person.refresh_from_db()
    assert (person.degrees, person.name_confirmed_at) == ("MD", None)
