"""Meters of what states ask for: what they may never do, and the cases that most software gets wrong."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits.meters import Earning, Profile, Rule, Standing, measure, starts_on

DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2027, 12, 31))
TOPICS = ("pain", "ethics", "sud")


@st.composite
def earnings(draw):
    minutes = draw(st.integers(0, 2000))
    topics = draw(st.dictionaries(st.sampled_from(TOPICS), st.integers(0, 2000)))
    kinds = {"ama_pra_1": minutes} | draw(st.sampled_from([{}, {"ancc": minutes}]))
    return Earning(draw(DAYS), minutes, kinds, topics, draw(st.booleans()))


RULES = st.builds(
    Rule, st.just("r"), st.just("R"), st.decimals(Decimal("0.25"), Decimal(60), places=2),
    st.sampled_from(["cycle", "year", "first", "first_then_years", "nth", "once"]), st.integers(1, 6),
    st.lists(st.sampled_from(TOPICS), unique=True).map(tuple), st.sampled_from([(), ("ama_pra_1",), ("ancc",)]),
)  # fmt: skip
PROFILES = st.builds(
    lambda rule, hour, exempt: Profile(hour, (rule,), exempt), RULES, st.sampled_from([50, 60]), st.integers(0, 2)
)
STANDINGS = st.builds(
    lambda day, months, n: Standing(starts_on(day, months), day, n), st.dates(dt.date(2024, 1, 1), dt.date(2028, 1, 1)), st.sampled_from([12, 24, 36]), st.integers(1, 9)
)  # fmt: skip


@given(PROFILES, STANDINGS, st.lists(earnings(), max_size=8))
def test_a_meter_never_says_more_than_there_is(profile, standing, held):
    (meter,) = measure(profile, standing, held)
    inside = [e for e in held if (meter.since is None or meter.since <= e.on) and e.on <= meter.until]
    assert 0 <= meter.unverified <= meter.had <= sum(e.minutes for e in inside)
    assert meter.unverified <= sum(e.minutes for e in inside if not e.verified)
    assert meter.hours_had * profile.minutes_per_hour <= meter.had
    assert meter.hours_missing * profile.minutes_per_hour >= meter.missing_minutes
    assert (meter.state == "open") == (meter.state != "not_due" and meter.missing_minutes > 0)


@given(PROFILES, STANDINGS, st.lists(earnings(), max_size=6), earnings())
def test_more_credit_never_means_less(profile, standing, held, more):
    (before,), (after,) = measure(profile, standing, held), measure(profile, standing, [*held, more])
    assert after.had >= before.had
    assert after.needed == before.needed


@given(PROFILES, STANDINGS, st.lists(earnings(), max_size=6), st.randoms())
def test_the_order_does_not_matter(profile, standing, held, random):
    shuffled = list(held)
    random.shuffle(shuffled)
    assert measure(profile, standing, shuffled) == measure(profile, standing, held)


# --- by the rulebook ------------------------------------------------------------------------------------------

RENEWAL = dt.date(2027, 3, 31)
CT = Profile(
    50, (Rule("total", "Contact hours", Decimal(50)), Rule("assault", "Sexual assault", Decimal(1), "first_then_years", 6, ("sexual_assault",))), exempt=1,
)  # fmt: skip


def ct(renewal, *held):
    found = measure(CT, Standing(starts_on(RENEWAL, 24), RENEWAL, renewal), held)
    return {m.rule.key: (m.state, m.hours_had, m.since) for m in found}


def earned(on, minutes, **topics):
    return Earning(on, minutes, {"ama_pra_1": minutes}, topics)


def test_a_contact_hour_of_connecticut_has_fifty_minutes():
    """ST-CT-1: 2,500 minutes are 50 contact hours; 41.75 credits do, 41.50 do not."""
    assert ct(3, earned(dt.date(2026, 5, 1), 2505))["total"][:2] == ("met", Decimal("50.10"))
    assert ct(3, earned(dt.date(2026, 5, 1), 2490))["total"][:2] == ("open", Decimal("49.80"))


def test_the_first_renewal_of_connecticut_asks_for_nothing():
    assert {state for state, _had, _since in ct(1).values()} == {"not_due"}


@pytest.mark.parametrize(
    ("renewal", "on", "state"),
    [
        (2, dt.date(2025, 4, 1), "met"), (2, dt.date(2025, 3, 31), "open"),  # the first that asks: within its own cycle
        (3, dt.date(2025, 3, 31), "met"), (3, dt.date(2021, 4, 1), "met"), (3, dt.date(2021, 3, 31), "open"),  # then within six years
        (3, RENEWAL, "met"), (3, RENEWAL + dt.timedelta(days=1), "open"),
    ],
)  # fmt: skip
def test_first_renewal_then_every_six_years(renewal, on, state):
    assert ct(renewal, earned(on, 60, sexual_assault=50))["assault"][0] == state


def test_fifty_minutes_of_a_topic_not_of_a_talk():
    assert ct(2, earned(dt.date(2026, 1, 1), 120, sexual_assault=49))["assault"][0] == "open"


@pytest.mark.parametrize(
    ("renewal", "state"), [(1, "not_due"), (2, "not_due"), (3, "open"), (4, "not_due"), (6, "open")]
)
def test_every_third_renewal(renewal, state):
    """ST-FL-1."""
    florida = Profile(60, (Rule("violence", "Domestic violence", Decimal(2), "nth", 3, ("domestic_violence",)),))
    (meter,) = measure(florida, Standing(starts_on(RENEWAL, 24), RENEWAL, renewal), [])
    assert meter.state == state


def test_a_year_does_not_make_up_for_another():
    """ST-MI-1: an hour on implicit bias in each year."""
    michigan = Profile(60, (Rule("bias", "Implicit bias", Decimal(1), "year", 0, ("implicit_bias",)),))
    where = Standing(starts_on(RENEWAL, 36), RENEWAL, 2)
    (one,) = measure(michigan, where, [earned(dt.date(2025, 6, 1), 180, implicit_bias=180)])
    assert (one.needed, one.had, one.state) == (180, 60, "open")
    each = [earned(dt.date(year, 6, 1), 60, implicit_bias=60) for year in (2024, 2025, 2026)]
    assert measure(michigan, where, each)[0].state == "met"


def test_once_counts_whatever_the_date_and_conditions_are_asked():
    """FED-DEA-1: past training counts; ST-UT-1: prescribers only."""
    rules = (
        Rule("sud", "SUD", Decimal(8), "once", 0, ("sud",)),
        Rule("rx", "Prescribing", Decimal("3.50"), condition="You prescribe"),
    )
    past = [earned(dt.date(2001, 1, 1), 300, sud=300), earned(dt.date(2020, 1, 1), 200, sud=180)]
    where = Standing(starts_on(RENEWAL, 24), RENEWAL)
    assert [(m.rule.key, m.state) for m in measure(Profile(60, rules), where, past)] == [("sud", "met")]
    asked = Standing(where.starts_on, RENEWAL, 2, frozenset({"rx"}))
    assert [m.rule.key for m in measure(Profile(60, rules), asked, past)] == ["sud", "rx"]


def test_one_hour_of_two_types_is_one_hour():
    both = Earning(dt.date(2026, 1, 1), 60, {"ama_pra_1": 60, "ancc": 60})
    rule = Profile(60, (Rule("total", "Hours", Decimal(2)),))
    assert measure(rule, Standing(starts_on(RENEWAL, 24), RENEWAL), [both])[0].had == 60


def test_a_rule_for_a_type_counts_its_credit_and_no_other():
    """ST-UT-1: 34 hours of Category 1 are 34 credits; two credits for an hour of teaching are two (AMA-FMT-1T)."""
    taught = Earning(dt.date(2026, 1, 1), 60, {"ama_pra_1_teaching": 120, "ama_pra_1": 0})
    rules = (Rule("all", "Hours", Decimal(9)), Rule("cat1", "Category 1", Decimal(9), kinds=("ama_pra_1", "ama_pra_1_teaching")), Rule("rn", "Contact hours", Decimal(9), kinds=("ancc",)))  # fmt: skip
    found = measure(Profile(60, rules), Standing(starts_on(RENEWAL, 24), RENEWAL), [taught])
    assert [m.had for m in found] == [60, 120, 0]
