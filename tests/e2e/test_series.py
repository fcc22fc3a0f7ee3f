"""A series in the browser (case 2): weekly at noon local time, across the clock change, holidays left out."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.e2e.people import Person
from tests.e2e.stack import Stack, wait_for

pytestmark = pytest.mark.browser
ROUNDS = "Medicine Grand Rounds"
EVERY_PROCESS_KNOWS = 1_500  # ms: each asks once a second where the demo's clock stands


@pytest.fixture
def clock(browser: Browser, stack: Stack) -> Iterator["Clock"]:
    """Moves the demo's present, and back."""
    found = Clock(browser, stack.url)
    yield found
    found.move_to(dt.datetime.now(dt.UTC))
    found.operator.leaves()


class Clock:
    def __init__(self, browser: Browser, url: str) -> None:
        self.operator = Person(browser, url)

    def move_to(self, moment: dt.datetime) -> None:
        hours = (moment - dt.datetime.now(dt.UTC)).total_seconds() / 3600
        page = self.operator.goto("/demo/clock/")
        page.get_by_label("Hours from the real time").fill(f"{hours:.4f}")
        page.get_by_role("button", name="Move").click()
        page.wait_for_timeout(EVERY_PROCESS_KNOWS)


@pytest.mark.parametrize(("size", "script"), [("desktop", True), ("phone", False)])
def test_tuesdays_at_noon_from_september_to_june(browser: Browser, portal: str, size: str, script: bool) -> None:
    """Preview, then confirm; also without a script (decision 34)."""
    planner = Person(browser, portal, size=size, script=script).plays("Activity director")
    page = planner.goto("/plan/new/")
    page.locator("[name=title]").fill("Tuesday Rounds of the Browser Test")
    page.locator("[name=kind][value=RSS]").check()
    page.locator("[name=department]").select_option(label="Medicine")
    page.locator("[name=part]").select_option("director")
    page.locator("main form button[type=submit]").last.click()
    number = re.search(r"/plan/(\d{4}-\d{4})/", page.url)
    assert number
    year = dt.date.today().year + 1
    planner.goto(f"/plan/{number.group(1)}/series/")
    page.get_by_label("Tuesday", exact=True).check()
    answers = {"starts_on": f"{year}-09-01", "ends_on": f"{year + 1}-06-15", "start_time": "12:00", "minutes": "60"}
    for name, value in answers.items():
        page.locator(f"[name={name}]").fill(value)
        page.locator(f"[name={name}]").blur()
    if not script:
        page.get_by_role("button", name="Show the dates").click()
    dates = page.locator("#dates")
    expect(dates).to_contain_text("sessions")
    expect(dates).to_contain_text("left out", ignore_case=True)
    planner.fits()
    if script:
        planner.is_accessible()
    page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dates of the series")
    sessions = page.locator("section[aria-labelledby=sessions]")
    expect(sessions).to_contain_text("12:00")
    planner.goto(f"/plan/{number.group(1)}/agenda/")
    page.locator("[name=credit_types][value=ama_pra_1]").check()
    page.get_by_role("button", name="Save and stay").click()
    expect(page.locator("main")).to_contain_text("60 minutes a session")
    planner.leaves()


def test_two_weeks_of_check_ins_are_one_claim(browser: Browser, stack: Stack, clock: Clock) -> None:
    """Weekly check-in by the code of the room, then one claim for both sessions, and both on one certificate (decision 6)."""
    number = stack.sql("SELECT number FROM activities_activity WHERE title = %s AND kind = 'RSS'", ROUNDS)[0][0]
    weeks = stack.sql(
        """SELECT s.id, s.starts_at, s.ends_at FROM activities_session s JOIN activities_activity a ON a.id = s.activity_id
           WHERE a.number = %s AND s.status <> 'cancelled' AND s.removed_at IS NULL AND s.starts_at > now() + interval '3 hours'
           ORDER BY s.starts_at LIMIT 2""",
        number,
    )  # fmt: skip
    assert len(weeks) == 2
    coordinator = Person(browser, stack.url).plays("Coordinator")
    learner = Person(browser, stack.url, size="phone").signs_in(
        f"weekly.{uuid.uuid4().hex[:8]}@lakeshore.example", name=("Wanda", "Weekly", "MD", "physician")
    )
    for session, starts_at, _ends_at in weeks:
        clock.move_to(starts_at + dt.timedelta(minutes=10))
        code = wait_for(
            "a code in the room", lambda session=session: code_of(coordinator, number, session), 60, every=1
        )
        learner.goto("/check-in/").get_by_label("Session code").fill(code)
        learner.page.get_by_role("button", name="Check in", exact=True).last.click()
        expect(learner.page.get_by_role("heading", level=1)).to_have_text("You’re checked in")
    clock.move_to(weeks[-1][2] + dt.timedelta(minutes=2))
    page = learner.goto(f"/activities/{number}/claim/")
    if "/evaluation/" in page.url:
        for scale in page.locator(".scale").all():
            scale.locator("label").nth(3).click()
        page.locator(".choice", has_text=re.compile(r"^\s*Yes\s*$")).first.click()
        page.get_by_role("button", name="Next: choose credit").click()
    learner.is_accessible()
    learner.fits()
    claim_said = page.locator("main").inner_text()
    page.locator(".flow-foot button[type=submit]").click()
    download = page.get_by_role("link", name="Download PDF")
    expect(download).to_be_visible(timeout=20_000)
    with page.expect_download() as pdf:
        download.click()
    text = " ".join(" ".join(sheet.extract_text() for sheet in PdfReader(pdf.value.path()).pages).split())
    assert "Wanda Weekly, MD" in text
    assert "2.00 AMA PRA Category 1 Credits" in text, text + claim_said
    days = [f"{starts:%b} {starts.day}, {starts.year}" for _id, starts, _ends in weeks]
    assert [day for day in days if day in text] == days
    for person in (coordinator, learner):
        person.leaves()


def code_of(coordinator: Person, number: str, session: int) -> str:
    """What the screen of the room shows, once the session is ready; empty before."""
    page = coordinator.goto(f"/plan/{number}/sessions/{session}/present/")
    found = re.search(r"\b([2-9A-HJ-NP-Z]{3})-?([2-9A-HJ-NP-Z]{3})\b", page.locator("main").inner_text())
    return "".join(found.groups()) if found else ""
