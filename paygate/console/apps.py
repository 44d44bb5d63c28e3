from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "paygate.console"
    label = "console"
