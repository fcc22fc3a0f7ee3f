"""People in the browser tests: each has a browser context of their own, signs in as people do, reads mail at /demo/mail/."""

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
# Findings of the admin theme itself, by rule (decision 35); our own parts must be clean everywhere.
THEME_RULES = {
    "region",
    "landmark-unique",
    "color-contrast",
    "heading-order",
    "aria-allowed-role",
    "link-name",
    "button-name",
    "scrollable-region-focusable",
}


class Person:
    """One human being at one screen."""

    def __init__(
        self, browser: Browser, url: str, *, size: str = "desktop", scheme: str = "light", script: bool = True
    ) -> None:
        self.url = url
        self.context = browser.new_context(
            viewport=SIZES[size], color_scheme=scheme, java_script_enabled=script, locale="en-US"
        )
        self.context.add_cookies([{"name": "theme", "value": scheme, "url": url}])
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("response", lambda r: self.problems.append(f"{r.status} {r.url}") if r.status >= 500 else None)

    def goto(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.url + path)
        return self.page

    def plays(self, role: str) -> "Person":
        """Sign in by the demo's button."""
        self.goto("/demo/")
        self.page.locator("li", has=self.page.locator(f"strong:text-is('{role}')")).get_by_role("button").click()
        return self

    def signs_in(self, email: str, *, name: tuple[str, str, str, str] | None = None) -> "Person":
        """Sign in by an e-mailed code; a first visitor says who they are: given, family, degrees, profession."""
        self.goto("/sign-in/")
        self.page.get_by_label("Your e-mail address").fill(email)
        self.page.get_by_role("button", name="Send me a code").click()
        code = re.search(r"^([A-Z0-9]{6}) is your code", self.newest_subject(email))
        assert code, "no code arrived"
        self.page.get_by_label("Code", exact=True).fill(code.group(1))
        self.page.get_by_role("button", name="Sign in").click()
        if name:
            for label, value in zip(("First name", "Last name", "Degrees"), name[:3], strict=True):
                self.page.get_by_label(label).fill(value)
            self.page.get_by_label("Profession").select_option(name[3])
            self.page.get_by_role("button", name="Save and go on").click()
        return self

    def newest_subject(self, email: str) -> str:
        """Subject of the newest message to an address, read in a tab of its own."""
        tab = self.context.new_page()
        tab.goto(f"{self.url}/demo/mail/?to={email}")
        text = tab.locator("ul.rows a").first.inner_text()
        tab.close()
        return text

    def link_in_mail(self, email: str, pattern: str, *, subject: str = "") -> str:
        """The first link in the newest message to an address whose address matches."""
        tab = self.context.new_page()
        tab.goto(f"{self.url}/demo/mail/?to={email}")
        tab.locator("ul.rows a", has_text=subject).first.click()
        href = tab.locator(f"main a[href*='{pattern}']").first.get_attribute("href")
        tab.close()
        assert href
        return href

    def shot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sticks = self.page.locator(".flow-foot").count() > 0  # a bar at the window's foot would stand in mid-picture
        self.page.screenshot(path=path, full_page=not sticks)

    def is_accessible(self, *, admin: bool = False) -> None:
        """axe finds nothing on this page; in the admin, the theme's own listed findings are left out."""
        found = Axe().run(self.page).response["violations"]
        ours = [
            f"{f['id']}: {[n['html'][:160] for n in f['nodes'][:3]]}"
            for f in found
            if not (admin and f["id"] in THEME_RULES)
        ]
        assert not ours, f"{self.page.url} {ours}"

    def fits(self) -> None:
        """No sideways scrolling."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, f"{self.page.url} is {wide} px too wide"

    def leaves(self) -> None:
        assert self.problems == []
        self.context.close()
