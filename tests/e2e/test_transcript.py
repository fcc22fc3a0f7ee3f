"""The transcript on a phone: a line from elsewhere, a filter, and a link that a stranger opens."""

import re
import uuid
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import Person

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("script", [True, False])
def test_filtered_and_shared(browser: Browser, portal: str, script: bool) -> None:
    """Also without a script (decision 34)."""
    title = f"Harbor meeting {uuid.uuid4().hex[:8]}"
    whom = f"Credentialing {title[-8:]}"
    learner = Person(browser, portal, size="phone", script=script).plays("Physician")
    page = learner.goto("/transcript/elsewhere/")
    for label, value in {
        "Activity": title,
        "Provider": "Harbor Medical Society",
        "Completed on": "2026-04-18",
        "Amount": "6.50",
    }.items():
        page.get_by_label(label, exact=True).fill(value)
    learner.fits()
    if script:
        learner.is_accessible()
    page.get_by_role("button", name="Add to my transcript").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transcript")
    elsewhere = page.locator("section[aria-labelledby=elsewhere]")
    expect(elsewhere).to_contain_text("Not verified")
    expect(elsewhere).to_contain_text(title)
    learner.fits()
    if script:
        learner.is_accessible()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Words in it").fill(title)
    page.get_by_role("button", name="Show these lines").click()
    expect(page.locator("table")).to_have_count(1)
    expect(elsewhere).to_contain_text(title)
    page.get_by_role("link", name="Share by a link").click()
    page.get_by_label("For whom").fill(whom)
    learner.fits()
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#link").inner_text().strip()
    if script:
        learner.is_accessible()
    stranger = Person(browser, portal, size="phone", script=script)
    seen = stranger.goto(urlsplit(link).path)
    expect(seen.get_by_role("heading", level=1)).to_contain_text("Transcript of")
    expect(seen.locator("main")).to_contain_text(title)
    expect(seen.locator("table")).to_have_count(1)
    stranger.fits()
    if script:
        stranger.is_accessible()
    learner.goto("/transcript/links/")
    mine = page.locator("tr", has_text=whom).first
    expect(mine).to_contain_text("1 time")
    mine.get_by_role("button", name=re.compile("^End it")).click()
    answer = stranger.page.goto(portal + urlsplit(link).path)
    assert answer
    assert answer.status == 410
    stranger.problems.clear()  # the browser notes the 410
    stranger.leaves()
    learner.goto("/transcript/requirements/ct_md/")
    page.get_by_label("Renewal on").fill("2027-03-31")
    learner.fits()
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("#ct_md")).to_contain_text("of 50.00 hours")
    learner.fits()
    if script:
        learner.is_accessible()
    learner.goto("/transcript/")
    elsewhere.locator("tr", has_text=title).get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Remove this line").click()
    page.get_by_role("button", name="Undo").click()
    expect(elsewhere).to_contain_text(title)
    learner.leaves()
