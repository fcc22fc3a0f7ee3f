"""Forms of the office's lists of former credit: the file and its system, and what the names of types mean."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common import uploads
from common.forms import PortalForm
from credits.domain.former_lists import IN_WORDS
from credits.models import CreditType


class FormerUploadForm(PortalForm):
    """A file, and the system that it comes from."""

    origin = forms.CharField(
        label=_("From which system?"), max_length=120, help_text=_("It stands on every line: “recorded from …”.")
    )
    file = uploads.FileField(
        label=_("File"), kinds=uploads.TABLES, help_text=_("CSV, TSV or Excel: one row for each credit of each person."),
    )  # fmt: skip
    required_messages = {"origin": _("Name the system that the file comes from."), "file": _("Choose the file.")}


class TypeNamesForm(PortalForm):
    """One choice for each name of a type."""

    def __init__(self, *args: Any, unknown: Sequence[tuple[str, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = [name for name, _n in unknown]
        kinds = [(kind.code, kind.name) for kind in CreditType.objects.filter(is_attendance=False)]
        for n, (name, rows) in enumerate(unknown):
            field = forms.ChoiceField(
                label=f"“{name}”", choices=[("", _("Choose")), (IN_WORDS, _("None of ours: keep it in words")), *kinds],
                help_text=ngettext("%(n)d row", "%(n)d rows", rows) % {"n": rows}, error_messages={"required": _("Say what it is.")},
            )  # fmt: skip
            field.widget.attrs["class"] = "form-select"
            self.fields[f"t{n}"] = field

    def said(self) -> dict[str, str]:
        """Name → code, or "words"."""
        return {name: self.cleaned_data[f"t{n}"] for n, name in enumerate(self.names)}
