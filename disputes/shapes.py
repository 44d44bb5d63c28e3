"""The shapes of disputes in the public API: what a body may hold, and what the document says of the replies."""

from __future__ import annotations

import re
from typing import Any, Never

from rest_framework import serializers

from disputes.kinds import FILES, TEXTS
from disputes.models import STAGES, Action, Result, Status
from kernel.problems import StrictSerializer, TextField
from paygate.api.shapes import KeyedBody
from paygate.psp.cases import Direction, Reason
from paygate.psp.registry import PSPS

LONGEST_TEXT = 20_000  # Characters.


class EvidenceText(TextField):
    """A text of several lines; null takes back what was given."""

    CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, required=False, allow_null=True, **kwargs)


class NoFile(serializers.Field[None, None, None, None]):
    """A file cannot be in JSON; null takes back what was given."""

    default_error_messages = {"file_wanted": "A file is wanted here, in multipart/form-data."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> Never:
        self.fail("file_wanted")

    def to_representation(self, value: None) -> None:
        return None


class GiveEvidence(StrictSerializer):
    """POST /v1/disputes/{id}/evidence as JSON: texts by kind; null takes back text and file of the kind."""

    def get_fields(self) -> dict[str, Any]:
        files = {kind: NoFile() for kind in FILES}
        return {**files, **{kind: EvidenceText() for kind in TEXTS}}


class EvidenceForm(serializers.Serializer[object]):
    """POST /v1/disputes/{id}/evidence as a form: texts and files by kind.

    refund_policy and cancellation_policy may be either, or both.
    """

    def get_fields(self) -> dict[str, Any]:
        texts = {kind: serializers.CharField(required=False) for kind in TEXTS}
        return {**texts, **{kind: serializers.FileField(required=False) for kind in FILES}}


class ActOnDispute(KeyedBody):
    """POST /v1/disputes/{id}/submit and /accept."""


class EvidenceFileShape(serializers.Serializer[object]):
    """A file that was given; never its content."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(FILES)
    name = serializers.CharField()
    media_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    given_at = serializers.DateTimeField()


class EvidenceShape(serializers.Serializer[object]):
    """What the bank will see, or has seen."""

    texts = serializers.DictField(child=serializers.CharField())
    files = EvidenceFileShape(many=True)


class WinEstimateShape(serializers.Serializer[object]):
    """By your own decided disputes: (won + 1) / (sample_size + 2)."""

    probability = serializers.FloatField()
    sample_size = serializers.IntegerField()
    basis = serializers.ChoiceField(["reason_and_evidence", "reason", "all"])


class MovementShape(serializers.Serializer[object]):
    """Money that the dispute moved."""

    psp_reference = serializers.CharField()
    direction = serializers.ChoiceField([way.value for way in Direction])
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    said_at = serializers.DateTimeField()


class ActShape(serializers.Serializer[object]):
    """The last thing asked of the PSP; `outcome` is null or "unknown" while it is awaited."""

    id = serializers.CharField()
    type = serializers.ChoiceField(Action.choices)
    outcome = serializers.CharField(
        allow_null=True, help_text=f"null, or one of {', '.join(Result.values)}."
    )
    psp_code = serializers.CharField(allow_null=True)
    psp_message = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class DisputeShape(serializers.Serializer[object]):
    """The dispute object. Amounts are minor units of `currency`."""

    id = serializers.CharField()
    object = serializers.ChoiceField(["dispute"])
    livemode = serializers.BooleanField()
    status = serializers.ChoiceField(Status.choices)
    stage = serializers.ChoiceField(STAGES)
    payment = serializers.CharField()
    psp = serializers.ChoiceField(list(PSPS))
    psp_reference = serializers.CharField(help_text="The PSP's id of the case, the newest one.")
    amount = serializers.IntegerField(help_text="In dispute.")
    amount_withdrawn = serializers.IntegerField(help_text="Taken so far, in all rounds together.")
    amount_reinstated = serializers.IntegerField(help_text="Of that, what was given back.")
    fee = serializers.IntegerField(help_text="Ours, for what was not given back.")
    currency = serializers.CharField()
    reason = serializers.ChoiceField([reason.value for reason in Reason])
    reason_code = serializers.CharField(
        allow_null=True, help_text="The card network's or the PSP's own."
    )
    evidence_due_by = serializers.DateTimeField(allow_null=True)
    past_due = serializers.BooleanField()
    evidence = EvidenceShape()
    win_estimate = WinEstimateShape(
        allow_null=True, help_text="null without history, and once it is decided."
    )
    movements = MovementShape(many=True)
    action = ActShape(allow_null=True)
    available_actions = serializers.ListField(child=serializers.CharField())
    sequence = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DisputeList(serializers.Serializer[object]):
    """A page of disputes, newest first."""

    object = serializers.ChoiceField(["list"])
    data = DisputeShape(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    url = serializers.CharField()
