"""Customers in the back office: masked, shown for a reason that is kept, erased for one."""

import pytest
from django.contrib.auth.models import Permission, User

from kernel.audit.models import Entry
from merchants.customers.admin import masked
from merchants.customers.finders import find_customers, who_has
from merchants.customers.keep import keep
from merchants.customers.models import Customer
from merchants.customers.sealing import Person
from tests.merchants.conftest import NOON

ADA = Person(
    "Ada Lovelace", "ada@example.com", "+441234567890", {"line1": "1 Byron Street", "country": "GB"}
)


@pytest.fixture
def ada(merchant):
    return keep(merchant.merchant.id, ADA, livemode=False, user_id="user-1", at=NOON)


@pytest.fixture
def staff(client, db):
    """staff("see_pii"): logged in as somebody who may look at customers, and that."""

    def log_in(*codenames):
        user = User.objects.create_user("sam", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=["view_customer", *codenames])
        )
        client.force_login(user)
        return client

    return log_in


def page_of(customer):
    return f"/admin/merchants/customer/{customer.id}/change/"


def test_a_customer_is_shown_masked(ada, staff):
    text = staff().get(page_of(ada)).content.decode()

    assert "A… L…" in text
    assert "a…@example.com" in text
    assert "Lovelace" not in text
    assert "4567890" not in text
    assert 'value="see"' not in text
    assert Entry.objects.count() == 0


def test_who_may_see_more_says_why_and_that_is_kept(ada, staff):
    answer = staff("see_pii").post(page_of(ada), {"deed": "see", "reason": "They called."})

    assert "Ada Lovelace" in answer.content.decode()
    entry = Entry.objects.get()
    assert (entry.by, entry.outcome, entry.subject, entry.because) == (
        *("sam", "seen", ada.public_id, "They called."),
    )


def test_without_a_reason_nothing_is_shown(ada, staff):
    answer = staff("see_pii").post(page_of(ada), {"deed": "see", "reason": " "})

    assert "Lovelace" not in answer.content.decode()
    assert Entry.objects.count() == 0


@pytest.mark.parametrize("deed", ["see", "erase", "", "nonsense"])
def test_who_may_not_is_refused(ada, staff, deed):
    assert staff().post(page_of(ada), {"deed": deed, "reason": "x"}).status_code == 403
    assert Customer.objects.get().erased_at is None


def test_a_person_is_erased_for_a_reason(ada, staff):
    page = staff("erase_customer").post(
        page_of(ada), {"deed": "erase", "reason": "GDPR"}, follow=True
    )

    assert "was erased" in page.content.decode()
    assert Customer.objects.get().sealed_key is None
    assert list(Entry.objects.order_by("position").values_list("act", "outcome")) == [
        ("erase", "asked"),
        ("erase", "done"),
    ]
    assert "example.com" not in str(list(Entry.objects.values()))


def test_an_address_that_somebody_typed_is_not_found(staff):
    client = staff()

    for typed in ("nonsense", "01920000-0000-7000-8000-000000000000"):
        assert client.get(f"/admin/merchants/customer/{typed}/change/").status_code == 404


def test_the_list_finds_by_whole_address_and_says_nothing_private(ada, staff):
    client = staff()

    found = client.get("/admin/merchants/customer/", {"q": "ADA@example.com"}).content.decode()
    assert ada.public_id in found
    assert "Lovelace" not in found
    assert client.get("/admin/merchants/customer/", {"q": "a\0@b"}).status_code == 200
    for unfit in ("ada@example", "Lovelace"):
        page = client.get("/admin/merchants/customer/", {"q": unfit})
        assert ada.public_id not in page.content.decode()


def test_the_search_finds_customers_and_whose_payments_to_look_for(ada, merchant):
    for text in (ada.public_id, "user-1", "ada@example.com"):
        assert [one.title for one in find_customers(text, 5)] == ["user-1"]
    assert find_customers("user-9", 5) == []
    assert who_has("ada@example.com", 5) == [(merchant.merchant.id, "user-1")]


def test_little_is_left_of_what_is_masked():
    assert masked(ADA) == Person(
        "A… L…", "a…@example.com", "+••••••••••90", {"line1": "1…", "country": "GB"}
    )
    assert masked(Person()) == Person()
