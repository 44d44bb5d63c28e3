from django.apps import AppConfig


class FxConfig(AppConfig):
    name = "paygate.fx"
