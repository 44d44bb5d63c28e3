from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "paygate.approvals"
    label = "approvals"
