"""The pages of logins, below /admin/account/."""

from django.urls import path

from paygate.staff import account, enrol, prove

app_name = "staff"

urlpatterns = [
    path("", account.account, name="account"),
    path("prove/", prove.prove, name="prove"),
    path("enrol/", enrol.enrol, name="enrol"),
    path("enrol/app/", enrol.enrol_app, name="enrol_app"),
    path("codes/", account.new_codes, name="codes"),
    path("remove/<uuid:authenticator>/", account.remove, name="remove"),
    path("sessions/end/", account.end_sessions, name="end_sessions"),
]
