"""The paths of what merchants see of themselves; below /v1/."""

from django.urls import path

from merchants import api

urlpatterns = [
    path("payment_methods", api.PaymentMethods.as_view()),
    path("payment_methods/<str:payment_method>", api.OnePaymentMethod.as_view()),
    path("account", api.Account.as_view()),
]
