"""What the office writes down of work done: a result, a stage, a review, a presentation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from activities.models import Activity
from common.forms import PortalForm
from common.widgets import DateInput, DecimalInput, Tick
from credits.domain import achievements, presentations
from credits.enums import Work


class WorkForm(PortalForm):
    """One piece of work of one person. An assessment has a result, everything else is done or not."""

    email = forms.EmailField(label=_("Whose is it?"), help_text=_("An e-mail address of theirs that we know."))
    kind = forms.ChoiceField(label=_("What"))
    label = forms.CharField(
        label=_("Which one"), required=False, max_length=120, help_text=_("The number of a manuscript, the question of a cycle.")
    )  # fmt: skip
    score = forms.DecimalField(
        label=_("Result in percent"), max_digits=5, decimal_places=2, required=False, widget=DecimalInput(attrs={"class": "w-s"})
    )  # fmt: skip
    accepted = forms.BooleanField(label=_("Complete, or approved by the editor"), required=False, widget=Tick)
    completed_on = forms.DateField(label=_("Done on"), widget=DateInput)
    source = forms.CharField(
        label=_("Where you know it from"), max_length=120, help_text=_("The journal’s letter, the registry, the platform’s report.")
    )  # fmt: skip
    required_messages = {
        "email": _("Write an e-mail address of the person."), "kind": _("Choose what was done."), "completed_on": _("Choose the day it was done."),
        "source": _("Say where you know it from: the journal’s letter, the registry, the platform’s report."),
    }  # fmt: skip

    def __init__(self, data: Any, *, activity: Activity) -> None:
        super().__init__(data)
        kinds = achievements.KINDS.get(activity.kind, ())
        self.fields["kind"].choices = [("", _("Choose one")), *((k.value, k.label) for k in kinds)]  # type: ignore[attr-defined]
        if len(kinds) == 1:
            self.fields["kind"].initial = kinds[0].value
        if Work.ASSESSMENT not in kinds:
            del self.fields["score"]
        if set(kinds) == {Work.ASSESSMENT}:
            del self.fields["accepted"]
        if not achievements.ONE_BY_ONE & set(kinds):
            del self.fields["label"]


class TeachingForm(PortalForm):
    """One presentation of one speaker."""

    who = forms.ChoiceField(label=_("Who, in which session"))
    minutes = forms.IntegerField(
        label=_("Minutes presented"), help_text=_("Without the questions of the audience, if others answered them."), widget=DecimalInput(attrs={"class": "w-s"}),
    )  # fmt: skip
    original = forms.BooleanField(
        label=_("Not given before: a presentation that is repeated counts once"),
        required=False,
        initial=True,
        widget=Tick,
    )
    required_messages = {"who": _("Choose who presented."), "minutes": _("Write how many minutes.")}

    def __init__(self, data: Any, *, activity: Activity) -> None:
        super().__init__(data)
        found = [(f"{s.pk}-{p.pk}", f"{p.full_name}: {s.title}") for s, p in presentations.speakers(activity)]
        self.fields["who"].choices = [("", _("Choose one")), *found]  # type: ignore[attr-defined]

    def ids(self) -> dict[str, int]:
        session, _dash, person = self.cleaned_data["who"].partition("-")
        return {"session_id": int(session), "person_id": int(person)}


class TakeBackForm(PortalForm):
    """Why a row of the record is wrong."""

    reason = forms.CharField(label=_("Why is it wrong?"), max_length=250, widget=forms.Textarea(attrs={"rows": 2}))
    required_messages = {"reason": _("Say why; it stands in the record.")}
