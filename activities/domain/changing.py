"""Codes that change on the room's screen: worked out of our secret, the session and the time, kept nowhere.

Every web process works out the same code, and takes the one before and the one after as well: servers' clocks differ by
seconds, and people scan while it changes. The phone's own clock is never asked.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from activities.models import Session
from common import clock, codes

SECONDS = 30
EARLY, LATE = 1, 1  # steps that are taken beside the present one
KNOWN = 40  # steps for which a typed code is still known as one that was there
SCAN_LASTS = dt.timedelta(minutes=15)  # for signing in and reading the disclosure after a scan
CODE_LENGTH, MAC_LENGTH = 6, 12
_BASE = len(codes.ALPHABET)


@dataclass(frozen=True)
class Shown:
    """What the screen shows now: the token in the QR code, the code to type, and for how many seconds."""

    token: str
    code: str
    seconds: int


@dataclass(frozen=True)
class Scan:
    """What a scanned token says: the session, and whether it was on the screen just now."""

    session_id: int
    fresh: bool


def shown(session: Session) -> Shown:
    """The token and the code of this moment."""
    now = clock.now().timestamp()
    step = int(now // SECONDS)
    return Shown(_token(session.pk, step), _code(session.pk, step), int((step + 1) * SECONDS - now) + 1)


def read(token: str) -> Scan | None:
    """What a token says, None for one that we never made."""
    head, _dash, tail = token.partition("-")
    step_text, _dash, _mac = tail.partition("-")
    if not (head.isascii() and head.isdecimal() and step_text.isascii() and step_text.isdecimal()):
        return None
    if len(head) > 18 or len(step_text) > 18:
        return None
    session_id, step = int(head), int(step_text)
    if not hmac.compare_digest(token, _token(session_id, step)):
        return None
    return Scan(session_id, -EARLY <= _now() - step <= LATE)


def session_of(code: str, candidates: Iterable[int], *, late: int = LATE) -> tuple[int | None, bool]:
    """The session among `candidates` whose code this is, and whether it is on the screen still.

    `late` allows for a way that takes its time, such as a text message.
    """
    now, ids = _now(), list(candidates)
    for back in range(-EARLY, KNOWN + 1):
        for session_id in ids:
            if hmac.compare_digest(code, _code(session_id, now - back)):
                return session_id, back <= late
    return None, False


def _now() -> int:
    return int(clock.now().timestamp() // SECONDS)


def _token(session_id: int, step: int) -> str:
    return f"{session_id}-{step}-{_letters(f'scan:{session_id}:{step}', MAC_LENGTH)}"


def _code(session_id: int, step: int) -> str:
    return _letters(f"code:{session_id}:{step}", CODE_LENGTH)


def _letters(text: str, length: int) -> str:
    """So many letters that only we can work out, 5 bits each."""
    number = int.from_bytes(hmac.digest(settings.SECRET_KEY.encode(), f"changing:{text}".encode(), hashlib.sha256))
    letters = []
    for _ in range(length):
        number, rest = divmod(number, _BASE)
        letters.append(codes.ALPHABET[rest])
    return "".join(letters)
