"""Forms of an import: the file, its columns, whose a row is, why it is undone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from activities.domain.imports import kinds, values
from activities.domain.imports.lines import Reading, Sessions
from activities.enums import ImportColumn, ImportSource
from activities.models import Activity, ImportBatch
from common import clock, uploads, widgets
from common.forms import PortalForm
from common.templatetags.cme import local_date

SAMPLES = 3
# What most reports are in; the activity's own zone comes first, and any IANA zone that was remembered stays.
_ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "UTC", "Europe/London", "Europe/Paris")  # fmt: skip


class UploadForm(PortalForm):
    """A file, and of which session its rows are."""

    file = uploads.FileField(
        label=_("File"), kinds=uploads.TABLES, help_text=_("CSV, TSV or Excel. A report of Zoom, Teams or Webex as it comes; a list as you keep it."),
    )  # fmt: skip
    session = forms.TypedChoiceField(label=_("Of which session?"), required=False, coerce=int, empty_value=None)
    optional_fields = ()
    required_messages = {"file": _("Choose the file.")}

    def __init__(self, *args: Any, activity: Activity, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sessions = Sessions(activity)
        past = [s for s in reversed(sessions.all) if sessions.why_not(s) is None]
        listed = [(s.pk, f"{local_date(s.starts_at, activity.zone)}: {s.title}") for s in past]
        self.fields["session"].choices = [("", _("The file says it, row by row")), *listed]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ColumnField:
    """One column of the file on the page: its heading, what stands in it, and what it is said to hold."""

    heading: str
    samples: list[str]
    field: forms.BoundField


class ColumnsForm(PortalForm):
    """What each column holds, and how its cells are read."""

    source = forms.ChoiceField(label=_("What is it?"), choices=ImportSource.choices)
    order = forms.ChoiceField(label=_("How are dates written?"), widget=widgets.Choices(inline=True))
    zone = forms.ChoiceField(
        label=_("In which time zone are its times?"), help_text=_("Reports carry the zone of whoever made them.")
    )
    repeated = forms.ChoiceField(
        label=_("Somebody stands in several rows"),
        choices=[("longest", _("The longest row counts")), ("sum", _("Their minutes are added up"))],
        widget=widgets.Choices(inline=True),
        help_text=_("Times of joining and leaving are always put together without counting anything twice."),
    )
    minimum = forms.IntegerField(
        label=_("Minutes one must have been there"), min_value=0, max_value=240, required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "w-s"}), help_text=_("For webinar reports. Who was there for less is left out."),
    )  # fmt: skip
    optional_fields = ()

    def __init__(self, *args: Any, batch: ImportBatch, usual: int, **kwargs: Any) -> None:
        self.batch, self.reading, self.usual = batch, Reading.of(batch), usual
        reading = self.reading
        initial = {
            "source": reading.source, "order": reading.order, "zone": reading.zone, "repeated": reading.repeated,
            "minimum": reading.minimum if reading.is_report else usual,
        }  # fmt: skip
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["order"].choices = _orders()  # type: ignore[attr-defined]
        kind = kinds.of(batch)
        if batch.activity_id is None:
            for name in ("source", "zone", "repeated", "minimum"):
                del self.fields[name]
        else:
            zones = dict.fromkeys((kind.zone(batch), reading.zone, *_ZONES))
            named = [(z, z.rpartition("/")[2].replace("_", " ")) for z in zones if z in available_timezones()]
            self.fields["zone"].choices = named  # type: ignore[attr-defined]
            self.fields["source"].choices = [c for c in ImportSource.choices if c[0] != ImportSource.HISTORY]  # type: ignore[attr-defined]
        choices = [("", _("Nothing we need")), *kind.choices(batch)]
        for n, heading in enumerate(reading.headings):
            field = forms.ChoiceField(
                choices=choices, required=False, initial=reading.columns.get(heading, ""), label=heading
            )
            field.widget.attrs["class"] = "form-select"
            field.show_optional = False  # type: ignore[attr-defined]
            self.fields[f"c{n}"] = field

    @property
    def column_fields(self) -> list[ColumnField]:
        """The columns with some of what stands in them."""
        below = [cells for number, cells in self.batch.sample if number > self.reading.row]
        found = []
        for n, heading in enumerate(self.reading.headings):
            samples = list(dict.fromkeys(cells[n] for cells in below if n < len(cells) and cells[n]))[:SAMPLES]
            found.append(ColumnField(heading, [s[:60] for s in samples], self[f"c{n}"]))
        return found

    @property
    def asks_dates(self) -> bool:
        """Whether any column may hold a date or a time, as it stands now."""
        wanted = {
            c.value
            for c in (ImportColumn.DATE, ImportColumn.JOINED, ImportColumn.LEFT, ImportColumn.FIRST, ImportColumn.LAST)
        }
        return bool(wanted & {str(self[f"c{n}"].value()) for n in range(len(self.reading.headings))})

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        wrong = kinds.of(self.batch).unusable(self.columns(data))
        if wrong:
            self.add_error(None, wrong)
        return data

    def columns(self, data: dict[str, Any]) -> dict[str, str]:
        return {h: data[f"c{n}"] for n, h in enumerate(self.reading.headings) if data.get(f"c{n}")}

    def said(self) -> dict[str, Any]:
        """What `batches.read_import` is told."""
        data = {
            "source": self.reading.source,
            "zone": self.reading.zone,
            "repeated": self.reading.repeated,
            **self.cleaned_data,
        }
        minimum = data.get("minimum")
        return {
            "columns": self.columns(data),
            "minimum": minimum if minimum is not None else self.usual,
            **{k: data[k] for k in ("source", "order", "zone", "repeated")},
        }


def _orders() -> list[tuple[str, str]]:
    """The two orders, on a date that shows the difference."""
    day = dt.date(clock.now().year, 11, 17)
    return [
        (values.MDY, _now("%(date)s (month first)") % {"date": f"{day:%m/%d/%Y}"}),
        (values.DMY, _now("%(date)s (day first)") % {"date": f"{day:%d/%m/%Y}"}),
    ]


class TableForm(PortalForm):
    """Where the table begins: the sheet of a workbook, the row of its headings."""

    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    row = forms.TypedChoiceField(label=_("The headings are in"), coerce=int)
    optional_fields = ()

    def __init__(self, *args: Any, batch: ImportBatch, **kwargs: Any) -> None:
        reading = Reading.of(batch)
        super().__init__(*args, initial={"sheet": reading.written.sheet, "row": reading.row}, **kwargs)
        rows = [
            (number, _now("Row %(n)s: %(cells)s") % {"n": number, "cells": ", ".join(c for c in cells if c)[:60]})
            for number, cells in batch.sample[:20]
        ]
        self.fields["row"].choices = [*rows, (0, _("No row: the file has no headings"))]  # type: ignore[attr-defined]
        if len(reading.written.sheets) > 1:
            self.fields["sheet"].choices = [(s, s) for s in reading.written.sheets]  # type: ignore[attr-defined]
        else:
            del self.fields["sheet"]


class WhoseForm(PortalForm):
    """Whose one row is: somebody found by name or address, somebody suggested, or nobody."""

    choice = forms.ChoiceField(label=_("Whose row is it?"), widget=widgets.Choices())
    required_messages = {"choice": _("Choose one, or leave the row out.")}

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], found: Sequence[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict(choices)
        known |= {f"p{p.pk}": p.name_with_degrees for p in found}
        field = self.fields["choice"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*known.items(), ("out", _("Nobody: leave the row out"))]
        assert isinstance(field.widget, widgets.Choices)
        field.widget.hints = {f"p{p.pk}": _hint(p) for p in found}


def _hint(person: Person) -> str:
    about = [
        person.get_profession_display(),
        person.specialty,
        _now("registered") if getattr(person, "is_registered", False) else "",
    ]
    return ", ".join(str(part) for part in about if part)


class UndoForm(PortalForm):
    """Why an import is taken back."""

    reason = forms.CharField(
        label=_("Why?"), max_length=200, help_text=_("It stands in the record of everybody concerned.")
    )
    required_messages = {"reason": _("Say why; others will read it.")}
