"""Where everything is."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from paygate.api import fx, health, payments, refunds
from paygate.console import search_pages
from paygate.monitoring.page import metrics
from paygate.psp.registry import PSPS
from paygate.staff.account import ChangePassword
from paygate.staff.log_in import log_in, log_out
from paygate.webhooks.endpoint import deliver


def _no_icon(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


urlpatterns = [
    path("v1/payments", payments.Payments.as_view()),
    path("v1/payments/<str:payment>", payments.OnePayment.as_view()),
    path("v1/payments/<str:payment>/capture", payments.CaptureOne.as_view()),
    path("v1/payments/<str:payment>/cancel", payments.CancelOne.as_view()),
    path("v1/payments/<str:payment>/confirm", payments.ConfirmOne.as_view()),
    path("v1/refunds", refunds.Refunds.as_view()),
    path("v1/refunds/<str:refund>", refunds.OneRefund.as_view()),
    path("v1/fx/quotes", fx.Quotes.as_view()),
    path("v1/fx/quotes/<str:quote>", fx.OneQuote.as_view()),
    path("v1/", include("merchants.urls")),
    path("v1/", include("merchants.funds.urls")),
    path("v1/", include("disputes.urls")),
    path("v1/", include("payouts.urls")),
    *(path(f"webhooks/{psp}", deliver, {"psp": psp}) for psp in PSPS),
    path(
        "v1/openapi.json",
        SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="openapi",
    ),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="openapi", authentication_classes=[], permission_classes=[]
        ),
        name="docs",
    ),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
    path("favicon.ico", _no_icon),
    path("admin/search", admin.site.admin_view(search_pages.page)),
    path("admin/search/", admin.site.admin_view(search_pages.page)),  # Before the theme's own.
    path("admin/login/", log_in),
    path("admin/logout/", log_out),
    path("admin/password_change/", ChangePassword.as_view()),
    path("admin/account/", include("paygate.staff.urls")),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(url="/docs")),
]

handler400 = "paygate.lean.malformed"
handler403 = "paygate.lean.forbidden"
handler404 = "paygate.lean.not_found"
handler500 = "paygate.lean.server_error"
