from django.apps import AppConfig


class ProofConfig(AppConfig):
    name = "paygate.proof"
    label = "proof"
