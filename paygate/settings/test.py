"""For pytest: ordinary connections, commits not grouped (a test may hold the transaction itself)."""

import os

from paygate.settings.base import *

# Test processes side by side each flush a Redis database of their own.
_OWN = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = (
    f"{REDIS_URL.rpartition('/')[0]}/{_OWN}" if REDIS_URL.count("/") > 2 else f"{REDIS_URL}/{_OWN}"
)
CACHES["default"]["LOCATION"] = REDIS_URL
CELERY_BROKER_URL = REDIS_URL

GROUP_COMMITS = False
DATABASES["default"]["OPTIONS"] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The workers' code runs in the test's own transaction; the tests marked `stack` run real workers.
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
REQUIRE_DURABLE_DATABASE = False  # The tests' own PostgreSQL may run without fsync.
RESEND_FOR = 1.0
CALL_OVER_AFTER = 2.0
NOTICES_MAY_GO_PRIVATE = True
BACK_OFFICE_LABEL = "Test"
STAFF_SECOND_FACTOR = False  # tests/staff turn it on.
# Without a feed: one sheet, every day anew.
FX_ECB_SOURCE = str(BASE_DIR / "paygate/fx/samples/eurofxref-daily.xml")
FX_ECB_ALWAYS_TODAYS = True
