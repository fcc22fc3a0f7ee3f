"""Check-in by text message: signed by the carrier, answered once, guessed by nobody, owned by who the mailbox says."""

import base64
import datetime as dt
import hashlib
import hmac
import re
from urllib.parse import urlencode

import pytest
from django.db import InternalError, transaction
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of
from accounts.domain import phones, sign_in
from accounts.models import Identity, IdentityLink, PersonAddress
from activities.domain import attendance, changing, texting
from activities.models import AttendanceEvidence, Registration, TextMessage, TextReply
from common import clock, ratelimit
from common.errors import Invalid
from common.models import OutboxMessage
from tests.factories import ActivityFactory, ProviderFactory, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-carrier-0123456789"
PHONE, MINUTE = "+12025550123", dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _provider(settings):
    settings.SMS_AUTH_TOKEN, settings.SMS_NUMBER = TOKEN, "202-555-0100"
    ProviderFactory()


@pytest.fixture
def session():
    return SessionFactory(
        starts_at=clock.now() - 5 * MINUTE, ends_at=clock.now() + 55 * MINUTE, check_in_code="SEP4K7", title="Sepsis"
    )


@pytest.fixture
def me():
    user = UserFactory()
    phones.add(person_id=user.person_id, number=PHONE, by=actor_of(user))
    row = PersonAddress.objects.get(kind="phone")
    code = phones.ask_code(person_id=user.person_id, address_id=row.pk, by=actor_of(user))
    phones.verify(number=PHONE, code=code, by=actor_of(user))
    return user


def signed(fields, url="http://testserver/texts/", token=TOKEN):
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def post(body, *, sender=PHONE, sid="SM1", signature=None, more=None):
    fields = {
        "MessageSid": sid,
        "From": sender,
        "To": "+12025550100",
        "Body": body,
        "AccountSid": "AC1",
        **(more or {}),
    }
    return Client(enforce_csrf_checks=True).post(
        reverse("activities:text_message"),
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signed(fields) if signature is None else signature},
    )


def text_of(response):
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    found = re.fullmatch(
        r'<\?xml version="1.0" encoding="UTF-8"\?><Response>(?:<Message>(.*)</Message>)?</Response>',
        response.content.decode(),
    )
    assert found
    return found[1] or ""


def say(body, **more):
    return texting.receive(
        sid=more.pop("sid", f"SM{TextMessage.objects.count()}"), sender=more.pop("sender", PHONE), body=body
    ).body


def test_a_known_phone_checks_in(me, session):
    text = text_of(post("sep 4k7"))
    assert re.fullmatch(r"You're checked in, \d+:\d\d [ap]m: Sepsis\. Claim your credit at testserver", text)
    row = AttendanceEvidence.objects.get()
    assert (row.method, row.identity.value) == ("text", me.email)
    assert Registration.objects.get().person == me.person


def test_the_published_example_of_a_signature():
    """Twilio's own worked example, with its token, address and fields."""
    from django.http import QueryDict

    from activities.views.texts import signature

    fields = QueryDict(mutable=True)
    fields.update(
        {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
    )
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature(url, fields, "12345") == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize("signature", ["", "x", "é", signed({"Body": "SEP4K7"}), "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_who_cannot_sign_is_refused(signature, me, session):
    assert post("SEP4K7", signature=signature).status_code == 403
    assert (TextMessage.objects.count(), AttendanceEvidence.objects.count()) == (0, 0)


def test_a_changed_field_breaks_the_signature(me, session):
    good = {"MessageSid": "SM1", "From": PHONE, "To": "+12025550100", "Body": "hello", "AccountSid": "AC1"}
    assert post("SEP4K7", signature=signed(good)).status_code == 403
    assert post("SEP4K7", signature=signed({**good, "Body": "SEP4K7"}, token="another-token-000000")).status_code == 403
    assert post("SEP4K7", signature=signed({**good, "Body": "SEP4K7"}, url="http://other/texts/")).status_code == 403
    assert AttendanceEvidence.objects.count() == 0


def test_without_a_token_there_is_no_such_page(settings, client):
    settings.SMS_AUTH_TOKEN = ""
    assert post("SEP4K7").status_code == 404
    settings.SMS_AUTH_TOKEN = TOKEN
    assert client.get(reverse("activities:text_message")).status_code == 405


@pytest.mark.parametrize("fields", [{"sid": ""}, {"sid": "x" * 65}, {"sid": "SM 1"}])
def test_a_message_without_its_number_is_refused(fields, session):
    assert post("SEP4K7", **fields).status_code == 400
    assert TextMessage.objects.count() == 0


def test_senders_that_are_no_phones_get_silence(session):
    assert text_of(post("SEP4K7", sender="12345")) == ""
    assert text_of(post("SEP4K7", sender="BANK")) == ""
    assert TextMessage.objects.count() == 0


def test_the_same_message_again_gets_the_same_answer_and_does_nothing(session):
    first = text_of(post("SEP4K7"))
    second = text_of(post("SEP4K7"))
    third = text_of(post("other words", sid="SM1"))
    assert first == second == third
    assert (TextMessage.objects.count(), TextReply.objects.count(), AttendanceEvidence.objects.count()) == (1, 1, 1)


def test_a_message_that_died_half_way_is_answered_when_it_comes_again(me, session, monkeypatch):
    """The act stands, the answer was lost: the carrier tries again."""
    real = TextReply.objects.bulk_create
    monkeypatch.setattr(TextReply.objects, "bulk_create", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("lost")))
    with pytest.raises(RuntimeError):
        say("SEP4K7", sid="SM9")
    assert (AttendanceEvidence.objects.count(), TextReply.objects.count()) == (1, 0)
    monkeypatch.setattr(TextReply.objects, "bulk_create", real)
    assert say("SEP4K7", sid="SM9").startswith("You're checked in")
    assert (AttendanceEvidence.objects.count(), TextReply.objects.count()) == (1, 1)


def test_messages_and_answers_are_never_rewritten(session):
    say("SEP4K7")
    for act in (
        lambda: TextMessage.objects.update(body="x"), lambda: TextReply.objects.update(body="x"), lambda: TextReply.objects.all().delete(),
    ):  # fmt: skip
        with pytest.raises(InternalError), transaction.atomic():
            act()


# --- phones nobody knows -------------------------------------------------------------------------------


def confirm_link(to):
    return re.search(r"http://testserver(/phone/\S+/)", OutboxMessage.objects.get(to=to).text)[1]


def test_an_unknown_phone_is_recorded_then_connected_by_the_mailbox(session, client):
    user = UserFactory()
    assert "Whose phone is this?" in say("SEP4K7")
    row = AttendanceEvidence.objects.get()
    assert (row.method, row.identity.kind, row.identity.value) == ("text", "phone", PHONE)
    assert attendance.of_person(user.person_id, session.activity) == []
    assert say(f"my address is {user.email.upper()}, thanks") == texting.MAILED
    link = confirm_link(user.email)
    assert client.get(link).status_code == 200
    assert (
        IdentityLink.objects.filter(identity=row.identity).count() == 0
    )  # decision 17: links are followed by scanners
    assert client.post(link, follow=True).status_code == 200
    assert [e.pk for e in attendance.of_person(user.person_id, session.activity)] == [row.pk]
    assert PersonAddress.objects.get(kind="phone").verified_at is not None
    assert "The phone is yours" in client.post(link, follow=True).content.decode()
    assert say("SEP4K7").startswith("You're checked in")


def test_known_and_unknown_addresses_get_the_same_answer(session):
    user = UserFactory()
    assert say(user.email) == say("nobody@elsewhere.example") == texting.MAILED
    assert OutboxMessage.objects.count() == 2


def test_who_has_no_account_signs_in_first_and_comes_back(session, client):
    say("SEP4K7")
    say("new@clinic.example")
    link = confirm_link("new@clinic.example")
    answer = client.post(link)
    assert answer.url.startswith(reverse("accounts:sign_in"))
    assert PersonAddress.objects.filter(kind="phone").count() == 0
    user = sign_in.create_account(
        email="new@clinic.example", given_name="N", family_name="New", degrees="MD", profession="physician"
    )
    client.post(link)
    assert len(attendance.of_person(user.person_id, session.activity)) == 1


def test_somebody_elses_phone_is_not_taken(me, session, client):
    other = UserFactory()
    phones.ask_mailbox(number=PHONE, email=other.email, key="k", by=actor_of(other))
    client.post(confirm_link(other.email))
    assert phones.person_of(PHONE) == me.person
    assert PersonAddress.objects.filter(kind="phone").count() == 1


def test_a_known_phone_connects_nothing_anew(me):
    assert say("other@x.example") == texting.KNOWN
    assert OutboxMessage.objects.count() == 0


@pytest.mark.parametrize("change", ["old", "broken"])
def test_a_link_ends(change, session, client, monkeypatch):
    user = UserFactory()
    say(user.email)
    link = confirm_link(user.email)
    if change == "old":
        later = clock.now() + dt.timedelta(days=3, minutes=1)
        monkeypatch.setattr(clock, "now", lambda: later)
    else:
        link = link[:-4] + "abc/"
    assert client.get(link).status_code == 410
    client.post(link)
    assert PersonAddress.objects.filter(kind="phone").count() == 0


def test_several_phones_are_one_person(me, session, client):
    say(me.email, sender="+12025550177")
    client.post(confirm_link(me.email))
    assert say("SEP4K7", sender="+12025550177").startswith("You're checked in")
    say("SEP4K7")
    assert AttendanceEvidence.objects.count() == 1  # one way of knowing, one row
    assert len(phones.of_person(me.person)) == 2


def test_the_code_of_the_profile_proves_the_phone(session):
    user = UserFactory()
    row = phones.add(person_id=user.person_id, number=PHONE, by=actor_of(user))
    code = phones.ask_code(person_id=user.person_id, address_id=row.pk, by=actor_of(user))
    assert say("SEP4K7").startswith("Recorded")  # a session's code in between is one
    assert say(code.lower()) == texting.PROVED
    assert phones.person_of(PHONE) == user.person


# --- what is wrong, and guessing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("ZZZZZZ", "No session has this code"),
        ("hello there", "Text the code"),
        ("", "Text the code"),
        ("HELP", "Text the code"),
    ],
)
def test_wrong_words_get_a_way_on(body, words, me, session):
    assert words in say(body)
    assert AttendanceEvidence.objects.count() == 0


def test_outside_its_window_it_says_so(me):
    SessionFactory(check_in_code="SEP4K7", starts_at=clock.now() - 5 * dt.timedelta(hours=1))
    assert "has closed" in say("SEP4K7")
    assert AttendanceEvidence.objects.count() == 0


def test_a_code_that_changes_may_come_late(me, session, monkeypatch):
    session.check_in_by = "changing"
    session.save(update_fields=["check_in_by"])
    code, now = changing.shown(session).code, clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 200 * dt.timedelta(seconds=1))
    assert "has changed" in say(code) or "checked in" in say(code)
    monkeypatch.setattr(clock, "now", lambda: now + 150 * dt.timedelta(seconds=1))
    assert say(code).startswith("You're checked in")


def test_ten_wrong_codes_stop_a_phone(session):
    for n in range(10):
        assert "No session has this code" in say(f"ZZZZZ{n % 8 + 2}")
    assert "Ten codes did not match" in say("SEP4K7")
    assert AttendanceEvidence.objects.count() == 0


def test_guessing_from_many_phones_stops_for_strangers_only(me, session):
    for n in range(texting.WRONG_OF_STRANGERS):
        ratelimit.hit("text_strangers", "all", limit=1, per=texting.WINDOW)
        assert n >= 0
    assert "Too many wrong codes" in say("SEP4K7", sender="+12025550188")
    assert AttendanceEvidence.objects.count() == 0
    assert say("SEP4K7").startswith("You're checked in")


def test_wrong_codes_of_strangers_are_counted_together(session):
    for n in range(3):
        say("ZZZZZZ", sender=f"+1202555019{n}")
    assert ratelimit.used("text_strangers", "all") == 3


def test_too_many_messages_are_told_once(me, session):
    answers = [say("HELP") for _ in range(texting.PER_PHONE + 3)]
    assert answers[texting.PER_PHONE :] == [texting.TOO_MANY, "", ""]


def test_mails_to_strangers_are_few():
    for n in range(5):
        assert say(f"a{n}@x.example") == texting.MAILED
    assert "Too many tries" in say("a9@x.example")
    assert OutboxMessage.objects.count() == 5
    for n in range(6):
        say("victim@x.example", sender=f"+1202555017{n}")
    assert OutboxMessage.objects.filter(to="victim@x.example").count() == 5


def test_a_full_activity_says_where_to_go(me):
    activity = ActivityFactory(published=True, capacity=0)
    SessionFactory(activity=activity, check_in_code="SEP4K7", starts_at=clock.now())
    assert "Every place is taken" in say("SEP4K7")
    assert AttendanceEvidence.objects.count() == 0


def test_a_number_that_is_none_raises():
    with pytest.raises(Invalid):
        texting.receive(sid="SM1", sender="abc", body="x")
    assert Identity.objects.filter(kind="phone").count() == 0
