from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "paygate.staff"
    label = "staff"
