"""What a search asks for: of each field all operators must hold, a list names all that will do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from simulators.braintree.disputes import Dispute
from simulators.braintree.transactions import Transaction

Criterion = dict[str, Any] | list[str]
Criteria = dict[str, Criterion]


def transaction_matches(each: Transaction, criteria: Criteria) -> bool:
    return _matches(
        {
            "id": each.id,
            "ids": each.id,
            "order_id": each.order_id,
            "status": each.status,
            "merchant_account_id": each.merchant_account,
            "payment_method_token": each.token,
            "created_at": each.created_at.replace(microsecond=0),
            "type": each.type,
            "disbursement_date": each.disbursed and each.disbursed.on,
        },
        criteria,
    )


def dispute_matches(each: Dispute, criteria: Criteria) -> bool:
    return _matches(
        {
            "id": each.id,
            "case_number": each.case_number,
            "kind": each.kind,
            "merchant_account_id": each.transaction.merchant_account,
            "reason": each.reason,
            "reason_code": each.reason_code,
            "received_date": each.opened_at.date(),
            "reply_by_date": each.reply_by.date(),
            "status": each.status,
            "transaction_id": each.transaction.id,
            "disbursement_date": max(each.disbursed.values(), default=None),
        },
        criteria,
    )


def _matches(fields: dict[str, Any], criteria: Criteria) -> bool:
    return all(
        name in fields and _fulfils(fields[name], criterion) for name, criterion in criteria.items()
    )


def _fulfils(value: Any, criterion: Criterion) -> bool:
    if isinstance(criterion, list):
        return value in criterion
    if value is None:
        return False
    return all(
        _holds(value, operator, _like(value, operand)) for operator, operand in criterion.items()
    )


def _like(value: Any, operand: Any) -> Any:
    """The SDK sends moments also where only the day counts."""
    only_the_day = isinstance(value, date) and not isinstance(value, datetime)
    return operand.date() if only_the_day and isinstance(operand, datetime) else operand


def _holds(value: Any, operator: str, operand: Any) -> bool:
    match operator:
        case "is":
            return bool(value == operand)
        case "is_not":
            return bool(value != operand)
        case "starts_with":
            return bool(value.startswith(operand))
        case "ends_with":
            return bool(value.endswith(operand))
        case "contains":
            return operand in value
        case "min":
            return bool(value >= operand)
        case "max":
            return bool(value <= operand)
    return False
