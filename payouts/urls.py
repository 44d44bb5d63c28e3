"""The paths of payouts; below /v1/."""

from django.urls import path

from payouts import api

urlpatterns = [
    path("payouts", api.Payouts.as_view()),
    path("payouts/<str:payout>", api.OnePayout.as_view()),
    path("payouts/<str:payout>/cancel", api.CancelOne.as_view()),
    path("payout_destinations", api.Destinations.as_view()),
    path("payout_destinations/<str:destination>", api.OneDestination.as_view()),
]
