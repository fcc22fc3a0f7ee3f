"""Faults on the real stack: processes are killed and the broker is taken away in the middle of a claim.

What must hold each time: the claim stands, the certificate arrives once and is mailed once, and nobody acts by hand.
"""

import contextlib
import os
import re
import signal
import threading
import time
import uuid

import pytest
import requests

from tests.e2e.stack import Browser, Stack, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.slow]
PATIENCE = 120  # a dead worker is started again within seconds, beat repeats every ten


@pytest.fixture
def attendee(own_stack: Stack) -> Browser:
    """A new learner who checked in to a session of their own that just ended, and answered the evaluation."""
    browser = Browser(own_stack)
    email = f"fault-{uuid.uuid4().hex[:10]}@example.org"
    browser.sign_in(email)
    browser.introduce("Robin", "Faultier")
    code, number = session_that_can_be_claimed(own_stack)
    answer = browser.submit("/check-in/", {"code": code})
    assert "/checked-in/" in answer.url, answer.text[:2000]
    evaluate(browser, number)
    browser.number, browser.email = number, email  # type: ignore[attr-defined]
    return browser


def session_that_can_be_claimed(stack: Stack) -> tuple[str, str]:
    """A session of the weekly series whose check-in and claim windows are both open: no page waits an hour for a test."""
    number, activity = stack.sql(
        "SELECT number, id FROM activities_activity WHERE title = 'Medicine Grand Rounds' AND kind = 'RSS' LIMIT 1"
    )[0]
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    code = "".join(alphabet[b % 32] for b in uuid.uuid4().bytes[:6])
    stack.sql(
        """INSERT INTO activities_session (activity_id, status, kind, title, starts_at, ends_at, room, method, evolving_topic, check_in_code, code_released_at, sequence, check_in_by, check_out)
           VALUES (%s, 'ready', 'education', 'A session for one test', now() - interval '61 minutes', now() - interval '1 minute', 'Here', 'lecture', false, %s, now(), 0, 'same', false)""",
        activity, code,
    )  # fmt: skip
    return code, number


def evaluate(browser: Browser, number: str) -> None:
    path = f"/activities/{number}/evaluation/"
    page = browser.get(path)
    if "/claim/" in page.url:
        return
    answers = dict.fromkeys(re.findall(r'type="radio" name="(q\d+)"', page.text), "5")
    answers |= {
        name: "yes"
        for name in re.findall(r'name="(q\d+)"[^>]*value="yes"|value="yes"[^>]*name="(q\d+)"', page.text)
        for name in name
        if name
    }
    after = browser.submit(path, answers)
    assert "/claim/" in after.url, after.text[:3000]


def claim(browser: Browser) -> requests.Response:
    path = f"/activities/{browser.number}/claim/"  # type: ignore[attr-defined]
    page = browser.get(path)
    chosen = dict(re.findall(r'name="(s\d+)"[^>]*?value="([^"]*)"', page.text))
    assert chosen, page.text[:3000]
    return browser.submit(path, chosen)


def outcome(stack: Stack, email: str) -> dict[str, int]:
    """What the database holds for this learner now."""
    row = stack.sql(
        """SELECT count(DISTINCT c.id), count(DISTINCT t.id), count(DISTINCT t.id) FILTER (WHERE t.status = 'issued'), count(DISTINCT f.certificate_id)
           FROM accounts_personaddress a JOIN credits_claim c ON c.person_id = a.person_id LEFT JOIN credits_certificate t ON t.claim_id = c.id
           LEFT JOIN credits_certificatefile f ON f.certificate_id = t.id WHERE a.value = %s""",
        email,
    )[0]
    mails = stack.sql(
        "SELECT count(*), count(sent_at) FROM common_outboxmessage WHERE \"to\" = %s AND template = 'certificate_ready'",
        email,
    )[0]
    return dict(zip(("claims", "certificates", "issued", "files", "mails", "sent"), (*row, *mails), strict=True))


ONCE = {"claims": 1, "certificates": 1, "issued": 1, "files": 1, "mails": 1, "sent": 1}


def arrives_once(stack: Stack, email: str, within: float = PATIENCE) -> None:
    try:
        wait_for(f"certificate of {email}", lambda: outcome(stack, email) == ONCE, within)
    except AssertionError as error:
        raise AssertionError(
            f"{error}; there is {outcome(stack, email)}. Worker:\n{stack.logs('worker')}\nBeat:\n{stack.logs('beat', 5)}"
        ) from None
    time.sleep(12)  # longer than beat's pause: a repeated job would show now
    assert outcome(stack, email) == ONCE


@contextlib.contextmanager
def workers_held(stack: Stack):
    """The pool's processes stand still, so that a job is surely in somebody's hands when they are killed."""
    pool = stack.children("worker")
    assert pool, stack.logs("worker")
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)
    yield pool


def taken_by_a_worker(stack: Stack, email: str) -> bool:
    rows = stack.sql(
        """SELECT j.state FROM common_job j JOIN credits_certificate t ON j.key = 'certificate:' || t.id JOIN credits_claim c ON c.id = t.claim_id
           JOIN accounts_personaddress a ON a.person_id = c.person_id WHERE a.value = %s""",
        email,
    )
    return rows == [("running",)]


def test_without_a_fault_the_certificate_arrives_once(own_stack, attendee):
    began = time.monotonic()
    assert "/claims/" in claim(attendee).url
    wait_for("certificate", lambda: outcome(own_stack, attendee.email)["issued"] == 1, 15)
    assert time.monotonic() - began < 15
    arrives_once(own_stack, attendee.email)


def test_pool_process_killed_while_rendering(own_stack, attendee):
    """The process that holds the job dies by SIGKILL: its message is delivered again at once."""
    holding = threading.Event()

    def kill_who_renders() -> None:
        # As soon as the job is leased, whoever has it is stopped and killed, whatever it was doing.
        wait_for("a worker takes the job", lambda: taken_by_a_worker(own_stack, attendee.email), 30, every=0.005)
        for pid in own_stack.children("worker"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        holding.set()

    killer = threading.Thread(target=kill_who_renders)
    killer.start()
    assert "/claims/" in claim(attendee).url
    killer.join(40)
    assert holding.is_set()
    assert outcome(own_stack, attendee.email)["claims"] == 1
    arrives_once(own_stack, attendee.email)


def test_worker_killed_as_a_whole_before_it_can_answer(own_stack, attendee):
    """Main process and pool die together with the message unacknowledged: the supervisor restarts, beat repeats."""
    with workers_held(own_stack):
        assert "/claims/" in claim(attendee).url
        own_stack.kill_leader_and_children("worker")
    assert outcome(own_stack, attendee.email)["claims"] == 1
    arrives_once(own_stack, attendee.email)


def test_broker_gone_during_a_claim(own_stack, attendee):
    """The nudge is lost; the claim is answered within seconds, and the certificate comes when the broker is back."""
    with own_stack.broker_gone():
        began = time.monotonic()
        answer = claim(attendee)
        waited = time.monotonic() - began
        assert answer.status_code == 200
        assert "/claims/" in answer.url
        assert outcome(own_stack, attendee.email)["claims"] == 1
        assert waited < 15, f"The learner waited {waited:.0f} s for a broker that is away."
        time.sleep(3)
        assert outcome(own_stack, attendee.email)["issued"] == 0
    arrives_once(own_stack, attendee.email)


def test_web_process_killed_between_claim_and_certificate(own_stack, attendee):
    """The claim is committed, then every web process dies: the certificate does not need them."""
    page = f"/activities/{attendee.number}/claim/"
    with workers_held(own_stack) as pool:
        assert "/claims/" in claim(attendee).url
        own_stack.kill_leader_and_children("web")
        for pid in pool:
            os.kill(pid, signal.SIGCONT)
    wait_for("web server is back", own_stack.answers, PATIENCE)
    arrives_once(own_stack, attendee.email)
    assert attendee.get(page).status_code == 200  # still signed in: sessions are rows
