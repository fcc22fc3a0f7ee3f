"""All settings, read once from the environment, typed; a wrong value stops the start with every error listed."""

import importlib.util
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from environs import Env, validate

from common import unfold

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

PORTAL_ENV = env.str(
    "PORTAL_ENV", "development", validate=validate.OneOf(["production", "demo", "test", "development"])
)
PRODUCTION = PORTAL_ENV == "production"
PORTAL_DEMO = env.bool("PORTAL_DEMO", False)
if PORTAL_DEMO and PRODUCTION:
    # Decision 26: demo pages sign anybody in; they never exist beside production settings.
    raise SystemExit("PORTAL_DEMO=1 is refused with PORTAL_ENV=production. Unset one of them.")

SECRET_KEY = (
    env.str("SECRET_KEY", validate=validate.Length(min=32))
    if PRODUCTION
    else env.str("SECRET_KEY", "insecure-development-key-never-use-it-in-production")
)
DEBUG = env.bool("DEBUG", False) and not PRODUCTION
PORTAL_BASE_URL = env.str("PORTAL_BASE_URL", "http://localhost:8000", validate=validate.URL(require_tld=False)).rstrip(
    "/"
)
_base = urlsplit(PORTAL_BASE_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [_base.hostname or "localhost", "localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", [])
SECURE_COOKIES = _base.scheme == "https"
if PRODUCTION and not SECURE_COOKIES:
    raise SystemExit("PORTAL_BASE_URL must start with https:// in production.")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "common.apps.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "rules.apps.AutodiscoverRulesConfig",
    "common",
    "accounts",
    "activities",
    "integrity",
    "evaluations",
    "credits",
    "reporting",
    "cme_portal",
]

MIDDLEWARE = [
    "common.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "common.middleware.AdminPolicyMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "common.middleware.UploadMiddleware",  # before anything reads the body
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.ActorMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.SeeAsMiddleware",  # after everything that asks who really is there
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "cme_portal.urls"
WSGI_APPLICATION = "cme_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "common.context.portal",
            ],
            "builtins": ["common.templatetags.cme", "django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]

DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/cme")}
DATABASES["default"] |= {"CONN_MAX_AGE": None if not DEBUG else 0, "CONN_HEALTH_CHECKS": True}
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
# The notes of what was seen (decision 17) must survive a rolled-back request: a connection of their own.
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "common.cache.DegradingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {"geolocation": [], "microphone": [], "camera": [], "payment": [], "usb": []}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.RulesBackend"]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_RATE_LIMITS = {"login": "1000/m/ip"}
ACCOUNT_REAUTHENTICATION_REQUIRED = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_TOTP_ISSUER = "CME Portal"
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", not PORTAL_DEMO)
AUTH_PASSWORD_VALIDATORS: list[dict[str, str]] = []

LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", "English")]  # Django's own list of a hundred is translated on each page of the admin
FORM_RENDERER = "common.renderer.FormRenderer"
FORMS_URLFIELD_ASSUME_HTTPS = True  # transitional: https becomes the default in Django 6
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
_bootstrap = importlib.util.find_spec(
    "bootstrap"
)  # the wheel bootstrap-wrapper: its compiled CSS, no script (decision 29)
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", Path(_bootstrap.submodule_search_locations[0]))]  # type: ignore[union-attr, index]
STORAGE_DIR = Path(env.str("STORAGE_DIR", str(BASE_DIR / "media")))
UPLOAD_MAX_MB = env.int("UPLOAD_MAX_MB", 20, validate=validate.Range(min=1, max=500))
DATA_UPLOAD_MAX_NUMBER_FILES = 10
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(STORAGE_DIR)}},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(STORAGE_DIR), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PORTAL_ENV in {"production", "demo"}
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Certificates are signed with this key (common/signing.py): one PKCS#12 file, or a PEM key and its PEM certificate.
SIGNING_KEY_FILE = env.str("SIGNING_KEY_FILE", "")
SIGNING_CERTIFICATE_FILE = env.str("SIGNING_CERTIFICATE_FILE", "")
SIGNING_KEY_PASSWORD = env.str("SIGNING_KEY_PASSWORD", "")
if SIGNING_CERTIFICATE_FILE and not SIGNING_KEY_FILE:
    raise SystemExit(
        "SIGNING_CERTIFICATE_FILE needs SIGNING_KEY_FILE. Set both, or a PKCS#12 file in the latter alone."
    )

_email = env.dj_email_url("EMAIL_URL", "dummy:" if PORTAL_ENV != "production" else "smtp://localhost:25")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _email["EMAIL_USE_TLS"], _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
# The number that people text to, as they read it, and the token that signs what the carrier brings; empty: no text messages.
SMS_NUMBER = env.str("SMS_NUMBER", "202-555-0100" if PORTAL_DEMO else "")
SMS_AUTH_TOKEN = env.str("SMS_AUTH_TOKEN", "")
if not PORTAL_DEMO and bool(SMS_NUMBER) != bool(SMS_AUTH_TOKEN):
    raise SystemExit(
        "SMS_NUMBER and SMS_AUTH_TOKEN belong together. Set both, or neither: then nobody is told to text."
    )
if SMS_AUTH_TOKEN and len(SMS_AUTH_TOKEN) < 16:
    raise SystemExit(
        "SMS_AUTH_TOKEN is the carrier's auth token, of 16 characters or more; a shorter one can be guessed."
    )
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"cme-office@{_base.hostname}")

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 0.5
# Decision 16: the row in the database is the job; a lost message is re-sent by beat within seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120, "socket_connect_timeout": 0.5, "socket_timeout": 5}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 110
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A busy machine takes longer than Celery's 4 s to warm the PDF engine; killed for that, a pool would never come up.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60.0
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", 2)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = env.str("BEAT_SCHEDULE_FILE", str(STORAGE_DIR / "beat-schedule"))
CELERY_BEAT_SCHEDULE = {
    "resend-due-jobs": {"task": "common.jobs.resend_due", "schedule": 10.0},
    "heartbeat": {"task": "common.jobs.heartbeat", "schedule": 15.0},
    "shuffle-answers": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["evaluations.tasks.shuffle_answers"],
    },
    "ask-for-reminders": {
        "task": "common.jobs.run_named",
        "schedule": 900.0,
        "args": ["activities.tasks.ask_for_reminders"],
    },
    "sweep-uploads": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["common.tasks.sweep_uploads"],
    },
    "forget-devices": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["activities.tasks.forget_devices"],
    },
    "find-duplicates": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["accounts.tasks.find_duplicates"],
    },
    "gather-strays": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["accounts.tasks.gather_all_strays"],
    },
    "sweep-certificate-runs": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["credits.tasks.sweep_certificate_runs"],
    },
    "sweep-records": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["credits.tasks.sweep_records"],
    },
    "catch-up-credit-reports": {
        "task": "common.jobs.run_named",
        "schedule": 86400.0,
        "args": ["reporting.tasks.catch_up_credit_reports"],
    },
    "close-sessions": {
        "task": "common.jobs.run_named",
        "schedule": 60.0,
        "args": ["activities.tasks.advance_by_clock"],
    },
}

CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
UNFOLD = unfold.UNFOLD

REFERENCE_DIR = BASE_DIR / "cme_portal" / "reference"
REFERENCE_LOADERS = ("credits.reference.load", "credits.reference.load_topics", "credits.reference.load_requirements")
RULES_RECHECK_SECONDS = 5.0  # how long a process goes on with the rule parameters it remembers (common/rulesets.py)
# Where a lower app must ask a higher one (design.md section 4): dotted paths, resolved by a system check.
READINESS_CHECKS = ("activities.readiness", "integrity.readiness", "credits.readiness")
CATALOGUE_CREDIT = (
    "credits.domain.designations.labels"  # (activity ids) -> {id: runs}: the credit each activity shows in lists
)
CREDIT_TYPES_TO_ASK = "credits.domain.types.to_ask"  # (activity) -> [(code, label)]: what its planners may ask for
NAME_STANDS_ON = (
    "credits.domain.certificates.name_stands_on",
)  # (person id) -> bool: is the name on something issued?
# How each app takes part when two records of one person are joined: accounts.domain.merge_parts.Part.
PERSON_MERGE = (
    "activities.domain.merging.PART",
    "integrity.domain.merging.PART",
    "evaluations.domain.merging.PART",
    "credits.domain.merging.PART",
)
PAGE_PANELS: dict[str, tuple[str, ...]] = {
    "activity": ("integrity.panels.activity", "credits.panels.activity"),
    "session": ("integrity.panels.session", "credits.panels.session"),
    "agenda": ("credits.panels.agenda",),
    "organisation": ("activities.panels.organisation",),
    "import": ("credits.panels.imported",),
    "attendance": ("credits.panels.attendance",),
}
ON_ROLE_ADDED = ("integrity.domain.disclosures.ask_for_role",)  # f(role=, by=), in the transaction that adds the role
ON_ROLE_REMOVED = (
    "integrity.domain.disclosures.take_links_back",
)  # f(role=, by=), where the role ends or lets go of content
DISCLOSURE_DELIVERY = (
    "integrity.domain.disclosure_text.record_delivery"  # f(activity=, session=, person=, sha=, channel=, at=)
)
ROLE_STANDINGS = "integrity.domain.standing.labels"  # f(activity) → role id → status of {% status "disclosure" %}
DISCLOSURE_REMINDER = "integrity.domain.disclosures.remind"  # f(activity_id=, person_id=, by=)
IMPORT_KINDS = {  # lists that are brought as files: activities.domain.imports.kinds.Kind
    "attendance": "activities.domain.imports.attendance.KIND",
    "history": "credits.domain.former_lists.KIND",
}
# Modules with made(claim, totals, evaluated_at) and changed(claim, by=, at=).
CLAIM_FOLLOWERS = ("reporting.domain.ledger",)
# f(claim ids) -> {claim id: [credits.domain.reports.Report]}, for the transcript.
CREDIT_REPORTS = ("reporting.domain.due.of_claims",)
MAIL_WANTED = "accounts.domain.profile.wants_mail"  # (address, kind of optional mail) -> bool
SEE_AS_CLOSED = ("evaluations",)  # namespaces whose pages the office never sees as somebody else: answers are theirs
ENFORCE_READ_ONLY_GET = PORTAL_ENV in {"development", "test"}
MOVABLE_CLOCK = PORTAL_ENV in {"demo", "test"}
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING_CONFIG = None
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer()
        if env.str("LOG_FORMAT", "json" if PRODUCTION else "console", validate=validate.OneOf(["json", "console"]))
        == "json"
        else structlog.dev.ConsoleRenderer(colors=False),
    ],
    cache_logger_on_first_use=True,
)
env.seal()
