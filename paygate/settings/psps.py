"""Credentials and manners for each PSP, in test mode and in live mode.

Test mode talks to whatever *_API_BASE says (the simulators on a developer's machine, the PSP's sandbox
elsewhere); live mode exists only when its keys are given. Time-outs are (connect, read) in seconds.
"""

from typing import Any

from paygate.settings.env import env

TIMEOUT = (
    env.float("PSP_CONNECT_TIMEOUT", default=2.0),
    env.float("PSP_READ_TIMEOUT", default=10.0),
)
#: Seconds in which the whole of a settlement file must have come.
DOWNLOAD = env.float("PSP_DOWNLOAD_TIMEOUT", default=300.0)
#: Seconds after which a request of which the PSP has no trace can be taken for never received.
HORIZON = env.float("PSP_HORIZON", default=120.0)


def _stripe(mode: str) -> dict[str, Any] | None:
    key = env.str(f"STRIPE_{mode}_API_KEY", default="sk_test_paygate" if mode == "TEST" else "")
    return (
        key
        and {
            "api_key": key,
            "api_base": env.str(f"STRIPE_{mode}_API_BASE", default="https://api.stripe.com"),
            # Where evidence is sent to and reports come from; a simulator is both.
            "files_base": env.str(
                f"STRIPE_{mode}_FILES_BASE",
                default=env.str(f"STRIPE_{mode}_API_BASE", default="")
                or "https://files.stripe.com",
            ),
            # Several while one is rolled; the first is the newest.
            "webhook_secrets": env.list(
                f"STRIPE_{mode}_WEBHOOK_SECRETS",
                default=["whsec_paygate_test"] if mode == "TEST" else [],
            ),
            "timeout": TIMEOUT,
            "horizon": HORIZON,
        }
    ) or None


def _adyen(mode: str) -> dict[str, Any] | None:
    key = env.str(f"ADYEN_{mode}_API_KEY", default="AQE_paygate" if mode == "TEST" else "")
    return (
        key
        and {
            "api_key": key,
            "api_base": env.str(
                f"ADYEN_{mode}_API_BASE", default="https://checkout-test.adyen.com"
            ),
            "live_prefix": env.str(f"ADYEN_{mode}_URL_PREFIX", default=""),
            "livemode": mode == "LIVE",  # Every notification says of which environment it is.
            "merchant_account": env.str(f"ADYEN_{mode}_MERCHANT_ACCOUNT", default="PaygateECOM"),
            "hmac_keys": env.list(
                f"ADYEN_{mode}_HMAC_KEYS",
                default=["50415947415445" * 4 + "50415947"] if mode == "TEST" else [],
            ),
            # What merchants are paid out of, and where that API is: not where payments are.
            "balance_account": env.str(
                f"ADYEN_{mode}_BALANCE_ACCOUNT", default="BA_paygate" if mode == "TEST" else ""
            ),
            "transfers_base": env.str(
                f"ADYEN_{mode}_TRANSFERS_BASE",
                default=env.str(f"ADYEN_{mode}_API_BASE", default="")
                or "https://balanceplatform-api-test.adyen.com",
            ),
            # Where reports are downloaded, and the key of the user who may; without one it is the key above.
            "reports_base": env.str(
                f"ADYEN_{mode}_REPORTS_BASE",
                default=env.str(f"ADYEN_{mode}_API_BASE", default="")
                or f"https://ca-{mode.lower()}.adyen.com",
            ),
            "reports_api_key": env.str(
                f"ADYEN_{mode}_REPORTS_API_KEY",
                default="AQE_reports" if key == "AQE_paygate" else "",
            ),
            "download_timeout": DOWNLOAD,
            # Of the webhooks of the balance platform, where their keys are not those above.
            "platform_hmac_keys": env.list(f"ADYEN_{mode}_PLATFORM_HMAC_KEYS", default=[]),
            # The user and password that Adyen presents, where the endpoint there is set up with some.
            "webhook_login": env.str(f"ADYEN_{mode}_WEBHOOK_LOGIN", default=""),
            "timeout": TIMEOUT,
            "horizon": HORIZON,
        }
    ) or None


def _braintree(mode: str) -> dict[str, Any] | None:
    key = env.str(f"BRAINTREE_{mode}_PRIVATE_KEY", default="bt_private" if mode == "TEST" else "")
    return (
        key
        and {
            "merchant_id": env.str(f"BRAINTREE_{mode}_MERCHANT_ID", default="paygate"),
            "public_key": env.str(f"BRAINTREE_{mode}_PUBLIC_KEY", default="bt_public"),
            "private_key": key,
            "api_base": env.str(
                f"BRAINTREE_{mode}_API_BASE", default="https://api.sandbox.braintreegateway.com:443"
            ),
            # Braintree has no currency parameter: the merchant account fixes it. One account a currency.
            "merchant_accounts": env.dict(
                f"BRAINTREE_{mode}_MERCHANT_ACCOUNTS",
                default={
                    c: f"paygate_{c.lower()}" for c in ("USD", "EUR", "GBP", "JPY", "KWD", "CHF")
                },
            ),
            # Where else than at the API's own hosts its reports may lie: "https://reports.example.com".
            "report_origins": env.list(f"BRAINTREE_{mode}_REPORT_ORIGINS", default=[]),
            "download_timeout": DOWNLOAD,
            "timeout": TIMEOUT,
            "horizon": HORIZON,
        }
    ) or None


PSPS = {
    "stripe": {"test": _stripe("TEST"), "live": _stripe("LIVE")},
    "adyen": {"test": _adyen("TEST"), "live": _adyen("LIVE")},
    "braintree": {"test": _braintree("TEST"), "live": _braintree("LIVE")},
}
