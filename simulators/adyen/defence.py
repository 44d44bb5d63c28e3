"""Adyen's DisputeService v30: which defences there are, the documents they need, and defending.

What cannot be done is answered with HTTP 200, success=false and a message. Sources: DisputeService-v30, OpenAPI,
whose examples the reasons and documents are taken from; docs.adyen.com/risk-management/disputes-api.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from simulators.adyen.disputes import Dispute, Disputes

Body = dict[str, Any]

_MB = 1024 * 1024
_LARGEST = {
    "application/pdf": 2 * _MB,
    "image/jpeg": 10 * _MB,
    "image/jpg": 10 * _MB,
    "image/tiff": 10 * _MB,
}

_REQUIRED, _OPTIONAL = "Required", "Optional"
_GENERIC = {"DefenseMaterial": _REQUIRED, "TIDorInvoice": _OPTIONAL}

#: By the beginning of the scheme's reason code; for each defence its types of documents.
_DEFENCES: dict[str, dict[str, dict[str, str]]] = {
    "10.": {
        "AdditionalInformation": {
            "DefenseMaterial": _REQUIRED,
            "AdditionalInformation": _REQUIRED,
        }
    },
    "13.1": {
        "InvalidChargeback": {"InvalidChargeback": _OPTIONAL},
        "MerchandiseReceived": {
            "DateMerchandiseShipped": _REQUIRED,
            "ProofOfGoodsOrServicesProvided": _REQUIRED,
        },
        "ServicesProvided": {"ProofOfGoodsOrServicesProvided": _REQUIRED},
    },
    "4837": {"CompellingEvidence": {"CompellingEvidence": _REQUIRED}},
    "4853": {
        "GoodsNotReturned": {"TIDorInvoice": _OPTIONAL, "GoodsNotReturned": _REQUIRED},
        "GoodsWereAsDescribed": {"GoodsWereAsDescribed": _REQUIRED, "TIDorInvoice": _REQUIRED},
        "SupplyDefenseMaterial": {"TIDorInvoice": _OPTIONAL, "DefenseMaterial": _REQUIRED},
    },
}


class Impossible(Exception):
    """The message says why."""


class Defence:
    """The five calls; each answers with a body."""

    def __init__(self, disputes: Disputes) -> None:
        self._disputes = disputes

    def reasons(self, asked: Body) -> Body:
        """retrieveApplicableDefenseReasons"""
        try:
            dispute = self._undefended(asked)
        except Impossible as why:
            return _failed(why)
        reasons = [
            {
                "defenseReasonCode": reason,
                "satisfied": _satisfied(dispute, types),
                "defenseDocumentTypes": [
                    {
                        "available": type_ in dispute.documents,
                        "defenseDocumentTypeCode": type_,
                        "requirementLevel": level,
                    }
                    for type_, level in types.items()
                ],
            }
            for reason, types in _defences(dispute).items()
        ]
        return {"defenseReasons": reasons, **_DONE}

    def supply(self, asked: Body) -> Body:
        """supplyDefenseDocument: one of each type; the last is the one that counts."""
        try:
            dispute = self._undefended(asked)
            known = {type_ for types in _defences(dispute).values() for type_ in types}
            supplied = dict(_document(given, known) for given in asked["defenseDocuments"])
        except Impossible as why:
            return _failed(why)
        dispute.documents |= supplied
        return _DONE

    def delete(self, asked: Body) -> Body:
        """deleteDisputeDefenseDocument"""
        try:
            dispute = self._undefended(asked)
        except Impossible as why:
            return _failed(why)
        if dispute.documents.pop(asked["defenseDocumentType"], None) is None:
            return _failed(Impossible("Defense document not found"))
        return _DONE

    def defend(self, asked: Body) -> Body:
        """defendDispute"""
        try:
            dispute = self._undefended(asked)
            types = _defences(dispute).get(asked["defenseReasonCode"])
            if types is None:
                raise Impossible("Invalid defense reason")
            if not _satisfied(dispute, types):
                raise Impossible("Required defense documents are missing")
        except Impossible as why:
            return _failed(why)
        self._disputes.defend(dispute)
        return _DONE

    def accept(self, asked: Body) -> Body:
        """acceptDispute"""
        try:
            self._disputes.accept(self._undefended(asked))
        except Impossible as why:
            return _failed(why)
        return _DONE

    def _undefended(self, asked: Body) -> Dispute:
        try:
            dispute = self._disputes.find(asked["disputePspReference"])
        except LookupError:
            raise Impossible("Dispute not found") from None
        if dispute.payment.merchant_account != asked["merchantAccountCode"]:
            raise Impossible("Dispute not found")
        match dispute.status:
            case "Undefended":
                return dispute
            case "Pending":
                raise Impossible("Dispute already defended")
            case "Accepted":
                raise Impossible("Dispute already accepted")
            case "Expired":
                raise Impossible("Dispute expired")
        raise Impossible("Dispute is not defendable")


_DONE: Body = {"disputeServiceResult": {"success": True}}


def _failed(why: Impossible) -> Body:
    return {"disputeServiceResult": {"success": False, "errorMessage": str(why)}}


def _defences(dispute: Dispute) -> dict[str, dict[str, str]]:
    if not dispute.inquiry:
        for beginning, defences in _DEFENCES.items():
            if dispute.code.startswith(beginning):
                return defences
    return {"SupplyDefenseMaterial": _GENERIC}


def _satisfied(dispute: Dispute, types: dict[str, str]) -> bool:
    required = {type_ for type_, level in types.items() if level == _REQUIRED}
    return bool(dispute.documents) and required <= dispute.documents.keys()


def _document(given: Body, known: set[str]) -> tuple[str, bytes]:
    type_ = given.get("defenseDocumentTypeCode")
    if type_ not in known:
        raise Impossible("Invalid defense document type")
    largest = _LARGEST.get(given.get("contentType", ""))
    if largest is None:
        raise Impossible("Invalid content type")
    try:
        content = base64.b64decode(given.get("content", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Impossible("Invalid content") from None
    if not content or len(content) > largest:
        raise Impossible("Invalid file size")
    return type_, content
