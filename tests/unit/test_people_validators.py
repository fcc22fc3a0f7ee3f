"""Formats of numbers: what passes is kept in one form, what does not says how to mend it."""

import pytest
from django.core.exceptions import ValidationError

from accounts import validators
from accounts.domain.duplicates import SHOW_FROM, Clues, score


@pytest.mark.parametrize("typed", ["1234567893", " 1234-567-893 ", "1245319599"])
def test_npi_with_a_right_check_digit(typed):
    assert validators.npi(typed) in {"1234567893", "1245319599"}


@pytest.mark.parametrize(
    "typed", ["1234567890", "1234567983", "123456789", "12345678930", "3234567891", "١٢٣٤٥٦٧٨٩٣", ""]
)
def test_npi_that_is_none(typed):
    with pytest.raises(ValidationError):
        validators.npi(typed)


def test_every_single_wrong_digit_of_an_npi_is_found():
    """What the Luhn digit over 80840 promises."""
    good = "1234567893"
    for place in range(1, 10):
        for digit in "0123456789":
            if digit != good[place]:
                with pytest.raises(ValidationError):
                    validators.npi(good[:place] + digit + good[place + 1 :])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("202-555-0123", "+12025550123"), ("(202) 555-0123", "+12025550123"), ("1 202 555 0123", "+12025550123"),
        ("+44 20 7946 0958", "+442079460958"), ("011 44 20 7946 0958", "+442079460958"),
    ],
)  # fmt: skip
def test_phones_as_e164(typed, kept):
    assert validators.phone(typed) == kept


@pytest.mark.parametrize(
    "typed", ["555-0123", "102-555-0123", "202-155-0123", "+1234", "202-555-0123 ext 4", "", "+0123456789"]
)
def test_phones_that_are_none(typed):
    with pytest.raises(ValidationError):
        validators.phone(typed)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("abim", "ABIM 123456", "123456"),
        ("nabp", "1234567", "1234567"),
        ("nccpa", "12 345", "12345"),
        ("aba", "1234-5678", "1234-5678"),
    ],
)
def test_numbers_as_kept(kind, typed, kept):
    assert validators.number(kind, typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"), [("abim", "12345"), ("nabp", "12a"), ("nccpa", "none"), ("abp", "=1+1"), ("abs", "x" * 30)]
)
def test_numbers_that_are_none(kind, typed):
    with pytest.raises(ValidationError):
        validators.number(kind, typed)


@pytest.mark.parametrize(
    ("month", "day", "right"),
    [(2, 29, True), (2, 30, False), (4, 31, False), (12, 31, True), (13, 1, False), (1, 0, False)],
)
def test_birthdays(month, day, right):
    if right:
        assert validators.birthday(month, day) == (month, day)
    else:
        with pytest.raises(ValidationError):
            validators.birthday(month, day)


# --- how probable -------------------------------------------------------------------------------------


def points(**clues):
    return score(Clues(1, 2, **clues))[0]


def test_a_common_name_alone_is_no_suggestion_and_a_rare_one_is():
    same = {"name_likeness": 1.0, "same_words": True, "same_profession": True}
    assert points(**same, namesakes=3.0) < SHOW_FROM
    assert points(**same, namesakes=0.01) >= SHOW_FROM


def test_a_shared_phone_of_people_with_other_names_is_a_family():
    assert points(same_phone="+12025550123", name_likeness=0.1, namesakes=1.0) < SHOW_FROM
    assert points(same_phone="+12025550123", name_likeness=1.0, namesakes=1.0) >= SHOW_FROM


def test_the_same_npi_is_suggested_under_another_name_and_different_npis_speak_against_it():
    assert points(same_number="npi 1234567893", name_likeness=0.1) >= SHOW_FROM
    assert points(name_likeness=1.0, same_words=True, namesakes=0.001, other_npi=True, same_specialty=True) < SHOW_FROM


def test_reasons_come_with_their_points_most_telling_first_and_the_contradictions_too():
    total, reasons = score(Clues(1, 2, same_email="a@x.example", name_likeness=1.0, other_profession=True))
    assert [(r.key, r.points) for r in reasons] == [("email", 60), ("name", 40), ("profession", -15)]
    assert total == 85


def test_a_score_stays_between_nothing_and_a_hundred():
    assert points(same_number="npi 1", same_email="a@b", same_phone="1", name_likeness=1.0, same_birthday=True) == 100
    assert points(name_likeness=0.1, other_npi=True, other_birthday=True) == 0
