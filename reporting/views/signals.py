"""Check-ins to look at: what stands out, for a person to judge. No credit depends on it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Provider
from activities.domain import looking
from common import tabular
from common.errors import DomainError
from common.templatetags.cme import local
from reporting.check_in_forms import LookedForm, SignalFilter
from reporting.domain import check_ins
from reporting.views.page import desk_page, show

PER_PAGE = 25


@desk_page(write=True)
def home(request: HttpRequest) -> HttpResponse:
    """Each signal in plain words, the people, the way to the record; a form says that somebody looked."""
    wanted = SignalFilter.of(request.GET)
    bound = LookedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and bound.is_valid() and _looked(request, bound):
        messages.success(request, _("Noted. It comes back only if more comes in."))
        return redirect(f"{request.path}?{urlencode(wanted)}" if any(wanted.values()) else request.path)
    found, page_obj = _page(request, wanted)
    rows = [(row, check_ins.words(row), _form(row, bound)) for row in found]
    context = {
        "title": _("Check-ins to look at"), "rows": rows, "page_obj": page_obj, "wanted": wanted, "bound": bound, "zone": Provider.current().zone,
        "query": urlencode({k: v for k, v in wanted.items() if v}), "kinds": [("", _("Everything")), *check_ins.KINDS.items()],
        # Somebody else was first: the line that it was about is gone.
        "stray": bool(bound.errors) and all(form is not bound for _row, _said, form in rows),
    }  # fmt: skip
    return show(request, "reporting/check_ins.html", context)


@desk_page()
def table(request: HttpRequest) -> HttpResponseBase:
    """The same list as a file, with who is in each."""
    found = looking.shown(looking.open_signals(**_asked(SignalFilter.of(request.GET))))
    head = [_("What"), _("Activity"), _("Session"), _("People"), _("First"), _("Last"), _("Names")]
    body = (_line(row) for row in found)
    return tabular.download("check-ins-to-look-at", head, body, kind=request.GET.get("as", "csv"))


def _line(row: looking.Found) -> list[Any]:
    s = row.signal
    zone = row.session.activity.zone if row.session else Provider.current().zone
    number, title = (row.session.activity.number, row.session.title) if row.session else ("", "")
    return [check_ins.words(row).title, number, title, s.size, local(s.first_at, zone), local(s.last_at, zone), "; ".join(row.names)]  # fmt: skip


def _asked(wanted: dict[str, str]) -> dict[str, str]:
    return {"activity_number": wanted["activity"], "kind": wanted["kind"]}


def _page(request: HttpRequest, wanted: dict[str, str]) -> tuple[list[looking.Found], Any]:
    """The signals of one page, open ones or those that somebody looked at."""
    if wanted["show"]:
        done = looking.looked_at(**_asked(wanted))
        page_obj: Any = Paginator(done, PER_PAGE).get_page(request.GET.get("page"))
        return looking.shown([s for s, _r in page_obj], [r for _s, r in page_obj]), page_obj
    page_obj = Paginator(looking.open_signals(**_asked(wanted)), PER_PAGE).get_page(request.GET.get("page"))
    return looking.shown(list(page_obj)), page_obj


def _looked(request: HttpRequest, form: LookedForm) -> bool:
    data, by = form.cleaned_data, request.actor  # type: ignore[attr-defined]
    try:
        looking.review(key=data["key"], size=data["size"], outcome=data["outcome"], words=data["note"], by=by)
    except DomainError as error:
        form.add_domain_error(error)
        return False
    return True


def _form(row: looking.Found, bound: LookedForm) -> LookedForm | None:
    """The form of one signal, or the one that was refused, as it was sent."""
    if row.review is not None:
        return None
    if bound.is_bound and bound.errors and bound.data.get("key") == row.signal.key:
        return bound
    return LookedForm(
        initial={"key": row.signal.key, "size": row.signal.size}, auto_id=f"{row.signal.key.replace(':', '-')}-%s"
    )
