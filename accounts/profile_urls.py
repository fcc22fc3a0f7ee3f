"""Addresses of the profile; `accounts.urls` includes them: urlpatterns += profile_urls.urlpatterns."""

from django.urls import path

from accounts.views import profile

urlpatterns = [
    path("profile/", profile.profile_page, name="profile"),
    path("profile/e-mail/", profile.confirmations_save, name="confirmations_save"),
    path("profile/addresses/new/", profile.address_create, name="address_create"),
    path("profile/addresses/code/", profile.address_confirm, name="address_confirm"),
    path("profile/addresses/<int:pk>/main/", profile.address_main, name="address_main"),
    path("profile/addresses/<int:pk>/remove/", profile.address_remove, name="address_remove"),
    path("profile/addresses/<int:pk>/restore/", profile.address_restore, name="address_restore"),
]
