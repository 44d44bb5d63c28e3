"""Log lines say what they are about, and never a secret: neither ours, by its value, nor anybody's, by its form."""

from __future__ import annotations

import logging
from io import StringIO
from urllib.parse import quote

import orjson
import pytest
from django.conf import settings as configured

from kernel import secrets
from kernel.logs import JSONFormatter, about, forget
from kernel.secrets import Mask


@pytest.fixture
def written():
    """A logger whose lines, as they go out, are collected."""
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JSONFormatter(Mask.of(configured)))
    logger = logging.getLogger("test.logs")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.out = out  # type: ignore[attr-defined]
    yield logger
    logger.removeHandler(handler)


def line(written):
    return orjson.loads(written.out.getvalue().splitlines()[-1])


def ours(settings):
    """Every secret that settings hold."""
    found = {settings.SECRET_KEY, *settings.SEALING_KEYS, settings.DATABASES["default"]["PASSWORD"]}
    found |= {settings.BANK["test"]["token"]} if settings.BANK["test"] else set()
    for psp in settings.PSPS.values():
        for name, value in psp["test"].items():
            if name in {"api_key", "private_key"}:
                found.add(value)
            if name in {"webhook_secrets", "hmac_keys"}:
                found |= set(value)
    return {value for value in found if value}


def test_no_secret_of_our_settings_is_ever_in_a_line(written, settings):
    settings.METRICS_TOKEN = 'tok"en\\with/odd letters+é'
    written.handlers[0].setFormatter(JSONFormatter(Mask.of(configured)))
    secret = {value for value in ours(settings) if len(value) >= secrets.SHORTEST}
    assert len(secret) >= 6

    for value in {*secret, settings.METRICS_TOKEN}:
        written.info("it is %s, they say", value, extra={"where": f"x={value}&y"})
        written.info("GET /?a=%s", quote(value, safe=""))
        try:
            raise RuntimeError(f"refused: {value}")
        except RuntimeError:
            written.exception("failed for %r", [value])
    text = written.out.getvalue()

    for value in secret:
        assert value not in text
        assert quote(value, safe="") not in text
    assert "odd letters" not in text
    assert all(orjson.loads(one) for one in text.splitlines())


def test_passwords_in_addresses_are_secret_wherever_a_setting_holds_them():
    class Settings:
        REDIS_URL = "redis://cache:correct-horse@redis:6379/0"
        DATABASES = {"default": {"PASSWORD": "battery-staple", "NAME": "paygate-main"}}
        ADYEN = {"webhook_login": "user:pass-word-1", "public_key": "not-secret-at-all"}

    masked = Mask.of(Settings)
    text = masked("correct-horse battery-staple pass-word-1 not-secret-at-all paygate-main")

    assert text == "[masked] [masked] [masked] not-secret-at-all paygate-main"


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("key sk_live_51H8abcDEF0", "key sk_live_[masked]"),
        ("rk_test_abc, pk_test_def", "rk_test_[masked], pk_test_[masked]"),
        ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD==", "whsec_[masked]"),
        ("Authorization: Bearer abcdef.ghi", "[masked]"),
        ("Basic dXNlcjpwYXNzd29yZA==", "Basic [masked]"),
        ("AQEyhmfxK4TJaBVDw0m/n3Q5qf3VaY9UCJ14XWZE03G", "AQE[masked]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[masked]"),
        ("GET /hook?token=abcd1234&x=1", "token=[masked]&x=1"),
        ("GET /?api_key=abcd1234&access-token=zzzz9999", "api_key=[masked]&access-token=[masked]"),
        ("{'password': 'hunter2!', 'user': 'bo'}", "'user': 'bo'"),
        ('{"client_secret":"pi_1_secret_2"}', '"client_secret":"[masked]"'),
        ("postgres://paygate:hunter22@db/paygate", "postgres://paygate:[masked]@db/paygate"),
        ("mail to jane.doe+shop@example.co.uk now", "mail to [e-mail] now"),
        ("GET /?user=jane%40example.com", "user=[e-mail]"),
        ("4242 4242 4242 4242", "[card number]"),
    ],
)
def test_what_looks_like_a_secret_is_masked(written, said, stands):
    hidden = {"abc", "hunter2", "C2FVs", "dXNl", "yhmfx", "zzzz", "jane", "4242 4242", "pi_1"}
    try:
        raise ValueError(said)
    except ValueError:
        written.exception("it said %s", said, extra={"said": said})
    told = line(written)

    for place in (told["message"], told["said"], told["exception"]):
        assert stands in place
    assert not [part for part in hidden if part in said and part in written.out.getvalue()]


@pytest.mark.parametrize(
    "said",
    [
        "pay_01k9zzzzzzzzzzzzzzzzzzzzzz is captured",
        "keys: 3, tokens: 12, password changed",
        "2026-11-24T23:30:34.729Z took 12.5 ms",
        "token_invalid and signature_missing",
        "v1/payments/<str:payment>/capture",
    ],
)
def test_what_is_no_secret_stays(written, said):
    written.info(said)
    assert line(written)["message"] == said


def test_a_long_line_costs_no_more_than_its_length(written):
    from time import perf_counter

    for text in ("a" * 100_000, "a." * 50_000, "token=" * 20_000, "eyJ" * 30_000, "://a:" * 20_000):
        started = perf_counter()
        Mask()(text + "@")
        assert perf_counter() - started < 2.0, text[:10]


def test_a_line_says_what_it_is_about_until_that_is_over(written):
    said = about(request_id="req_1")
    about(merchant="mer_1")
    written.info("inside", extra={"payment": "pay_1"})
    assert {"request_id": "req_1", "merchant": "mer_1", "payment": "pay_1"}.items() <= line(
        written
    ).items()
    forget(said)
    written.info("outside")
    assert not {"request_id", "merchant"} & set(line(written))


@pytest.mark.django_db
def test_lines_of_a_request_name_it_its_merchant_and_what_its_address_names(
    api, merchant, written, monkeypatch
):
    monkeypatch.setattr("paygate.api.requests.log", written)
    payment = api.pay(psp="stripe", capture_method="manual").json()
    made = line(written)
    done = api.post(f"payments/{payment['id']}/capture", {})
    captured = line(written)
    written.info("between two requests")

    assert made["merchant"] == captured["merchant"] == merchant.merchant.public_id
    assert captured["request_id"] == done["Request-Id"] != made["request_id"]
    assert captured["payment"] == payment["id"]
    assert "request_id" not in line(written)


@pytest.mark.django_db
def test_lines_of_a_task_name_it_and_whose_attempt_it_carries_out(api, written, monkeypatch):
    monkeypatch.setattr("paygate.payments.carry_out.log", written)
    payment = api.pay(psp="stripe").json()
    [told] = map(orjson.loads, written.out.getvalue().splitlines())

    assert told["task"] == "payments.carry_out"
    assert told["task_id"]
    assert told["payment"] == payment["id"]
    assert told["of"] == payment["attempts"][0]["id"]
    assert told["merchant"].startswith("mer_")


@pytest.mark.django_db
def test_an_address_cannot_put_words_into_our_lines(api, written, monkeypatch):
    monkeypatch.setattr("paygate.api.requests.log", written)
    api.get("payments/not-an-id-of-ours")

    assert "payment" not in line(written)
