"""Addresses of the office's pages about claims, inside the admin."""

from django.urls import path

from reporting.views import weak_claims

app_name = "claim_desk"

urlpatterns = [path("", weak_claims.home, name="home")]
