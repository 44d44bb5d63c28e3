"""The Celery application: a queue for each PSP, one for housekeeping, and beat's timetable.

Every task may be lost or come twice; what it works on is in PostgreSQL, and each piece has one taker.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paygate.settings.local")

app = Celery("paygate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "merchants.customers",
        "merchants.funds",
        "merchants.notices",
        "paygate.fx",
        "paygate.monitoring",
        "paygate.payments",
        "paygate.proof",
        "paygate.reconciliation",
        "paygate.staff",
        "paygate.webhooks",
        "paygate.housekeeping",
        "disputes",
        "payouts",
    ]
)


@setup_logging.connect
def keep_our_logs(**_: Any) -> None:
    """Celery leaves logging alone when somebody listens here: settings.py has arranged it."""
