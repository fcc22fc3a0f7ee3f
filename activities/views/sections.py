"""The editors of the sections, one each; people have a module of their own."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities import access
from activities.domain import activity_page, applications, gaps, sections
from activities.domain.plan import SlotFacts
from activities.enums import Section
from activities.forms.applications import (
    BasicsForm,
    CreditForm,
    EvaluationForm,
    FormatForm,
    ObjectiveForm,
    SignForm,
    SlotForm,
)
from activities.forms.base import of_row
from activities.forms.gaps import GapForm, SourceForm
from activities.models import Activity, GapEvidence, Objective, Session
from activities.views.editor import ColumnsEditor, Editor, Outcome, fine, number
from activities.views.joint import BasicsEditor
from activities.views.people import PeopleEditor
from common.errors import DomainError


class FormatEditor(ColumnsEditor):
    section, form_class = Section.FORMAT, FormatForm
    lead = gettext_lazy("What will be different afterwards, and why this way of teaching gets there.")


class EvaluationEditor(ColumnsEditor):
    section, form_class = Section.EVALUATION, EvaluationForm
    lead = gettext_lazy("How you will know that something changed.")


class GapEditor(Editor):
    """APP-4: the gaps it sets out to close, written here or taken from the library."""

    section, template = Section.GAP, "activities/partials/_gaps.html"
    own_summary = True
    lead = gettext_lazy("What is happening in practice now that should be better?")

    def build(self) -> None:
        self.cards: list[dict[str, Any]] = []
        for facts in self.plan.gaps:
            # Whoever writes this plan writes its department's gaps; the domain asks again under the lock.
            departments = self.actor.departments | {self.plan.activity.department_id}
            writable = self.actor.is_office or facts.gap.department_id in departments
            form = GapForm(
                of_row(self.typed, f"gap{facts.gap.pk}"),
                gap=facts.gap,
                needs=facts.needs,
                own_learners=facts.link.own_learners,
            )
            adding = self.action == f"add_source:{facts.gap.pk}"
            begun = bool(self.action) and any(self.field(f"source{facts.gap.pk}-{name}") for name in SourceForm.TYPED)
            self.cards.append(
                {
                    "facts": facts,
                    "form": form,
                    "writable": writable,
                    "source": SourceForm(*((self.data, self.files) if adding or begun else ()), gap=facts.gap),
                    "begun": begun and not adding and writable,
                }
            )

    def forms(self) -> list[Any]:
        return [form for card in self.cards for form in (card["form"], card["source"])]

    def save(self) -> bool:
        ok = True
        for card in self.cards:
            if card["writable"] and card["form"].is_bound:
                gaps.save_gap(
                    gap_id=card["facts"].gap.pk,
                    values=card["form"].columns(),
                    needs=card["form"].needs(),
                    by=self.actor,
                )
                ok = fine(card["form"]) and ok
        own = {
            c["facts"].gap.pk: c["form"].answers()["own_learners"]
            for c in self.cards
            if "own_learners" in c["form"].answers()
        }
        if own:
            gaps.save_own_learners(texts=own, **self.keys)
        return ok

    def take_along(self) -> bool:
        """Sources that were written and not added; a gap that was named or chosen and not added."""
        begun = [card for card in self.cards if card["begun"]]
        # All or none: what was added once would stand in its fields still, and be added again.
        complete = [card["source"].is_complete() for card in begun]
        if not all(complete):
            return False
        super().take_along()
        for card in begun:
            source = gaps.add_source(gap_id=card["facts"].gap.pk, by=self.actor, **card["source"].values())
            self.notes.append(_("Added the source “%(source)s”.") % {"source": source.citation})
        if self.action and self.action != "new" and self.field("new_gap"):
            self._new("")
            self.notes.append(_("Added the gap “%(title)s”. Describe it next.") % {"title": self.field("new_gap")})
        if self.action and not self.action.startswith("link") and self.field("link_gap").isdecimal():
            self._link("")
        return True

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {
            "link": self._link, "new": self._new, "unlink": self._unlink, "restore_gap": self._restore_gap,
            "add_source": self._add_source, "remove_source": self._remove_source, "restore_source": self._restore_source,
        }  # fmt: skip

    def _link(self, argument: str) -> Outcome:
        chosen = argument or self.field("link_gap")
        if not chosen.isdecimal():
            raise DomainError(_("Choose a gap from the library first."))
        gap = access.gap(self.actor, int(chosen))
        gaps.link_gap(gap=gap, **self.keys)
        return Outcome(anchor=f"gap-{gap.pk}")

    def _new(self, _argument: str) -> Outcome:
        title = self.field("new_gap") or _("A new gap")
        gap = gaps.describe_new(title=title[:160], **self.keys)
        return Outcome(anchor=f"gap-{gap.pk}")

    def _unlink(self, argument: str) -> Outcome:
        gaps.unlink_gap(gap_id=number(argument), **self.keys)
        return Outcome(undo=f"restore_gap:{argument}")

    def _restore_gap(self, argument: str) -> Outcome:
        gaps.relink_gap(gap_id=number(argument), **self.keys)
        return Outcome(anchor=f"gap-{argument}")

    def _add_source(self, argument: str) -> Outcome:
        card = next((c for c in self.cards if str(c["facts"].gap.pk) == argument), None)
        if card is None or not card["source"].is_valid():
            return Outcome(ok=False)
        gaps.add_source(gap_id=card["facts"].gap.pk, by=self.actor, **card["source"].values())
        return Outcome(anchor=f"sources-{argument}")

    def _remove_source(self, argument: str) -> Outcome:
        gap_id, _sep, source_id = argument.partition("-")
        gaps.remove_source(gap_id=number(gap_id), source_id=number(source_id), by=self.actor)
        return Outcome(undo=f"restore_source:{argument}")

    def _restore_source(self, argument: str) -> Outcome:
        gap_id, _sep, source_id = argument.partition("-")
        gaps.restore_source(gap_id=number(gap_id), source_id=number(source_id), by=self.actor)
        return Outcome(anchor=f"sources-{gap_id}")

    def undo_text(self, kind: str, pk: str) -> str:
        if kind == "restore_gap" and pk.isdecimal():
            link = self.plan.activity.gap_links.filter(gap_id=int(pk)).select_related("gap").first()
            return _("Took “%(title)s” off this application.") % {"title": link.gap.title} if link else ""
        source = GapEvidence.objects.filter(
            pk=pk.rpartition("-")[2] or 0, gap__activity_links__activity=self.plan.activity
        ).first()
        return _("Removed the source “%(source)s”.") % {"source": source.citation} if source else ""

    def context(self) -> dict[str, Any]:
        linked = [f.gap.pk for f in self.plan.gaps]
        library = access.gaps(self.actor).exclude(pk__in=linked).order_by("title").values_list("pk", "title")
        return {
            "cards": self.cards,
            "library": list(library[:200]),
            "new_gap": self.field("new_gap"),
            "link_gap": self.field("link_gap"),
        }


class ObjectivesEditor(Editor):
    """APP-5."""

    section, template = Section.OBJECTIVES, "activities/partials/_objectives.html"
    own_summary = True
    lead = gettext_lazy("What will learners do that they don’t do now? Each objective answers a need of a gap.")

    def build(self) -> None:
        self.rows = [
            ObjectiveForm(of_row(self.typed, f"o{o.pk}"), objective=o, plan=self.plan, number=n)
            for n, o in enumerate(self.plan.objectives, start=1)
        ]

    def forms(self) -> list[Any]:
        return list(self.rows)

    def save(self) -> bool:
        rows = {f.objective.pk: answers for f in self.rows if (answers := f.answers())}
        if rows:
            sections.save_objectives(rows=rows, **self.keys)
        return all(fine(f) for f in self.rows)

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {
            "add": self._add, "remove": self._remove, "restore": self._restore,
            "up": lambda pk: self._move(pk, up=True), "down": lambda pk: self._move(pk, up=False),
        }  # fmt: skip

    def _add(self, _argument: str) -> Outcome:
        return Outcome(anchor=f"objective-{sections.add_objective(**self.keys).pk}")

    def _remove(self, argument: str) -> Outcome:
        sections.remove_objective(objective_id=number(argument), **self.keys)
        return Outcome(undo=f"restore:{argument}")

    def _restore(self, argument: str) -> Outcome:
        sections.restore_objective(objective_id=number(argument), **self.keys)
        return Outcome(anchor=f"objective-{argument}")

    def _move(self, argument: str, *, up: bool) -> Outcome:
        sections.move_objective(objective_id=number(argument), up=up, **self.keys)
        return Outcome(anchor=f"objective-{argument}")

    def undo_text(self, kind: str, pk: str) -> str:
        found = Objective.objects.filter(pk=number(pk), activity=self.plan.activity).first()
        return _("Removed the objective “%(text)s”.") % {"text": found.text or _("empty")} if found else ""

    def context(self) -> dict[str, Any]:
        return {"rows": self.rows, "has_needs": bool(self.plan.needs)}


class AgendaEditor(Editor):
    """APP-10 and APP-11."""

    section, template = Section.AGENDA, "activities/partials/_agenda_section.html"
    own_summary = True
    lead = gettext_lazy("Slots with their times. The credit follows from them and is computed as you write.")

    def build(self) -> None:
        self.rows = [self._row(facts) for facts in self.plan.slots]
        types = credit_types(self.plan.activity)
        self.form = CreditForm(self.typed, instance=self.plan.activity, types=types)

    def _row(self, facts: SlotFacts) -> dict[str, Any]:
        """A line of the agenda; only the one that is open, or was sent, has its form: an agenda can be long."""
        data = of_row(self.typed, f"s{facts.session.pk}")
        pk = str(facts.session.pk)
        if data is not None:
            self.opened = pk
        form = SlotForm(data, facts=facts, plan=self.plan) if data is not None or self.opened == pk else None
        return {"facts": facts, "form": form, "numbers": [self.plan.number_of(o) for o in facts.objectives]}

    @property
    def slot_forms(self) -> list[SlotForm]:
        return [row["form"] for row in self.rows if row["form"] is not None]

    def forms(self) -> list[Any]:
        return [*self.slot_forms, self.form]

    def take_along(self) -> bool:
        """The first day, typed beside the button that adds a slot."""
        super().take_along()
        day = self._day() if self.action and self.action != "add" else None
        if day is not None:
            sections.save_section(section=Section.BASICS, values={"starts_on": day, "ends_on": day}, **self.keys)
        return True

    def _day(self) -> dt.date | None:
        """The first day as typed, while the activity has none. Raises DomainError for what is no date."""
        if self.plan.activity.starts_on is not None or not self.field("day"):
            return None
        try:
            found: dt.date | None = BasicsForm.base_fields["starts_on"].clean(self.field("day"))
        except ValidationError as error:
            raise DomainError(_("The first day is no date. Write it as 2027-03-15.")) from error
        return found

    def save(self) -> bool:
        rows = {f.facts.session.pk: answers for f in self.slot_forms if (answers := f.answers())}
        if rows:
            sections.save_slots(rows=rows, **self.keys)
        if credit := self.form.answers():
            sections.save_section(section=self.section, values=credit, **self.keys)
        return all(fine(f) for f in self.forms())

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {
            "add": self._add,
            "open": self._open,
            "close": self._close,
            "remove": self._remove,
            "restore": self._restore,
        }

    def _add(self, _argument: str) -> Outcome:
        return self._open(str(sections.add_slot(day=self._day(), **self.keys).pk))

    def _open(self, argument: str) -> Outcome:
        return Outcome(anchor=f"slot-{argument}", opened=argument)

    def _close(self, _argument: str) -> Outcome:
        return Outcome(anchor="agenda")

    def _remove(self, argument: str) -> Outcome:
        sections.remove_slot(session_id=number(argument), **self.keys)
        return Outcome(undo=f"restore:{argument}")

    def _restore(self, argument: str) -> Outcome:
        sections.restore_slot(session_id=number(argument), **self.keys)
        return Outcome(anchor=f"slot-{argument}")

    def undo_text(self, kind: str, pk: str) -> str:
        found = Session.objects.filter(pk=number(pk), activity=self.plan.activity).first()
        return _("Removed “%(title)s” from the agenda.") % {"title": found.title or _("a slot")} if found else ""

    def context(self) -> dict[str, Any]:
        panels = activity_page.panels("agenda", self.plan, self.actor)
        return {
            "rows": self.rows,
            "form": self.form,
            "panels": panels,
            "agenda": self.plan.agenda,
            "day": self.field("day"),
        }


class SignEditor(Editor):
    """APP-16: the director signs, then anybody of the planners sends."""

    section, template, autosaves = Section.SIGN, "activities/partials/_sign.html", False
    lead = gettext_lazy("The activity director signs, then the application goes to the CME office.")

    def build(self) -> None:
        signing = self.data is not None and self.data.get("action") == "sign"
        self.form = SignForm(self.data if signing else None)

    def forms(self) -> list[Any]:
        return [self.form]

    def actions(self) -> Mapping[str, Callable[[str], Outcome]]:
        return {"sign": self._sign}

    def _sign(self, _argument: str) -> Outcome:
        if not self.form.is_valid():
            return Outcome(ok=False)
        applications.sign_application(name=self.form.cleaned_data["signed_name"], **self.keys)
        return Outcome(message=_("Signed. The application can go to the CME office."))

    def context(self) -> dict[str, Any]:
        is_director = self.actor.person_id in {r.person_id for r in self.plan.directors}
        return {"form": self.form, "is_director": is_director, "directors": [r.person for r in self.plan.directors]}


EDITORS: dict[str, type[Editor]] = {
    e.section.value: e
    for e in (
        BasicsEditor,
        PeopleEditor,
        GapEditor,
        ObjectivesEditor,
        AgendaEditor,
        FormatEditor,
        EvaluationEditor,
        SignEditor,
    )
}


def credit_types(activity: Activity) -> list[tuple[str, Any]]:
    """The credit types one can ask for here, from the app that knows (CREDIT_TYPES_TO_ASK)."""
    found: list[tuple[str, Any]] = import_string(settings.CREDIT_TYPES_TO_ASK)(activity)
    return found
