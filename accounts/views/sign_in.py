"""Sign in, sign out, first visit."""

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.domain import sign_in
from accounts.models import User
from accounts.sign_in_forms import CodeForm, IntroductionForm, SignInForm
from common.errors import DomainError
from common.page import page

COOKIE, PROVED = "sign_in", "proved"
COOKIE_AGE = 60 * 60


@page(public=True, write=True)
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """One field. Known and unknown addresses get the same answer (decision 22)."""
    going = safe_next(request, request.POST.get("next") or request.GET.get("next", ""))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key = sign_in.request_code(email=form.cleaned_data["email"])
        except DomainError as error:
            form.add_domain_error(error)
        else:
            response = redirect("accounts:sign_in_code")
            return remember(response, {"key": key, "next": going})
    return render(request, "accounts/sign_in.html", {"form": form, "next": going})


@page(public=True, write=True)
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The code. A right one signs in, or asks a first visitor to introduce themselves."""
    kept = recall(request)
    email = sign_in.address_of(kept.get("key", "")) if kept else None
    if email is None:
        return redirect("accounts:sign_in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            proved = sign_in.confirm_code(key=kept["key"], typed=form.cleaned_data["code"])
            user = sign_in.user_for(proved)
        except DomainError as error:
            form.add_domain_error(error)
        else:
            if user is not None:
                return enter(request, user, kept.get("next", ""))
            return remember(redirect("accounts:introduce"), {PROVED: proved, "next": kept.get("next", "")})
    return render(request, "accounts/sign_in_code.html", {"form": form, "email": email, "next": kept.get("next", "")})


@page(public=True, write=True)
def introduce(request: HttpRequest) -> HttpResponse:
    """A first visit: name, degree, profession only."""
    kept = recall(request)
    if not kept or PROVED not in kept:
        return redirect("accounts:sign_in")
    form = IntroductionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = sign_in.user_for(kept[PROVED]) or sign_in.create_account(email=kept[PROVED], **form.cleaned_data)
        return enter(request, user, kept.get("next", ""))
    return render(request, "accounts/introduce.html", {"form": form, "email": kept[PROVED]})


@page(public=True, write=True)
def sign_out(request: HttpRequest) -> HttpResponse:
    """A button, never a link; a GET shows the button."""
    if request.method == "POST":
        logout(request)
        messages.success(request, _("You are signed out."))
        return redirect("activities:catalogue")
    return render(request, "accounts/sign_out.html")


@page(public=True)
def sign_in_for_allauth(request: HttpRequest) -> HttpResponse:
    """Where allauth's second factor sends people who are to sign in first."""
    return redirect(f"{reverse('accounts:sign_in')}?{request.GET.urlencode()}")


def enter(request: HttpRequest, user: User, going: str) -> HttpResponse:
    """Sign in through allauth, so that a second factor is asked where there is one."""
    response = perform_login(
        request, Login(user=user, email_verification="none", redirect_url=going or reverse("credits:home"))
    )
    response.delete_cookie(COOKIE)
    return response


def remember(response: HttpResponse, kept: dict[str, str]) -> HttpResponse:
    """Keep what this browser is doing in a signed cookie: no session row for visitors who never finish."""
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=COOKIE),
        max_age=COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SECURE_COOKIES,
    )
    return response


def recall(request: HttpRequest) -> dict[str, str]:
    try:
        return dict(signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=COOKIE_AGE))
    except signing.BadSignature:
        return {}


def safe_next(request: HttpRequest, target: str) -> str:
    """Only our own addresses are ever gone to after signing in."""
    return (
        target
        if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
        else ""
    )
