"""The back office shows the books and lets nobody touch them, a superuser neither."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.urls import reverse

from ledger.models import LedgerAccount, LedgerEntry, LedgerTransaction
from ledger.post import post
from tests.ledger.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_a_superuser(rf: RequestFactory):
    request = rf.get("/")
    request.user = get_user_model().objects.create_superuser("root")
    return request


@pytest.mark.parametrize("model", [LedgerAccount, LedgerTransaction])
def test_a_superuser_may_look_and_nothing_else(model, request_of_a_superuser):
    page = admin.site.get_model_admin(model)
    assert page.has_view_permission(request_of_a_superuser)
    assert not page.has_add_permission(request_of_a_superuser)
    assert not page.has_change_permission(request_of_a_superuser)
    assert not page.has_delete_permission(request_of_a_superuser)
    assert page.get_actions(request_of_a_superuser) == {}
    for line in page.get_inline_instances(request_of_a_superuser, model()):
        assert line.has_view_permission(request_of_a_superuser)
        assert not line.has_add_permission(request_of_a_superuser, model())
        assert not line.has_change_permission(request_of_a_superuser)
        assert not line.has_delete_permission(request_of_a_superuser)


def test_the_lines_of_a_transaction_are_those_of_its_merchant(captured, request_of_a_superuser):
    id_ = post(captured("att_1"), effective_at=NOON)
    posted = LedgerTransaction.objects.get(id=id_)
    page = admin.site.get_model_admin(LedgerTransaction)

    [(formset, inline)] = list(page.get_formsets_with_inlines(request_of_a_superuser, posted))
    lines = formset(
        instance=posted, queryset=inline.get_queryset(request_of_a_superuser)
    ).get_queryset()

    assert [inline.money(line) for line in lines] == ["100.00 USD", "97.10 USD", "2.90 USD"]
    assert "merchant_id" in str(lines.query)
    assert {type(line) for line in lines} == {LedgerEntry}


def test_the_pages_show_the_books_and_take_nothing(captured, client):
    id_ = post(captured("att_1"), effective_at=NOON)
    client.force_login(get_user_model().objects.create_superuser("root"))

    assert (
        "att_1" in client.get(reverse("admin:ledger_ledgertransaction_changelist")).content.decode()
    )
    assert client.get(reverse("admin:ledger_ledgeraccount_changelist")).status_code == 200
    page = reverse("admin:ledger_ledgertransaction_change", args=[id_])
    shown = client.get(page).content.decode()
    assert "97.10 USD" in shown
    assert "liabilities:merchant:pending" in shown

    assert client.post(page, {"memo": "never mind"}).status_code == 403
    assert client.post(reverse("admin:ledger_ledgertransaction_add"), {}).status_code == 403
    assert (
        client.post(
            reverse("admin:ledger_ledgertransaction_delete", args=[id_]), {"post": "yes"}
        ).status_code
        == 403
    )
