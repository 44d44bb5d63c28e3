"""Whom the demo's merchants know: some of their payers are customers, with names and addresses that nobody has."""

from __future__ import annotations

import random

import requests

FIRST = ("Ada", "Emmy", "Grace", "Sofia", "Maryam", "Alan", "Kurt", "Noor", "Yuki", "Amara")
LAST = (
    "Keller",
    "Okafor",
    "Tanaka",
    "Lindqvist",
    "Moreau",
    "Rossi",
    "Novak",
    "Haddad",
    "Silva",
    "Byrne",
)
CITIES = (
    ("Berlin", "10115", "DE"),
    ("Tokyo", "100-0001", "JP"),
    ("Lyon", "69001", "FR"),
    ("Cork", "T12", "IE"),
)


def introduce(api: str, secret: str, *, users: int, seed: int) -> None:
    """Keep a merchant's customers user-1, user-2, …: the shoppers' user ids (RFC 2606 has their e-mail domain)."""
    draw = random.Random(seed)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {secret}"
        for number in range(1, users + 1):
            first, last = draw.choice(FIRST), draw.choice(LAST)
            city, postal_code, country = draw.choice(CITIES)
            customer = {
                "user_id": f"user-{number}",
                "name": f"{first} {last}",
                "email": f"{first}.{last}.{number}@example.com".lower(),
                "phone": f"+49301{draw.randint(100_000, 999_999)}",
                "address": {
                    "line1": f"{draw.randint(1, 99)} Market Street",
                    "postal_code": postal_code,
                    "city": city,
                    "country": country,
                },
            }
            reply = session.post(f"{api}/v1/customers", json=customer, timeout=10)
            reply.raise_for_status()
