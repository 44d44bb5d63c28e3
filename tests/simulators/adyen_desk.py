"""A merchant with a disputed payment at the simulated Adyen, who speaks to its DisputeService through the SDK."""

from __future__ import annotations

import base64
from typing import Any

from tests.simulators.sdk import AdyenMerchant

DAYS = 86400.0
ACCOUNT = "PaygateECOM"


class Desk:
    """One dispute of a payment of 10 dollars."""

    def __init__(self, at: AdyenMerchant, payment: str, **how: Any) -> None:
        self.at, self.payment = at, payment
        self.card = how.pop("card", "visa_ok")
        method = {"type": "scheme", "storedPaymentMethodId": self.card}
        said = at.pay(
            reference=payment, paymentMethod=method, additionalData=None, captureDelayHours=0
        )
        self.psp = said["pspReference"]
        self.case = at.simulator.act("dispute", payment=payment, **how)["id"]

    def ask(self, call: str, **more: Any) -> dict[str, Any]:
        """The result of one of the five calls."""
        body = {"disputePspReference": self.case, "merchantAccountCode": ACCOUNT, **more}
        message: dict[str, Any] = getattr(self.at.sdk.disputes.disputes_api, call)(body).message
        return message

    def refused(self, call: str, **more: Any) -> str:
        result = self.ask(call, **more)["disputeServiceResult"]
        assert result["success"] is False, result
        return str(result["errorMessage"])

    def supply(self, type_: str, content: bytes, media: str = "application/pdf") -> Any:
        document = {
            "defenseDocumentTypeCode": type_,
            "contentType": media,
            "content": base64.b64encode(content).decode(),
        }
        return self.ask("supply_defense_document", defenseDocuments=[document])

    def defend(self, content: bytes) -> None:
        """With the first defence that is offered, each of whose documents is this."""
        [reason, *_] = self.ask("retrieve_applicable_defense_reasons")["defenseReasons"]
        for type_ in reason["defenseDocumentTypes"]:
            self.supply(type_["defenseDocumentTypeCode"], content)
        code = reason["defenseReasonCode"]
        result = self.ask("defend_dispute", defenseReasonCode=code)["disputeServiceResult"]
        assert result == {"success": True}

    def moved(self) -> list[str]:
        """What the dispute did to the money, all of it each time."""
        booked = self.at.booked(self.payment)
        assert {minor for _, minor in booked} == {10_00}
        return [kind for kind, _ in booked if kind in ("disputed", "reinstated")]

    def stands(self) -> tuple[str, int]:
        [found] = [d for d in self.at.simulator.disputes() if d["id"] == self.case]
        return found["status"], found["round"]

    def wait(self, days: float) -> None:
        self.at.simulator.clock(advance=days * DAYS)
