from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "paygate.webhooks"
    label = "webhooks"
