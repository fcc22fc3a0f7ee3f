"""Addresses of credit to report, inside the admin."""

from django.urls import path

from reporting.views import reports

app_name = "report_desk"

urlpatterns = [
    path("", reports.home, name="home"),
    path("mark/", reports.mark, name="mark"),
    path("list.csv", reports.export, name="export"),
]
