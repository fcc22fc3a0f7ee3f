"""Widgets drawn by functions: the HTML of Django's widget templates at a tenth of their cost.

A form of twenty fields renders some hundred tiny templates (a widget, its attributes, each option); that was a third of
the time of a section's page. Only the plain widgets are drawn here; every other template goes to Django as before.
Around them stands common/fields.py: label, hint, error.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.html import conditional_escape, escape


class FormRenderer(DjangoTemplates):
    """Django's renderer with a short way for the plain widgets."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        draw = _DRAWN.get(template_name)
        return draw(context["widget"]) if draw else super().render(template_name, context, request)


def text(value: Any) -> str:
    """As `{{ value|stringformat:"s" }}` prints it."""
    return conditional_escape(value) if isinstance(value, str) else escape(str(value))


def words(value: Any) -> str:
    """As `{{ value }}` prints it."""
    value = localize(value)
    return conditional_escape(value if isinstance(value, str) else str(value))


def attributes(attrs: Mapping[str, Any]) -> str:
    """As ` name="value"`, ` name` for True, nothing for False."""
    return "".join(
        f" {conditional_escape(name)}" if value is True else f' {conditional_escape(name)}="{text(value)}"'
        for name, value in attrs.items()
        if value is not False
    )


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{text(widget["value"])}"'
    kind, name = conditional_escape(widget["type"]), conditional_escape(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{attributes(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    value = words(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{conditional_escape(widget["name"])}"{attributes(widget["attrs"])}>\n{value}</textarea>'


def _select(widget: Mapping[str, Any]) -> str:
    lines = [f'<select name="{conditional_escape(widget["name"])}"{attributes(widget["attrs"])}>']
    for group, options, _index in widget["optgroups"]:
        if group:
            lines.append(f'  <optgroup label="{words(group)}">')
        lines += [f"  {_option(option)}" for option in options]
        if group:
            lines.append("  </optgroup>")
    return "\n".join([*lines, "</select>"])


def _option(widget: Mapping[str, Any]) -> str:
    return f'<option value="{text(widget["value"])}"{attributes(widget["attrs"])}>{words(widget["label"])}</option>'


_DRAWN: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **{
        f"django/forms/widgets/{kind}.html": _input
        for kind in ("checkbox", "date", "datetime", "email", "hidden", "input", "number", "search", "tel", "text", "time", "url")
    },
    "django/forms/widgets/select.html": _select,
    "django/forms/widgets/textarea.html": _textarea,
}  # fmt: skip
