"""Lists of the back office, tried on merchants' endpoints: rows that are made without much ado."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from kernel.clock import now
from merchants.models import WebhookEndpoint
from merchants.notices.disable import disable
from merchants.notices.register import register

ENDPOINTS = "/admin/merchants/webhookendpoint/"


@pytest.fixture
def login(db):
    def log_in(name, role):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def lena(login):
    return login("lena", "support lead")


@pytest.fixture
def endpoints(merchant):
    """Three of them, the last one disabled."""
    made = [
        register(
            merchant.merchant.id,
            livemode=False,
            url=f"http://127.0.0.1:9/{number}",
            enabled_events=["*"],
            at=now(),
        ).endpoint
        for number in range(3)
    ]
    disable(made[2].merchant_id, made[2].id, reason=WebhookEndpoint.Reason.GONE, at=now())
    return made
