"""Signing in and out; the profile."""

from django.urls import path

from accounts import profile_urls
from accounts.views import mailbox, see_as, sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in_page, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("sign-in/lost-mailbox/", mailbox.mailbox_request, name="mailbox_request"),
    path("welcome/", sign_in.introduce, name="introduce"),
    path("see-as/stop/", see_as.see_as_stop, name="see_as_stop"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    *profile_urls.urlpatterns,
]
