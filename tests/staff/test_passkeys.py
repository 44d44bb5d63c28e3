"""Passkeys: made once, shown at each login, and taken from this site, this asking and this person alone."""

import json

import pytest

from paygate.staff.models import Authenticator

from .conftest import Browser, a_person, said
from .software_key import SoftwareKey

pytestmark = pytest.mark.django_db

ENROL, PROVE = "/admin/account/enrol/", "/admin/account/prove/"


def enrol(browser, key, **more):
    return browser.post(ENROL, {"passkey": key.make(browser.options(ENROL)), **more})


@pytest.fixture
def key(ada):
    """Ada's, made at her first login."""
    key = SoftwareKey()
    first = Browser("192.0.2.9")
    first.password("ada")
    answer = enrol(first, key, name="Laptop")
    assert answer.content.decode().count("<li><code>") == 10
    assert first.is_in()
    return key


def test_a_passkey_lets_in(browser, key, ada):
    browser.password("ada")
    answer = browser.post(PROVE, {"passkey": key.show(browser.options(PROVE)), "next": "/admin/"})

    assert answer.url == "/admin/"
    assert browser.is_in()
    passkey = ada.authenticators.get()
    assert (passkey.name, passkey.kind, passkey.count) == ("Laptop", "passkey", 1)
    assert passkey.used_at is not None
    assert said("log_in")[-1].details == {"by": "Passkey “Laptop”"}


def test_an_answer_is_good_once(browser, key):
    browser.password("ada")
    answer = key.show(browser.options(PROVE))
    browser.post(PROVE, {"passkey": answer})

    again = browser.post(PROVE, {"passkey": answer})
    assert again.status_code == 403
    assert "in another window" in again.content.decode()


def test_an_answer_to_another_asking_is_none(browser, key):
    browser.password("ada")
    old = key.show(browser.options(PROVE))
    browser.get(PROVE)

    assert browser.post(PROVE, {"passkey": old}).status_code == 403
    assert not browser.is_in()


@pytest.mark.parametrize(
    "origin", ["https://testserver", "http://evil.example", "http://testserver:81"]
)
def test_what_was_shown_to_another_site_is_not_taken(browser, key, origin):
    browser.password("ada")
    key.origin = origin
    assert browser.post(PROVE, {"passkey": key.show(browser.options(PROVE))}).status_code == 403


def test_somebody_elses_passkey_is_not_taken(browser, key, ada):
    a_person("grace")
    theirs, grace = SoftwareKey(), Browser("192.0.2.8")
    grace.password("grace")
    enrol(grace, theirs)

    browser.password("ada")
    assert browser.post(PROVE, {"passkey": theirs.show(browser.options(PROVE))}).status_code == 403
    assert not browser.is_in()


def test_a_signature_by_another_key_is_not_taken(browser, key):
    forged = SoftwareKey()
    forged.id = key.id
    browser.password("ada")
    assert browser.post(PROVE, {"passkey": forged.show(browser.options(PROVE))}).status_code == 403


def test_a_copy_whose_count_lags_behind_is_not_taken(browser, key):
    key.count = 7
    browser.password("ada")
    browser.post(PROVE, {"passkey": key.show(browser.options(PROVE))})
    key.count = 3

    other = Browser("192.0.2.2")
    other.password("ada")
    answer = other.post(PROVE, {"passkey": key.show(other.options(PROVE))})
    assert answer.status_code == 403
    assert "copied" in answer.content.decode()


def test_a_passkey_that_never_counts_is_taken_again_and_again(ada):
    key = SoftwareKey(counts=False)
    first = Browser("192.0.2.9")
    first.password("ada")
    enrol(first, key)
    for address in ("192.0.2.2", "192.0.2.3"):
        browser = Browser(address)
        browser.password("ada")
        assert browser.post(PROVE, {"passkey": key.show(browser.options(PROVE))}).status_code == 302


def test_the_same_passkey_is_not_added_twice(key, ada):
    a_person("grace")
    grace = Browser("192.0.2.8")
    grace.password("grace")
    answer = enrol(grace, key)

    assert "known here already" in answer.content.decode()
    assert not grace.is_in()
    assert Authenticator.objects.count() == 1


def test_a_device_that_has_one_is_told_not_to_make_another(browser, key):
    browser.password("ada")
    browser.post(PROVE, {"passkey": key.show(browser.options(PROVE))})

    excluded = json.loads(browser.options(ENROL))["publicKey"]["excludeCredentials"]
    assert len(excluded) == 1


@pytest.mark.parametrize(
    "answer",
    ["{", "[]", "null", "7", "{}", '{"id": 7}', '{"response": {}}', "x" * 20_000, "[" * 10_000],
)
def test_what_no_browser_says_is_a_wrong_answer(browser, key, answer):
    browser.password("ada")
    browser.get(PROVE)
    assert browser.post(PROVE, {"passkey": answer}).status_code == 403

    new = Browser("192.0.2.7")
    a_person("grace")
    new.password("grace")
    new.get(ENROL)
    assert new.post(ENROL, {"passkey": answer or "x"}).status_code == 200
    assert not new.is_in()


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_an_answer_that_was_cut_short_is_a_wrong_answer(browser, key, part):
    browser.password("ada")
    answer = json.loads(key.show(browser.options(PROVE)))
    answer["response"][part] = answer["response"][part][:7]
    assert browser.post(PROVE, {"passkey": json.dumps(answer)}).status_code == 403


def test_a_made_passkey_that_was_cut_short_is_a_wrong_answer(browser, ada):
    browser.password("ada")
    answer = json.loads(SoftwareKey().make(browser.options(ENROL)))
    answer["response"]["attestationObject"] = answer["response"]["attestationObject"][:60]
    browser.post(ENROL, {"passkey": json.dumps(answer)})
    assert not Authenticator.objects.exists()


def test_who_has_but_a_passkey_is_offered_a_code_on_paper_on_a_page_of_its_own(browser, key):
    browser.password("ada")
    assert 'name="code"' not in browser.get(PROVE).content.decode()
    page = browser.get(f"{PROVE}?on_paper").content.decode()
    assert "Recovery code" in page
    assert "data-passkey" not in page
