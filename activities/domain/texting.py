"""Check-in by text message: a code from a phone is a row of the ledger, and one answer.

The message is kept first, then acted upon, then the answer is kept. Every act may be repeated without a second effect, so
a message that comes again, also after we died half-way, ends with the one answer.
"""

import datetime as dt
import re

import structlog
from django.conf import settings
from django.db import transaction

from accounts.domain import phones
from accounts.models import Person, PhoneCode
from activities.domain import attendance, gsm
from activities.enums import EvidenceMethod
from activities.models import Session, TextMessage, TextReply
from common import clock, codes, ratelimit
from common.actors import Actor, system
from common.errors import Conflict, DomainError, Invalid
from common.templatetags.cme import local_time
from common.views import note

log = structlog.get_logger()
PER_PHONE, PER_HOUR = 30, dt.timedelta(hours=1)
# Wrong codes of phones that we do not know, all together: guessing from many numbers stops here.
WRONG_OF_STRANGERS, WINDOW = 200, dt.timedelta(minutes=10)
LATE_STEPS = 6  # a text message takes its time: three minutes for a code that changes
EMAIL = re.compile(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+\.[^\s<>()\"',;:.]+")

HELP = "Text the code from the room's screen to check in, or your e-mail address to connect this phone. Trouble? Give your name at the desk."
IN = "You're checked in, {at}: {title}. Claim your credit at {host}"
IN_UNKNOWN = "Recorded, {at}: {title}. Whose phone is this? Reply with your e-mail address and the credit is yours."
PROVED = "This phone is yours now. What it texts counts as your check-in."
MAILED = "We sent an e-mail to that address. Press the button in it and this phone is yours."
KNOWN = "This phone is connected already. Text the code from the room's screen to check in."
TOO_MANY = "Too many messages from this phone. Wait an hour, or give your name at the desk; it counts the same."
STRANGERS = "Too many wrong codes just now. Sign in at {host} and type the code there, or give your name at the desk."


def receive(*, sid: str, sender: str, body: str) -> TextReply:
    """The answer to a message; the same message again gets the same answer. Raises Invalid for a sender that is no phone."""
    number = phones.normalize(sender)
    with transaction.atomic(durable=True):
        TextMessage.objects.bulk_create(
            [TextMessage(sid=sid, sender=number, body=body.replace("\x00", "")[:1600], received_at=clock.now())],
            ignore_conflicts=True,
        )
        message = TextMessage.objects.get(sid=sid)
    done = TextReply.objects.filter(message=message).first()
    if done is not None:
        return done
    text, session = _answer(message)
    with transaction.atomic(durable=True):
        TextReply.objects.bulk_create(
            [TextReply(message=message, body=text, session=session, at=clock.now())], ignore_conflicts=True
        )
    return TextReply.objects.get(message=message)


def _answer(message: TextMessage) -> tuple[str, Session | None]:
    number = message.sender
    if not ratelimit.hit("text", number, limit=PER_PHONE, per=PER_HOUR):
        first = ratelimit.used("text", number) == PER_PHONE + 1
        return (gsm.fit(TOO_MANY) if first else ""), None
    person = phones.person_of(number)
    try:
        email = EMAIL.search(message.body)
        if email is not None:
            return _connect(message, email.group().lower(), person), None
        typed = _code_in(message.body)
        if not typed:
            return gsm.fit(HELP), None
        if _proves(number, typed):
            return gsm.fit(PROVED), None
        session = _session(message, typed, person)
        return _check_in(session, number, person), session
    except DomainError as error:
        return gsm.fit(error.messages[0] if error.messages else HELP), None


def _code_in(body: str) -> str:
    """The code of a message such as "sep 4k7", "Code: SEP4K7" or "SEP-4K7 thanks"; empty when there is none."""
    whole = codes.normalize(body)
    if len(whole) == attendance.CODE_LENGTH:
        return whole
    words = [(word, codes.normalize(word)) for word in body.split()]
    fitting = [(word, w) for word, w in words if len(w) == attendance.CODE_LENGTH and set(w) <= set(codes.ALPHABET)]
    # Among other words a code shows by a digit, or by its capitals: "please" is none.
    likely = [w for _word, w in fitting if any(c.isdigit() for c in w)] + [w for word, w in fitting if word.isupper()]
    return (likely or [""])[0]


def _proves(number: str, typed: str) -> bool:
    """Whether it is the code that the profile showed to prove this phone, now or by the same message a moment ago."""
    waiting = PhoneCode.objects.filter(
        address__value=number, address__removed_at=None, used_at=None, expires_at__gte=clock.now()
    )
    if waiting.exists():
        try:
            phones.verify(number=number, code=typed, by=system("text message"))
            return True
        except Invalid:
            pass  # a session's code, most likely
    return phones.proved_just_now(number=number, code=typed)


def _session(message: TextMessage, typed: str, person: Person | None) -> Session:
    """The session of a code. Wrong ones count for the person, else for the phone and for all strangers together."""
    if person is not None:
        return attendance.session_of_code(typed=typed, person_id=person.pk, late=LATE_STEPS)
    if ratelimit.used("text_strangers", "all") >= WRONG_OF_STRANGERS:
        raise Conflict(STRANGERS.format(host=_host()))
    try:
        return attendance.session_of_code(typed=typed, person_id=message.sender, late=LATE_STEPS)
    except Invalid:
        note(attendance.WRONG_CODE, message, system("text message"))
        ratelimit.hit("text_strangers", "all", limit=WRONG_OF_STRANGERS, per=WINDOW)
        raise


def _check_in(session: Session, number: str, person: Person | None) -> str:
    zone = session.activity.zone
    if person is None:
        row = attendance.check_in_unknown(
            session_id=session.pk, kind="phone", value=number, method=EvidenceMethod.TEXT, by=system("text message")
        )
        return gsm.fit(IN_UNKNOWN, at=local_time(row.at, zone), title=session.title)
    by = Actor(kind="link", label=f"{person.name_with_degrees}, by text message", person_id=person.pk)
    done = attendance.check_in(session_id=session.pk, person_id=person.pk, method=EvidenceMethod.TEXT, by=by)
    return gsm.fit(IN, at=local_time(done.evidence.at, zone), title=session.title, host=_host())


def _connect(message: TextMessage, email: str, person: Person | None) -> str:
    """An unknown phone named an address: the mailbox decides. The answer never says whether we know the address."""
    if person is not None:
        return gsm.fit(KNOWN)
    phones.ask_mailbox(number=message.sender, email=email, key=message.sid, by=system("text message"))
    return gsm.fit(MAILED)


def _host() -> str:
    return str(settings.PORTAL_BASE_URL.split("://")[-1])
