"""Whether an account's number can be one, said plainly and without the number."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN, registry
from schwifty.exceptions import SchwiftyException

from payouts.bankfiles import validate
from payouts.bankfiles.validate import (
    SEPA,
    Iban,
    InvalidBic,
    InvalidIban,
    InvalidRoutingNumber,
    check_bic,
    check_iban,
    check_routing_number,
)
from tests.bankfiles.made import ANKARA, BERLIN, LONDON, PARIS, ZURICH


def test_an_iban_is_known_with_its_country_and_bank() -> None:
    assert check_iban(" de89 3704 0044 0532 0130 00 ") == Iban(
        BERLIN, "DE", "COBADEFFXXX", "Commerzbank"
    )


@pytest.mark.parametrize("iban", [BERLIN, PARIS, ZURICH, LONDON, ANKARA])
def test_the_registrys_examples_are_ibans(iban: str) -> None:
    assert check_iban(iban).normalized == iban
    assert validate.iban_matches(iban)


def test_a_bank_that_no_directory_knows_has_no_bic() -> None:
    assert check_iban("EG380019000500000000263180002").bic == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "two letters"),
        ("DE89-3704-0044-0532-0130-00", "two letters"),
        ("DE8937040044053201300٠", "two letters"),
        ("US64SVBKUS6S3300958879", "no IBANs of US"),
        ("DE8937040044053201300", "another length"),
        ("DE893704004405320130000", "another length"),
        ("DE89370400440532013001", "check digits do not match"),
        ("DE89370400440532031000", "check digits do not match"),
        ("GB29NWBKABCDEF31926819", "made up otherwise"),
        ("FR7630006000011234567890188", "check digits do not match"),
    ],
)
def test_what_is_no_iban_is_told_why_without_the_number(text: str, why: str) -> None:
    with pytest.raises(InvalidIban, match=why) as refused:
        check_iban(text)

    assert isinstance(refused.value, ValueError)
    assert not text[8:] or text[8:] not in str(refused.value)


@given(st.text() | st.from_regex(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}", fullmatch=True))
def test_any_text_is_an_iban_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidIban):
        assert validate.iban_matches(check_iban(text).normalized)


@given(st.integers(0, 10**10 - 1), st.integers(4, 21), st.integers(1, 9))
def test_one_wrong_digit_of_an_iban_is_always_found(account: int, place: int, more: int) -> None:
    right = str(IBAN.generate("DE", bank_code="37040044", account_code=f"{account:010d}"))
    wrong = right[:place] + str((int(right[place]) + more) % 10) + right[place + 1 :]

    assert validate.iban_matches(right)
    assert not validate.iban_matches(wrong)


@pytest.mark.parametrize(
    ("text", "said"), [("COBADEFFXXX", "COBADEFFXXX"), (" coba de ff ", "COBADEFF")]
)
def test_a_bic_has_eight_characters_or_eleven(text: str, said: str) -> None:
    assert check_bic(text) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "8 characters, or 11"),
        ("COBADEF", "8 characters, or 11"),
        ("COBADEFFXX", "8 characters, or 11"),
        ("COBAXXFF", "XX in fifth and sixth place is no country"),
        ("COBA12FF", "four letters of the bank"),
        ("COB-DEFF", "four letters of the bank"),
        ("CÖBADEFF", "letters A to Z"),
    ],
)
def test_what_is_no_bic_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidBic, match=why):
        check_bic(text)


@given(st.text(min_size=8, max_size=11))
def test_any_text_is_a_bic_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidBic):
        assert len(check_bic(text)) in (8, 11)


@pytest.mark.parametrize("text", ["021000021", " 011 000 015 ", "325081403", "061000104"])
def test_a_routing_number_has_nine_digits_of_which_the_last_checks(text: str) -> None:
    assert check_routing_number(text) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "nine digits"),
        ("02100002", "nine digits"),
        ("0210000211", "nine digits"),
        ("02100002١", "nine digits"),
        ("021000022", "check digit"),
        ("012000021", "check digit"),
        ("000000000", "begins with"),
        ("500000005", "begins with"),
    ],
)
def test_what_is_no_routing_number_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidRoutingNumber, match=why):
        check_routing_number(text)


def test_sepa_is_what_the_registry_of_ibans_has_and_the_last_to_join() -> None:
    known = set()
    for country in pycountry.countries:
        with contextlib.suppress(SchwiftyException):
            if registry.get_iban_spec(country.alpha_2).in_sepa_zone:
                known.add(country.alpha_2)
    # Their accounts' IBANs are those of Finland, France and the United Kingdom.
    elsewhere = {"AX", "GG", "IM", "JE"} | {
        "BL",
        "GF",
        "GP",
        "MF",
        "MQ",
        "NC",
        "PF",
        "PM",
        "RE",
        "TF",
        "WF",
        "YT",
    }

    assert known - elsewhere - SEPA == set()
    assert SEPA - known <= {"AL", "MD", "ME", "MK", "RS"}


def test_the_directories_of_banks_are_loaded_by_the_first_who_asks() -> None:
    says = "import sys, payouts.bankfiles.pain001, payouts.bankfiles.validate; print('schwifty' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", says], check=True, capture_output=True, text=True
    ).stdout

    assert told.strip() == "False"
