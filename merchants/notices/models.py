"""Endpoints, what they are told, and each try to tell them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kernel.ids import encode, uuid7
from kernel.rows import MerchantRow


class WebhookEndpoint(MerchantRow):
    """An address of a merchant's that wants to hear what happens.

    Whoever changes it, or which of its notices comes next, holds its row.
    """

    class Status(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = (
            "disabled"  # Nothing is sent there; what happens meanwhile is told only if asked for.
        )

    class Reason(models.TextChoices):
        """Why it is disabled."""

        NONE = ""
        REQUESTED = "requested"  # By its owner.
        GONE = "gone"  # It answered 410.
        FAILING = "failing"  # Nothing succeeded there during a whole schedule.
        BACK_OFFICE = "back_office"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    livemode = models.BooleanField()
    url = models.TextField()
    enabled_events = ArrayField(models.TextField())  # Patterns: topics.py.
    description = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict)
    status = models.TextField(choices=Status.choices, default=Status.ENABLED)
    disabled_reason = models.TextField(choices=Reason.choices, blank=True, default="")
    disabled_at = models.DateTimeField(null=True)
    secret = models.BinaryField(null=True)  # Sealed; null once deleted.
    previous_secret = models.BinaryField(null=True)  # Signs as well, until …
    previous_secret_until = models.DateTimeField(null=True)
    sequence = models.IntegerField(default=0)  # Of the events that are about itself.
    giving_up = models.BooleanField(
        default=False
    )  # Disabled, and more is pending than ends at once.
    failing_since = models.DateTimeField(null=True)  # The first failure after the last success.
    quick = models.BooleanField(default=False)  # Its last answer was a success, and soon.
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "merchants"
        db_table = "webhook_endpoint"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_id} {self.url}"

    @property
    def public_id(self) -> str:
        return encode("we", self.id)

    @property
    def enabled(self) -> bool:
        return self.status == self.Status.ENABLED


class Notice(MerchantRow):
    """One event for one endpoint.

    Of one subject's notices at one endpoint only the first that is pending has a `next_try_at`; the others
    wait until that one is delivered or given up. A notice that is `taken_by` somebody has in `next_try_at` the
    moment at which the taker is given up for dead.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"  # Given up; it can be sent again.

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook_endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    event_id = models.UUIDField()
    event_at = models.DateTimeField()  # Tells in which partition of the outbox the event is.
    topic = models.TextField()
    subject = models.TextField()
    sequence = models.IntegerField()
    body = models.TextField(null=True)  # As it was sent first, until it is delivered.
    status = models.TextField(choices=Status.choices, default=Status.PENDING)
    failures = models.IntegerField(default=0)  # Of the present schedule.
    attempts = models.IntegerField(default=0)  # Begun, ever; one whose taker died has no row.
    first_failed_at = models.DateTimeField(null=True)  # Of the present schedule.
    next_try_at = models.DateTimeField(null=True)
    taken_by = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "merchants"
        db_table = "notice"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.public_event} {self.topic} {self.subject} #{self.sequence}"

    @property
    def public_event(self) -> str:
        return encode("evt", self.event_id)


class NoticeAttempt(MerchantRow):
    """One try: what was sent, and what came back. History, from the moment it is written."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    notice = models.ForeignKey(
        Notice, on_delete=models.DO_NOTHING, db_constraint=False, related_name="tries"
    )
    number = models.IntegerField()
    started_at = models.DateTimeField()
    milliseconds = models.IntegerField()
    error = models.TextField(blank=True)  # safely.Error; "" is a success.
    url = models.TextField()
    request_headers = models.JSONField()
    response_status = models.SmallIntegerField(null=True)
    response_headers = models.JSONField(null=True)
    response_body = models.TextField(null=True)  # Its beginning.

    class Meta:
        app_label = "merchants"
        db_table = "notice_attempt"
        ordering = ["number"]

    def __str__(self) -> str:
        return f"#{self.number} {self.error or self.response_status}"

    @property
    def succeeded(self) -> bool:
        return not self.error
