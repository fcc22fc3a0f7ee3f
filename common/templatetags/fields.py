"""A field as the design system draws it: label, hint, error, control, counter (WCAG 3.3.1: the error is read before its field).

Functions, not templates, for their speed (common/renderer.py). `{{ form.name|as_crispy_field }}` and `{% crispy form %}`
come here by templates/bootstrap5/field.html.
"""

from typing import Any

from django import forms, template
from django.forms import BoundField
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from common import renderer
from common.templatetags.cme import icon

register = template.Library()


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """The whole field. A single tick has its label behind it; choices stand in a fieldset."""
    widget = bound.field.widget
    if bound.is_hidden:
        return mark_safe(str(bound))
    if isinstance(widget, forms.CheckboxInput):
        return format_html('<div id="div_{}" class="field">{}{}</div>', bound.auto_id, errors(bound), _tick(bound))
    if bound.use_fieldset:
        described = format_html(' aria-describedby="{}"', bound.aria_describedby) if bound.aria_describedby else ""
        return format_html(
            '<fieldset id="div_{}" class="field"{}>{}{}{}</fieldset>',
            bound.auto_id, described, label(bound, "legend"), notes(bound), _several(bound),
        )  # fmt: skip
    return format_html(
        '<div id="div_{}" class="field">{}{}{}{}</div>',
        bound.auto_id, label(bound), notes(bound), control(bound), _counter(bound),
    )  # fmt: skip


@register.simple_tag
def label(bound: BoundField, tag: str = "label") -> SafeString:
    """The label, marked if an answer is not needed."""
    if not bound.label:
        return SafeString()
    owner = format_html(' for="{}"', bound.id_for_label) if tag == "label" else ""
    optional = format_html(' <span class="opt">{}</span>', _("(optional)")) if _is_optional(bound) else ""
    return format_html('<{0} class="form-label"{1}>{2}{3}</{0}>', tag, owner, bound.label, optional)


@register.simple_tag
def notes(bound: BoundField) -> SafeString:
    """The hint and the errors."""
    if not bound.help_text:
        return errors(bound)
    # A hint is ours and may hold markup, as Django's own help texts do.
    return format_html(
        '<p class="form-text" id="{}_helptext">{}</p>{}', bound.auto_id, mark_safe(bound.help_text), errors(bound)
    )


def errors(bound: BoundField) -> SafeString:
    """What is wrong with the answer."""
    if not bound.errors:
        return SafeString()
    lines = format_html_join("", "<li>{}</li>", ((error,) for error in bound.errors))
    return format_html(
        '<div class="invalid-feedback" id="{}_error">{}<ul>{}</ul></div>', bound.auto_id, icon("circle-alert"), lines
    )


@register.simple_tag
def control(bound: BoundField) -> SafeString:
    """The widget with its classes."""
    widget = bound.field.widget
    classes = [
        widget.attrs.get("class", ""),
        "form-select" if isinstance(widget, forms.Select) else "form-control",
        "is-invalid" if bound.errors else "",
    ]
    return bound.as_widget(attrs={"class": " ".join(filter(None, classes))})


def _is_optional(bound: BoundField) -> bool:
    return bool(getattr(bound.field, "show_optional", False))


def _tick(bound: BoundField) -> SafeString:
    hint = format_html('<small id="{}_helptext">{}</small>', bound.auto_id, mark_safe(bound.help_text)) if bound.help_text else ""  # fmt: skip
    return format_html('<label class="{}">{}<span>{}{}</span></label>', _row(bound), str(bound), bound.label, hint)


def _row(bound: BoundField) -> str:
    return "choice choice-bare" if getattr(bound.field.widget, "bare", False) else "choice"


def _options(bound: BoundField) -> list[tuple[str, list[dict[str, Any]], int]]:
    """The choices by group, with their attributes, as Django's own templates get them."""
    widget = bound.field.widget
    attrs = bound.build_widget_attrs({"id": widget.attrs.get("id") or bound.auto_id}, widget)
    groups: list[tuple[str, list[dict[str, Any]], int]] = widget.optgroups(
        bound.html_name, widget.format_value(bound.value()), attrs
    )
    return groups


def _input(bound: BoundField, option: dict[str, Any], attributes: str = "") -> SafeString:
    return mark_safe(
        f'<input type="{option["type"]}" name="{conditional_escape(bound.html_name)}" value="{renderer.text(option["value"])}"'
        f"{attributes}{renderer.attributes(option['attrs'])}>"
    )


def _several(bound: BoundField) -> SafeString:
    widget = bound.field.widget
    if getattr(widget, "scale", False):
        return _scale(bound)
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return _choices(bound)
    return format_html('<div class="field-row">{}</div>', str(bound))


def _choices(bound: BoundField) -> SafeString:
    widget, row, parts = bound.field.widget, _row(bound), []
    hints = getattr(widget, "hints", {})
    for group, options, _index in _options(bound):
        if group:
            parts.append(format_html('<p class="choice-group">{}</p>', group))
        for option in options:
            hint = hints.get(str(option["value"]), "")
            hint = format_html("<small>{}</small>", hint) if hint else ""
            parts.append(
                format_html('<label class="{}">{}<span>{}{}</span></label>', row, _input(bound, option), option["label"], hint)
            )  # fmt: skip
    box = "choices-inline" if getattr(widget, "inline", False) else "choices"
    return format_html('<div class="{}">{}</div>', box, mark_safe("".join(parts)))


def _scale(bound: BoundField) -> SafeString:
    """Five cells from one word to its opposite; each says its number and its word."""
    cells = [
        format_html("<label>{}{}</label>", _input(bound, option, format_html(' aria-label="{}, {}"', n, option["label"])), n)
        for n, (_group, options, _index) in enumerate(_options(bound), start=1)
        for option in options
    ]  # fmt: skip
    first, last = bound.field.widget.ends
    return format_html(
        '<div class="scale">{}</div><p class="scale-ends" aria-hidden="true"><span>{}</span><span>{}</span></p>',
        mark_safe("".join(cells)), first, last,
    )  # fmt: skip


def _counter(bound: BoundField) -> SafeString:
    words = getattr(bound.field.widget, "words", 0)
    if not words:
        return SafeString()
    return format_html(
        '<p class="counter" id="{0}_counter"><span>{1}</span><span class="num" data-count-for="{0}" data-text="{2}">{3}</span></p>',
        bound.auto_id, bound.field.widget.aside, _("{n} of {max} words"), _("At most %(words)s words") % {"words": words},
    )  # fmt: skip
