from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "paygate.payments"
    label = "payments"
