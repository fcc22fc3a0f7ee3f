"""Forms of a series and of its single sessions."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.layout import Layout, Row
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Profession
from accounts.models import Person
from activities.domain import series
from activities.domain.series import Dates, Pattern
from activities.enums import CheckInBy
from activities.forms.base import MultiField
from activities.models import Activity, ActivityRole, SeriesPlan, Session
from common import clock, widgets
from common.forms import PortalForm

DAYS = list(
    zip(
        series.WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
WEEKS = [("1", _("First")), ("2", _("Second")), ("3", _("Third")), ("4", _("Fourth")), ("-1", _("Last"))]
EVERY = [("1", _("Every week")), ("2", _("Every two weeks")), ("month", _("Every month"))]


class SeriesForm(PortalForm):
    """When a series meets. The dates left out are ticked in the preview and read by `left_out`."""

    every = forms.ChoiceField(label=_("How often?"), choices=EVERY, initial="1", widget=widgets.Choices(inline=True))
    weekdays = MultiField(label=_("On which days?"), choices=DAYS, inline=True)
    weeks = MultiField(
        label=_("Which of the month?"),
        choices=WEEKS,
        inline=True,
        required=False,
        help_text=_("Only for a series that meets every month."),
    )
    starts_on = forms.DateField(
        label=_("First day"), widget=widgets.DateInput(), help_text=_("Its first meeting, or any day before.")
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        widget=widgets.DateInput(),
        help_text=_("At most 12 months later; each year is a new series."),
    )
    start_time = forms.TimeField(
        label=_("Begins at"), widget=widgets.TimeInput(), help_text=_("Local time, also when the clocks change.")
    )
    minutes = forms.IntegerField(
        label=_("Minutes"),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 5, "max": 600}),
        help_text=_("Of education, each time."),
    )
    optional_fields = ()
    required_messages = {
        "weekdays": _("Say on which days the series meets."), "starts_on": _("Say when the series begins."), "ends_on": _("Say when the series ends."),
        "start_time": _("Say when each session begins, for example 12:00 PM."), "minutes": _("Say how long each session is, for example 60."),
    }  # fmt: skip

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout("every", "weekdays", "weeks", Row("starts_on", "ends_on"), Row("start_time", "minutes"))
        return helper

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("every") == "month" and not data.get("weeks"):
            self.add_error("weeks", _("Say which of the month, for example the first."))
        return data

    @property
    def pattern(self) -> Pattern:
        data = self.cleaned_data
        if data["every"] == "month":
            return Pattern(tuple(data["weekdays"]), weeks=tuple(int(n) for n in data["weeks"]))
        return Pattern(tuple(data["weekdays"]), interval=int(data["every"]))

    @property
    def signature(self) -> str:
        """What the shown dates were computed from: a confirmation of other dates is asked for again."""
        data = self.cleaned_data
        return f"{self.pattern.rule}|{data['starts_on']}|{data['ends_on']}|{data['start_time']}|{data['minutes']}"

    def dates(self, left_out: frozenset[dt.date]) -> Dates:
        data = self.cleaned_data
        return Dates(
            self.pattern.rule, data["starts_on"], data["ends_on"], data["start_time"], data["minutes"], left_out
        )

    def left_out(
        self, suggested: Sequence[tuple[dt.date, str]], usual: Callable[[dt.date, str], bool]
    ) -> frozenset[dt.date]:
        """Ticked dates; of those that were not on the page before, the usual ones."""
        shown = set(self.data.get("shown", "").split(","))
        ticked = set(self.data.getlist("left_out"))
        return frozenset(
            d for d, holiday in suggested if (d.isoformat() in ticked if d.isoformat() in shown else usual(d, holiday))
        )


def initial_of(activity: Activity, plan: SeriesPlan | None) -> dict[str, Any]:
    """The stored plan as answers; a noon hour before there is one."""
    days = {"starts_on": activity.starts_on, "ends_on": activity.ends_on}
    if plan is None:
        return {**days, "start_time": dt.time(12), "minutes": 60, "every": "1"}
    stored = {**days, "start_time": plan.start_time, "minutes": plan.minutes}
    pattern = Pattern.parse(plan.rule)
    if pattern is None:
        return stored
    every = "month" if pattern.weeks else str(pattern.interval)
    return {**stored, "every": every, "weekdays": list(pattern.weekdays), "weeks": [str(n) for n in pattern.weeks]}


class TopicForm(PortalForm):
    """What one session is about."""

    title = forms.CharField(
        label=_("What is it about?"), max_length=250, help_text=_("As learners and certificates read it.")
    )
    required_messages = {"title": _("Say what the session is about; it stands on certificates.")}


class SpeakerForm(PortalForm):
    """A speaker for one session, in the place of another or beside them."""

    leaving = forms.TypedChoiceField(label=_("In the place of"), required=False, coerce=int, empty_value=None)
    email = forms.EmailField(
        label=_("E-mail"), help_text=_("The link to disclose goes there. Whom we know needs no more.")
    )
    given_name = forms.CharField(label=_("Given name"), max_length=200, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=200, required=False)
    degrees = forms.CharField(label=_("Degrees, for example MD"), max_length=100, required=False)
    profession = forms.ChoiceField(label=_("Profession"), required=False, choices=[("", "–"), *Profession.choices])
    required_messages = {"email": _("Write the speaker’s e-mail address.")}
    optional_fields = ()

    def __init__(self, *args: Any, speakers: Sequence[ActivityRole], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        leaving = self.fields["leaving"]
        assert isinstance(leaving, forms.ChoiceField)
        leaving.choices = [
            ("", _("Nobody: beside those who speak")),
            *((str(r.pk), r.person.name_with_degrees) for r in speakers),
        ]
        if not speakers:
            del self.fields["leaving"]
        elif len(speakers) == 1:
            self.initial.setdefault("leaving", speakers[0].pk)

    def make_helper(self) -> Any:
        helper = super().make_helper()
        leaving = ["leaving"] if "leaving" in self.fields else []
        helper.layout = Layout(*leaving, "email", Row("given_name", "family_name"), Row("degrees", "profession"))
        return helper


class MoveForm(PortalForm):
    """Another time or room for one session."""

    day = forms.DateField(label=_("Day"), widget=widgets.DateInput())
    time = forms.TimeField(label=_("Begins at"), widget=widgets.TimeInput())
    minutes = forms.IntegerField(label=_("Minutes"), min_value=series.MINUTES[0], max_value=series.MINUTES[-1])
    room = forms.CharField(label=_("Room"), max_length=120, required=False)
    required_messages = {
        "day": _("Say on which day."),
        "time": _("Say when it begins, for example 12:00 PM."),
        "minutes": _("Say how long it is."),
    }

    def __init__(self, *args: Any, session: Session, zone: str, **kwargs: Any) -> None:
        wall = session.starts_at.astimezone(ZoneInfo(zone))
        now = {"day": wall.date(), "time": wall.time(), "minutes": session.minutes, "room": session.room}
        super().__init__(*args, initial=now, **kwargs)
        self.zone = zone

    def make_helper(self) -> Any:
        helper = super().make_helper()
        helper.layout = Layout(Row("day", "time", "minutes"), "room")
        return helper

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("day") and data.get("time"):
            data["starts_at"] = clock.local(data["day"], data["time"], self.zone)
            if data["starts_at"] <= clock.now():
                self.add_error("day", _("That time is over. Choose one that is still to come."))
        return data


class CodeForm(PortalForm):
    """Which code of a session counts."""

    check_in_by = forms.ChoiceField(
        label=_("Which code counts?"), choices=CheckInBy.choices,
        widget=widgets.Choices(hints={
            CheckInBy.SAME: _("Also on the sign-in sheet and in your slides. Whoever hears it can use it while check-in is open."),
            CheckInBy.CHANGING: _("A photograph of it is of no use a minute later. Whoever has no phone gives their name at the desk."),
        }),
    )  # fmt: skip
    check_out = forms.BooleanField(
        label=_("People check out too"), required=False, widget=widgets.Tick(),
        help_text=_("For workshops that people leave early: credit counts the minutes from check-in to check-out. Who stays to the end need not check out."),
    )  # fmt: skip


class CancelForm(PortalForm):
    """Why a session does not take place."""

    reason = forms.CharField(
        label=_("Why?"), max_length=250, help_text=_("Everybody registered reads it in the message.")
    )
    required_messages = {"reason": _("Say why; everybody registered reads it.")}


class PresentForm(PortalForm):
    """Somebody was there: who of those found, how long, and how we know."""

    person = forms.TypedChoiceField(label=_("Who was there?"), coerce=int, widget=widgets.Choices())
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, min_value=1, help_text=_("Leave empty for the whole session.")
    )
    reason = forms.CharField(
        label=_("How do we know?"), max_length=250, help_text=_("For example “signed the sheet at the door”.")
    )
    required_messages = {
        "person": _("Choose who was there."),
        "reason": _("Say how we know; it stays with the record."),
    }
    optional_fields = ("minutes",)

    def __init__(self, *args: Any, found: Sequence[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who = self.fields["person"]
        assert isinstance(who, forms.ChoiceField)
        who.choices = [(str(p.pk), p.name_with_degrees) for p in found]
        assert isinstance(who.widget, widgets.Choices)
        who.widget.hints = {str(p.pk): _hint(p) for p in found}
        if len(found) == 1:
            self.initial.setdefault("person", found[0].pk)


def _hint(person: Person) -> str:
    """What tells two people of one name apart."""
    about = [
        person.get_profession_display(),
        person.specialty,
        _("registered") if getattr(person, "is_registered", False) else "",
    ]
    return ", ".join(str(part) for part in about if part)


class CorrectForm(PortalForm):
    """Another row in the place of one that is wrong; the old one stays."""

    withdrawn = forms.BooleanField(label=_("This person was not there"), required=False, widget=widgets.Tick(bare=True))
    minutes = forms.IntegerField(
        label=_("Minutes"), required=False, min_value=1, help_text=_("Leave empty for the whole session.")
    )
    reason = forms.CharField(label=_("Why?"), max_length=250)
    required_messages = {"reason": _("Say why; others will read it.")}
    optional_fields = ("minutes",)
