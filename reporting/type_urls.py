"""Addresses of the office's pages about credit types, inside the admin."""

from django.urls import path

from reporting.views import credit_types

app_name = "type_desk"

urlpatterns = [
    path("", credit_types.home, name="home"),
    path("<slug:code>/", credit_types.detail, name="detail"),
    path("<slug:code>/settle/<slug:name>/", credit_types.settle, name="settle"),
    path("<slug:code>/term/", credit_types.term, name="term"),
    path("<slug:code>/term/<int:pk>/end/", credit_types.term_end, name="term_end"),
]
