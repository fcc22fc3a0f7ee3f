"""Addresses of the office's pages about check-ins, inside the admin."""

from django.urls import path

from reporting.views import signals

app_name = "check_in_desk"

urlpatterns = [path("", signals.home, name="home"), path("table/", signals.table, name="table")]
