"""One include per app; the admin; health; error handlers."""

from django.conf import settings
from django.urls import include, path

from cme_portal import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("", include("accounts.urls")),
    path("", include("activities.urls")),
    path("", include("evaluations.urls")),
    path("", include("credits.urls")),
    path("", include("integrity.urls")),
    path("", include("cme_portal.page_urls")),
]
if settings.PORTAL_DEMO:
    urlpatterns.append(path("demo/", include("cme_portal.demo_urls")))
