"""Addresses of the profile; `accounts.urls` includes them: urlpatterns += profile_urls.urlpatterns."""

from django.urls import path

from accounts.views import joining, numbers, phones, profile

urlpatterns = [
    path("profile/", profile.profile_page, name="profile"),
    path("profile/e-mail/", profile.mail_save, name="mail_save"),
    path("profile/addresses/new/", profile.address_create, name="address_create"),
    path("profile/addresses/code/", profile.address_confirm, name="address_confirm"),
    path("profile/addresses/join/", joining.join_page, name="join"),
    path("profile/addresses/<int:pk>/main/", profile.address_main, name="address_main"),
    path("profile/addresses/<int:pk>/remove/", profile.address_remove, name="address_remove"),
    path("profile/addresses/<int:pk>/restore/", profile.address_restore, name="address_restore"),
    path("profile/phones/new/", phones.phone_create, name="phone_create"),
    path("profile/phones/<int:pk>/code/", phones.phone_code, name="phone_code"),
    path("profile/phones/<int:pk>/mine/", phones.phone_confirm, name="phone_confirm"),
    path("phone/<str:token>/", phones.phone_by_mail, name="phone_by_mail"),
    path("profile/numbers/", numbers.numbers_page, name="numbers"),
    path("profile/numbers/licenses/", numbers.licence_create, name="licence_create"),
    path("profile/numbers/licenses/<int:pk>/", numbers.licence_change, name="licence_change"),
]
