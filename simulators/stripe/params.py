"""Stripe's form encoding, a[b][c]=d, as a tree; and which names it knows.

The names are those of the parameter types of the official SDK, stripe 16.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

from simulators.stripe.errors import InvalidRequest, missing

Tree = dict[str, Any]

_INTEGER = re.compile(r"-?[0-9]+")


def parse(encoded: str) -> Tree:
    """ "a[b]=1&c[0]=2" is {"a": {"b": "1"}, "c": {"0": "2"}}."""
    tree: Tree = {}
    for pair in encoded.split("&") if encoded else ():
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:  # Most have neither, and asking costs more than looking.
            name, value = unquote_plus(name), unquote_plus(value)
        head, *keys = name.replace("]", "").split("[")
        branch, last = tree, head
        for key in keys:
            inner = branch.setdefault(last, {})
            if not isinstance(inner, dict):
                raise InvalidRequest(f"Invalid {head}: must be a hash or a value, not both.")
            branch, last = inner, key
        branch[last] = value
    return tree


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


CREATE = _names(
    "allowed_payment_method_types amount amount_details application_fee_amount"
    " automatic_payment_methods capture_method confirm confirmation_method confirmation_token"
    " currency customer customer_account description error_on_requires_action"
    " excluded_payment_method_types expand hooks mandate mandate_data metadata off_session"
    " on_behalf_of payment_details payment_method payment_method_configuration"
    " payment_method_data payment_method_options radar_options receipt_email return_url"
    " setup_future_usage shipping statement_descriptor statement_descriptor_suffix"
    " transfer_data transfer_group use_stripe_sdk"
)
CONFIRM = _names(
    "allowed_payment_method_types amount_details amount_to_confirm capture_method"
    " confirmation_token error_on_requires_action excluded_payment_method_types expand hooks"
    " mandate mandate_data off_session payment_details payment_method payment_method_data"
    " payment_method_options radar_options receipt_email return_url setup_future_usage shipping"
    " use_stripe_sdk"
)
CAPTURE = _names(
    "amount_details amount_to_capture application_fee_amount expand final_capture hooks metadata"
    " payment_details statement_descriptor statement_descriptor_suffix transfer_data"
)
CANCEL = _names("cancellation_reason expand")
RETRIEVE = _names("client_secret expand")
LIST = _names("created customer customer_account ending_before expand limit starting_after")
SEARCH = _names("expand limit page query")
REFUND = _names(
    "amount charge currency customer expand instructions_email metadata origin payment_intent"
    " reason refund_application_fee reverse_transfer"
)
REFUND_LIST = _names("charge created ending_before expand limit payment_intent starting_after")
DISPUTE_LIST = REFUND_LIST
DISPUTE_UPDATE = _names("evidence expand intended_submission_method metadata submit")
ONLY_EXPAND = _names("expand")
TRANSFER = _names(
    "amount currency description destination expand metadata source_transaction source_type"
    " transfer_group"
)
TRANSFER_LIST = _names(
    "created destination ending_before expand limit starting_after transfer_group"
)
REVERSAL = _names("amount description expand metadata refund_application_fee")
PAYOUT = _names(
    "amount currency description destination expand metadata method payout_method source_type"
    " statement_descriptor"
)
PAYOUT_LIST = _names(
    "arrival_date created destination ending_before expand limit starting_after status"
)
BALANCE_LIST = _names(
    "created currency ending_before expand limit payout source starting_after type"
)
REPORT_RUN = _names("expand parameters report_type")
REPORT_PARAMETERS = _names(
    "columns connected_account currency interval_end interval_start payout reporting_category"
    " timezone"
)
EVIDENCE_TEXTS = _names(
    "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal"
    " customer_email_address customer_name customer_purchase_ip duplicate_charge_explanation"
    " duplicate_charge_id product_description refund_policy_disclosure refund_refusal_explanation"
    " service_date shipping_address shipping_carrier shipping_date shipping_tracking_number"
    " uncategorized_text"
)
EVIDENCE_FILES = _names(
    "cancellation_policy customer_communication customer_signature duplicate_charge_documentation"
    " receipt refund_policy service_documentation shipping_documentation uncategorized_file"
)
_EVIDENCE = EVIDENCE_TEXTS | EVIDENCE_FILES | {"appeal", "enhanced_evidence"}
_APPEAL = _names("reason_for_filing supporting_files")

_CARD_OPTIONS = _names(
    "capture_method cvc_token installments mandate_options moto network"
    " request_extended_authorization request_incremental_authorization request_multicapture"
    " request_overcapture request_three_d_secure require_cvc_recollection"
    " setup_credential_usage setup_future_usage statement_descriptor_suffix_kana"
    " statement_descriptor_suffix_kanji stored_credential_usage three_d_secure"
)
_EXPANDABLE = _names(
    "latest_charge latest_charge.balance_transaction payment_method customer source"
)


def check_names(params: Tree, known: frozenset[str]) -> None:
    """Raises InvalidRequest for a parameter that the endpoint does not take."""
    if "payment_method_types" in params:
        raise InvalidRequest(
            "The parameter payment_method_types is no longer supported in this API version; use"
            " automatic_payment_methods or allowed_payment_method_types.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )
    _refuse(name for name in params if name not in known)
    _refuse(
        f"automatic_payment_methods[{name}]"
        for name in params.get("automatic_payment_methods", ())
        if name not in ("enabled", "allow_redirects")
    )
    _refuse(
        f"payment_method_options[card][{name}]"
        for name in card_options(params)
        if name not in _CARD_OPTIONS
    )
    expand(params)


def check_evidence(params: Tree) -> None:
    """Raises InvalidRequest for evidence[…] that a dispute does not take."""
    evidence = params.get("evidence") or {}
    if not isinstance(evidence, dict):
        raise InvalidRequest("Invalid evidence: must be a hash.", param="evidence")
    _refuse(f"evidence[{name}]" for name in evidence if name not in _EVIDENCE)
    _refuse(
        f"evidence[appeal][card][{name}]"
        for name in (evidence.get("appeal") or {}).get("card", ())
        if name not in _APPEAL
    )


def _refuse(unknown: Iterable[str]) -> None:
    for name in unknown:
        raise InvalidRequest(
            f"Received unknown parameter: {name}", code="parameter_unknown", param=name
        )


def card_options(params: Tree) -> Tree:
    """payment_method_options[card]."""
    options: Tree = params.get("payment_method_options", {}).get("card", {})
    return options


def integer(params: Tree, name: str) -> int:
    """Raises InvalidRequest when it is missing or anything but digits."""
    value = params.get(name)
    if value in (None, ""):
        raise missing(name)
    if not (isinstance(value, str) and _INTEGER.fullmatch(value)):
        raise InvalidRequest(
            f"Invalid integer: {value}", code="parameter_invalid_integer", param=name
        )
    return int(value)


def boolean(params: Tree, name: str, *, default: bool = False) -> bool:
    match params.get(name):
        case None | "":
            return default
        case "true":
            return True
        case "false":
            return False
        case other:
            raise InvalidRequest(f"Invalid boolean: {other}", param=name)


def one_of(params: Tree, name: str, *values: str) -> str:
    """The value, or the first of `values` when it is not given."""
    value: str = params.get(name) or values[0]
    if value not in values:
        raise InvalidRequest(f"Invalid {name}: must be one of {', '.join(values)}", param=name)
    return value


def metadata(params: Tree) -> dict[str, str]:
    """At most 50 names of 40 characters with values of 500. Raises InvalidRequest."""
    given = params.get("metadata") or {}
    if len(given) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in given.items()):
        raise InvalidRequest(
            "Metadata holds up to 50 keys of 40 characters with values of 500.", param="metadata"
        )
    return {name: value for name, value in given.items() if value}


def merged(metadata: dict[str, str], params: Tree) -> dict[str, str]:
    """New names are added, an empty value takes one away."""
    changed = metadata | (params.get("metadata") or {})
    return {name: value for name, value in changed.items() if value}


def expand(params: Tree) -> frozenset[str]:
    """What is to be sent whole instead of as an id. Raises InvalidRequest."""
    wanted = frozenset(params.get("expand", {}).values())
    for name in wanted:
        if name.removeprefix("data.") not in _EXPANDABLE:
            raise InvalidRequest(f"This property cannot be expanded ({name}).", param="expand")
    return frozenset(name.removeprefix("data.") for name in wanted)
