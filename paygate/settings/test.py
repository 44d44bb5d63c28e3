"""For pytest: ordinary connections, commits not grouped (a test may hold the transaction itself)."""

from paygate.settings.base import *

GROUP_COMMITS = False
DATABASES["default"]["OPTIONS"] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The workers' code runs in the test's own transaction; the tests marked `stack` run real workers.
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
REQUIRE_DURABLE_DATABASE = False  # The tests' own PostgreSQL may run without fsync.
RESEND_FOR = 1.0
CALL_OVER_AFTER = 2.0
