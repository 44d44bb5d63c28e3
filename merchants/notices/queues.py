"""What merchants were not told: notices that were given up, and endpoints that were."""

from __future__ import annotations

from kernel.queues import Queue, upto_most
from merchants.notices.models import Notice, WebhookEndpoint

_GIVEN_UP = {
    "status": WebhookEndpoint.Status.DISABLED,
    "disabled_reason": WebhookEndpoint.Reason.FAILING,
}

QUEUES = (
    Queue(
        title="Failed notices",
        icon="notifications_off",
        permission="merchants.view_notice",
        page="admin:merchants_notice_changelist",
        query="status__exact=failed",
        counts=lambda at: upto_most(Notice.objects.filter(status=Notice.Status.FAILED)),
    ),
    Queue(
        title="Endpoints given up",
        icon="link_off",
        permission="merchants.view_webhookendpoint",
        page="admin:merchants_webhookendpoint_changelist",
        query="status__exact=disabled&disabled_reason__exact=failing",
        counts=lambda at: upto_most(WebhookEndpoint.objects.filter(**_GIVEN_UP)),
    ),
)
