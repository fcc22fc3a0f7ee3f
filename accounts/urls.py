"""Signing in and out; the profile."""

from django.urls import path

from accounts import profile_urls
from accounts.views import sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.sign_in_page, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("welcome/", sign_in.introduce, name="introduce"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    *profile_urls.urlpatterns,
]
