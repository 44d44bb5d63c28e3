"""The paths of disputes; below /v1/."""

from django.urls import path

from disputes import api

urlpatterns = [
    path("disputes", api.Disputes.as_view()),
    path("disputes/<str:dispute>", api.OneDispute.as_view()),
    path("disputes/<str:dispute>/evidence", api.EvidenceOfOne.as_view()),
    path("disputes/<str:dispute>/submit", api.SubmitOne.as_view()),
    path("disputes/<str:dispute>/accept", api.AcceptOne.as_view()),
]
