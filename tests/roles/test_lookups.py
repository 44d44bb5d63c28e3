"""No address asks, letter by letter, for what no page shows: tokens, sessions, what PSPs told of payers, passwords."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.test import Client, RequestFactory

pytestmark = pytest.mark.django_db

SECRETS = {
    "metadata",
    "password",
    "payload",
    "secret",
    "session_data",
    "token",
    "tokens",
}


def columns():
    """(page, address) for each column by whose name nobody may filter, here and one relation away."""
    for model, page in admin.site._registry.items():
        for field in model._meta.get_fields():
            if field.name in SECRETS:
                yield page, field.name
            further = field.related_model._meta.get_fields() if field.related_model else ()
            yield from (
                (page, f"{field.name}__{one.name}") for one in further if one.name in SECRETS
            )


def test_no_list_is_filtered_by_a_secret():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    found = list(columns())
    assert len(found) > 10
    allowed = [
        f"{page.opts.label}: {name}"
        for page, name in found
        for how in ("", "__startswith", "__contains", "__isnull")
        if page.lookup_allowed(f"{name}{how}", "x", request)
    ]
    assert allowed == []


@pytest.mark.parametrize(
    "address",
    [
        "payments/attempt/?token__startswith=t",
        "payments/payment/?metadata__customer_email__startswith=a",
        "payments/unresolved/export/?token__startswith=t",
        "merchants/paymentmethod/?tokens__stripe__startswith=pm",
        "webhooks/pspevent/?payload__additionalData__shopperEmail__startswith=a",
        "staff/session/?session_data__startswith=a",
        "staff/authenticator/?user__password__startswith=p",
        "auth/user/?password__startswith=p",
    ],
)
def test_such_an_address_is_refused(address):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert client.get(f"/admin/{address}").status_code == 400
