"""What disclosers write: company names, months."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from integrity import validators


@pytest.mark.parametrize(("text", "month"), [
    ("March 2026", (2026, 3)), ("mar 2026", (2026, 3)), ("Mar. 2026", (2026, 3)), ("3/2026", (2026, 3)), ("03.2026", (2026, 3)),
    ("2026-03", (2026, 3)), (" Sept 2025 ", (2025, 9)), ("December, 2025", (2025, 12)),
])  # fmt: skip
def test_month_is_understood_as_people_write_it(text, month):
    assert validators.month(text) == dt.date(*month, 1)


@pytest.mark.parametrize(
    "text", ["3/26?", "", "2026", "13/2026", "Marchember 2026", "March", "soon", "0/2026", "March 12, 2026", "May 0001"]
)
def test_month_that_is_unclear_is_none(text):
    assert validators.month(text) is None


def test_company_name_is_tidied_and_kept_as_written():
    assert validators.company_name("  Corvane   Therapeutics <b>& Söhne</b> ") == "Corvane Therapeutics <b>& Söhne</b>"


@pytest.mark.parametrize("text", ["", "   ", "Corvanex®", "Tarn™ Devices", "x" * 201])
def test_company_name_refuses_marks_emptiness_and_excess(text):
    with pytest.raises(ValidationError):
        validators.company_name(text)


@pytest.mark.parametrize(
    ("months", "found"),
    [(24, (2028, 3)), (-24, (2024, 3)), (10, (2027, 1)), (-3, (2025, 12)), (9, (2026, 12)), (0, (2026, 3))],
)
def test_months_later(months, found):
    assert validators.months_later(dt.date(2026, 3, 31), months) == dt.date(*found, 1)
