"""Place and objectives of an activity that the office has agreed to."""

from collections.abc import Mapping
from typing import Any

from crispy_forms.layout import Column, Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from activities.models import Activity, Objective
from common import widgets
from common.forms import PortalForm, PortalModelForm


class PlaceForm(PortalModelForm):
    """Where it is held, and how."""

    optional_fields = ("city", "online_url")

    class Meta:
        model = Activity
        fields = ("delivery", "location", "city", "online_url")
        labels: Mapping[str, Any] = {
            "delivery": _("How is it held?"), "location": _("Room or building"), "city": _("City"),
            "online_url": _("Link to the stream or platform"),
        }  # fmt: skip
        help_texts: Mapping[str, Any] = {"online_url": _("Learners see it after they register.")}
        widgets: Mapping[str, Any] = {"delivery": widgets.Choices(inline=True)}

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout("delivery", Row(Column("location"), Column("city")), "online_url")
        return helper

    def _post_clean(self) -> None:
        """Leave the instance alone: the domain writes it, under a lock."""


class ObjectivesForm(PortalForm):
    """The words of every objective."""

    def __init__(self, *args: Any, objectives: list[Objective], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n, row in enumerate(objectives, start=1):
            self.fields[f"o{row.pk}"] = field = forms.CharField(
                label=_("Objective %(n)d") % {"n": n}, max_length=300, initial=row.text, widget=forms.Textarea(attrs={"rows": 2})
            )  # fmt: skip
            field.error_messages["required"] = _("Say what the learner will do.")
            field.show_optional = False  # type: ignore[attr-defined]

    def texts(self) -> dict[int, str]:
        return {int(name[1:]): text for name, text in self.cleaned_data.items()}
