"""Addresses of the integrity app."""

from django.urls import path

from integrity.views import disclosures

app_name = "integrity"

urlpatterns = [
    path("d/<str:token>/", disclosures.disclosure_by_link, name="disclosure_by_link"),
    path("d/<str:token>/new/", disclosures.disclosure_new_link, name="disclosure_new_link"),
    path("disclosure/", disclosures.my_disclosure, name="my_disclosure"),
]
