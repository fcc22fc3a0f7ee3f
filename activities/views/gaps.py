"""The gap library: record a gap, show it with evidence, begin an application from it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Provider
from activities import access
from activities.domain import gaps
from activities.forms.base import of_row
from activities.forms.gaps import GapCreateForm, GapForm, SourceForm
from activities.models import PracticeGap
from activities.views.applications import departments_of
from common import clock, rulesets, uploads
from common.page import page
from common.templatetags.cme import local_time

PER_PAGE = 25


@page(perm="activities.plan")
def gap_list(request: Any) -> HttpResponse:
    """The gaps of one's departments, the one worked on last first."""
    query = request.GET.get("q", "").strip()
    found = access.gaps(request.actor).select_related("department").order_by("-changed_at")
    if query:
        found = found.filter(
            Q(title__icontains=query) | Q(current_practice__icontains=query) | Q(audience__icontains=query)
        )
    found = found.annotate(
        sources=Count("evidence", filter=Q(evidence__removed_at=None), distinct=True),
        uses=Count("activity_links", filter=Q(activity_links__removed_at=None), distinct=True),
    )
    page_obj = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    least = int(rulesets.value_on("gap.sources_minimum"))
    return render(request, "activities/gap_list.html", {"page_obj": page_obj, "query": query, "sources_minimum": least})


@page(perm="activities.plan", write=True)
def gap_create(request: Any) -> HttpResponse:
    """A few words are enough to begin."""
    form = GapCreateForm(request.POST or None, departments=departments_of(request.actor))
    if request.method == "POST" and form.is_valid():
        gap = gaps.create_gap(by=request.actor, **form.cleaned_data)
        return redirect(gap)
    return render(request, "activities/gap_create.html", {"form": form})


@page(perm="activities.plan", write=True, files=True)
def gap_detail(request: Any, pk: int) -> HttpResponse:
    """One gap: read it, write it, add and remove sources."""
    gap = access.gap(request.actor, pk)
    action, _sep, argument = request.POST.get("action", "save").partition(":")
    form = GapForm(of_row(request.POST, f"gap{gap.pk}"), gap=gap, needs=list(gap.needs.filter(removed_at=None)))
    begun = "action" in request.POST and any(request.POST.get(f"source{gap.pk}-{name}") for name in SourceForm.TYPED)
    source = SourceForm(*((request.POST, request.FILES) if action == "add_source" or begun else ()), gap=gap)
    if request.method != "POST":
        return _show(request, gap, form, source)
    if form.is_bound:
        gaps.save_gap(gap_id=gap.pk, values=form.columns(), needs=form.needs(), by=request.actor)
    if request.htmx:
        return _autosaved(request, gap, form)
    ready = not source.is_bound or (source.is_valid() if action == "add_source" else source.is_complete())
    if (form.is_bound and not form.is_valid()) or not ready:
        return _show(request, gap, form, source, status=422)
    if source.is_bound and action != "add_source":  # written, and another button was pressed
        added = gaps.add_source(gap_id=gap.pk, by=request.actor, **source.values())
        messages.success(request, _("Added the source “%(source)s”.") % {"source": added.citation})
    return redirect(_act(request, gap, action, argument, source))


@page(perm="accounts.signed_in")
def gap_source_file(request: Any, pk: int, source_pk: int) -> HttpResponseBase:
    """The file behind a source, for who may read the gap or a plan that works on it."""
    return uploads.response(access.gap_source_file(request.actor, pk, source_pk))


def _act(request: Any, gap: PracticeGap, action: str, argument: str, source: SourceForm) -> str:
    address = reverse("activities:gap_detail", args=[gap.pk])
    source_id = int(argument) if argument.isdecimal() else 0
    if action == "add_source":
        gaps.add_source(gap_id=gap.pk, by=request.actor, **source.values())
        return f"{address}#sources-{gap.pk}"
    if action == "remove_source":
        gaps.remove_source(gap_id=gap.pk, source_id=source_id, by=request.actor)
        return f"{address}?{urlencode({'undo': f'restore_source:{source_id}'})}"
    if action == "restore_source":
        gaps.restore_source(gap_id=gap.pk, source_id=source_id, by=request.actor)
        return f"{address}#sources-{gap.pk}"
    messages.success(request, _("Saved."))
    return address


def _autosaved(request: Any, gap: PracticeGap, form: GapForm) -> HttpResponse:
    fresh = PracticeGap.objects.get(pk=gap.pk)
    response = render(
        request,
        "activities/partials/_gap_saved.html",
        {"problems": form.error_list, "drafts": [GapForm(gap=fresh, needs=list(fresh.needs.filter(removed_at=None)))]},
    )
    response["X-Saved-At"] = local_time(clock.now(), Provider.current().zone)
    return response


def _show(request: Any, gap: PracticeGap, form: GapForm, source: SourceForm, status: int = 200) -> HttpResponse:
    links = gap.activity_links.filter(removed_at=None).select_related("activity").order_by("-activity__changed_at")
    undo = request.GET.get("undo", "")
    removed = (
        gap.evidence.filter(pk=undo.partition(":")[2] or 0).first() if undo.partition(":")[2].isdecimal() else None
    )
    context = {
        "gap": gap, "form": form, "drafts": [form], "source": source, "sources": list(gap.evidence.filter(removed_at=None).select_related("file")), "links": links, "undo": undo,
        "undo_text": _("Removed the source “%(source)s”.") % {"source": removed.citation} if removed else "",
        "errors": [*form.error_list, *(source.error_list if source.is_bound else [])] if form.is_bound else [],
        "sources_minimum": int(rulesets.value_on("gap.sources_minimum")), "zone": Provider.current().zone,
        "activities": access.plannable(request.actor).filter(pk__in=[x.activity_id for x in links]),
    }  # fmt: skip
    return render(request, "activities/gap_detail.html", context, status=status)
