"""One include per app; the admin; health; error handlers."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.views import sign_in
from cme_portal import health
from reporting.views import desk

# Decision 24: the admin's own sign-in would go around the code and the second factor. Its index is the queue.
admin.site.login = desk.admin_login  # type: ignore[method-assign]
admin.site.index = desk.admin_index  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("account/2fa/", include("allauth.mfa.urls")),
    # allauth's second factor knows our pages by these names.
    path("account/login/", sign_in.sign_in_for_allauth, name="account_login"),
    path("account/logout/", sign_in.sign_out, name="account_logout"),
    path("admin/desk/", include("reporting.urls")),
    path("admin/certificates/", include("reporting.certificate_urls")),
    path("admin/claims-to-look-at/", include("reporting.claim_urls")),
    path("admin/check-ins-to-look-at/", include("reporting.check_in_urls")),
    path("admin/credit-to-report/", include("reporting.report_urls")),
    path("admin/credit-types/", include("reporting.type_urls")),
    path("admin/former-credit/", include("credits.former_urls")),
    path("admin/people/", include("accounts.office_urls")),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("activities.urls")),
    path("", include("evaluations.urls")),
    path("", include("credits.urls")),
    path("", include("integrity.urls")),
    path("", include("cme_portal.page_urls")),
]
if settings.PORTAL_DEMO:
    urlpatterns.append(path("demo/", include("cme_portal.demo_urls")))
