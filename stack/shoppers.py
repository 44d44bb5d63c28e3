"""The merchants' side of the demo: shops that send payments as shops do, and write down what they were told.

A shop retries with the same key whatever goes wrong on the way: a connection that breaks, a 409 while the
first request still runs, a 5xx. It follows a 202 until the outcome is there. Everything is drawn from one
seed.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

CURRENCIES = {"USD": 40, "EUR": 25, "GBP": 10, "JPY": 10, "KWD": 8, "CHF": 7}
KIND = {
    "bought": 20,
    "captured later": 12,
    "captured in parts": 8,
    "captured in part": 7,
    "canceled": 7,
    "3-D Secure done": 5,
    "3-D Secure failed": 3,
    "declined": 9,
    "double click": 8,
    "sent without waiting": 3,
    "refunded": 7,
    "refunded in parts": 5,
    "refunded too often at once": 4,
    "disputed": 5,
}
DECLINING = ["pm_card_declined", "pm_card_insufficient_funds", "pm_card_expired"]
NOTHING_TO_GIVE_BACK = {"amount_too_large", "already_refunded", "payment_disputed"}
GIVE_UP = 180.0  # Seconds after which a shop says that it never learned an outcome.


@dataclass(frozen=True, slots=True)
class Errand:
    """One purchase to be made."""

    number: int
    kind: str
    secret: str
    key: str
    body: dict[str, Any]


@dataclass
class Journal:
    """What the shops were told: the acknowledgements that must hold at the end."""

    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    replies: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)  # As last told, by id.
    done: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, status: int, seconds: float | None = None) -> None:
        with self._lock:
            self.replies[status] += 1
            if seconds is not None:
                self.latencies.append(seconds)

    def line_broke(self, error: Exception) -> None:
        with self._lock:
            self.broken[type(error).__name__] += 1

    def refunded(self, refund: dict[str, Any]) -> None:
        with self._lock:
            self.refunds[refund["id"]] = refund

    def finished(self, errand: Errand, payment: dict[str, Any]) -> None:
        with self._lock:
            self.done += 1
            self.kinds[errand.kind] += 1
            self.acknowledged.append(payment)

    def complain(self, errand: Errand, what: str) -> None:
        with self._lock:
            self.done += 1
            self.complaints.append(f"purchase {errand.number} ({errand.kind}): {what}")


def errands(count: int, secrets: list[str], *, seed: int) -> list[Errand]:
    """The day's purchases, drawn from the seed."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        kind = draw.choices(list(KIND), weights=list(KIND.values()))[0]
        currency = draw.choices(list(CURRENCIES), weights=list(CURRENCIES.values()))[0]
        method = draw.choice(["pm_card_visa", "pm_card_visa", "pm_card_mastercard"])
        if kind == "declined":
            method = draw.choice(DECLINING)
        elif kind.startswith("3-D"):
            method = "pm_card_3ds"
        elif kind == "disputed":
            method = "pm_card_disputed"
        # KWD in tens of fils: Stripe wants a 0 as the third decimal.
        amount = draw.randint(100, 15_000) * (10 if currency == "KWD" else 1)
        later = kind in {"captured later", "captured in parts", "captured in part", "canceled"}
        body: dict[str, Any] = {
            "user_id": f"user-{draw.randint(1, 200)}",
            "amount": amount,
            "currency": currency,
            "payment_method": method,
            "capture_method": "manual" if later else "automatic",
            "description": f"Order {1000 + number}",
            "metadata": {"order": str(1000 + number)},
        }
        if kind.startswith("3-D"):
            body["return_url"] = "https://shop.example/return"
        made.append(Errand(number, kind, draw.choice(secrets), f"order-{seed}-{number}", body))
    return made


class Shop:
    """Sends errands to the API, one thread each, and follows them to their end."""

    def __init__(self, api: str, journal: Journal) -> None:
        self._api = api
        self._journal = journal
        self._local = threading.local()
        self.closed = threading.Event()  # Set: the day is over, wanted or not.

    def run(self, errand: Errand) -> None:
        try:
            payment = self._purchase(errand)
        except TimeoutError as error:
            self._journal.complain(errand, str(error))
        else:
            self._journal.finished(errand, payment)

    def _purchase(self, errand: Errand) -> dict[str, Any]:
        if errand.kind == "double click":
            payment = self._double_click(errand)
        else:
            prefer = {"Prefer": "respond-async"} if errand.kind == "sent without waiting" else {}
            payment = self._post(
                "/v1/payments", errand.body, errand, errand.key, prefer, timed=True
            )
        payment = self._follow(payment, errand)
        if payment["status"] == "requires_action":
            payment = self._authenticate(payment, errand)
        if payment["status"] == "authorized":
            payment = self._afterwards(payment, errand)
        if payment["status"] == "captured" and errand.kind.startswith("refunded"):
            payment = self._give_back(payment, errand)
        return payment

    def _give_back(self, payment: dict[str, Any], errand: Errand) -> dict[str, Any]:
        """All of it, some of it, or more than there is, by several people at the same moment."""
        amount = payment["amount"]
        part = max(10, amount * 3 // 10 // 10 * 10)
        match errand.kind:
            case "refunded":
                self._refund(payment, None, errand, "refund")
            case "refunded in parts":
                self._refund(payment, part, errand, "refund-1")
                self._refund(payment, part, errand, "refund-2")
            case _:
                most = max(10, amount * 6 // 10 // 10 * 10)
                with ThreadPoolExecutor(6) as people:
                    made = [
                        refund
                        for refund in people.map(
                            lambda n: self._refund(payment, most, errand, f"refund-{n}"), range(6)
                        )
                        if refund is not None and refund["status"] != "failed"
                    ]
                if len(made) > 1:
                    self._journal.complain(errand, f"given back more than once: {made}")
        return self._get(f"/v1/payments/{payment['id']}", errand)

    def _refund(
        self, payment: dict[str, Any], amount: int | None, errand: Errand, step: str
    ) -> dict[str, Any] | None:
        """The refund; None when there was nothing left to give back, or a dispute held it."""
        body = {"payment": payment["id"]} | ({"amount": amount} if amount else {})
        told = self._post("/v1/refunds", body, errand, f"{errand.key}-{step}", {}, timed=True)
        if told.get("object") == "refund":
            self._journal.refunded(told)
            return told
        return None

    def _afterwards(self, payment: dict[str, Any], errand: Errand) -> dict[str, Any]:
        """What a shop does with money that is held."""
        amount, path = payment["amount"], f"/v1/payments/{payment['id']}"
        # Tens only: Stripe's three-decimal currencies end in 0.
        part = max(10, amount * 4 // 10 // 10 * 10)
        match errand.kind:
            case "canceled":
                return self._do(f"{path}/cancel", {}, errand, "cancel")
            case "captured in part":
                return self._do(f"{path}/capture", {"amount": part}, errand, "part")
            case "captured in parts":
                first = {"amount": part, "final": False}
                payment = self._do(f"{path}/capture", first, errand, "first")
                if payment["status"] != "partially_captured":
                    return payment
                return self._do(f"{path}/capture", {}, errand, "rest")
            case _:
                return self._do(f"{path}/capture", {}, errand, "capture")

    def _do(self, path: str, body: dict[str, Any], errand: Errand, step: str) -> dict[str, Any]:
        payment = self._post(path, body, errand, f"{errand.key}-{step}", {}, timed=True)
        return self._follow(payment, errand)

    def _double_click(self, errand: Errand) -> dict[str, Any]:
        """The same request four times at once: every reply must name the same payment."""
        with ThreadPoolExecutor(4) as fingers:
            told = list(
                fingers.map(
                    lambda _: self._post(
                        "/v1/payments", errand.body, errand, errand.key, {}, timed=True
                    ),
                    range(4),
                )
            )
        if len({payment["id"] for payment in told}) != 1:
            self._journal.complain(errand, f"four replies, payments {[p['id'] for p in told]}")
        return told[0]

    def _authenticate(self, payment: dict[str, Any], errand: Errand) -> dict[str, Any]:
        """Be the customer at the bank's page, come back, confirm."""
        result = "fail" if errand.kind == "3-D Secure failed" else "complete"
        for turn in range(5):
            back = self._at_the_bank(payment["next_action"]["url"], result)
            query = parse_qs(urlsplit(back).query)
            body = (
                {"redirect_result": query["redirectResult"][0]} if "redirectResult" in query else {}
            )
            payment = self._do(
                f"/v1/payments/{payment['id']}/confirm", body, errand, f"confirm-{turn}"
            )
            if payment["status"] != "requires_action":
                break
        return payment

    def _at_the_bank(self, url: str, result: str) -> str:
        self._session().get(url, timeout=10)  # The page, and then its button.
        answer = self._session().post(
            url, data={"result": result}, allow_redirects=False, timeout=10
        )
        return answer.headers.get("Location", "")

    def _follow(self, payment: dict[str, Any], errand: Errand) -> dict[str, Any]:
        """Until the outcome is known."""
        deadline = time.monotonic() + GIVE_UP
        pause = 0.2
        while payment["status"] == "processing":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{payment['id']} is processing for {GIVE_UP:.0f} s")
            self._pause(pause)
            pause = min(1.0, pause * 1.5)
            payment = self._get(f"/v1/payments/{payment['id']}", errand)
        return payment

    def _get(self, path: str, errand: Errand) -> dict[str, Any]:
        deadline = time.monotonic() + GIVE_UP
        while time.monotonic() < deadline:
            try:
                reply = self._session().get(
                    self._api + path, headers=self._headers(errand), timeout=20
                )
                if reply.status_code == 200:
                    return reply.json()  # type: ignore[no-any-return]
            except (requests.RequestException, ValueError) as error:
                self._journal.line_broke(error)
            self._pause(0.3)
        raise TimeoutError(f"{path} could not be read")

    def _post(
        self,
        path: str,
        body: dict[str, Any],
        errand: Errand,
        key: str,
        headers: dict[str, str],
        *,
        timed: bool = False,
    ) -> dict[str, Any]:
        """With the same key until there is an answer; the payment it names."""
        deadline = time.monotonic() + GIVE_UP
        while time.monotonic() < deadline:
            started = time.monotonic()
            try:
                reply = self._session().post(
                    self._api + path,
                    json=body,
                    headers={**self._headers(errand), "Idempotency-Key": key, **headers},
                    timeout=30,
                )
                answer = reply.json()
            except (requests.RequestException, ValueError) as error:
                self._journal.line_broke(error)
                self._pause(0.3)
                continue
            self._journal.heard(reply.status_code, time.monotonic() - started if timed else None)
            if reply.status_code in {200, 201, 202}:
                return answer  # type: ignore[no-any-return]
            told = answer["error"].get("payment")
            if reply.status_code in {402, 502} and told is not None:
                return told if isinstance(told, dict) else answer
            if answer["error"]["code"] in NOTHING_TO_GIVE_BACK:
                return answer  # type: ignore[no-any-return]
            if reply.status_code not in {409, 429, 500, 503}:
                raise TimeoutError(f"{path} was refused: {answer}")
            self._pause(0.5)
        raise TimeoutError(f"{path} was never answered")

    def _pause(self, seconds: float) -> None:
        if self.closed.wait(seconds):
            raise TimeoutError("the day ended first")

    def _headers(self, errand: Errand) -> dict[str, str]:
        return {"Authorization": f"Bearer {errand.secret}"}

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        session: requests.Session = self._local.session
        return session
