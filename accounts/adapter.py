"""allauth's adapter: accounts are made by our sign-in only."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    """No sign-up page of allauth's; after its stages, back to where the person was going."""

    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def get_login_redirect_url(self, request: Any) -> str:
        return request.session.pop("sign_in_next", None) or reverse("credits:home")
