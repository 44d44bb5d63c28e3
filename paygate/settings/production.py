"""For real money: every variable that must be set is named here, and all that are missing at once."""

import os

from django.core.exceptions import ImproperlyConfigured

REQUIRED = (
    *("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SEALING_KEYS"),
    "EVIDENCE_FOLDER",  # Shared by web servers and workers, and kept.
    # By these we know who speaks to /webhooks: what this repository gives for them anybody can read.
    *("STRIPE_TEST_WEBHOOK_SECRETS", "ADYEN_TEST_HMAC_KEYS", "BRAINTREE_TEST_PRIVATE_KEY"),
)
#: What live mode of a PSP, or of the bank, needs beside its key.
#: Adyen signs only a part of what it tells: hence the login.
LIVE = {
    "STRIPE_LIVE_API_KEY": ("STRIPE_LIVE_WEBHOOK_SECRETS",),
    "ADYEN_LIVE_API_KEY": ("ADYEN_LIVE_HMAC_KEYS", "ADYEN_LIVE_WEBHOOK_LOGIN"),
    "BANK_LIVE_TOKEN": ("BANK_LIVE_API_BASE", "BANK_LIVE_ACCOUNTS"),
}
needed = [*REQUIRED, *(name for key in LIVE if os.environ.get(key) for name in LIVE[key])]
missing = [name for name in needed if not os.environ.get(name)]
if missing:
    raise ImproperlyConfigured(f"These variables must be set: {', '.join(missing)}")

from kernel.sealed import read_key  # noqa: E402 - only with everything there is it worth reading.
from paygate.settings.base import *  # noqa: E402
from paygate.settings.env import env  # noqa: E402

for sealing_key in SEALING_KEYS:
    read_key(sealing_key)

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Browsers take such a cookie from this very host alone, and over https.
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"

PROXIES = env.int("PROXIES", default=1)  # Whoever speaks TLS for us.
STAFF_SECOND_FACTOR = True  # No variable turns it off here.
