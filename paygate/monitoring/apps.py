from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "paygate.monitoring"
    label = "monitoring"

    def ready(self) -> None:
        from paygate.monitoring import watch  # noqa: F401 - importing it has Celery tell of its tasks.
