"""A series in the browser (case 2): weekly at noon local time, across the clock change, holidays left out."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import Person

pytestmark = pytest.mark.browser


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
