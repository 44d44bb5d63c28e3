"""Two people of finance in the demo, at the back office's own pages: what one builds, submits or proposes, the other
approves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import requests

from kernel.ids import decode
from stack.up import Stack

BUILDER, APPROVER, ADMINISTRATOR = "ada", "grace", "admin"
RAILS = ("bank", "stripe", "adyen")
CLOSED_AT_MOST = (
    8  # Days in a row on which some bank is closed: a weekend and the holidays around it.
)


class Refused(Exception):
    """A page said no; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Built:
    """A batch, and how many payouts it has."""

    id: UUID
    rail: str
    payouts: int


class Finance:
    """Each has a browser of their own; they log in when they are first needed."""

    def __init__(self, stack: Stack) -> None:
        self._admin = stack.addresses["admin"].rstrip("/")
        self._passwords = {login["user"]: login["password"] for login in stack.logins}
        self._browsers: dict[str, requests.Session] = {}

    def build(self, rail: str, *, value_date: date) -> Built | None:
        """A batch of all loose payouts of a rail; None, and it is called off, where there are none."""
        form = {"rail": rail, "value_date": value_date.isoformat(), "note": "the day's"}
        form["because"] = "The day's payouts."
        page = self._send(BUILDER, "payouts/batch/add/", form)
        id_ = UUID(page.url.rstrip("/").split("/")[-2])
        payouts = re.search(r"batch__id__exact=[^>]*>(\d+)<", self._read(BUILDER, _batch(id_)))
        count = int(payouts[1]) if payouts else 0
        if not count:
            self._decide(BUILDER, id_, "cancel", "Nothing to be paid.")
            return None
        return Built(id_, rail, count)

    def submit(self, batch: Built, *, value_date: date) -> None:
        """For the first day from then on that is a business day wherever the money goes. Raises Refused."""
        for later in range(CLOSED_AT_MOST):
            if "pending approval" in self._decide(BUILDER, batch.id, "submit"):
                return
            day = value_date + timedelta(days=later + 1)
            self._decide(BUILDER, batch.id, "change_date", "A holiday.", value_date=day.isoformat())
        raise Refused(f"batch {batch.id} could not be submitted")

    def approve(self, batch: Built) -> None:
        """By the other one, who has looked at the same preview. Raises Refused."""
        page = self._decide(APPROVER, batch.id, "approve", "Totals as expected.")
        if f"approved by {APPROVER}" not in page:
            raise Refused(f"batch {batch.id} was not approved")

    def approve_destination(self, public_id: str) -> None:
        """Raises Refused."""
        id_ = decode("pd", public_id)
        form = {"_form_submitted": "True", "reason": "Confirmed by telephone."}
        self._send(APPROVER, f"payouts/destination/{id_}/approve/", form)
        if "approved" not in self._read(APPROVER, f"payouts/destination/{id_}/change/"):
            raise Refused(f"{public_id} was not approved")

    # ---------------------------------------------------------------------------------- reconciliation

    def price(
        self, psp: str, currency: str, *, basis_points: int, fixed: int, begins: datetime
    ) -> None:
        """Agree on what a PSP charges from then on (UTC). Raises Refused."""
        form = {
            "psp": psp,
            "method": "",
            "country": "",
            "currency": currency,
            "basis_points": basis_points,
            "fixed_minor": fixed,
            "effective_from_0": f"{begins:%Y-%m-%d}",
            "effective_from_1": f"{begins:%H:%M:%S}",
            "because": "As the PSP's contract says.",
        }
        page = self._send(ADMINISTRATOR, "costs/pspprice/add/", form)
        if page.url.rstrip("/").endswith("add"):
            raise Refused(f"no price of {psp} for {currency}: {_mistakes(page.text)}")

    def propose(self, break_: UUID) -> None:
        """As it is drafted, and the same for all that are like it, where there are any. Raises Refused."""
        self._decide_on(BUILDER, break_, "propose", "As the statement says.")

    def approve_break(self, break_: UUID) -> None:
        """By the other one, who has looked at the same page. Raises Refused."""
        self._decide_on(APPROVER, break_, "approve", "Seen and agreed.")

    def _decide_on(self, who: str, break_: UUID, deed: str, why: str) -> None:
        path = f"reconciliation/break/{break_}/change/"
        shown = self._read(who, path)
        offered = re.findall(
            r'name="deed"\s+value="([a-z_]+)"|value="([a-z_]+)"\s+name="deed"', shown
        )
        deeds = {one or other for one, other in offered}
        wanted = [f"{deed}_all_draft", f"{deed}_all", f"{deed}_draft", deed]
        chosen = next((one for one in wanted if one in deeds), "")
        if not chosen:
            raise Refused(f"break {break_} offers {who} {sorted(deeds)}, and not to {deed}")
        form = {"deed": chosen, "reason": why}
        for name in ("draft", "write_off", "alike"):
            value = re.search(rf'name="{name}" value="([^"]*)"', shown)
            form[name] = unescape(value[1]) if value else ""
        self._send(who, path, form)

    # ---------------------------------------------------------------------------------------- browsing

    def _decide(self, who: str, batch: UUID, deed: str, why: str = "", **more: str) -> str:
        """Name the digest that the page shows, as the page's own form does; the page that comes back."""
        path = f"payouts/batch/{batch}/preview"
        shown = self._read(who, path)
        form = {"deed": deed, "reason": why, **more}
        for name in ("digest", "seen_at"):
            value = re.search(rf'name="{name}" value="([^"]*)"', shown)
            form[name] = unescape(value[1]) if value else ""
        return self._send(who, path, form).text

    def _read(self, who: str, path: str) -> str:
        reply = self._browser(who).get(f"{self._admin}/{path}", timeout=30)
        reply.raise_for_status()
        return reply.text

    def _send(self, who: str, path: str, form: dict[str, Any]) -> requests.Response:
        browser = self._browser(who)
        token = browser.cookies["csrftoken"]
        reply = browser.post(
            f"{self._admin}/{path}", data={**form, "csrfmiddlewaretoken": token}, timeout=60
        )
        reply.raise_for_status()
        return reply

    def _browser(self, who: str) -> requests.Session:
        if who not in self._browsers:
            browser = self._browsers[who] = requests.Session()
            browser.get(f"{self._admin}/login/", timeout=30).raise_for_status()
            login = {"username": who, "password": self._passwords[who], "next": "/admin/"}
            page = self._send(who, "login/", login)
            if page.url.rstrip("/").endswith("login"):
                raise Refused(f"{who} cannot log in")
        return self._browsers[who]


def _mistakes(page: str) -> str:
    """What a form complains of."""
    said = re.findall(
        r'class="[^"]*errorlist[^"]*".*?</ul>|class="[^"]*text-red[^"]*"[^>]*>([^<]+)', page
    )
    return "; ".join(filter(None, said)) or "the page says no"


def _batch(id_: UUID) -> str:
    return f"payouts/batch/{id_}/change/"
