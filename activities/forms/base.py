"""Forms of a plan: gaps are allowed while drafting, and what is right is kept even when one answer is not."""

from typing import Any

from django import forms

from common import widgets
from common.forms import PortalForm, PortalModelForm


class DraftForm(PortalForm):
    """A row of a list in a section. Nothing is required; `answers` holds every valid answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def answers(self) -> dict[str, Any]:
        self.is_valid()
        return dict(self.cleaned_data)


class SectionForm(PortalModelForm):
    """A section that lives in columns of the activity."""

    required_fields: tuple[str, ...] = ()
    optional_fields: tuple[str, ...] | None = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required = name in self.required_fields

    def answers(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}

    def _post_clean(self) -> None:
        """Leave the instance alone: the domain writes it, under a lock."""


class MultiField(forms.MultipleChoiceField):
    """Any of several, as whole-row choices; the value is a list of strings in the order of the choices."""

    def __init__(self, *, choices: Any, hints: dict[str, str] | None = None, inline: bool = False, **kwargs: Any) -> None:
        super().__init__(choices=choices, widget=widgets.MultiChoices(hints=hints or {}, inline=inline), **kwargs)

    def clean(self, value: Any) -> list[str]:
        chosen = set(super().clean(value))
        flat = [row for key, label in self.choices for row in (label if isinstance(label, list | tuple) else [(key, label)])]
        return [str(key) for key, _label in flat if str(key) in chosen]
