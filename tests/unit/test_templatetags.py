"""The words, dates and marks that every page writes through tags (common/templatetags/cme.py)."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.module_loading import import_string

from common import clock, status, widgets
from common.context import portal
from common.errors import Invalid
from common.forms import PortalForm
from common.templatetags import cme

NEW_YORK = "America/New_York"
TM = '<span class="tm">™</span>'


@pytest.fixture(autouse=True)
def _in_november_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC))


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.25", "0.25 <em>AMA PRA Category 1 Credit</em>"),
        (Decimal("1.00"), "1.00 <em>AMA PRA Category 1 Credit</em>"),
        (Decimal("1.25"), "1.25 <em>AMA PRA Category 1 Credits</em>"),
        (2.75, "2.75 <em>AMA PRA Category 1 Credits</em>"),
        (0, "0.00 <em>AMA PRA Category 1 Credit</em>"),
    ],
)
def test_ama_credit_is_singular_up_to_one_and_has_two_decimals(value: object, text: str) -> None:
    assert render("{% ama_credit value %}", value=value) == text + TM


def test_ama_credit_without_number_is_the_name() -> None:
    assert render("{% ama_credit %}") == "<em>AMA PRA Category 1 Credits</em>" + TM


def test_credit_name_by_type() -> None:
    assert render("{% credit_name 'ama_pra_1' '0.50' %}") == "<em>AMA PRA Category 1 Credit</em>" + TM
    assert render("{% credit_name 'attendance' %}") == "hours of participation"
    assert render("{% credit_name 'x' 1 name %}", name="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("value", "text"), [("2.5", "2.50"), (Decimal("1234.5"), "1,234.50"), (None, "–"), ("", "–"), (0, "0.00")]
)
def test_credits_filter(value: object, text: str) -> None:
    assert cme.credits(value) == text


def test_runs_escape_text_and_mark_the_trademark() -> None:
    value = [
        {"text": "A <b> maximum of 3.00 ", "style": ""},
        {"text": "AMA PRA Category 1 Credits™", "style": "mark"},
        {"text": ". ™", "style": "plain"},
    ]
    assert cme.runs(value) == f"A &lt;b&gt; maximum of 3.00 <em>AMA PRA Category 1 Credits</em>{TM}. {TM}"
    assert cme.runs(None) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Elena R. Marchetti, MD", "EM"), ("Dr. Elena Marchetti", "EM"), ("Plato", "P"), ("", ""), ("Ørsted Å", "ØÅ")],
)
def test_initials(name: str, letters: str) -> None:
    assert cme.initials(name) == letters


def test_dates_are_local_with_the_year_only_when_it_is_another() -> None:
    evening = dt.datetime(2026, 11, 24, 22, 0, tzinfo=dt.UTC)
    assert cme.local(evening, NEW_YORK) == "Tue, Nov 24, 5:00 pm"
    assert cme.local(evening.replace(year=2027), NEW_YORK) == "Wed, Nov 24, 2027, 5:00 pm"
    assert cme.local_date(evening, "Asia/Tokyo") == "Wed, Nov 25"
    assert cme.local_time(evening, NEW_YORK) == "5:00 pm"
    assert cme.local_long(evening, NEW_YORK) == "November 24, 2026"
    assert cme.local_date(dt.date(2026, 12, 3)) == "Thu, Dec 3"
    assert cme.local(None) == ""


def test_midnight_and_noon() -> None:
    assert cme.local_time(dt.time(0, 5)) == "12:05 am"
    assert cme.local_time(dt.time(12, 0)) == "12:00 pm"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ((2026, 11, 17, 13, 0), (2026, 11, 17, 16, 30), "8:00 to 11:30 am Eastern"),
        ((2026, 11, 17, 13, 0), (2026, 11, 17, 18, 0), "8:00 am to 1:00 pm Eastern"),
        ((2026, 7, 17, 12, 0), (2026, 7, 17, 13, 0), "8:00 to 9:00 am Eastern"),
        ((2026, 11, 17, 13, 0), (2026, 11, 18, 13, 0), "Tue, Nov 17, 8:00 am to Wed, Nov 18, 8:00 am Eastern"),
        (
            (2026, 12, 31, 23, 0),
            (2027, 1, 1, 13, 0),
            "Thu, Dec 31, 2026, 6:00 pm to Fri, Jan 1, 2027, 8:00 am Eastern",
        ),
    ],
)
def test_local_range(start: tuple[int, ...], end: tuple[int, ...], text: str) -> None:
    first, last = (dt.datetime(*moment, tzinfo=dt.UTC) for moment in (start, end))  # type: ignore[arg-type, misc]
    assert cme.local_range(first, last, NEW_YORK) == text


def test_a_range_over_two_years_says_both() -> None:
    new_year = dt.datetime(2027, 1, 1, 4, 0, tzinfo=dt.UTC)  # still 2026 in New York
    assert cme.local_dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)) == "Thu, Jan 1, 2026 – Fri, Dec 31, 2027"
    assert cme.local_dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)) == "Thu, Jan 1 – Thu, Dec 31"
    assert cme.local_dates(dt.date(2027, 1, 1), dt.date(2027, 12, 31)) == "Fri, Jan 1, 2027 – Fri, Dec 31, 2027"
    assert cme.local_dates(dt.date(2026, 12, 1), new_year, NEW_YORK) == "Tue, Dec 1 – Thu, Dec 31"


def test_zone_without_a_usual_name_is_named_by_its_place() -> None:
    moment = dt.datetime(2026, 11, 17, 13, tzinfo=dt.UTC)
    assert cme.zone_name(moment, "Europe/Berlin") == "Berlin time"
    assert cme.zone_name(moment, "America/Sao_Paulo") == "Sao Paulo time"
    assert cme.zone_name(moment, "Pacific/Honolulu") == "Hawaii"


def test_icon_is_hidden_beside_a_word_and_an_image_with_a_label() -> None:
    assert 'aria-hidden="true"' in render('{% icon "x" %}')
    labelled = render('{% icon "x" class="ico" label=word %}', word="Remove <b>")
    assert 'class="i ico"' in labelled
    assert 'role="img" aria-label="Remove &lt;b&gt;"' in labelled


def test_icon_outside_the_sprite_is_drawn_in_place() -> None:
    assert "<path" in render('{% icon "accessibility" %}')


def test_status_says_word_and_icon() -> None:
    shown = render('{% status "activity" "returned" %}')
    assert "status-warn" in shown
    assert ">Returned</span>" in shown


def test_unknown_state_is_shown_quietly() -> None:
    assert status.get("activity", "brand_new") == status.Status("Brand new", "idle", "circle-dashed")


def test_a_state_has_one_word() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        status.register("activity", {"draft": status.Status("Sketch", "idle", "pencil")})


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("activity", "activities.enums.ActivityStatus"),
        ("activity_public", "activities.enums.ActivityStatus"),
        ("session", "activities.enums.SessionStatus"),
        ("registration", "activities.enums.RegistrationStatus"),
        ("my_registration", "activities.enums.RegistrationStatus"),
        ("disclosure", "integrity.enums.Standing"),
        ("claim", "credits.enums.ClaimStatus"),
        ("certificate", "credits.enums.CertificateStatus"),
        ("job", "common.models.JobState"),
    ],
)
def test_every_state_has_a_word(kind: str, path: str) -> None:
    states = import_string(path)
    assert {str(value) for value in states.values} - set(status.kinds()[kind]) == set()


def test_public_words_never_promise_credit() -> None:
    words = {s.word.lower() for s in status.kinds()["activity_public"].values()}
    assert not {w for w in words if "pending" in w or "credit" in w}


def test_cite_links_to_the_rule() -> None:
    assert render('{% cite "AMA-CALC-1" %}') == '<a class="cite" href="/rules/#AMA-CALC-1">AMA-CALC-1</a>'


def test_charts_write_sizes_as_attributes() -> None:
    drawn = render(
        '{% meter 21 30 label="21 of 30" %}{% hatch 46.5 2.75 50 %}{% bars values label="x" %}{% meter 5 0 %}',
        values=[1, 3],
    )
    assert "style=" not in drawn
    assert 'width="70.00%"' in drawn
    assert 'width="5.50%"' in drawn


def test_alert_block_keeps_its_content_and_escapes_its_title() -> None:
    shown = render('{% alert "warn" title=t %}<p>{{ x }}</p>{% endalert %}', t="<One>", x="<b>")
    assert "<h2>&lt;One&gt;</h2><p>&lt;b&gt;</p>" in shown


class Sample(PortalForm):
    gap = forms.CharField(label="The gap in practice", help_text="Two sentences.", widget=widgets.WordsTextarea(100))
    why = forms.MultipleChoiceField(
        label="Why?",
        choices=[("k", "Knowledge"), ("c", "Competence")],
        widget=widgets.MultiChoices(hints={"k": "They don’t know it"}),
    )
    extra = forms.CharField(label="Anything else?", required=False)
    required_messages = {"gap": "Say what happens now."}


def shown(form: forms.Form) -> str:
    return render("{% load crispy_forms_tags %}{% crispy form %}", form=form)


def test_field_order_is_label_hint_error_field() -> None:
    html = shown(Sample({"gap": ""}))
    spots = [
        html.index(part)
        for part in ('for="id_gap"', 'id="id_gap_helptext"', 'id="id_gap_error"', 'name="gap"', 'id="id_gap_counter"')
    ]
    assert spots == sorted(spots)
    assert 'aria-describedby="id_gap_helptext id_gap_error id_gap_counter"' in html
    assert 'aria-invalid="true"' in html


def test_optional_is_marked_and_required_is_not() -> None:
    html = shown(Sample())
    assert html.count("(optional)") == 1
    assert "*" not in html
    assert " required" not in html


class Draft(PortalForm):
    gap = forms.CharField(required=False)
    need = forms.CharField(required=False)
    extra = forms.CharField(required=False)
    optional_fields = ("extra",)


def test_a_draft_marks_only_what_it_lists_as_optional() -> None:
    html = shown(Draft())
    assert html.count("(optional)") == 1
    assert html.index("(optional)") > html.index('for="id_extra"')


def test_error_summary_links_to_each_field_and_uses_our_sentences() -> None:
    html = shown(Sample({"gap": ""}))
    assert '<a href="#id_gap">Say what happens now.</a>' in html
    assert '<a href="#id_why_0">Choose an answer for “Why”.</a>' in html
    assert "2 answers need a change" in html


def test_choices_are_whole_rows_with_hints() -> None:
    html = shown(Sample())
    assert html.count('<label class="choice">') == 2
    assert "<small>They don’t know it</small>" in html


def test_domain_errors_land_on_their_fields() -> None:
    form = Sample({"gap": "x", "why": ["k"]})
    form.is_valid()
    form.add_domain_error(Invalid(fields={"gap": "Too short.", "elsewhere": "Not here."}))
    assert [(e.anchor, e.text) for e in form.error_list] == [("", "Not here."), ("id_gap", "Too short.")]


def test_theme_comes_from_the_cookie_and_from_nowhere_else() -> None:
    request = RequestFactory().get("/")
    assert portal(request)["theme"] == "auto"
    request.COOKIES["theme"] = "dark"
    assert portal(request)["theme"] == "dark"
    request.COOKIES["theme"] = '"><script>'
    assert portal(request)["theme"] == "auto"


# --- contrast: the pairs that carry text (4.5) and controls (3), both themes ------------------------------


def _tokens() -> dict[str, dict[str, str]]:
    css = re.sub(r"/\*.*?\*/", "", (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text(), flags=re.S)
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        values = dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})", body))
        if "dark" in selector and "light" not in selector:
            dark |= values
        elif "dark" not in selector:
            light |= values
    return {"light": light, "dark": {**light, **dark}}


def _luminance(color: str) -> float:
    channels = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


_TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "ink-3", "accent", "ok", "warn", "bad", "info", "idle")
    for ground in ("surface", "paper")
]
_TEXT += [(tone, f"{tone}-soft") for tone in ("ok", "warn", "bad", "info", "idle", "accent")]
_TEXT += [("ink", f"{tone}-soft") for tone in ("ok", "warn", "bad", "info", "idle", "accent")]
_TEXT += [
    ("ink-3", "sunken"),
    ("ink-2", "sunken"),
    ("accent", "sunken"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-mark", "mark"),
]
_GRAPHIC = [("line-strong", g) for g in ("surface", "paper")] + [
    (f"{t}-solid", g) for t in ("ok", "warn", "bad", "info", "idle") for g in ("surface", "paper")
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("one", "other", "least"), [(*p, 4.5) for p in _TEXT] + [(*p, 3.0) for p in _GRAPHIC])
def test_contrast(theme: str, one: str, other: str, least: float) -> None:
    tokens = _tokens()[theme]
    assert contrast(tokens[one], tokens[other]) >= least
