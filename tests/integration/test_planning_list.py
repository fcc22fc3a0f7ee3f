"""A planner's own list: what waits for them first, found by words, a page at a time."""

import datetime as dt
import re

import pytest

from activities.views.manage import PER_PAGE
from common import clock
from common.templatetags.cme import local
from tests.factories import ActivityFactory, SessionFactory
from tests.integration.planning_cases import School, count_queries

pytestmark = pytest.mark.django_db
URL = "/plan/"


@pytest.fixture
def school():
    return School()


@pytest.fixture
def page(client, school):
    client.force_login(school.planner)
    return client


def titles(page, query=""):
    return re.findall(r'result-title"><a [^>]*>([^<]*)<', page.get(URL + query).content.decode())


def approved(school, title, status="published", **values):
    at = clock.now()
    dates = {"approved_at": at, "designated_at": at, "published_at": at}
    return school.draft(title=title, status=status, **dates, **values)


def meets(activity, days, **values):
    at = clock.now() + dt.timedelta(days=days)
    SessionFactory(activity=activity, starts_at=at, ends_at=at + dt.timedelta(hours=1), **values)


def test_what_waits_for_the_planner_comes_first_and_what_is_over_last(page, school):
    today = clock.today("America/New_York")
    day = dt.timedelta(days=1)
    approved(school, "Over in spring", "closed", starts_on=today - 200 * day)
    approved(school, "Over last week", "ended", starts_on=today - 7 * day)
    school.draft(title="Withdrawn without a day", status="withdrawn", starts_on=None)
    approved(school, "Open, nothing planned", starts_on=today - 300 * day)
    later = approved(school, "Meets next week", starts_on=today - 300 * day)
    meets(later, 7)
    soon = approved(school, "Meets tomorrow", starts_on=today + day)
    meets(soon, 1)
    meets(soon, 0.5, status="cancelled")
    meets(soon, 0.5, kind="break")
    meets(soon, 0.5, removed_at=clock.now())
    school.draft(title="Sent", status="submitted", starts_on=today + 60 * day)
    school.draft(title="Draft without a day", starts_on=None)
    school.draft(title="Draft of May", starts_on=today + 150 * day)
    school.draft(title="Draft of March", starts_on=today + 90 * day)
    school.draft(title="Sent back", status="returned", starts_on=today + 300 * day)

    assert titles(page) == [
        "Sent back", "Draft of March", "Draft of May", "Draft without a day", "Sent", "Meets tomorrow", "Meets next week",
        "Open, nothing planned", "Over last week", "Over in spring", "Withdrawn without a day",
    ]  # fmt: skip


def test_each_line_says_what_is_next(page, school):
    returned = school.draft(title="Sent back", status="returned")
    returned.change_requests.create(section="agenda", text="Why?", asked_at=clock.now(), asked_by=school.staff.person)
    returned.change_requests.create(
        section="agenda", text="Done", asked_at=clock.now(), asked_by=school.staff.person, settled_at=clock.now(), settled_by=school.staff.person,
    )  # fmt: skip
    school.draft(title="Sent back, answered", status="returned")
    school.draft(title="No day", starts_on=None)
    school.draft(title="Sent", status="submitted", answer_due_on=dt.date(2031, 3, 4))
    school.draft(title="Sent, no date", status="in_review", answer_due_on=None)
    running = approved(school, "Open")
    meets(running, 3)

    text = page.get(URL).content.decode()
    said = re.findall(r'result-title"><a [^>]*>([^<]*)<.*?</span><span>([^<]*)</span></div>', text, re.S)

    assert dict(said) == {
        "Sent back": "1 request to answer", "Sent back, answered": "Send it back when it is done", "No day": "Say when it takes place",
        "Sent": "You’ll hear by Tue, Mar 4, 2031", "Sent, no date": "", "Open": f"Next: {local(running.sessions.get().starts_at, running.zone)}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "found"),
    [("grand", ["Grand Rounds"]), ("GRAND rounds", ["Grand Rounds"]), ("series", ["Grand Rounds"]), ("course", ["Sepsis & <shock>"]), ("nephro", ["Grand Rounds", "Sepsis & <shock>"]),
     ("2024-0071", ["Sepsis & <shock>"]), ("gout", [])],
)  # fmt: skip
def test_words_find_title_number_department_and_kind(page, school, words, found):
    school.department.name = "Nephrology"
    school.department.save()
    school.draft(title="Grand Rounds", kind="RSS")
    school.draft(title="Sepsis & <shock>", kind="C", number="2024-0071")
    ActivityFactory(title="Grand Rounds of others", kind="RSS")

    shown = [t.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for t in titles(page, f"?q={words}")]

    assert sorted(shown) == found


def test_words_and_a_filter_narrow_together_and_lead_to_each_other(page, school):
    for title, status in (("Gout", "draft"), ("Gout again", "submitted"), ("Sepsis", "draft")):
        school.draft(title=title, status=status)

    text = page.get(f"{URL}?q=gout&show=writing").content.decode()

    assert titles(page, "?q=gout&show=writing") == ["Gout"]
    assert re.findall(r'<li><a href="([^"]*)"[^>]*>[^<]*<span class="n">(\d+)', text) == [
        ("/plan/?q=gout", "2"), ("?show=writing&amp;q=gout", "1"), ("?show=office&amp;q=gout", "1"), ("?show=running&amp;q=gout", "0"), ("?show=over&amp;q=gout", "0"),
    ]  # fmt: skip
    assert '<input type="hidden" name="show" value="writing">' in text
    assert 'value="gout"' in text


def test_nothing_found_says_so(page, school):
    school.draft(title="Gout")
    text = page.get(f"{URL}?q=<b>").content.decode()
    assert "None of your activities here says “&lt;b&gt;”." in text
    assert titles(page, "?q=<b>") == []


def test_a_long_list_comes_in_pages_at_the_same_cost(page, school):
    school.draft(title="First", status="returned")
    school.draft(title="Draft 99", starts_on=dt.date(2031, 12, 31))
    page.get(URL)
    one = count_queries(lambda: page.get(URL))
    for n in range(PER_PAGE + 2):
        school.draft(title=f"Draft {n:02}", starts_on=dt.date(2031, 1, 1) + dt.timedelta(days=n))

    assert count_queries(lambda: page.get(URL)) == one
    assert (len(titles(page)), titles(page)[0], titles(page, "?page=2")) == (PER_PAGE, "First", ["Draft 19", "Draft 20", "Draft 21", "Draft 99"])  # fmt: skip
