"""The two beats of a real payment as they went over the wire: `python -m bench.steps <psp>`.

A payment is created and carried out, and what was given to payment_write is caught on its way. Its ids
become places to be filled in, so that PostgreSQL alone can write it again and again.
"""

import json
import re
import sys
from typing import Any

import django

#: What stands in for the first sixteen digits of each UUID and of each public id (bound.py fills them in).
UUID_PLACE = "@@@@@@@@-@@@@-@@@@"
TEXT_PLACE = "@@@@@@@@@@@@@@@@"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PUBLIC_ID = re.compile(r"\b(?:pay|att)_[0-9a-z]{26}\b")


def main(psp: str) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connection

    from kernel.clock import now
    from kernel.idempotency.replay import Key, fingerprint
    from kernel.ids import encode, uuid7
    from kernel.money import Money
    from merchants.models import Merchant
    from paygate.payments.carry_out import carry_out
    from paygate.payments.create import Order, create
    from paygate.payments.write import BindKey

    settings.GROUP_COMMITS = False  # So that all is written by this thread, where it can be seen.
    documents: list[str] = []

    def catch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "payment_write" in sql:
            documents.append(params[0])
        return execute(sql, params, many, context)

    merchant = Merchant.objects.earliest("created_at").id
    key = Key(merchant, False, encode("pay", uuid7()))  # Looks like an id, so gets a place as well.
    order = Order(
        user_id="shopper-1",
        amount=Money(1000, "EUR"),
        payment_method="pm_card_visa",
        psp=psp,
        description="Order 1001",
        metadata={"order": "1001"},
    )
    with connection.execute_wrapper(catch):
        mark = fingerprint("POST", "/v1/payments", order.metadata)
        claimed = create(merchant, order, livemode=False, bind=BindKey(key, mark), now=now())
        carry_out([(merchant, claimed.attempt.id)])
    beats = dict(zip(("claim", "settle"), fill_out(documents, keep=str(merchant)), strict=True))
    print(json.dumps(beats))


def fill_out(documents: list[str], *, keep: str) -> list[str]:
    """The steps as templates: every UUIDv7 but `keep`, and every public id, with a place in it.

    The same id gets the same template in both documents, two ids get two.
    """
    whole = "\n".join(documents)
    uuids = sorted({found for found in UUID.findall(whole) if found != keep})
    for number, uuid in enumerate(uuids):
        whole = whole.replace(uuid, f"{UUID_PLACE}-8{number:03x}-{0:012x}")
    for number, public_id in enumerate(sorted(set(PUBLIC_ID.findall(whole)))):
        whole = whole.replace(public_id, f"{public_id[:4]}{TEXT_PLACE}{number:010}")
    return whole.split("\n")


if __name__ == "__main__":
    main(sys.argv[1])
