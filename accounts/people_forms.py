"""Forms for two records of one person: which values stay, and why."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.domain.merging import AWAY, KEPT, Choice
from accounts.enums import NumberKind
from common.forms import PortalForm
from common.widgets import Choices

LABELS: dict[str, Any] = {
    "name": _("Name"), "degrees": _("Degrees"), "profession": _("Profession"), "specialty": _("Specialty"),
    "birthday": _("Birthday"), "email": _("Main e-mail address"),
}  # fmt: skip


def label(key: str) -> Any:
    return NumberKind(key.split(":")[1]).label if key.startswith("number:") else LABELS[key]


class JoinForm(PortalForm):
    """One question per field in which the two differ; the record that is kept is answered beforehand."""

    def __init__(self, *args: Any, choices: tuple[Choice, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices
        for choice in choices:
            self.fields[self._name(choice)] = forms.ChoiceField(
                label=label(choice.key), choices=[(KEPT, choice.kept), (AWAY, choice.away)], initial=choice.default,
                widget=Choices(inline=True), required=False,
            )  # fmt: skip
            self.fields[self._name(choice)].show_optional = False  # type: ignore[attr-defined]

    def _name(self, choice: Choice) -> str:
        return f"keep_{choice.key.replace(':', '_')}"

    def chosen(self) -> dict[str, str]:
        """Key → whose value stays, as `merging` takes it."""
        return {c.key: self.cleaned_data.get(self._name(c)) or c.default for c in self.choices}


class OfficeJoinForm(JoinForm):
    reason = forms.CharField(
        label=_("How do you know that this is one person?"), widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("A sentence. It stands in the record of both."),
    )  # fmt: skip
    required_messages = {"reason": _("Say how you know that this is one person.")}
    field_order = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([*(n for n in self.fields if n != "reason"), "reason"])


class NoteForm(PortalForm):
    note = forms.CharField(
        label=_("Why not?"), required=False, max_length=250, help_text=_("For whoever sees the pair again, for example “father and daughter”.")
    )  # fmt: skip


class FindForm(PortalForm):
    q = forms.CharField(
        label=_("Name or e-mail address"), required=False, max_length=120, widget=forms.TextInput(attrs={"type": "search"})
    )  # fmt: skip
