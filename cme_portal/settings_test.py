"""Settings of the unit tests: the same code with eager jobs and nothing kept between runs."""

from cme_portal.settings import *  # noqa: F403 - the test settings are the settings, less what tests must not touch

PORTAL_DEMO = True
MOVABLE_CLOCK = True
ENFORCE_READ_ONLY_GET = True
SECOND_FACTOR_REQUIRED = False
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True  # files are looked up when asked for; no folder of collected ones is needed
RULES_RECHECK_SECONDS = 3600.0  # no query that no page asked for
