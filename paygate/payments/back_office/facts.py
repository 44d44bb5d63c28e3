"""What is known of a payment beside its story: ids, the card, the routing, what the merchant wrote to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from kernel.audit.record import saw
from kernel.ids import encode
from merchants.models import Merchant
from paygate.fx.conversion import Conversion
from paygate.fx.exchange import written
from paygate.payments.back_office.words import called, card, exactly, spaced
from paygate.payments.in_metadata import tells_who
from paygate.payments.models import Attempt, Payment, Refund


@dataclass(frozen=True, slots=True)
class Fact:
    """`copied` is what the button beside it puts into the clipboard."""

    name: str
    text: str
    copied: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Some that belong together, under a heading."""

    title: str
    facts: Sequence[Fact]


SEE_PII = "merchants.see_pii"


def facts(
    payment: Payment,
    attempts: Sequence[Attempt],
    merchant: Merchant | None,
    metadata: Sequence[Fact],
) -> list[Facts]:
    """Groups without a fact are left out."""
    groups = [
        Facts("References", [*_references(payment, merchant)]),
        Facts("Card", [*_card(payment)]),
        Facts("Routing", [*routing(attempts)]),
        Facts("Risk", [*_risk(payment)]),
        Facts("Conversion", [*_conversion(payment)]),
        Facts("From the merchant", [*_from_merchant(payment)]),
        Facts("Metadata", metadata),
    ]
    return [group for group in groups if group.facts]


def metadata_for(request: HttpRequest, row: Payment | Refund) -> list[Fact]:
    """What the merchant wrote to it; who the payer is only for those who may know, which is then written down."""
    private = sorted({tells_who(name) for name in row.metadata} - {""})
    sees = request.user.has_perm(SEE_PII)
    if private and sees:
        saw(request, row, *private)
    return [
        Fact(name, str(value) if sees or not tells_who(name) else "hidden")
        for name, value in row.metadata.items()
    ]


def _references(payment: Payment, merchant: Merchant | None) -> Iterable[Fact]:
    yield Fact("Payment", payment.public_id, payment.public_id)
    whose = encode("mer", payment.merchant_id)
    yield Fact("Merchant", merchant.name if merchant else whose, whose)
    yield Fact("PSP", called(payment.psp))
    if payment.psp_reference:
        yield Fact(
            f"{called(payment.psp)}'s reference",
            payment.psp_reference,
            payment.psp_reference,
            dashboard(payment.psp, payment.psp_reference, livemode=payment.livemode),
        )
    yield Fact("Mode", "live" if payment.livemode else "test")
    yield Fact("Created", exactly(payment.created_at), exactly(payment.created_at))
    yield Fact("Last changed", exactly(payment.updated_at))
    if payment.expires_at:
        yield Fact("Lapses", exactly(payment.expires_at))


def dashboard(psp: str, reference: str, *, livemode: bool) -> str:
    """The payment in the PSP's own dashboard, where its address follows from the reference."""
    if psp == "stripe":
        mode = "" if livemode else "test/"
        return f"https://dashboard.stripe.com/{mode}payments/{reference}"
    return ""


def _card(payment: Payment) -> Iterable[Fact]:
    shown = card(payment.card.get("brand", ""), payment.last4)
    if shown:
        yield Fact("Card", shown)
    if country := payment.card.get("country"):
        yield Fact("Issued in", country)
    yield Fact("Payment method", payment.payment_method, payment.payment_method)
    yield Fact("Captured", "at once" if payment.capture_method == "automatic" else "by hand")


def routing(attempts: Sequence[Attempt]) -> Iterable[Fact]:
    """Why this PSP: of the first attempt, which the others follow."""
    route = attempts[0].route if attempts else {}
    if why := route.get("because"):
        said = {"weight": "by the merchant's weights", "pinned": "the merchant named the PSP"}
        yield Fact("Because", said.get(why, why))
    weights: Mapping[str, Any] = route.get("weights") or {}
    if len(weights) > 1:
        yield Fact(
            "Weights", ", ".join(f"{called(psp)} {weight}" for psp, weight in weights.items())
        )
    for psp, why in (route.get("left_out") or {}).items():
        yield Fact(f"Not {called(psp)}", str(why))


def _risk(payment: Payment) -> Iterable[Fact]:
    if "decision" in payment.risk:
        yield Fact("Decision", str(payment.risk["decision"]))
        yield Fact("Score", f"{payment.risk.get('score', 0)} of 100")
    if rules := payment.risk.get("rules"):
        yield Fact("Rules", ", ".join(str(rule) for rule in rules))


def _conversion(payment: Payment) -> Iterable[Fact]:
    if payment.conversion is None:
        return
    conversion = Conversion.from_json(payment.conversion)
    yield Fact("Converted into", conversion.to)
    yield Fact("Rate", f"1 {payment.currency} = {written(conversion.rate)} {conversion.to}")
    yield Fact("Market's rate", written(conversion.market))
    yield Fact("So far", str(conversion.settled))
    yield Fact("Given back at", f"the {conversion.refund_rate} rate")
    if conversion.quote:
        quote = encode("fxq", conversion.quote)
        yield Fact("Quote", quote, quote)


def _from_merchant(payment: Payment) -> Iterable[Fact]:
    written_by = {
        "Customer": payment.user_id,
        "Description": payment.description,
        "On the statement": payment.statement_descriptor,
        "Returns to": payment.return_url,
    }
    for name, text in written_by.items():
        if text:
            yield Fact(name, text, text if name == "Customer" else "")


def briefly(payment: Payment) -> str:
    """What happened, in a few words for a list."""
    error = payment.last_error or {}
    match payment.state:
        case "failed" | "authorized" | "partially_captured" if error.get("decline_code"):
            return spaced(str(error["decline_code"]))
        case "failed":
            return "not carried out" if error else "stopped by our rules"
        case "processing":
            return "outcome not known yet"
        case "requires_action":
            return "waits for 3-D Secure"
        case "authorized" | "partially_captured" if payment.expires_at:
            return f"{payment.money(payment.capturable)} held until {payment.expires_at:%Y-%m-%d}"
        case "in_review":
            return "waits for a person"
    return ", ".join(
        f"{payment.money(minor)} {what}"
        for minor, what in (
            (payment.amount_disputed, "disputed"),
            (payment.amount_refund_pending, "on its way back"),
            (payment.amount_refunded, "given back"),
        )
        if minor
    )


#: Under which keys merchants write what they call the order.
ORDERS = ("order", "order_id", "order_number", "order_no", "orderId", "reference", "invoice")


def order_of(metadata: Mapping[str, Any]) -> str:
    """The merchant's own number of it, where there is one."""
    return next((str(metadata[name]) for name in ORDERS if metadata.get(name)), "")
