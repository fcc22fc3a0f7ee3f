"""Designating credit: every type with its amount, what it needs, and why another cannot be had (WF-4)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from activities import access
from activities.domain import plan as plans
from activities.domain import reviewing
from common import statements
from common.errors import DomainError, NotAllowed
from credits.domain import designations
from reporting.credit_forms import DesignateForm
from reporting.views.page import desk_page, show


@desk_page(write=True)
def designate(request: HttpRequest, number: str) -> HttpResponse:
    """Choose the types and fix the credit. The amounts follow from the agenda; nobody types them."""
    activity = access.plan(request.actor, number)  # type: ignore[attr-defined]
    reviewing.require_may_decide(request.actor, activity)  # type: ignore[attr-defined]
    facts = plans.load(activity)
    options = designations.options(facts)
    form = DesignateForm(request.POST or None, facts=facts, options=options)
    if request.method == "POST" and form.is_valid():
        try:
            rows = designations.designate(activity_id=activity.pk, awards=form.awards(), by=request.actor)  # type: ignore[attr-defined]
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_domain_error(error)
        else:
            amounts = ", ".join(statements.plain(designations.amount(row)) for row in rows)
            said = _("Designated, with its statements: %(amounts)s.") % {"amounts": amounts}
            messages.success(request, said if rows else _("Designated: certificates of participation only."))
            return redirect("desk:activity", activity.number)
    context = {
        "title": activity.title, "activity": activity, "form": form, "plan": facts, "blocked": [o for o in options if o.blocked],
        "again": activity.designated_at is not None,
    }  # fmt: skip
    return show(request, "reporting/designate.html", context)
