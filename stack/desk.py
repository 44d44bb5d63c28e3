"""The merchants' dispute desk in the demo: some cases are proved, some badly, some given up, some forgotten.

It speaks to the public API as a merchant's staff would: with the same key until there is an answer, and with
another one where the answer is that certainly nothing was done.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import requests

WAYS = ("proved", "proved badly", "accepted", "left alone")
#: A PDF of one empty page: what a bank is shown.
RECEIPT = b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
GIVE_UP = 90.0  # Seconds.


class UnableToAnswer(Exception):
    """The API did not take what the desk sent."""


class Desk:
    """Answers the disputes of these merchants; `answered` counts in which way."""

    def __init__(self, api: str, secrets: list[str], *, seed: int) -> None:
        self._api = api
        self._secrets = secrets
        self._draw = random.Random(seed)
        self.answered: Counter[str] = Counter()

    def disputes(self) -> list[tuple[str, dict[str, Any]]]:
        """Every dispute with its merchant's key."""
        found = []
        for secret in self._secrets:
            after = ""
            while True:
                page = self._get(f"/v1/disputes?limit=100{after}", secret)
                found += [(secret, dispute) for dispute in page["data"]]
                if not page["has_more"]:
                    break
                after = f"&starting_after={page['data'][-1]['id']}"
        return found

    def answer(self, *, ways: tuple[str, ...] = WAYS) -> None:
        """Deal with every dispute that needs a response, by the ways in turn."""
        waiting = [
            (secret, dispute)
            for secret, dispute in self.disputes()
            if dispute["status"] == "needs_response"
        ]
        for number, (secret, dispute) in enumerate(waiting):
            way = ways[number % len(ways)]
            self.answered[way] += 1
            path = f"/v1/disputes/{dispute['id']}"
            round_ = f"{dispute['id']}-{dispute['stage']}"
            match way:
                case "proved" | "proved badly":
                    word = "winning_evidence" if way == "proved" else "losing_evidence"
                    self._post(
                        f"{path}/evidence",
                        secret,
                        data={"explanation": f"The customer has it; {word}."},
                        files={"receipt": ("receipt.pdf", RECEIPT, "application/pdf")},
                    )
                    self._post(f"{path}/submit", secret, key=f"submit-{round_}", json={})
                case "accepted":
                    self._post(f"{path}/accept", secret, key=f"accept-{round_}", json={})

    def _get(self, path: str, secret: str) -> dict[str, Any]:
        return self._ask("GET", path, secret)

    def _post(self, path: str, secret: str, *, key: str = "", **body: Any) -> dict[str, Any]:
        return self._ask("POST", path, secret, key=key, **body)

    def _ask(
        self, method: str, path: str, secret: str, *, key: str = "", **body: Any
    ) -> dict[str, Any]:
        deadline = time.monotonic() + GIVE_UP
        said = "nothing"
        while time.monotonic() < deadline:
            try:
                reply = requests.request(
                    method,
                    self._api + path,
                    headers={
                        "Authorization": f"Bearer {secret}",
                        **({"Idempotency-Key": key} if key else {}),
                    },
                    timeout=30,
                    **body,
                )
                answer: dict[str, Any] = reply.json()
            except (requests.RequestException, ValueError) as error:
                said = repr(error)  # A server that was killed comes back.
            else:
                if reply.status_code in {200, 201, 202}:
                    return answer
                said = f"{reply.status_code} {answer}"
                if reply.status_code not in {409, 429, 500, 502, 503}:
                    break
                if answer["error"]["code"] == "dispute_went_on":
                    return answer  # Its time was over, or the bank had decided.
                if reply.status_code == 502:
                    key += "-again"
            time.sleep(0.5)
        raise UnableToAnswer(f"{method} {path}: {said}")
