"""Settings that are the same everywhere. What differs comes from the environment, read by env.py."""

from pathlib import Path

from paygate.settings.back_office import *
from paygate.settings.banks import BANK as BANK
from paygate.settings.env import env
from paygate.settings.fx import *
from paygate.settings.monitoring import *
from paygate.settings.psps import PSPS as PSPS
from paygate.settings.queues import *
from paygate.settings.reconciliation import *
from paygate.settings.staff import *

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = env.str("SECRET_KEY", default="only-for-development-never-in-production")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "kernel",
    "ledger",
    "merchants",
    "merchants.funds",
    "paygate",
    "paygate.staff",
    "paygate.approvals",
    "paygate.console",
    "paygate.fx",
    "paygate.monitoring",
    "paygate.costs",
    "paygate.payments",
    "paygate.reconciliation",
    "paygate.routing",
    "paygate.proof",
    "paygate.webhooks",
    "disputes",
    "payouts",
]

# Only what every request needs; sessions, CSRF and messages run for the back office alone (see lean.py).
MIDDLEWARE = [
    "paygate.api.requests.RequestMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "paygate.lean.BackOfficeMiddleware",
]

# They are there for the admin, in lean.py, where the check does not look.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]

ROOT_URLCONF = "paygate.urls"
WSGI_APPLICATION = "paygate.wsgi.application"
APPEND_SLASH = False

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
            ],
        },
    },
]

# PostgreSQL is the truth. The application connects as a role that owns nothing; migrations connect as
# the owner (MIGRATION_DATABASE_URL, see manage.py).
DATABASES = {
    "default": {
        **env.db("DATABASE_URL", default="postgres://paygate_app@127.0.0.1:5432/paygate"),
        "ATOMIC_REQUESTS": False,  # A transaction open over a PSP call would hold its locks for seconds.
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=12),
                "timeout": 10,
            },
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["paygate.settings"]  # How the back office writes times: en/formats.py.

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
# Evidence for disputes is kept outside the database: a private folder that web servers and workers share.
EVIDENCE_FOLDER = env.str("EVIDENCE_FOLDER", default=str(BASE_DIR / ".stack" / "evidence"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "evidence": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": EVIDENCE_FOLDER,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
WHITENOISE_USE_FINDERS = True  # Served from the packages themselves: no collectstatic to forget.

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["kernel.http.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kernel.http.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["merchants.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["merchants.authentication.HasScope"],
    "EXCEPTION_HANDLER": "kernel.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "kernel.http.OnlyJSON",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "paygate",
    "DESCRIPTION": (
        "Card payments through Stripe, Adyen and Braintree, with books that balance. Amounts are integers in minor "
        "units. Give your secret key as `Authorization: Bearer sk_test_…`. What moves money wants an "
        "`Idempotency-Key`, under which it happens once. What happens is told to your webhook endpoints: see the "
        "webhook `event`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "WEBHOOKS": ["merchants.notices.documented.EVENT"],
}

# The request waits this long for the PSP's outcome before it answers 202.
OUTCOME_PATIENCE = env.float("OUTCOME_PATIENCE", default=8.0)
# Requests that may wait at once in one web process for one PSP; the next is answered 202 at once.
WAITING_PLACES = env.int("WAITING_PLACES", default=48)
# … and for all PSPs together: fewer than the web server has threads, or two slow PSPs would take it all.
WAITING_PLACES_IN_ALL = env.int("WAITING_PLACES_IN_ALL", default=56)
# Calls to one PSP that one worker process has out at once.
PSP_THREADS = env.int("PSP_THREADS", default=32)
# Seconds after its start by which an attempt's call is over, whoever made it: then it is looked after.
CALL_OVER_AFTER = env.float("CALL_OVER_AFTER", default=30.0)
# Seconds for which an attempt that the PSP has no trace of is sent again, under its own key.
RESEND_FOR = env.float("RESEND_FOR", default=60.0)
# Seconds for which a charge is replayed at a PSP that cannot be asked: one that never arrived is then made.
REPLAY_FOR = env.float("REPLAY_FOR", default=3600.0)
# Who knows, for lists of what moved a balance, which payment it was that the books name by its attempt.
BALANCE_SOURCES = "paygate.payments.sources"
# What must not be readable in the database is sealed with the first of these; all of them open (kernel.sealed).
SEALING_KEYS = env.list("SEALING_KEYS", default=["b25seSBmb3IgZGV2ZWxvcG1lbnQsIG5vdCBzZWNyZXQ="])
# In test mode merchants' endpoints may be plain http and anywhere: for one machine, never where others use it.
NOTICES_MAY_GO_PRIVATE = env.bool("NOTICES_MAY_GO_PRIVATE", default=False)
# Seconds before each try of a notice, the first one among them; after the last one it is given up: 3 days.
NOTICES_SCHEDULE = env.list(
    "NOTICES_SCHEDULE",
    cast=float,
    default=[0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
)
# Seconds within which an endpoint has to have answered, and its connection to stand.
NOTICES_DEADLINE = env.float("NOTICES_DEADLINE", default=15.0)
NOTICES_CONNECT_TIMEOUT = env.float("NOTICES_CONNECT_TIMEOUT", default=5.0)
# Hours that pass between the approval of a new destination and the first payout to it.
PAYOUT_DESTINATION_COOLING_HOURS = env.float("PAYOUT_DESTINATION_COOLING_HOURS", default=72.0)
# Days for which a destination is called new in the preview of a batch, and from how many times a merchant's usual
# payout on one is called unusually large.
PAYOUT_NEW_DESTINATION_DAYS = env.int("PAYOUT_NEW_DESTINATION_DAYS", default=14)
PAYOUT_UNUSUAL_TIMES = env.int("PAYOUT_UNUSUAL_TIMES", default=5)
# What a batch may pay in a currency, in minor units, that is approved without the right to approve large ones. In a
# currency that is not named every batch is large.
PAYOUT_LARGE_BATCH = env.json(
    "PAYOUT_LARGE_BATCH",
    default={"EUR": 25_000_000, "USD": 25_000_000, "GBP": 20_000_000, "JPY": 40_000_000},
)
# Seconds between two looks at what is not known, or not decided, at the most.
LONGEST_PAUSE = env.int("LONGEST_PAUSE", default=3600)
# For how many days what was said to PSPs is kept, redacted, for staff to look at.
PSP_EXCHANGES_KEPT_DAYS = env.int("PSP_EXCHANGES_KEPT_DAYS", default=30)
# Concurrent commits of one process go out as one; off where a test holds the transaction itself.
GROUP_COMMITS = env.bool("GROUP_COMMITS", default=True)

LOGGING_CONFIG = "kernel.logs.configure"
LOGGING = env.str("LOG_LEVEL", default="INFO")
