"""Addresses of the pages everybody expects."""

from django.urls import path

from cme_portal import pages

app_name = "pages"
urlpatterns = [
    path("help/", pages.help_page, name="help"),
    path("contact/", pages.contact, name="contact"),
    path("privacy/", pages.privacy, name="privacy"),
    path("accessibility/", pages.accessibility, name="accessibility"),
    path("rules/", pages.rules, name="rules"),
]
