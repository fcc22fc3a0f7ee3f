"""Widgets and fields drawn by functions: the HTML that Django's own templates make, escaped like theirs."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from common import widgets
from common.forms import PortalForm
from common.renderer import FormRenderer
from common.templatetags import fields

NASTY = "\"><script>alert('x')</script> & Ærø"
CHOICES = [
    ("", "All"),
    ("a", "Ankle & foot"),
    (7, gettext_lazy("Seven")),
    ("Group <1>", [("b", NASTY), ("c", mark_safe("<b>c</b>"))]),
]
ATTRS = {
    "class": "w-s",
    "data-x": NASTY,
    "disabled": True,
    "hidden": False,
    "rows": 3,
    "data-safe": mark_safe("&lt;"),
    "step": Decimal("0.25"),
}

CASES: list[tuple[forms.Widget, Any]] = [
    *((widget, value) for widget in (forms.TextInput(), forms.HiddenInput(), forms.EmailInput(), forms.URLInput(), forms.NumberInput(), forms.Textarea(), widgets.CodeInput(), widgets.DecimalInput(), widgets.WordsTextarea(50, aside="x"))
      for value in (None, "", "plain", NASTY, mark_safe("<i>safe</i>"), 0, 1234567, Decimal("1234.50"), gettext_lazy("lazy"))),
    *((widget, value) for widget in (forms.CheckboxInput(), widgets.Tick(bare=True)) for value in (None, False, True, "yes")),
    *((widgets.DateInput(), value) for value in (None, "2026-02-30", dt.date(2026, 2, 3))),
    *((widgets.TimeInput(), value) for value in (None, "8", dt.time(8, 5))),
    *((widgets.DateTimeInput(), value) for value in (None, dt.datetime(2026, 2, 3, 8, 5))),
    *((forms.Select(choices=CHOICES), value) for value in (None, "", "a", 7, "c")),
    *((forms.SelectMultiple(choices=CHOICES), value) for value in (None, [], ["a", "c"])),
    (forms.Select(choices=[]), None),
    # Not drawn by us: these must reach Django's templates.
    (forms.RadioSelect(choices=CHOICES), "a"), (forms.CheckboxSelectMultiple(choices=CHOICES), ["a"]), (forms.SplitDateTimeWidget(), None), (forms.ClearableFileInput(), None),
]  # fmt: skip


def one_line_each(html: str) -> str:
    return re.sub(r"\n\s*\n", "\n", html)


@pytest.mark.parametrize(
    ("widget", "value"), CASES, ids=lambda x: type(x).__name__ if isinstance(x, forms.Widget) else None
)
def test_a_drawn_widget_is_the_one_of_djangos_template(widget: forms.Widget, value: Any) -> None:
    ours, theirs = (
        widget.render("na<me", value, {"id": "id_x", **ATTRS}, renderer)
        for renderer in (FormRenderer(), DjangoTemplates())
    )
    assert one_line_each(ours) == one_line_each(theirs)


def test_every_form_uses_it() -> None:
    assert isinstance(forms.Form().renderer, FormRenderer)


class Sample(PortalForm):
    name = forms.CharField(label="Name <b>", help_text="As on the <em>badge</em>")
    way = forms.ChoiceField(
        label="Way",
        choices=[("a", "Ankle & foot"), ("b", "Back")],
        widget=widgets.Choices(inline=True, bare=True, hints={"a": "a < b"}),
    )
    many = forms.MultipleChoiceField(
        label="Many", choices=[("Group", [("x", "X"), ("y", "Y")])], required=False, widget=widgets.MultiChoices()
    )
    rate = forms.ChoiceField(
        label="Rate", choices=[("1", "poor"), ("2", "fair"), ("3", "good")], widget=widgets.Scale()
    )
    tick = forms.BooleanField(label="I agree", help_text="To all", widget=widgets.Tick())
    text = forms.CharField(label="Why", widget=widgets.WordsTextarea(40, aside="Printed"))
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A")])
    key = forms.CharField(widget=forms.HiddenInput())
    day = forms.DateField(label="Day", widget=forms.SelectDateWidget(years=[2026]))


def drawn(name: str, form: PortalForm | None = None) -> str:
    """By the door that templates use."""
    template = engines["django"].from_string("{% load crispy_forms_tags %}{{ bound|as_crispy_field }}")
    return template.render({"bound": (form or Sample())[name]}).strip()


def test_text() -> None:
    assert drawn("name") == (
        '<div id="div_id_name" class="field"><label class="form-label" for="id_name">Name &lt;b&gt;</label>'
        '<p class="form-text" id="id_name_helptext">As on the <em>badge</em></p>'
        '<input type="text" name="name" class="form-control" aria-describedby="id_name_helptext" id="id_name"></div>'
    )


def test_error_stands_between_hint_and_field() -> None:
    html = drawn("name", Sample({"name": ""}))
    assert re.sub(r"<svg.*?</svg>", "<svg>", html) == (
        '<div id="div_id_name" class="field"><label class="form-label" for="id_name">Name &lt;b&gt;</label>'
        '<p class="form-text" id="id_name_helptext">As on the <em>badge</em></p>'
        '<div class="invalid-feedback" id="id_name_error"><svg><ul><li>Write an answer for “Name &lt;b&gt;”.</li></ul></div>'
        '<input type="text" name="name" class="form-control is-invalid" aria-invalid="true" aria-describedby="id_name_helptext id_name_error" id="id_name"></div>'
    )


def test_select() -> None:
    assert drawn("kind") == (
        '<div id="div_id_kind" class="field"><label class="form-label" for="id_kind">Kind</label>'
        '<select name="kind" class="form-select" id="id_kind">\n  <option value="a">A</option>\n</select></div>'
    )


def test_choices_are_a_fieldset_of_whole_rows() -> None:
    assert drawn("way", Sample(initial={"way": "b"})) == (
        '<fieldset id="div_id_way" class="field"><legend class="form-label">Way</legend><div class="choices-inline">'
        '<label class="choice choice-bare"><input type="radio" name="way" value="a" id="id_way_0"><span>Ankle &amp; foot<small>a &lt; b</small></span></label>'
        '<label class="choice choice-bare"><input type="radio" name="way" value="b" id="id_way_1" checked><span>Back</span></label></div></fieldset>'
    )


def test_groups_have_their_name() -> None:
    assert drawn("many", Sample(initial={"many": ["y"]})) == (
        '<fieldset id="div_id_many" class="field"><legend class="form-label">Many <span class="opt">(optional)</span></legend><div class="choices">'
        '<p class="choice-group">Group</p><label class="choice"><input type="checkbox" name="many" value="x" id="id_many_0_0"><span>X</span></label>'
        '<label class="choice"><input type="checkbox" name="many" value="y" id="id_many_0_1" checked><span>Y</span></label></div></fieldset>'
    )


def test_a_scale_says_number_and_word() -> None:
    html = drawn("rate", Sample(initial={"rate": "2"}))
    assert re.findall(r"<input[^>]*>\d", html) == [
        '<input type="radio" name="rate" value="1" aria-label="1, poor" id="id_rate_0">1',
        '<input type="radio" name="rate" value="2" aria-label="2, fair" id="id_rate_1" checked>2',
        '<input type="radio" name="rate" value="3" aria-label="3, good" id="id_rate_2">3',
    ]
    assert html.endswith('<p class="scale-ends" aria-hidden="true"><span>poor</span><span>good</span></p></fieldset>')


def test_a_tick_has_its_words_behind_it() -> None:
    assert drawn("tick") == (
        '<div id="div_id_tick" class="field"><label class="choice"><input type="checkbox" name="tick" aria-describedby="id_tick_helptext" id="id_tick">'
        '<span>I agree<small id="id_tick_helptext">To all</small></span></label></div>'
    )


def test_a_counter_stands_behind_its_text() -> None:
    assert drawn("text").endswith(
        '<p class="counter" id="id_text_counter"><span>Printed</span><span class="num" data-count-for="id_text" data-text="{n} of {max} words">'
        "At most 40 words</span></p></div>"
    )


def test_hidden_is_the_input_alone() -> None:
    assert drawn("key") == '<input type="hidden" name="key" id="id_key">'


def test_several_controls_of_one_field_stand_in_a_row() -> None:
    html = drawn("day")
    assert html.startswith(
        '<fieldset id="div_id_day" class="field"><legend class="form-label">Day</legend><div class="field-row">'
    )
    assert re.findall(r'<select name="(\w+)"', html) == ["day_month", "day_day", "day_year"]


def test_drawing_twice_changes_nothing() -> None:
    form = Sample({"name": ""})
    assert drawn("name", form) == drawn("name", form)
    assert "class" not in form.fields["name"].widget.attrs


def test_a_crispy_form_shows_errors_first_and_then_every_field() -> None:
    form = Sample({"name": ""})
    html = engines["django"].from_string("{% load crispy_forms_tags %}{% crispy form %}").render({"form": form})
    assert html.index("answers need a change") < html.index('id="div_id_name"')
    assert re.findall(r'id="div_id_(\w+)"', html) == ["name", "way", "many", "rate", "tick", "text", "kind", "day"]
    assert all(str(fields.field(bound)) in html for bound in form)
