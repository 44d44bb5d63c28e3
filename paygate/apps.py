from django.apps import AppConfig


class PaygateConfig(AppConfig):
    name = "paygate"

    def ready(self) -> None:
        from paygate import checks  # noqa: F401 - importing registers them.
