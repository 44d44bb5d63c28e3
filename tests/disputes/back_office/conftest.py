"""The desk as a person has it before them: pages, their forms filled in, and what they say afterwards."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client

from disputes.models import Dispute
from tests.disputes.conftest import DUE, NOON, withdrawn

LOOK = ("disputes.view_dispute", "disputes.view_evidence", "payments.view_payment")
ANSWER, ACCEPT = "disputes.answer", "disputes.accept"
WHY = "The merchant sent it by e-mail."


class Desk:
    """One person's browser. `rights` are beside those to look."""

    def __init__(self, *rights: str) -> None:
        self.user = User.objects.create_user(f"sam{User.objects.count()}", is_staff=True)
        for right in rights:
            app, _, codename = right.partition(".")
            self.user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )
        self.client = Client(raise_request_exception=False)
        self.client.force_login(self.user)

    def page(self, dispute: Dispute, where: str = "change/") -> Any:
        return self.client.get(_address(dispute, where))

    def hidden(self, dispute: Dispute, where: str = "change/") -> dict[str, str]:
        """The hidden fields of the page's form."""
        found = re.findall(
            r'<input type="hidden" name="(seen|key)" value="([^"]*)"',
            self.page(dispute, where).content.decode(),
        )
        return dict(found)

    def save(self, dispute: Dispute, given: dict[str, Any], *, seen: str = "", **more: Any) -> Any:
        """Evidence by the names of its fields: text_explanation, file_receipt, back_receipt."""
        return self.client.post(
            _address(dispute, "change/"),
            {"seen": seen or str(dispute.sequence), "because": WHY, **given, **more},
        )

    def ask(self, dispute: Dispute, action: str, **changed: str) -> Any:
        """Look at the page that asks, and press its button."""
        form = {**self.hidden(dispute, action), "because": WHY, **changed}
        return self.client.post(_address(dispute, action), form)

    def press(self, dispute: Dispute, action: str, form: dict[str, str]) -> Any:
        """Press the button of a form that was looked at before."""
        return self.client.post(_address(dispute, action), {"because": WHY, **form})


def _address(dispute: Dispute, where: str) -> str:
    return f"/admin/disputes/dispute/{dispute.id}/{where}"


def said(reply: Any) -> str:
    """What the person is told last, on top of the next page; "" for nothing."""
    told = [str(message) for message in get_messages(reply.wsgi_request)]
    return told[-1] if told else ""


def words(reply: Any) -> str:
    """The page's text, without its tags."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", " ", reply.content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk's clock stands an hour after the cases of these tests were opened."""
    for module in ("case", "queue"):
        monkeypatch.setattr(
            f"disputes.back_office.{module}.now", lambda: NOON.replace(hour=13), raising=True
        )


@pytest.fixture
def dispute(case: Any, puppet: Any, noon: None) -> Dispute:
    """Of 10.00 dollars, which the bank has taken; to be answered within two weeks."""
    found: Dispute = case().heard("needs_response", withdrawn("txn_1"))
    assert found.evidence_due_by == DUE
    return found


@pytest.fixture
def sam(db: None) -> Desk:
    """May look, answer and accept."""
    return Desk(*LOOK, ANSWER, ACCEPT)
