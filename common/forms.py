"""Base forms: crispy helper, "(optional)" marks, kind messages, the list behind the error summary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext as _

from common import widgets
from common.errors import DomainError


@dataclass(frozen=True)
class ErrorLine:
    """One line of the error summary: the field to jump to, and the sentence."""

    anchor: str
    text: str


class PortalBoundField(forms.BoundField):
    """Ties the word counter to its field, after hint and error."""

    @property
    def aria_describedby(self) -> str | None:
        ids = super().aria_describedby
        if ids is None or not getattr(self.field.widget, "words", 0):
            return ids
        return f"{ids} {self.auto_id}_counter".strip()


class _Portal:
    """What both base forms share.

    `required_messages` says, per field, what to write when it is left out. `optional_fields` names the fields marked
    "(optional)"; None marks every field that is not required. A draft, where a gap never blocks saving, lists them.
    """

    required_messages: Mapping[str, Any] = {}
    optional_fields: tuple[str, ...] | None = None
    # The browser's own bubbles would come before our sentences, and a draft may have gaps.
    use_required_attribute = False
    bound_field_class: Any = PortalBoundField

    fields: dict[str, forms.Field]
    errors: Any
    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.error_messages["required"] = self.required_messages.get(name) or _required(field, name)
            listed = not field.required if self.optional_fields is None else name in self.optional_fields
            field.show_optional = listed and not isinstance(field.widget, forms.CheckboxInput)  # type: ignore[attr-defined]

    @property
    def helper(self) -> FormHelper:
        """Fields only: the page writes <form>, csrf_token and its buttons."""
        if not hasattr(self, "_helper"):
            self._helper = self.make_helper()
        return self._helper

    def make_helper(self) -> FormHelper:
        """Override to give a layout: `helper = super().make_helper(); helper.layout = Layout(…)`."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.include_media = False
        return helper

    @property
    def error_list(self) -> list[ErrorLine]:
        """Every error in the order of the form, with the field it belongs to; general ones first."""
        lines = [ErrorLine("", str(text)) for text in self.errors.get(NON_FIELD_ERRORS, ())]
        for name in self.fields:
            lines += [ErrorLine(self._anchor(name), str(text)) for text in self.errors.get(name, ())]
        return lines

    def _anchor(self, name: str) -> str:
        bound = self[name]  # type: ignore[index]
        if isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
            return f"{bound.auto_id}_0"
        return str(bound.id_for_label or bound.auto_id)

    def add_domain_error(self, error: DomainError) -> None:
        """Show what a use case refused: on its fields where it names them, on top otherwise."""
        for name, sentence in error.fields.items():
            self.add_error(name if name in self.fields else None, sentence)  # type: ignore[attr-defined]
        if not error.fields:
            for sentence in error.messages:
                self.add_error(None, sentence)  # type: ignore[attr-defined]


def _required(field: forms.Field, name: str) -> str:
    label = str(field.label or name.replace("_", " ")).rstrip("?")
    if isinstance(field.widget, forms.CheckboxInput):
        return _("Tick this to go on: “%(label)s”") % {"label": label}
    if isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        return _("Choose an answer for “%(label)s”.") % {"label": label}
    return _("Write an answer for “%(label)s”.") % {"label": label}


class PortalForm(_Portal, forms.Form):
    """The base of every plain form."""


class SpanForm(PortalForm):
    """A form whose fields `since` and `until` are the first and the last day of something; either may be left out."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day comes before the first day."))
        return data


class PortalModelForm(_Portal, forms.ModelForm):  # type: ignore[type-arg]
    """The base of every form on a model; dates, times and decimals get our widgets by themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            swap_widget(field)


_SWAPS: tuple[tuple[type[forms.Field], type[forms.Widget], type[forms.Widget]], ...] = (
    (forms.DateTimeField, forms.DateTimeInput, widgets.DateTimeInput),
    (forms.DateField, forms.DateInput, widgets.DateInput),
    (forms.TimeField, forms.TimeInput, widgets.TimeInput),
    (forms.DecimalField, forms.NumberInput, widgets.DecimalInput),
)


def swap_widget(field: forms.Field) -> None:
    """Replace Django's default widget by ours; a widget chosen in the form stays."""
    for kind, default, ours in _SWAPS:
        if isinstance(field, kind) and type(field.widget) is default:
            attrs = {k: v for k, v in field.widget.attrs.items() if k not in {"step", "min", "max"}}
            field.widget = ours(attrs=attrs)
            return
