"""Settings of the unit tests: the same code with eager jobs and nothing kept between runs."""

import tempfile
from pathlib import Path

from cme_portal.settings import *  # noqa: F403 - the test settings are the settings, less what tests must not touch
from cme_portal.settings import STORAGES

PORTAL_DEMO = True
MOVABLE_CLOCK = True
ENFORCE_READ_ONLY_GET = True
SECOND_FACTOR_REQUIRED = False
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
_media = Path(tempfile.mkdtemp(prefix="cme-test-media-"))
STORAGES = {
    **STORAGES,
    "private": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(_media)}},
}
WHITENOISE_AUTOREFRESH = True  # files are looked up when asked for; no folder of collected ones is needed
