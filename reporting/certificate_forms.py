"""Forms of the certificate desk."""

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from common import artwork, widgets
from common.forms import PortalForm, PortalModelForm
from credits.enums import DrawingKind
from credits.models import Certificate, CertificateTemplate

HELP = {
    DrawingKind.SEAL: _("SVG of plain paths, or PNG. Printed 1.36 inches high."),
    DrawingKind.LOGO: _("SVG of plain paths, or PNG, of the provider alone: no sponsor’s name or logo stands on a certificate (AMA-CERT-5)."),
    DrawingKind.SIGNATURE: _("SVG of plain paths, or PNG with a transparent ground. Of the signing officer; printed under no other name."),
}  # fmt: skip


class DesignForm(PortalModelForm):
    """The parts of a draft that may change; each is saved as it is chosen."""

    accent = forms.CharField(
        label=_("Accent"), help_text=_("Frame and engraving."), widget=forms.TextInput(attrs={"type": "color"})
    )
    ink = forms.CharField(
        label=_("Text"), help_text=_("At least 4.5 to 1 on white."), widget=forms.TextInput(attrs={"type": "color"})
    )
    border = forms.BooleanField(label=_("Border"), required=False, widget=widgets.Tick)
    engraving = forms.BooleanField(label=_("Fine lines behind the text"), required=False, widget=widgets.Tick)
    office_line = forms.CharField(
        label=_("Line of the office"), required=False, max_length=160,
        help_text=_("Plain text under the accreditation statement, for example where to write. It names no company (AMA-CERT-5)."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("What changed"), required=False, max_length=250, help_text=_("For the office; not printed.")
    )

    class Meta:
        model = CertificateTemplate
        fields = ("head", "foot", "accent", "ink", "border", "engraving", "office_line", "note")
        labels = {"head": _("At the top"), "foot": _("At the foot, from left to right")}

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout("head", "foot", Row("accent", "ink"), "border", "engraving", "office_line", "note")
        return helper

    def _color(self, name: str) -> str:
        value = str(self.cleaned_data[name]).strip().lower()
        if not artwork.is_color(value):
            raise forms.ValidationError(_("Write a color like #0a5469."))
        return value

    def clean_accent(self) -> str:
        return self._color("accent")

    def clean_ink(self) -> str:
        return self._color("ink")

    def clean_office_line(self) -> str:
        return " ".join(str(self.cleaned_data["office_line"]).split())


class PictureForm(PortalForm):
    """One picture of a draft."""

    def __init__(self, *args: Any, kind: DrawingKind, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"id_{kind.value}_%s", **kwargs)
        self.kind = kind
        field = forms.FileField(
            label=kind.label, help_text=HELP[kind], max_length=200, widget=forms.FileInput(attrs={"accept": ".svg,.png"}),
            error_messages={"required": _("Choose a file first."), "empty": _("The file is empty. Choose another one.")},
        )  # fmt: skip
        field.show_optional = False  # type: ignore[attr-defined]
        self.fields[kind.value] = field

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        brought = data.get(self.kind.value)
        if brought is not None and brought.size > artwork.PNG_BYTES:
            self.add_error(self.kind.value, _("The picture is larger than 5 MB. Save it smaller, and choose it again."))
        return data


class NameChangeForm(PortalForm):
    """Which certificates are issued anew, and what the learner reads."""

    certificates = forms.TypedMultipleChoiceField(
        label=_("Issue anew"), coerce=int, required=False, widget=widgets.MultiChoices,
        help_text=_("The earlier versions stay verifiable and say that the name was corrected."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("What the learner reads"), widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One or two sentences; also why not, if you leave some out."),
    )  # fmt: skip
    required_messages = {"note": _("Say what you decided, in a sentence; the learner reads it.")}
    optional_fields = ()

    def __init__(self, *args: Any, rows: Sequence[Certificate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["certificates"]
        field.choices = [
            (
                row.pk,
                f"{row.snapshot['facts']['title']}, {row.snapshot['facts']['dates']} ({row.snapshot['facts']['name']})",
            )
            for row in rows
        ]
        if not self.is_bound:
            field.initial = [row.pk for row in rows]
        if not rows:
            del self.fields["certificates"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        return {"certificates": [], **data}
