"""Answers by text message fit one message, in letters that every phone has."""

import pytest

from activities.domain import gsm, texting


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("You’re in — “Sepsis” …", 'You\'re in - "Sepsis" ...'), ("Côté, Zoë, Łukasz, Nguyễn", "Coté, Zoe, Lukasz, Nguyen"),
        ("Ärzte müssen größer", "Ärzte müssen größer"), ("[a]{b}~c|d\\e", "(a)(b)-c/d/e"), ("Σ 心 Π", "Σ ? Π"), ("5 €", "5 EUR"),
        ("Category 1 Credit™", "Category 1 Credit"), ("a\u00a0b\u202fc", "a b c"),
    ],
)  # fmt: skip
def test_other_letters_become_near_ones(text, plain):
    assert gsm.plain(text) == plain
    assert set(gsm.plain(text)) <= gsm.BASIC


@pytest.mark.parametrize("title", ["", "Short", "x" * 500, "心" * 300, "{braces} %s", "a " * 200])
def test_every_answer_with_a_title_fits(title):
    for template in (texting.IN, texting.IN_UNKNOWN):
        text = gsm.fit(template, at="12:04 pm", title=title, host="cme.lakeshore-medical-school.example")
        assert len(text) <= 160
        assert set(text) <= gsm.BASIC
        assert "12:04 pm" in text
        assert text.endswith((".example", "yours."))


@pytest.mark.parametrize(
    "text", [texting.HELP, texting.PROVED, texting.MAILED, texting.KNOWN, texting.TOO_MANY, texting.STRANGERS]
)
def test_fixed_answers_are_whole(text):
    text = text.replace("{host}", "cme.lakeshore-medical.example")
    assert gsm.fit(text) == text
    assert len(text) <= 160


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("SEP4K7", "SEP4K7"), (" sep 4k7 ", "SEP4K7"), ("SEP-4K7", "SEP4K7"), ("Code: SEP4K7 thanks", "SEP4K7"), ("check in please", ""),
        ("", ""), ("sep4k7.", "SEP4K7"), ("please take SEP4K7", "SEP4K7"), ("HELP", ""),
    ],
)  # fmt: skip
def test_the_code_of_a_message(body, code):
    assert texting._code_in(body) == code
