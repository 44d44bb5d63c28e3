"""The ground floor: front door, payments, PSPs. Importing it makes the Celery application known, no more."""

from paygate.celery import app as celery_app

__all__ = ["celery_app"]
