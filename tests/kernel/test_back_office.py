"""What the pages of the back office keep to themselves, whoever looks and whatever address is typed."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import BinaryField
from django.urls import reverse

pytestmark = pytest.mark.django_db

OF_BYTES = [
    (model, field.name)
    for model in admin.site._registry
    for field in model._meta.fields
    if isinstance(field, BinaryField)
]


def test_there_are_pages_of_rows_that_hold_bytes():
    assert {model.__name__ for model, _ in OF_BYTES} >= {"ApiKey", "BankFile", "Destination"}


@pytest.mark.parametrize("lookup", ["", "__startswith", "__gte", "__isnull"])
@pytest.mark.parametrize(("model", "field"), OF_BYTES)
def test_no_address_finds_rows_by_what_is_sealed_hashed_or_a_file(client, model, field, lookup):
    client.force_login(User.objects.create_superuser("root"))
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    assert client.get(page).status_code == 200
    assert client.get(page, {f"{field}{lookup}": "a"}).status_code == 400


@pytest.mark.parametrize("lookup", ["psp", "cause__exact", "currency", "owner__exact"])
def test_no_address_filters_by_what_no_text_has(client, lookup):
    client.force_login(User.objects.create_superuser("root"))
    page = reverse("admin:reconciliation_break_changelist")
    assert client.get(page, {lookup: "\0"}).status_code == 400
