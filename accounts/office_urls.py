"""Addresses of the office's pages about people who stand in the records twice, inside the admin."""

from django.urls import path

from accounts.views import office

app_name = "people"

urlpatterns = [
    path("duplicates/", office.duplicate_list, name="duplicates"),
    path("duplicates/look/", office.look_again, name="look_again"),
    path("duplicates/<int:pk>/reopen/", office.reopen, name="reopen"),
    path("<int:pk>/same/", office.find_same, name="find_same"),
    path("<int:kept_id>/<int:away_id>/", office.compare, name="compare"),
    path("<int:kept_id>/<int:away_id>/two-people/", office.dismiss, name="dismiss"),
]
