"""The room in the browser: a code that is typed, one that changes on the screen, a tablet that loses its network."""

import re
import uuid

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.e2e.people import Person

pytestmark = pytest.mark.browser
ROUNDS = "Medicine Grand Rounds"


def coordinator_at_the_session(browser: Browser, portal: str) -> tuple[Person, str]:
    """The coordinator of the series, and the address of the session that runs now."""
    coordinator = Person(browser, portal).plays("Coordinator")
    page = coordinator.goto("/plan/")
    page.get_by_role("link", name=ROUNDS, exact=True).first.click()
    running = page.locator("tr", has=page.locator(".status", has_text=re.compile("Open|Running")))
    running.get_by_role("link").first.click()
    found = re.search(r"(/plan/\d{4}-\d{4}/sessions/\d+/)$", page.url)
    assert found
    return coordinator, found[1]


def learner(browser: Browser, portal: str, family: str) -> Person:
    email = f"{family.lower()}.{uuid.uuid4().hex[:8]}@lakeshore.example"
    return Person(browser, portal, size="phone").signs_in(email, name=("Petra", family, "MD", "physician"))


def choose_code(coordinator: Person, session: str, which: str) -> None:
    page = coordinator.goto(session)
    page.locator(f"[name=check_in_by][value={which}]").check()
    page.get_by_role("button", name="Save check-in").click()
    expect(page.locator(".messages")).to_contain_text("Saved")


def test_the_code_of_the_room_is_typed(browser: Browser, portal: str) -> None:
    coordinator, session = coordinator_at_the_session(browser, portal)
    page = coordinator.goto(f"{session}present/")
    coordinator.is_accessible()
    code = page.locator(".big-code").inner_text()
    person = learner(browser, portal, "Typed")
    person.goto("/check-in/").get_by_label("Session code").fill(code.lower())
    person.page.get_by_role("button", name="Check in", exact=True).last.click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("You’re checked in")
    coordinator.goto(f"{session}door/")
    expect(coordinator.page.locator("#there")).to_contain_text("Petra Typed, MD")
    coordinator.is_accessible()
    for one in (coordinator, person):
        one.leaves()


def test_a_code_that_changes_is_scanned_before_signing_in(browser: Browser, portal: str) -> None:
    """The phone scans, signs in, comes back to the button; the photograph that a friend got is refused."""
    coordinator, session = coordinator_at_the_session(browser, portal)
    choose_code(coordinator, session, "changing")
    page = coordinator.goto(f"{session}present/")
    coordinator.is_accessible()
    label = page.locator(".qr-box svg").get_attribute("aria-label") or ""
    scanned = re.search(r"https?://[^/]+(/now/\S+/)", label)
    assert scanned
    phone = Person(browser, portal, size="phone")
    phone.goto(scanned[1])
    expect(phone.page.get_by_label("Your e-mail address")).to_be_visible()  # signing in comes first, the scan is kept
    email = f"scan.{uuid.uuid4().hex[:8]}@lakeshore.example"
    phone.page.get_by_label("Your e-mail address").fill(email)
    phone.page.get_by_role("button", name="Send me a code").click()
    code = re.search(r"^([A-Z0-9]{6}) is your code", phone.newest_subject(email))
    assert code
    phone.page.get_by_label("Code", exact=True).fill(code[1])
    phone.page.get_by_role("button", name="Sign in").click()
    for label, value in (("First name", "Sven"), ("Last name", "Scanned"), ("Degrees", "MD")):
        phone.page.get_by_label(label).fill(value)
    phone.page.get_by_label("Profession").select_option("physician")
    phone.page.get_by_role("button", name="Save and go on").click()
    phone.is_accessible()
    phone.fits()
    phone.page.get_by_role("button", name="Check in").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("You’re checked in")
    friend = learner(browser, portal, "Friend")
    friend.page.wait_for_timeout(61_000)
    friend.goto(scanned[1])
    expect(friend.page.locator("main")).to_contain_text("This code has changed")
    friend.is_accessible()
    choose_code(coordinator, session, "same")
    for one in (coordinator, phone, friend):
        one.leaves()


def test_a_tablet_goes_on_without_the_network(browser: Browser, portal: str) -> None:
    coordinator, session = coordinator_at_the_session(browser, portal)
    page = coordinator.goto(f"{session}kiosk/")
    page.get_by_role("button", name="Make a link for a tablet").click()
    coordinator.is_accessible()
    address = str(page.locator("#kiosk-link").get_attribute("href"))
    tablet = Person(browser, portal, size="desktop")
    screen = tablet.goto(address)
    tablet.is_accessible()
    tablet.fits()
    state, field = screen.locator("#state"), screen.locator("#id_value")
    expect(state).to_have_text("Everything is on record")
    expect(screen.locator("#kiosk")).to_have_attribute("data-reload", "kept")
    before = int(screen.locator("[data-present]").inner_text())
    badge = uuid.uuid4().hex[:8].upper() + "7"
    field.fill(badge)
    field.press("Enter")  # as a badge reader types
    expect(screen.locator("[data-present]")).to_have_text(str(before + 1))
    expect(screen.locator("#whose")).to_be_visible()
    looks = "e => getComputedStyle(e).textAlign"
    aligned = screen.locator(".kiosk-count").evaluate(looks)
    tablet.context.set_offline(True)
    for n in range(2):
        field.fill(f"{badge}{n}")
        field.press("Enter")
        expect(screen.locator("#said")).to_contain_text("You’re in")
    screen.get_by_text("Not on the list?").click()
    screen.locator("#id_guest").fill("Greta Offline")
    screen.locator("#id_address").fill(f"greta.{badge.lower()}@lakeshore.example")
    screen.get_by_role("button", name="I’m here").click()
    expect(screen.locator("#said")).to_contain_text("You’re in, Greta Offline")
    expect(state).to_contain_text("3 kept on this tablet")
    screen.reload()  # the page, its look and what it kept are there again
    expect(state).to_contain_text("3 kept on this tablet")
    assert screen.locator(".kiosk-count").evaluate(looks) == aligned == "right"
    field.fill(f"{badge}8")
    field.press("Enter")
    expect(state).to_contain_text("4 kept on this tablet")
    screen.evaluate(
        "() => { window.room = Storage.prototype.setItem; Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
    )
    field.fill(f"{badge}7")
    field.press("Enter")  # no room is left on the tablet: this one stays with the page
    expect(state).to_contain_text("5 kept on this tablet")
    screen.evaluate("() => { Storage.prototype.setItem = window.room; }")
    tablet.context.set_offline(False)
    expect(state).to_have_text("Everything is on record", timeout=25_000)
    expect(screen.locator("[data-present]")).to_have_text(str(before + 6))
    screen.reload()
    expect(state).to_have_text("Everything is on record")
    coordinator.goto(f"{session}door/")
    expect(coordinator.page.locator("#there")).to_contain_text("Greta Offline")
    coordinator.goto(f"{session}kiosk/").get_by_role("button", name=re.compile("^Close")).first.click()
    field.fill(f"{badge}9")
    field.press("Enter")
    expect(state).to_contain_text("This kiosk is closed")
    tablet.context.set_offline(True)
    with pytest.raises(Error):  # a closed kiosk leaves nothing behind to open
        screen.reload()
    tablet.context.set_offline(False)
    coordinator.leaves()
    tablet.leaves()
