"""For real money: every variable that must be set is named here, and all that are missing at once."""

import os

from django.core.exceptions import ImproperlyConfigured

REQUIRED = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SEALING_KEYS")
missing = [name for name in REQUIRED if not os.environ.get(name)]
if missing:
    raise ImproperlyConfigured(f"These variables must be set: {', '.join(missing)}")

from kernel.sealed import read_key  # noqa: E402 - only with everything there is it worth reading.
from paygate.settings.base import *  # noqa: E402

for sealing_key in SEALING_KEYS:
    read_key(sealing_key)

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
