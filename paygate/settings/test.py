"""For pytest: ordinary connections, commits not grouped (a test may hold the transaction itself)."""

from paygate.settings.base import *

GROUP_COMMITS = False
DATABASES["default"]["OPTIONS"] = {}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
