"""A lost mailbox: the request that tells nothing, and the office's answer to it."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import mailbox
from accounts.models import MailboxRequest, PersonAddress, User
from common.errors import Conflict, Invalid, NotAllowed
from common.models import AuditEvent, OutboxMessage
from tests.factories import OfficeRoleFactory, PersonFactory, ProviderFactory, UserFactory
from tests.integration.sign_in_cases import ask, sign_in, signed_in_as, without_tokens

pytestmark = pytest.mark.django_db
PAGE = "/sign-in/lost-mailbox/"
GOOD = {
    "name": "Elena Marchetti",
    "old_email": "elena@old.example",
    "new_email": "Elena@New.example",
    "text": "Call 555-0123.",
}
NEW = "elena@new.example"
NOTE = "Called back on the number of her department."


@pytest.fixture(autouse=True)
def _provider():
    ProviderFactory()


@pytest.fixture
def staff():
    return UserFactory(roles=["staff"])


@pytest.fixture
def elena():
    return UserFactory(person=PersonFactory(given_name="Elena", family_name="Marchetti", email="elena@old.example"))


@pytest.fixture
def request_row():
    return mailbox.ask(**GOOD)


def give(row, person, by, **more):
    return mailbox.give(
        request_id=row.pk, person_id=person.pk, by=actor_of(by), **{"old_is_lost": False, "note": NOTE, **more}
    )


def mails(template):
    return sorted(OutboxMessage.objects.filter(template=template).values_list("to", flat=True))


# --- asking ---------------------------------------------------------------------------------------------


def test_the_sign_in_page_leads_there(client):
    assert f'href="{PAGE}"' in client.get("/sign-in/").text
    page = client.get(PAGE).text
    assert page.count("<h1") == 1
    assert "You can’t read your e-mail any more?" in page


def test_a_request_is_a_task_and_a_mail_for_the_office(client, staff):
    answer = client.post(PAGE, GOOD, follow=True)

    assert "Your request is with the CME office" in answer.text
    row = MailboxRequest.objects.get()
    assert (row.name, row.old_email, row.new_email, row.text, row.settled_at) == (
        "Elena Marchetti",
        "elena@old.example",
        NEW,
        "Call 555-0123.",
        None,
    )
    mail = OutboxMessage.objects.get()
    assert (mail.to, mail.subject) == ("cme-office@lakeshore.example", "Lost mailbox: Elena Marchetti")
    address = reverse("admin:accounts_mailboxrequest_change", args=[row.pk])
    assert f"http://testserver{address}" in mail.text
    client.force_login(staff)
    assert "Somebody lost their mailbox and cannot sign in." in client.get(reverse("desk:queue")).text
    assert "Call 555-0123." in client.get(address).text


def test_nothing_tells_who_is_known_here(elena):
    """Known and unknown names and addresses: the same pages, the same mail, to the office alone."""
    seen = []
    for name, old in (("Elena Marchetti", "elena@old.example"), ("Nobody Here", "nobody@nowhere.example")):
        client = Client()
        first = client.post(PAGE, {**GOOD, "name": name, "old_email": old, "new_email": f"new-{len(seen)}@x.example"})
        second = client.get(first.url)
        seen.append((first.status_code, first.url, second.status_code, without_tokens(second.content, old)))
    assert seen[0] == seen[1]
    assert mails("mailbox_request") == ["cme-office@lakeshore.example"] * 2
    assert OutboxMessage.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"new_email": "nowhere"}, "new_email"),
        ({"old_email": "x"}, "old_email"),
        ({"new_email": "ELENA@old.example "}, "new_email"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(change, field, client):
    answer = client.post(PAGE, {**GOOD, **change})
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert form["text"].value() == GOOD["text"]
    assert (MailboxRequest.objects.count(), OutboxMessage.objects.count()) == (0, 0)


def test_too_many_requests_are_refused(client):
    for _ in range(mailbox.PER_ADDRESS):
        client.post(PAGE, GOOD)
    answer = client.post(PAGE, GOOD)
    assert "Your request is with the CME office already." in answer.text
    assert MailboxRequest.objects.count() == mailbox.PER_ADDRESS


# --- answering -------------------------------------------------------------------------------------------


def test_the_office_finds_whom_it_may_be_from(elena, request_row):
    removed = PersonFactory(given_name="E.", family_name="Marchetti-Lopez")
    PersonAddress.objects.create(
        person=removed,
        kind="email",
        value="elena@old.example",
        created_at=request_row.created_at,
        removed_at=request_row.created_at,
    )
    PersonFactory(given_name="Paul", family_name="Marchetti")
    assert set(mailbox.candidates(request_row)) == {elena.person, removed}
    assert list(mailbox.candidates(MailboxRequest(name="Q", new_email="x@x.example"))) == []


def test_the_address_is_given_proved_by_a_code_and_told(client, elena, staff, request_row):
    client.force_login(staff)
    address = reverse("admin:accounts_mailboxrequest_give", args=[request_row.pk])
    assert "Elena Marchetti, MD, elena@old.example" in client.get(address).text

    answer = client.post(address, {"person": elena.person_id, "note": NOTE}, follow=True)

    assert "Given. The new address and the ones before are told." in answer.text
    request_row.refresh_from_db()
    assert (request_row.outcome, request_row.person, request_row.note, request_row.settled_by) == (
        "given",
        elena.person,
        NOTE,
        actor_of(staff).label,
    )
    assert (mails("mailbox_given"), mails("mailbox_told")) == ([NEW], ["elena@old.example"])
    assert elena.person.addresses.get(value=NEW).verified_at is None, "nobody has proved it yet"
    event = AuditEvent.objects.get(event="mailbox_given")
    assert (event.subject_id, event.reason, event.new) == (
        str(elena.person_id),
        NOTE,
        {"email": NEW, "old_is_lost": False},
    )

    browser = Client()
    sign_in(browser, NEW)
    assert signed_in_as(browser) == elena.pk
    assert elena.person.addresses.get(value=NEW).verified_at is not None


def test_a_lost_address_signs_in_no_more(elena, staff, request_row):
    sign_in(Client(), "elena@old.example")
    give(request_row, elena.person, staff, old_is_lost=True)

    assert User.objects.get(pk=elena.pk).email == NEW
    browser = Client()
    sign_in(browser, "elena@old.example")
    assert signed_in_as(browser) is None, "whoever reads the old mailbox is a first visitor"
    other = Client()
    sign_in(other, NEW)
    assert signed_in_as(other) == elena.pk
    assert elena.person.addresses.get(is_primary=True, removed_at=None).value == NEW


def test_who_had_no_account_gets_one_by_the_new_address(staff, request_row):
    person = PersonFactory(given_name="Elena", family_name="Marchetti")
    give(request_row, person, staff, old_is_lost=True)
    browser = Client()
    sign_in(browser, NEW)
    assert signed_in_as(browser) == User.objects.get(person=person).pk


def test_another_record_is_named_by_its_number(client, elena, staff):
    row = mailbox.ask(**{**GOOD, "name": "Maiden Name", "old_email": ""})
    client.force_login(staff)
    address = reverse("admin:accounts_mailboxrequest_give", args=[row.pk])
    wrong = client.post(address, {"person": "other", "number": 2_000_000_000, "note": NOTE})
    assert "No record has this number." in wrong.text
    client.post(address, {"person": "other", "number": elena.person_id, "note": NOTE})
    row.refresh_from_db()
    assert row.person == elena.person


def refused(error, row, person, by, **more):
    with pytest.raises(error):
        give(row, person, by, **more)
    row.refresh_from_db()
    assert (row.settled_at, mails("mailbox_given"), PersonAddress.objects.filter(person=person, value=NEW).count()) == (
        None,
        [],
        0,
    )


def test_only_the_office_answers_and_never_for_itself(elena, staff, request_row):
    refused(NotAllowed, request_row, elena.person, UserFactory())
    refused(NotAllowed, request_row, staff.person, staff)
    refused(Invalid, request_row, elena.person, staff, note=" ")
    with pytest.raises(NotAllowed):
        mailbox.decline(request_id=request_row.pk, note=NOTE, by=actor_of(elena))


def test_an_office_account_moves_by_the_director_alone(elena, staff, request_row):
    OfficeRoleFactory(person=elena.person, role="reviewer")
    refused(NotAllowed, request_row, elena.person, staff)
    give(request_row, elena.person, UserFactory(roles=["director"]))
    assert mails("mailbox_given") == [NEW]


@pytest.mark.parametrize("proved", [True, False])
def test_an_address_of_another_record_is_never_taken(proved, elena, staff, request_row):
    other = PersonFactory(email=NEW)
    if not proved:
        other.addresses.update(verified_at=None)
    with pytest.raises(Conflict, match="join the two records"):
        give(request_row, elena.person, staff, old_is_lost=True)
    assert User.objects.get(pk=elena.pk).email == "elena@old.example"
    assert elena.person.addresses.get().removed_at is None
    assert MailboxRequest.objects.get().settled_at is None


def test_a_closed_account_gets_no_address(elena, staff, request_row):
    elena.person.deactivated_at = request_row.created_at
    elena.person.save(update_fields=["deactivated_at"])
    refused(Conflict, request_row, elena.person, staff)


def test_declining_tells_the_new_address_to_call(client, staff, request_row):
    client.force_login(staff)
    address = reverse("admin:accounts_mailboxrequest_decline", args=[request_row.pk])
    client.post(address, {"note": "The number is not hers."})
    request_row.refresh_from_db()
    assert (request_row.outcome, request_row.person, mails("mailbox_declined")) == ("declined", None, [NEW])
    mail = OutboxMessage.objects.get(template="mailbox_declined")
    assert "The number is not hers." not in mail.text + mail.html
    assert "lost their mailbox" not in client.get(reverse("desk:queue")).text


def test_a_request_is_answered_once(elena, staff, request_row):
    give(request_row, elena.person, staff)
    with pytest.raises(Conflict):
        give(request_row, elena.person, staff)
    with pytest.raises(Conflict):
        mailbox.decline(request_id=request_row.pk, note=NOTE, by=actor_of(staff))
    assert mails("mailbox_given") == [NEW]


def test_the_database_keeps_an_answer_whole(request_row):
    for values in (
        {"outcome": "given"},
        {"settled_by": "Joan"},
        {"settled_at": request_row.created_at, "settled_by": "Joan", "outcome": "given", "note": "x"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            MailboxRequest.objects.filter(pk=request_row.pk).update(**values)


def test_a_hostile_request_is_text(client, staff):
    client.post(PAGE, {**GOOD, "name": "<script>alert(1)</script>\r\nBcc: all@x.example", "text": "<img src=x>"})
    mail = OutboxMessage.objects.get()
    assert ("<script>" in mail.html, "<img" in mail.html, "\n" in mail.subject) == (False, False, False)
    client.force_login(staff)
    row = MailboxRequest.objects.get()
    for name in ("change", "give", "decline"):
        text = client.get(reverse(f"admin:accounts_mailboxrequest_{name}", args=[row.pk])).text
        assert ("<script>alert" in text, "<img src=x>" in text) == (False, False)


def test_asking_is_no_sign_in(client, elena):
    """The lost address gets a code as before; nothing about it changes by asking."""
    client.post(PAGE, GOOD)
    ask(client, "elena@old.example")
    assert mails("sign_in_code") == ["elena@old.example"]
