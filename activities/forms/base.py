"""Forms of a plan: gaps are allowed while drafting, and what is right is kept even when one answer is not.

Several people write at once, so a form sends along what each field held when the page was made; an answer that the
writer did not touch is never sent over a colleague's newer one.
"""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from common import widgets
from common.forms import PortalForm, PortalModelForm


class _Draft:
    """What both kinds of draft forms share."""

    fields: dict[str, forms.Field]
    data: Any
    files: Any
    cleaned_data: dict[str, Any]
    is_bound: bool

    def answers(self) -> dict[str, Any]:
        """Every valid answer that the writer changed."""
        if not self.is_bound:
            return {}
        self.is_valid()  # type: ignore[attr-defined]
        return {
            name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data and self._touched(name)
        }

    def _touched(self, name: str) -> bool:
        bound = self[name]  # type: ignore[index]
        if f"{self.marker}{bound.html_name}" not in self.data:
            return True
        hidden = bound.field.hidden_widget()
        before = hidden.value_from_datadict(self.data, self.files, bound.html_initial_name)
        return bool(bound.field.has_changed(before, bound.data))

    # Names the fields whose former value came along: an empty list of ticks would otherwise leave no trace.
    marker = "had-"

    @property
    def initials(self) -> SafeString:
        """What each field holds now, as hidden inputs."""
        visible = [self[name] for name in self.fields]  # type: ignore[index]
        return format_html_join(
            "",
            '<input type="hidden" name="{}" value="1">{}',
            ((f"{self.marker}{b.html_name}", b.as_hidden(only_initial=True)) for b in visible),
        )


class DraftForm(_Draft, PortalForm):
    """A row of a list in a section. Nothing is required."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False


class SectionForm(_Draft, PortalModelForm):
    """A section that lives in columns of the activity."""

    required_fields: tuple[str, ...] = ()
    optional_fields: tuple[str, ...] | None = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required = name in self.required_fields

    def _post_clean(self) -> None:
        """Leave the instance alone: the domain writes it, under a lock."""


class MultiField(forms.MultipleChoiceField):
    """Any of several, as whole-row choices; the value is a list of strings in the order of the choices."""

    def __init__(
        self, *, choices: Any, hints: dict[str, str] | None = None, inline: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(choices=choices, widget=widgets.MultiChoices(hints=hints or {}, inline=inline), **kwargs)

    def clean(self, value: Any) -> list[str]:
        chosen = set(super().clean(value))
        listed: Any = self.choices
        flat = [row for key, label in listed for row in (label if isinstance(label, list | tuple) else [(key, label)])]
        return [str(key) for key, _label in flat if str(key) in chosen]


def of_row(data: QueryDict | None, prefix: str) -> QueryDict | None:
    """The data, if it holds this row: a row that a colleague added meanwhile was not on the writer's page."""
    return data if data is not None and any(name.startswith(f"{prefix}-") for name in data) else None
