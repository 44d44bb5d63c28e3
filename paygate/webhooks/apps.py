"""The inbox for what PSPs tell us."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "paygate.webhooks"
    label = "webhooks"
