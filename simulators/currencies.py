"""How many decimals a currency has by ISO 4217, in which the simulators' books are kept.

Each PSP's own table says where it differs; the books convert, so that they can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP"
    " MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD SAR"
    " SBD SCR SEK SGD SHP SLE SOS SRD STN SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD"
    " YER ZAR ZMW"
)

ISO: Mapping[str, int] = {
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_THREE.split(), 3),
}


def to_iso(amount: int, currency: str, exponents: Mapping[str, int]) -> int:
    """An amount in the PSP's minor units, in those of ISO 4217; `exponents` is the PSP's own table.

    ISK 1500 at Stripe, which counts two decimals, is 15 kronur, of which ISO knows no fraction.
    """
    shift = ISO[currency] - exponents[currency]
    factor: int = 10 ** abs(shift)
    if shift >= 0:
        return amount * factor
    whole, rest = divmod(amount, factor)
    assert not rest, f"{amount} {currency} has a fraction that ISO 4217 does not know"
    return whole
