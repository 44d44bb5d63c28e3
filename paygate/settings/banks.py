"""Our bank in test mode and in live mode: how it is reached, and our accounts out of which payouts are paid.

Test mode talks to whatever BANK_TEST_API_BASE says (the simulator on a developer's machine) and to nobody without it;
live mode exists only when its token is given. Time-outs are (connect, read) in seconds, the horizon seconds after
which a file of which the bank has no trace can be taken for never received.

Accounts stand under (format, currency), with the calendar of the days on which they can pay. BANK_TEST_ACCOUNTS and
BANK_LIVE_ACCOUNTS are JSON, as [{"format": "pain.001", "currency": "EUR", "calendar": "target", "name": "…",
"iban": "…", "bic": "…"}, {"format": "nacha", "currency": "USD", "calendar": "us", "name": "…", "routing_number":
"…", "company_id": "…", "bank_name": "…"}]; see payouts.bankfiles.orders.OwnAccount.
"""

from typing import Any

from paygate.settings.env import env

_NAME = "Paygate"
#: Well formed, and nobody's: the examples of the IBAN registry, and a routing number with its check digit.
_EXAMPLES: list[dict[str, str]] = [
    {
        "format": "pain.001",
        "currency": "EUR",
        "calendar": "target",
        "name": _NAME,
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
    },
    {
        "format": "pain.001",
        "currency": "GBP",
        "calendar": "gb",
        "name": _NAME,
        "iban": "GB29NWBK60161331926819",
        "bic": "NWBKGB2LXXX",
    },
    {
        "format": "pain.001",
        "currency": "CHF",
        "calendar": "weekdays",
        "name": _NAME,
        "iban": "CH9300762011623852957",
        "bic": "BLKBCH22XXX",
    },
    {
        "format": "nacha",
        "currency": "USD",
        "calendar": "us",
        "name": _NAME,
        "routing_number": "110000000",
        "company_id": "1234567890",
        "bank_name": "Test Bank",
    },
]


def _bank(mode: str) -> dict[str, Any] | None:
    token = env.str(f"BANK_{mode}_TOKEN", default="bank_test_paygate" if mode == "TEST" else "")
    if not token:
        return None
    accounts = env.json(f"BANK_{mode}_ACCOUNTS", default=_EXAMPLES if mode == "TEST" else [])
    return {
        "token": token,
        "api_base": env.str(f"BANK_{mode}_API_BASE", default=""),
        "timeout": (
            env.float("BANK_CONNECT_TIMEOUT", default=5.0),
            env.float(
                "BANK_READ_TIMEOUT", default=60.0
            ),  # Files are large, and read before it answers.
        ),
        "horizon": env.float("BANK_HORIZON", default=600.0),
        "accounts": {
            (account["format"], account["currency"]): {
                name: value for name, value in account.items() if name not in ("format", "currency")
            }
            for account in accounts
        },
    }


BANK = {"test": _bank("TEST"), "live": _bank("LIVE")}
