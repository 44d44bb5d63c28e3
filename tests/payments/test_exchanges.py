"""What is said to PSPs is kept with the attempt, redacted before it is written, and never in a payment's way."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import requests

from kernel.clock import now
from kernel.ids import uuid7
from paygate.payments.exchanges import keep
from paygate.payments.exchanges.forget import forget
from paygate.payments.models import Attempt, Exchange, Payment
from paygate.psp.overheard import Heard, listener, overhear
from paygate.psp.redacted import HIDDEN, LARGEST, LONGEST, redacted, redacted_query, shown_of
from paygate.psp.registry import PSPS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("psp", PSPS)
def test_what_was_asked_and_answered_is_kept_with_the_attempt(api, psp):
    api.pay(amount=1000, psp=psp)
    attempt = Attempt.objects.get()

    said = list(Exchange.objects.filter(merchant_id=attempt.merchant_id, attempt_id=attempt.id))

    assert said
    assert {one.psp for one in said} == {psp}
    assert all(200 <= one.status < 300 and not one.error for one in said)
    asked, answered = "".join(one.asked for one in said), "".join(one.answered for one in said)
    assert Payment.objects.get().public_id in asked
    assert attempt.psp_reference in answered
    assert ("1000" if psp != "braintree" else "10.00") in asked


@pytest.mark.parametrize("psp", PSPS)
@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_declined", "pm_card_3ds"])
def test_no_token_no_payer_and_no_secret_is_kept(api, psp, card):
    api.pay(
        amount=1000, psp=psp, payment_method=card, return_url="https://shop.test/?session=s3cr3t"
    )
    token = Attempt.objects.get().token.replace("declined", "declined_token")  # A word of its own.
    for one in Exchange.objects.all():
        kept = f"{one.path} {one.query} {one.asked} {one.answered}"
        for secret in (token, "user-1", "s3cr3t", "_secret_", "4242"):
            assert secret not in kept, (secret, kept)
        assert HIDDEN in kept


@pytest.mark.parametrize("psp", PSPS)
def test_a_call_that_was_not_answered_is_kept_with_what_went_wrong(api, simulators, psp):
    simulators[psp].faults(next=["timeout_after"], hang_seconds=2)
    api.pay(amount=1000, psp=psp)
    failed = Exchange.objects.order_by("id")[0]
    assert (failed.status, failed.answered) == (None, "")
    assert "Timeout" in failed.error


def test_a_refund_is_kept_as_well(api):
    paid = api.pay(amount=1000, psp="stripe").json()
    api.post("refunds", {"payment": paid["id"], "amount": 100})
    attempt = Attempt.objects.get(operation="refund")
    assert Exchange.objects.filter(attempt_id=attempt.id).exists()


def test_nothing_of_it_can_fail_a_payment(api, monkeypatch):
    def broken(*_):
        raise RuntimeError("no room on the disk")

    monkeypatch.setattr(keep, "write", broken)
    assert api.pay(amount=1000, psp="stripe").json()["status"] == "captured"
    assert not Exchange.objects.exists()


def test_no_payment_fails_where_no_thread_can_be_begun_and_the_next_tries_again(
    monkeypatch, settings
):
    begun = []

    class Thread:
        def __init__(self, **_):
            pass

        def start(self):
            begun.append(self)
            if len(begun) == 1:
                raise RuntimeError("can't start new thread")

    monkeypatch.setattr(keep.threading, "Thread", Thread)
    monkeypatch.setattr(keep.atexit, "register", lambda _: None)
    settings.GROUP_COMMITS = True
    keeper = keep._Keeper()

    for _ in range(3):
        keeper.put([(uuid7(), uuid7(), "stripe", heard())])

    assert (len(begun), len(keeper._waiting)) == (2, 3)


def heard(body: bytes = b"", answer: bytes = b"{}") -> Heard:
    request = requests.Request("POST", "https://psp.test/v1/x?limit=1", data=body).prepare()
    answered = requests.Response()
    answered.status_code, answered._content = 200, answer
    return Heard(request, answered, "", now(), 5)


def test_what_waits_beyond_a_bound_is_dropped_and_the_oldest_first():
    keeper = keep._Keeper()
    items = [(uuid7(), uuid7(), "stripe", heard()) for _ in range(keep.MOST + 3)]
    keeper._waiting.extend(items)
    assert list(keeper._waiting) == items[3:]


def test_many_are_written_at_once(django_assert_num_queries):
    items = [(uuid7(), uuid7(), "stripe", heard()) for _ in range(20)]
    with django_assert_num_queries(1):
        keep.write(items)
    assert Exchange.objects.count() == 20


def test_what_is_old_is_forgotten(settings):
    settings.PSP_EXCHANGES_KEPT_DAYS = 30
    keep.write([(uuid7(), uuid7(), "stripe", heard())])
    assert forget(now=now() + timedelta(days=29)) == 0
    assert forget(now=now() + timedelta(days=31)) == 1
    assert not Exchange.objects.exists()


# ------------------------------------------------------------------------------------- listening


def test_nobody_listens_unless_asked_and_never_to_another_thread():
    assert listener() is None
    with overhear() as outer:
        assert listener() is outer
        with overhear() as inner:
            assert listener() is inner
        assert listener() is outer
        seen = []
        thread = threading.Thread(target=lambda: seen.append(listener()))
        thread.start()
        thread.join()
        assert seen == [None]
    assert listener() is None


# ------------------------------------------------------------------------------------- redaction


def test_what_is_not_on_the_list_is_hidden_and_its_name_stays():
    body = b'{"id":"pi_1","amount":100,"client_secret":"s","tomorrow":{"name":"Ada"}}'
    assert redacted("stripe", body) == (
        '{"id":"pi_1","amount":100,"client_secret":"…","tomorrow":"…"}'
    )


def test_names_that_may_be_somebodys_data_are_hidden_too():
    assert redacted("stripe", b'{"ada@example.com":1}') == '{"…":"…"}'


def test_a_form_is_shown_where_every_part_of_the_name_is_on_the_list():
    body = b"amount=100&metadata[payment]=pay_1&payment_method=pm_1&expand[0]=latest_charge"
    assert redacted("stripe", body) == (
        '{"amount":"100","metadata[payment]":"pay_1","payment_method":"…","expand[0]":"latest_charge"}'
    )


def test_xml_is_shown_as_json_and_its_entities_are_not_read():
    body = b"<transaction><id>a1</id><customer><email>a@b.c</email></customer><amount>1.00</amount></transaction>"
    assert redacted("braintree", body) == (
        '{"transaction":{"id":"a1","customer":"…","amount":"1.00"}}'
    )
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><transaction><id>&a;&a;</id></transaction>'
    assert redacted("braintree", bomb) == f'{{"…":"{len(bomb)} bytes that cannot be read"}}'


@pytest.mark.parametrize("psp", PSPS)
def test_a_card_number_or_an_address_in_a_field_that_is_shown_is_hidden(psp):
    said = redacted(psp, b'{"message":"4242 4242 4242 4242 of ada@example.com was declined"}')
    assert "4242" not in said
    assert "ada@" not in said
    assert "was declined" in said


def test_what_is_too_large_or_no_json_is_kept_as_its_size():
    assert redacted("stripe", b"x" * (LARGEST + 1)) == f'{{"…":"{LARGEST + 1} bytes"}}'
    assert redacted("stripe", b"{nonsense") == '{"…":"9 bytes that cannot be read"}'
    assert redacted("stripe", b"") == ""


def test_a_query_is_redacted_as_a_form_is():
    assert redacted_query("stripe", "limit=10&customer=cus_1") == '{"limit":"10","customer":"…"}'
    assert redacted_query("stripe", "") == ""


@pytest.mark.parametrize("psp", PSPS)
def test_no_list_names_what_is_a_token_a_secret_or_about_a_person(psp):
    never = (
        *("token", "secret", "nonce", "email", "name", "phone", "street", "city", "postal_code"),
        *(
            "holder",
            "fingerprint",
            "customer",
            "shopperReference",
            "billing",
            "storedPaymentMethodId",
        ),
        *("last4", "last-4", "bin", "ip", "url", "paymentMethod", "payment_method", "returnUrl"),
    )
    fields = shown_of(psp)
    assert not fields & set(never)
    assert not [field for field in fields if any(part in field.lower() for part in never[:4])]


@pytest.mark.parametrize("before", range(LONGEST - 20, LONGEST, 3))
def test_no_card_number_lies_across_the_cut(before):
    said = "x" * before + " 4242 4242 4242 4242 declined " + "y" * 40

    shown = redacted("stripe", f'{{"message":"{said}"}}'.encode())

    assert "4242" not in shown
