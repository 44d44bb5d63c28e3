"""Production does not start half configured, and says all that is missing at once."""

import os
import subprocess
import sys

import pytest

GIVEN = {
    "SECRET_KEY": "x",
    "DATABASE_URL": "postgres://paygate_app@db:5432/paygate",
    "REDIS_URL": "redis://redis:6379/0",
    "ALLOWED_HOSTS": "pay.example",
    "SEALING_KEYS": "b25seSBmb3IgZGV2ZWxvcG1lbnQsIG5vdCBzZWNyZXQ=",
    "EVIDENCE_FOLDER": "/evidence",
    "STRIPE_TEST_WEBHOOK_SECRETS": "whsec_1",
    "ADYEN_TEST_HMAC_KEYS": "00ff",
    "BRAINTREE_TEST_PRIVATE_KEY": "k",
}


def started(root, **environment):
    """What Python says when it loads the settings in an environment with nothing else set."""
    return subprocess.run(
        [sys.executable, "-c", "import paygate.settings.production"],
        cwd=root,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_starts_with_everything_given(root):
    done = started(root, **GIVEN)

    assert done.returncode == 0, done.stderr


def test_it_names_all_that_is_missing_at_once(root):
    said = started(root).stderr

    for name in GIVEN:
        assert name in said


@pytest.mark.parametrize(
    "key, needed",
    [
        ("STRIPE_LIVE_API_KEY", "STRIPE_LIVE_WEBHOOK_SECRETS"),
        ("ADYEN_LIVE_API_KEY", "ADYEN_LIVE_HMAC_KEYS, ADYEN_LIVE_WEBHOOK_LOGIN"),
        ("BANK_LIVE_TOKEN", "BANK_LIVE_API_BASE, BANK_LIVE_ACCOUNTS"),
    ],
)
def test_live_mode_is_there_as_a_whole_or_not_at_all(root, key, needed):
    done = started(root, **GIVEN, **{key: "live"})

    assert done.returncode != 0
    assert needed in done.stderr
