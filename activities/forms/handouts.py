"""Forms of handouts: add one, change one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from activities.domain import handouts
from activities.enums import VisibleFrom
from activities.models import Activity, Handout
from common import uploads
from common.forms import PortalForm
from common.templatetags.cme import local
from common.widgets import Choices

_HINTS = {
    VisibleFrom.REGISTRATION: _("To read before"),
    VisibleFrom.START: _("Of the session, or of the first one"),
    VisibleFrom.END: _("Of the session, or of the last one; slides with answers"),
}


class _Place(PortalForm):
    """For what, and from when; the sessions to choose from are the activity's own."""

    title = forms.CharField(
        label=_("Name"), max_length=200, required=False, help_text=_("What learners read. Without one, the name of the file is used."),
    )  # fmt: skip
    session = forms.TypedChoiceField(label=_("For"), required=False, coerce=int, empty_value=None)
    visible_from = forms.ChoiceField(
        label=_("Learners see it"),
        choices=VisibleFrom.choices,
        initial=VisibleFrom.REGISTRATION,
        widget=Choices(hints=dict(_HINTS)),
    )
    optional_fields: tuple[str, ...] = ("title",)

    def __init__(self, *args: Any, activity: Activity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [
            (s.pk, f"{s.title or _('Session')}, {local(s.starts_at, activity.zone)}")
            for s in handouts.sessions(activity)
        ]
        self.fields["session"].choices = [("", _("The whole activity")), *listed]  # type: ignore[attr-defined]


class WebAddressField(forms.URLField):
    """A link to open in a browser: other schemes are refused, with one sentence."""

    default_validators = [URLValidator(["http", "https"])]


class HandoutForm(_Place):
    """A new one: a file or a link."""

    file = uploads.FileField(
        label=_("File"), kinds=handouts.KINDS, required=False, help_text=_("PDF is read on every phone. Word, PowerPoint, Excel, PNG and JPEG work too."),
    )  # fmt: skip
    url = WebAddressField(
        label=_("Or a link"), required=False, max_length=500, assume_scheme="https",
        error_messages={"invalid": _("Write the whole address, for example https://www.example.org/paper.")},
    )  # fmt: skip
    optional_fields = ("title", "url")
    field_order = ("file", "url", "title", "session", "visible_from")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"file", "url"} & set(self.errors):
            return data
        if not data.get("file") and not data.get("url"):
            self.add_error("file", _("Choose a file, or give a link."))
        elif data.get("file") and data.get("url"):
            self.add_error("url", _("A file and a link are two handouts. Leave one of them out."))
        elif data.get("url") and not data.get("title"):
            self.add_error(
                "title", _("Write what learners read instead of the address, for example “The guideline of 2026”.")
            )
        return data

    def values(self) -> Mapping[str, Any]:
        data = self.cleaned_data
        return {
            "title": data["title"], "session_id": data["session"], "visible_from": data["visible_from"], "upload": data["file"], "url": data["url"],
        }  # fmt: skip


class HandoutChangeForm(_Place):
    """Name, place and time of one that is there. Another file is another handout."""

    optional_fields = ()

    def __init__(self, *args: Any, handout: Handout, **kwargs: Any) -> None:
        initial = {"title": handout.title, "session": handout.session_id or "", "visible_from": handout.visible_from}
        super().__init__(*args, activity=handout.activity, initial=initial, prefix=f"h{handout.pk}", **kwargs)
        self.fields["title"].required = True
        self.fields["title"].help_text = ""
        self.fields["title"].error_messages["required"] = str(
            _("Write what learners read, for example “Slides of session 1”.")
        )

    def values(self) -> Mapping[str, Any]:
        data = self.cleaned_data
        return {"title": data["title"], "session_id": data["session"], "visible_from": data["visible_from"]}
