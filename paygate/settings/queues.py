"""Redis and Celery: what carries. Neither is ever the truth."""

from celery.schedules import crontab

from paygate.settings.env import env

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.3,
            "SOCKET_TIMEOUT": 0.5,
            "IGNORE_EXCEPTIONS": True,
        },
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "socket_keepalive": True,
    "visibility_timeout": 3600,
}
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_PUBLISH_RETRY = False

# Ask PSPs what they charged (Stripe). Not where their settlement files are read, and not on the stage.
COSTS_POLL = env.bool("COSTS_POLL", default=False)

# Beat says when; each message dies before the next one comes, so that none pile up.
CELERY_BEAT_SCHEDULE = {
    **{
        f"resolve at {psp}": {
            "task": "payments.resolve",
            "schedule": 1.0,
            "kwargs": {"psp": psp},
            "options": {"queue": f"psp.{psp}", "expires": 3.0},
        }
        for psp in ("stripe", "adyen", "braintree")
    },
    **{
        f"apply what {psp} told": {
            "task": "webhooks.apply",
            "schedule": 1.0,
            "kwargs": {"psp": psp},
            "options": {"queue": "default", "expires": 3.0},
        }
        for psp in ("stripe", "adyen", "braintree")
    },
    "forget what PSPs told": {
        "task": "webhooks.forget",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "forget what was said to PSPs": {
        "task": "payments.forget_exchanges",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "let authorizations lapse": {
        "task": "payments.expire",
        "schedule": 15.0,
        "options": {"queue": "default", "expires": 15.0},
    },
    "carry out what was approved": {
        "task": "approvals.resume",
        "schedule": 10.0,
        "options": {"queue": "default", "expires": 10.0},
    },
    "give budgets back": {
        "task": "payments.budgets",
        "schedule": 60.0,
        "options": {"queue": "default", "expires": 60.0},
    },
    "tell merchants": {
        "task": "notices.deliver",
        "schedule": 1.0,
        "options": {"queue": "notices", "expires": 2.0},
    },
    "seal customers anew": {
        "task": "customers.seal_anew",
        "schedule": 600.0,
        "options": {"queue": "default", "expires": 600.0},
    },
    "forget old notices": {
        "task": "notices.forget",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    **{
        f"{what} at {psp}": {
            "task": task,
            "schedule": every,
            "kwargs": {"psp": psp},
            "options": {"queue": f"psp.{psp}", "expires": every},
        }
        for psp in ("stripe", "adyen", "braintree")
        for what, task, every in (
            ("resolve acts on disputes", "disputes.resolve", 5.0),
            ("ask for new disputes", "disputes.poll", 300.0),
            ("read quiet disputes", "disputes.read_quiet", 6 * 3600.0),
        )
    },
    **{
        f"pay merchants by {psp}": {
            "task": "payouts.pay",
            "schedule": 2.0,
            "kwargs": {"psp": psp},
            "options": {"queue": f"psp.{psp}", "expires": 2.0},
        }
        for psp in ("stripe", "adyen")
    },
    "let batches leave": {
        "task": "payouts.send",
        "schedule": 2.0,
        "options": {"queue": "payouts", "expires": 2.0},
    },
    "pay by schedule": {  # Once a day for each merchant, soon after it has begun where they are.
        "task": "payouts.collect",
        "schedule": 300.0,
        "options": {"queue": "payouts", "expires": 300.0},
    },
    "finish what was decided of batches": {
        "task": "payouts.settle",
        "schedule": 30.0,
        "options": {"queue": "payouts", "expires": 30.0},
    },
    "hear the bank": {
        "task": "payouts.hear_the_bank",
        "schedule": 5.0,
        "options": {"queue": "payouts", "expires": 5.0},
    },
    **{
        f"ask what {psp} charged": {
            "task": "costs.poll",
            "schedule": 3600.0,
            "kwargs": {"psp": psp},
            "options": {"queue": f"psp.{psp}", "expires": 3600.0},
        }
        for psp in ("stripe",)
        if COSTS_POLL
    },
    "remind of evidence": {
        "task": "disputes.remind",
        "schedule": 300.0,
        "options": {"queue": "default", "expires": 300.0},
    },
    "forget old sessions": {
        "task": "staff.forget",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    # Each asks the table whether it is time; so a worker that comes back late, or a clock set forward, misses nothing.
    "fetch rates of exchange": {
        "task": "fx.fetch",
        "schedule": 10.0,
        "options": {"queue": "default", "expires": 10.0},
    },
    "revalue positions": {
        "task": "fx.revalue",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "make funds available": {
        "task": "funds.release",
        "schedule": 15.0,
        "options": {"queue": "default", "expires": 15.0},
    },
    "see who owes us": {
        "task": "funds.owing",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "fill calendars": {
        "task": "funds.calendars",
        "schedule": 24 * 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "read how the platform does": {
        "task": "monitoring.read",
        "schedule": 15.0,
        "options": {"queue": "default", "expires": 15.0},
    },
    "forget old minutes": {
        "task": "monitoring.forget",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "forget old figures": {
        "task": "console.forget",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "check yesterday's figures": {
        "task": "console.check",
        "schedule": crontab(hour="5", minute="10"),
        "options": {"queue": "default", "expires": 3600.0},
    },
    # What is to be done tables tell; so a day on which no worker was there is asked for later.
    **{
        what: {
            "task": f"reconciliation.{task}",
            "schedule": every,
            "options": {"queue": "reconciliation", "expires": every},
        }
        for what, task, every in (
            ("order statements", "order", 60.0),
            ("fetch statements", "fetch", 10.0),
            ("pick up statements", "folder", 30.0),
            ("apply statements", "apply", 5.0),
            ("find what no statement tells of", "due", 300.0),
            ("tell what is not settled", "alert", 3600.0),
        )
    },
    "make checkpoints": {
        "task": "housekeeping.checkpoints",
        "schedule": 60.0,
        "options": {"queue": "default", "expires": 60.0},
    },
    "seal the books": {
        "task": "housekeeping.seal",
        "schedule": 600.0,
        "options": {"queue": "default", "expires": 600.0},
    },
    "prove": {
        "task": "proof.run",
        "schedule": crontab(hour="4", minute="30"),
        "options": {"queue": "default", "expires": 3600.0},
    },
    "make partitions": {
        "task": "housekeeping.partitions",
        "schedule": 6 * 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
    "forget old replies": {
        "task": "housekeeping.forget_replies",
        "schedule": 3600.0,
        "options": {"queue": "default", "expires": 3600.0},
    },
}
