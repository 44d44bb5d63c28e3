"""The Celery application: a queue for each PSP, one for housekeeping, and beat's timetable.

Every task may be lost or come twice; what it works on is in PostgreSQL, and each piece has one taker.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paygate.settings.local")

app = Celery("paygate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["paygate.payments", "paygate.housekeeping"])
