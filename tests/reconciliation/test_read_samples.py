"""The PSPs' own files, each recognized by its headings and read to what its PSP pays for it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from paygate.reconciliation.read import Refused, read
from tests.reconciliation.files import kept, told

SAMPLES = Path(__file__).parent.parent / "psp_contract" / "samples"
SAMPLE = "adyen_settlement_detail_report_batch_134.csv"


@pytest.fixture(autouse=True)
def accounts(settings: Any, db: None) -> None:
    """The samples' own."""
    psps = deepcopy(settings.PSPS)
    psps["adyen"]["test"]["merchant_account"] = "AcmeEcomEU"
    psps["braintree"]["test"]["merchant_accounts"] = {"USD": "acme_usd"}
    settings.PSPS = psps


def net_of(currency: str, *, paid: bool) -> int:
    """The sum of what is paid out, or of all that is paid for."""
    return sum(
        net
        for kind, of, net in told("kind, settled_currency, net")
        if of == currency and (kind == "settlement") == paid
    )


@pytest.mark.parametrize("form", ["", ".classic30"])
def test_a_batch_of_adyen_adds_up_to_nothing(form: str) -> None:
    content = (SAMPLES / f"adyen_settlement_detail_report_batch_134{form}.csv").read_bytes()

    reading = read(kept(content, psp="adyen"))

    assert (reading.format, reading.identity) == (
        "adyen.settlement_detail",
        "AcmeEcomEU batch 134",
    )
    assert (net_of("EUR", paid=False), net_of("EUR", paid=True)) == (228_29, -228_29)


def test_stripes_activity_adds_up_to_its_payout() -> None:
    name = "stripe_payout_reconciliation.itemized.csv"
    reading = read(kept((SAMPLES / name).read_bytes(), name=name))
    assert (reading.format, reading.identity) == ("stripe.itemized", name.removesuffix(".csv"))
    assert net_of("EUR", paid=False) == 148_69

    read(kept((SAMPLES / "stripe_payouts.itemized.csv").read_bytes()))
    assert net_of("EUR", paid=True) == -148_69


@pytest.mark.parametrize(
    "form, name, fees",
    [("", "transaction_fees", 23_18), ("interchange_", "estimated_fees", None)],
)
def test_braintrees_fees_are_billed(form: str, name: str, fees: int | None) -> None:
    file = f"braintree_transaction_level_{form}fee_report_2026-11-07.csv"
    reading = read(kept((SAMPLES / file).read_bytes(), psp="braintree"))
    assert (reading.format, reading.identity) == (f"braintree.{name}", "acme_usd 2026-11-07")
    if fees is not None:
        assert sum(billed for (billed,) in told("billed")) == fees
        assert net_of("USD", paid=False) == 176_40


def test_a_file_of_another_psp_is_foreign() -> None:
    for psp in ("stripe", "braintree", "bank"):
        with pytest.raises(Refused):
            read(kept((SAMPLES / SAMPLE).read_bytes(), psp=psp))


def test_a_sample_that_is_garbled_is_refused_with_its_row() -> None:
    lines = (SAMPLES / SAMPLE).read_text().splitlines()
    lines[4] = lines[4].replace(",EUR,", ",EUX,")
    with pytest.raises(Refused) as why:
        read(kept("\n".join(lines), psp="adyen"))
    assert why.value.row == 4
    assert "'EUX', which is none of ISO 4217" in why.value.because
