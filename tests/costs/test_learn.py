"""What a PSP charged is believed once, booked once, and borne by whom it was agreed with."""

from __future__ import annotations

from io import StringIO
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from kernel.clock import now
from ledger import chart
from ledger.balances import balance
from merchants.fees import agree
from paygate.costs.models import PspCharge, PspPrice
from paygate.proof.prove import prove
from paygate.psp.events import NotYet, Quarantined

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(api, relay, price):
    price(140, 25)
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()
    return payment


@pytest.fixture
def stands(merchant):
    def read(account):
        whose = {"livemode": False, "currency": "USD"}
        return balance(merchant.merchant.id, account=account, **whose).minor

    return read


def test_a_charge_is_booked_as_our_cost(paid, charge, cost_of, stands):
    owed = stands(chart.psp_receivable("stripe"))

    assert charge(paid, 1_65)

    assert (cost_of(paid).actual, cost_of(paid).deviation) == (1_65, 0)
    assert stands(chart.psp_fees("stripe")) == -1_65
    assert stands(chart.psp_receivable("stripe")) == owed + 1_65
    assert stands(chart.merchant_available()) == 0  # It is ours to bear.
    assert prove().holds


def test_a_charge_that_is_told_twice_is_booked_once(paid, charge, cost_of, stands):
    assert [charge(paid, 1_65), charge(paid, 1_65)] == [True, False]

    assert (cost_of(paid).actual, stands(chart.psp_fees("stripe"))) == (1_65, -1_65)


def test_a_payment_is_known_by_the_psps_reference_too(paid, charge, cost_of):
    assert charge(paid, 1_65, of=paid["psp_reference"])
    assert cost_of(paid).actual == 1_65


def test_several_charges_add_up(paid, charge, cost_of):
    charge(paid, 1_00, "txn_1")
    charge(paid, 70, "txn_2")

    assert (cost_of(paid).actual, cost_of(paid).deviation) == (1_70, 5)
    assert prove().holds


def test_a_charge_of_nothing_is_known_and_not_booked(paid, charge, cost_of, stands):
    assert charge(paid, 0)

    assert (cost_of(paid).actual, stands(chart.psp_fees("stripe"))) == (0, 0)
    assert prove().holds


def test_what_an_interchange_plus_plus_merchant_costs_the_merchant_bears(
    api, merchant, relay, charge, cost_of, stands
):
    agree(
        merchant.merchant.id,
        basis_points=20,
        currency="USD",
        pricing="interchange_plus_plus",
        effective_from=now(),
    )
    payment = api.pay(psp="stripe", amount=100_00).json()
    relay()
    charge(payment, 1_65)

    assert (payment["fee"], cost_of(payment).passed_on) == (20, True)
    assert stands(chart.passed_on_costs()) == 1_65
    assert stands(chart.merchant_available()) == -1_65  # Though nothing is available yet.
    assert prove().holds


def test_who_bears_the_cost_is_what_was_agreed_when_it_was_captured(
    api, merchant, paid, charge, stands
):
    agree(
        merchant.merchant.id,
        basis_points=20,
        currency="USD",
        pricing="interchange_plus_plus",
        effective_from=now(),
    )
    charge(paid, 1_65)

    assert stands(chart.passed_on_costs()) == 0


def test_a_charge_for_a_payment_that_nobody_told_of_comes_again(api, price, charge):
    payment = api.pay(psp="stripe").json()

    with pytest.raises(NotYet):
        charge(payment, 1_65)
    assert not PspCharge.objects.exists()


@pytest.mark.parametrize(
    "told", [{"psp": "adyen"}, {"of": "pi_of_somebody_else"}, {"of": "pay_not_an_id"}]
)
def test_a_charge_for_what_is_no_payment_there_is_not_believed(paid, charge, told):
    with pytest.raises(NotYet):
        charge(paid, 1_65, **told)


@pytest.mark.parametrize("again", [{"minor": 1_66}, {"minor": 1_65, "currency": "EUR"}])
def test_a_charge_that_contradicts_what_is_known_is_for_a_person(paid, charge, cost_of, again):
    charge(paid, 1_65)
    with pytest.raises(Quarantined):
        charge(paid, **again)

    assert cost_of(paid).actual == 1_65
    assert prove().holds


def test_a_charge_told_of_another_payment_before_is_for_a_person(api, relay, paid, charge):
    other = api.pay(psp="stripe").json()
    relay()
    charge(paid, 1_65)

    with pytest.raises(Quarantined):
        charge(other, 1_65)


def test_what_a_psp_gives_back_is_no_cost(paid, charge):
    with pytest.raises(ValueError, match="no cost"):
        charge(paid, -1)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE psp_charge SET amount = 1",
        "DELETE FROM psp_charge",
        "UPDATE payment_cost SET actual = NULL",
        "UPDATE payment_cost SET actual = actual - 1",
    ],
)
def test_the_database_refuses_to_forget_a_charge(paid, charge, sql):
    charge(paid, 1_65)
    with (
        pytest.raises(DatabaseError, match=r"not forgotten|stays so"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize(
    "wrong, says",
    [
        ("UPDATE psp_charge SET amount = amount + 1", "is in the books, and passed on"),
        ("UPDATE payment_cost SET passed_on = true", "is in the books, and passed on"),
        ("UPDATE psp_charge SET reference = 'txn_2'", "that no PSP made"),
    ],
)
def test_the_proof_finds_a_charge_that_the_books_tell_otherwise(paid, charge, wrong, says):
    charge(paid, 1_65)
    with connection.cursor() as cursor:
        for table in ("psp_charge", "payment_cost"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(wrong)

    assert any(says in f.says for f in prove().findings if f.contradictions)


# ---------------------------------------------------------------------------- looked at


@pytest.fixture
def root_user():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def some(api, relay, price, charge):
    """Payments that cost what was expected, more, less, and nobody knows what: {how: id}."""
    price(100)
    made = {}
    numbers = count()
    for how, cost in (("right", 1_00), ("more", 1_30), ("less", 90), ("unknown", None)):
        payment = made[how] = api.pay(psp="stripe", amount=100_00).json()
        relay()
        if cost is not None:
            charge(payment, cost, f"txn_{next(numbers)}")
    return {how: payment["id"] for how, payment in made.items()}


def test_payments_whose_cost_deviates_are_listed(some):
    out = StringIO()
    call_command("deviations", "--psp=stripe", "--since=2020-01-01", stdout=out)

    lines = out.getvalue().splitlines()
    assert [line.split()[0] for line in lines[:2]] == [some["more"], some["less"]]
    assert "100.00 USD taken, 1.00 USD expected, 1.30 USD charged" in lines[0]
    assert lines[2:] == ["stripe: 2 payments, 0.20 USD more than expected in all"]


def test_where_nothing_deviates_the_list_says_so(some):
    out = StringIO()
    call_command("deviations", psp="adyen", stdout=out)

    assert out.getvalue() == "Every cost that is known is what was expected.\n"


@pytest.mark.parametrize(
    "charged, found",
    [
        ("otherwise", {"more", "less"}),
        ("more", {"more"}),
        ("unexpected", set()),
        ("nothing", {"unknown"}),
    ],
)
def test_the_back_office_shows_what_was_charged_otherwise(root_user, some, charged, found):
    page = root_user.get(f"/admin/costs/paymentcost/?charged={charged}").content.decode()

    assert {how for how, id_ in some.items() if id_ in page} == found


def test_a_payments_cost_is_found_by_its_id_and_shown_with_its_charges(root_user, some, cost_of):
    page = root_user.get(f"/admin/costs/paymentcost/?q={some['more']}").content.decode()
    assert some["more"] in page
    assert some["less"] not in page

    cost = cost_of({"id": some["more"]})
    page = root_user.get(f"/admin/costs/paymentcost/{cost.pk}/change/").content.decode()
    assert "txn_1: 1.30 USD" in page


def a_price(**changes):
    return {
        "psp": "stripe",
        "because": "Their contract.",
        "method": "visa",
        "country": "eea",
        "currency": "EUR",
        "basis_points": "150",
        "fixed_minor": "25",
        "effective_from_0": "2099-01-01",
        "effective_from_1": "00:00:00",
    } | changes


def test_a_price_is_added_and_never_changed(root_user):
    assert root_user.post("/admin/costs/pspprice/add/", a_price()).status_code == 302
    made = PspPrice.objects.get()
    assert (made.method, made.country, made.basis_points, made.fixed_minor) == (
        "visa",
        "eea",
        150,
        25,
    )

    page = f"/admin/costs/pspprice/{made.id}"
    assert root_user.get(f"{page}/change/").status_code == 200
    assert root_user.post(f"{page}/change/", a_price(basis_points="1")).status_code == 403
    assert root_user.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert root_user.post("/admin/costs/pspprice/add/", a_price()).status_code == 200  # The same.
    assert PspPrice.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_from_0": "2020-01-01"},
        {"psp": "strpe"},
        {"currency": ""},
        {"country": "mars"},
        {"method": "Visa"},
        {"basis_points": "10001"},
        {"fixed_minor": "-1"},
    ],
)
def test_prices_that_make_no_sense_are_not_added(root_user, changes):
    assert root_user.post("/admin/costs/pspprice/add/", a_price(**changes)).status_code == 200
    assert not PspPrice.objects.exists()
