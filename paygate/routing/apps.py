from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "paygate.routing"
    label = "routing"
