"""Warnings for writers: gaps that are wishes, objectives that nobody can see."""

import pytest

from activities.validators import lint_gap, lint_objective


@pytest.mark.parametrize(
    "text",
    [
        "There is a need for an update on heart failure.",
        "Staff need a refresher.",
        "Updates in sepsis care",
        "Stay current",
    ],
)
def test_lint_gap_warns_of_a_wish(text):
    assert lint_gap(text) != ""


@pytest.mark.parametrize(
    "text", ["", "41% of adults with sepsis get a first antibiotic within one hour.", "Order sets are updated late."]
)
def test_lint_gap_lets_a_gap_pass(text):
    assert lint_gap(text) == ""


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("Understand sepsis", "Understand"),
        ("to know the four classes", "Know"),
        ("Better appreciate teams", "Appreciate"),
        ("Be able to learn", "Learn"),
    ],
)
def test_lint_objective_names_the_verb(text, verb):
    assert f"“{verb}”" in lint_objective(text)


@pytest.mark.parametrize(
    "text", ["", "Start all four classes within four weeks", "Hand titration to a nurse-led visit", "Learnerless start"]
)
def test_lint_objective_lets_a_verb_pass(text):
    assert lint_objective(text) == ""
