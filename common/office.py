"""The site of the office's pages: Unfold's, less the work that none of our pages shows."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class OfficeSite(UnfoldAdminSite):
    """The admin's site (settings: common.apps.OfficeAdminConfig)."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Every table with its permissions and addresses; made when a template asks, as our sidebar is a list of its own.

        Django makes it for each page of the admin, which was a twentieth of the queue's time.
        """
        return SimpleLazyObject(lambda: super(OfficeSite, self).get_app_list(request, app_label))
