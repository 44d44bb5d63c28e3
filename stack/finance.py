"""Two people of finance in the demo, at the back office's own pages: what one builds, submits or proposes, the other
approves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from kernel.ids import decode
from stack.people import People, Refused, complaints_of, hid

BUILDER, APPROVER, ADMINISTRATOR = "ada", "grace", "admin"
RAILS = ("bank", "stripe", "adyen")
CLOSED_AT_MOST = (
    8  # Days in a row on which some bank is closed: a weekend and the holidays around it.
)


@dataclass(frozen=True, slots=True)
class Built:
    """A batch, and how many payouts it has."""

    id: UUID
    rail: str
    payouts: int


class Finance:
    """What they do, page by page."""

    def __init__(self, people: People) -> None:
        self._people = people

    def build(self, rail: str, *, value_date: date) -> Built | None:
        """A batch of all loose payouts of a rail; None, and it is called off, where there are none."""
        form = {"rail": rail, "value_date": value_date.isoformat(), "note": "the day's"}
        form["because"] = "The day's payouts."
        page = self._people.send(BUILDER, "payouts/batch/add/", form)
        id_ = UUID(page.url.rstrip("/").split("/")[-2])
        shown = self._people.read(BUILDER, f"payouts/batch/{id_}/preview").text
        payouts = re.search(r"batch__id__exact=[^>]*>all (\d+)<", shown)
        count = int(payouts[1]) if payouts else 0
        if not count:
            self._decide(BUILDER, id_, "cancel", "Nothing to be paid.")
            return None
        return Built(id_, rail, count)

    def submit(self, batch: Built, *, value_date: date) -> None:
        """For the first day from then on that is a business day wherever the money goes. Raises Refused."""
        for later in range(CLOSED_AT_MOST):
            if f"Submitted by {BUILDER}" in self._decide(BUILDER, batch.id, "submit"):
                return
            day = value_date + timedelta(days=later + 1)
            self._decide(BUILDER, batch.id, "change_date", "A holiday.", value_date=day.isoformat())
        raise Refused(f"batch {batch.id} could not be submitted")

    def approve(self, batch: Built) -> None:
        """By the other one, who has looked at the same preview. Raises Refused."""
        page = self._decide(APPROVER, batch.id, "approve", "Totals as expected.")
        if f"Approved by {APPROVER}" not in page and "It went to" not in page:
            raise Refused(f"batch {batch.id} was not approved")

    def approve_destination(self, public_id: str) -> None:
        """Raises Refused."""
        id_ = decode("pd", public_id)
        form = {"_form_submitted": "True", "reason": "Confirmed by telephone."}
        self._people.send(APPROVER, f"payouts/destination/{id_}/approve/", form)
        if "approved" not in self._people.read(APPROVER, f"payouts/destination/{id_}/change/").text:
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
        page = self._people.send(ADMINISTRATOR, "costs/pspprice/add/", form)
        if page.url.rstrip("/").endswith("add"):
            raise Refused(f"no price of {psp} for {currency}: {complaints_of(page.text)}")

    def propose(self, break_: UUID) -> None:
        """As it is drafted, and the same for all that are like it, where there are any. Raises Refused."""
        self._decide_on(BUILDER, break_, "propose", "As the statement says.")

    def approve_break(self, break_: UUID) -> None:
        """By the other one, who has looked at the same page. Raises Refused."""
        self._decide_on(APPROVER, break_, "approve", "Seen and agreed.")

    def _decide_on(self, who: str, break_: UUID, deed: str, why: str) -> None:
        path = f"reconciliation/break/{break_}/change/"
        shown = self._people.read(who, path).text
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
            form[name] = hid(shown, name)
        self._people.send(who, path, form)

    # ---------------------------------------------------------------------------------------- browsing

    def _decide(self, who: str, batch: UUID, deed: str, why: str = "", **more: str) -> str:
        """Name the digest that the page shows, as the page's own form does; the page that comes back."""
        path = f"payouts/batch/{batch}/preview"
        shown = self._people.read(who, path).text
        form = {"deed": deed, "reason": why, **more}
        for name in ("digest", "seen_at"):
            form[name] = hid(shown, name)
        return self._people.send(who, path, form).text
