"""Endpoints and notices in the back office: to read; what changes them are the same verbs as the API's."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline

from kernel.back_office import FoundById, ModelAdmin, ReadOnly
from kernel.clock import now
from kernel.lists.bulk import Asked, Bulk, answer
from merchants.notices.again import EndpointDisabled, send_notice_again
from merchants.notices.disable import Reason, disable, enable
from merchants.notices.models import Notice, NoticeAttempt, WebhookEndpoint
from merchants.whose import NamesMerchants


def _enable(endpoint: WebhookEndpoint, asked: Asked) -> None:
    enable(endpoint.merchant_id, endpoint.id, at=now())


def _disable(endpoint: WebhookEndpoint, asked: Asked) -> None:
    disable(endpoint.merchant_id, endpoint.id, reason=Reason.BACK_OFFICE, at=now())


def _send_again(notice: Notice, asked: Asked) -> None:
    send_notice_again(notice, at=now())


def _not_to_enable(endpoint: WebhookEndpoint) -> str:
    if endpoint.deleted_at is not None:
        return "Its owner deleted it."
    return "It is enabled already." if endpoint.enabled else ""


ENABLE = Bulk(
    act="webhook_endpoint.enable",
    title="Enable",
    asks="What was mended? What it missed is sent only when somebody asks for it.",
    do=_enable,
    cannot=_not_to_enable,
    watches=("status", "deleted_at"),
)
DISABLE = Bulk(
    act="webhook_endpoint.disable",
    title="Disable, and tell the owner",
    asks="Why must it hear nothing any more?",
    do=_disable,
    cannot=lambda endpoint: "" if endpoint.enabled else "It is disabled already.",
    watches=("status",),
)
SEND_AGAIN = Bulk(
    act="notice.send_again",
    title="Send again",
    asks="Why once more?",
    do=_send_again,
    refusals=(EndpointDisabled,),
    cannot=lambda notice: "" if notice.webhook_endpoint.enabled else "Its endpoint is disabled.",
    watches=("status", "attempts"),
)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(NamesMerchants, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        "public_id",
        "whose",
        "url",
        "livemode",
        "status",
        "disabled_reason",
        "failing_since",
    )
    list_filter = ("status", "disabled_reason", "livemode", "quick")
    ids = {"we": "id", "mer": "merchant_id"}
    search_fields = ("url",)
    search_help_text = "we_…, mer_… or a part of the URL"
    fields = readonly_fields = (  # Never the secrets.
        *("public_id", "whose", "livemode", "url", "enabled_events", "description", "metadata"),
        *("status", "disabled_reason", "disabled_at", "previous_secret_until", "failing_since"),
        *("quick", "sequence", "created_at", "updated_at", "deleted_at"),
    )
    ordering = ("-id",)
    actions = ("enable", "disable")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("merchants.change_webhookendpoint"))

    @admin.action(description="Enable", permissions=["switch"])
    def enable(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> HttpResponse | None:
        return answer(self, request, queryset, ENABLE)

    @admin.action(description="Disable, and tell the owner", permissions=["switch"])
    def disable(
        self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]
    ) -> HttpResponse | None:
        return answer(self, request, queryset, DISABLE)


class NoticeAttemptInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = NoticeAttempt
    fields = readonly_fields = (
        "number",
        "started_at",
        "milliseconds",
        "error",
        "response_status",
        "url",
        "request_headers",
        "response_headers",
        "response_body",
    )
    ordering = ("number",)


@admin.register(Notice)
class NoticeAdmin(NamesMerchants, FoundById, ReadOnly, ModelAdmin):
    list_display = (
        "event",
        "topic",
        "subject",
        "status",
        "attempts",
        "next_try_at",
    )
    list_filter = ("status",)
    list_select_related = ("webhook_endpoint",)
    ids = {"evt": "event_id", "we": "webhook_endpoint_id", "mer": "merchant_id"}
    search_fields = ("subject",)
    search_help_text = "evt_…, we_…, mer_… or the id of an object"
    inlines = (NoticeAttemptInline,)
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("send_again",)
    fields = readonly_fields = (
        *(
            "event",
            "topic",
            "subject",
            "sequence",
            "event_at",
            "whose",
            "webhook_endpoint",
            "status",
        ),
        *("attempts", "failures", "first_failed_at", "next_try_at", "taken_by", "created_at"),
        *("finished_at", "body"),
    )

    @admin.display(description="Event")
    def event(self, notice: Notice) -> str:
        return notice.public_event

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("merchants.change_notice"))

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> HttpResponse | None:
        return answer(self, request, queryset, SEND_AGAIN)
