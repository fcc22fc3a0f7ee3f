"""“Why don’t I have this credit?” on a phone: the answer, the one button, the coordinator’s word, the certificate."""

import re
import uuid

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.people import Person

pytestmark = pytest.mark.browser
ROUNDS = "Medicine Grand Rounds"


@pytest.mark.parametrize("script", [True, False])
def test_credit_without_a_check_in_is_two_taps_and_one_confirmation(
    browser: Browser, portal: str, script: bool
) -> None:
    family = f"Missing{uuid.uuid4().hex[:6]}"
    learner = Person(browser, portal, size="phone", script=script)
    learner.signs_in(f"{family.lower()}@lakeshore.example", name=("Mira", family, "MD", "physician"))
    page = learner.goto("/")
    page.get_by_role("link", name="Why don’t I have this credit?").first.click()
    if script:
        learner.is_accessible()
    learner.fits()
    page.get_by_role("searchbox").fill(ROUNDS)
    page.get_by_role("button", name="Find").click()
    page.locator("main ul.rows a").nth(1).click()  # the one before today's
    address = page.url
    verdict = page.locator("[data-verdict]")
    expect(verdict).to_have_attribute("data-verdict", "no_evidence")
    expect(page.locator("ol.checks")).to_contain_text("Looked for 1 e-mail address")
    if script:
        learner.is_accessible()
    learner.fits()
    page.get_by_role("button", name="I was there").click()
    expect(verdict).to_have_attribute("data-verdict", "asked")

    coordinator = Person(browser, portal).plays("Coordinator")
    desk = coordinator.goto("/plan/")
    desk.get_by_role("link", name=ROUNDS, exact=True).first.click()
    desk.get_by_role("link", name=re.compile("Requests")).first.click()
    desk.get_by_label(re.compile(family)).check()
    coordinator.is_accessible()
    desk.get_by_role("button", name="Confirm attendance").click()
    expect(desk.locator("section[aria-labelledby=done]")).to_contain_text(family)

    learner.goto(address)
    if verdict.get_attribute("data-verdict") == "evaluation":
        verdict.get_by_role("link").click()
        for scale in page.locator(".scale").all():
            scale.locator("label").nth(3).click()
        page.locator(".choice", has_text=re.compile(r"^\s*Yes\s*$")).first.click()
        page.get_by_role("button", name="Next: choose credit").click()
    else:
        expect(verdict).to_have_attribute("data-verdict", "claimable")
        verdict.get_by_role("link").click()
    page.locator(".flow-foot button[type=submit]").click()
    download = page.get_by_role("link", name="Download PDF")
    for _ in range(0 if script else 20):
        if download.count():
            break
        page.get_by_role("link", name="Show certificate").click()
        page.wait_for_timeout(500)
    expect(download).to_be_visible(timeout=20_000)
    learner.goto(address)
    expect(verdict).to_have_attribute("data-verdict", "claimed")
    for one in (coordinator, learner):
        one.leaves()
