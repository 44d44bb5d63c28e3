"""Paying merchants: a transfer to a connected account, and a payout from there to its bank. And paying us, every day.

A connected account is whatever begins with "acct_"; the beginnings below stand for accounts with a fault.
What is transferred we are no longer owed, so that is when the books are written; what becomes of the payout then is
between Stripe, the connected account and its bank, until the transfer is reversed. What was paid to our own bank
account Stripe takes from there again where transfers need it: the next automatic payout is then below zero.
Sources, at docs.stripe.com: /api/transfers, /api/transfer_reversals, /api/payouts, /connect/manage-payouts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from simulators.agenda import Agenda
from simulators.books import Books
from simulators.stripe import params as p
from simulators.stripe.amounts import iso_minor
from simulators.stripe.balance import Balance
from simulators.stripe.errors import InvalidRequest, no_such
from simulators.stripe.events import Events
from simulators.stripe.payout import Payout, Transfer, payout_shown, transfer_shown

MISSING = "acct_missing"  # Nobody's.
DISABLED = "acct_disabled"  # Takes transfers, and may make no payouts.
CLOSED = "acct_closed"  # Its bank refuses the payout a day later: it fails, and never was paid.
BOUNCING = "acct_bouncing"  # Its bank sends the payout back: it is paid, and two days later failed.

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0  # To the bank after an hour, there after a day.


class Payouts:
    """The transfers and payouts of our account, and the payouts of the accounts connected to it; newest last."""

    def __init__(
        self,
        agenda: Agenda,
        books: Books,
        balance: Balance,
        events: Events,
        new_id: Callable[[], str],
    ) -> None:
        self._agenda = agenda
        self._books = books
        self._balance = balance
        self._events = events
        self._new_id = new_id
        self._transfers: dict[str, Transfer] = {}
        self._payouts: dict[str, Payout] = {}
        self._holds: Counter[tuple[str, str]] = Counter()  # What each connected account has.
        self._paid_us: Counter[str] = Counter()  # By currency, in ISO 4217 minor units.

    # ------------------------------------------------------------------------------------- transfers

    def transfer(self, id_: str) -> Transfer:
        try:
            return self._transfers[id_]
        except KeyError:
            raise no_such("transfer", id_, param="transfer") from None

    def transfers(self, params: p.Tree) -> Iterable[Transfer]:
        """Newest first: all, or those of a group or a destination."""
        group, destination = params.get("transfer_group"), params.get("destination")
        for transfer in reversed(self._transfers.values()):
            if (not group or transfer.group == group) and (
                not destination or transfer.destination == destination
            ):
                yield transfer

    def create_transfer(self, params: p.Tree, *, key: str, livemode: bool) -> Transfer:
        """Raises InvalidRequest, also where we are owed less."""
        amount, currency = int(params["amount"]), params["currency"].lower()
        destination = params["destination"]
        if not destination.startswith("acct_") or destination.startswith(MISSING):
            raise no_such("destination", destination, param="destination", status=400)
        code = currency.upper()
        if iso_minor(amount, currency) > self._books.owed(code) + self._paid_us[code]:
            raise InvalidRequest(
                "You have insufficient available funds in your Stripe account. Try adding funds"
                " directly to your available balance.",
                code="balance_insufficient",
            )
        transfer = Transfer(
            id=f"tr_{self._new_id()}",
            created=int(self._agenda.now()),
            amount=amount,
            currency=currency,
            destination=destination,
            group=params.get("transfer_group") or None,
            metadata=p.metadata(params),
            description=params.get("description") or None,
            livemode=livemode,
        )
        self._transfers[transfer.id] = transfer
        self._holds[destination, currency] += amount
        self._book("paid_out", transfer, amount, transfer.id)
        transfer.transaction = self._move("transfer", transfer, -amount, transfer.id)
        self._tell_of_transfer("transfer.created", transfer, key)
        return transfer

    def reverse(self, transfer: Transfer, params: p.Tree, *, key: str) -> dict[str, Any]:
        """Raises InvalidRequest for more than is left, or than the connected account has."""
        left = transfer.amount - transfer.reversed
        amount = p.integer(params, "amount") if params.get("amount") else left
        if not 0 < amount <= left:
            raise InvalidRequest(
                f"Transfer reversal amount ({amount}) is greater than unreversed amount on"
                f" transfer ({left})",
                param="amount",
            )
        if amount > self._holds[transfer.destination, transfer.currency]:
            raise InvalidRequest(
                f"The connected account {transfer.destination} has insufficient funds for this"
                " reversal.",
                code="balance_insufficient",
            )
        reversal: dict[str, Any] = {
            "id": f"trr_{self._new_id()}",
            "object": "transfer_reversal",
            "amount": amount,
            "balance_transaction": "",
            "created": int(self._agenda.now()),
            "currency": transfer.currency,
            "metadata": p.metadata(params),
            "transfer": transfer.id,
        }
        transfer.reversals.insert(0, reversal)
        transfer.reversed += amount
        self._holds[transfer.destination, transfer.currency] -= amount
        self._book("payout_returned", transfer, amount, reversal["id"])
        moved = self._move("transfer_reversal", transfer, amount, reversal["id"])
        reversal["balance_transaction"] = moved
        self._tell_of_transfer("transfer.reversed", transfer, key)
        return reversal

    def _book(self, kind: str, transfer: Transfer, amount: int, reference: str) -> None:
        ours = transfer.metadata.get("payout", "")
        self._books.write(
            kind,
            payment=ours,
            attempt=ours,
            reference=reference,
            amount=iso_minor(amount, transfer.currency),
            currency=transfer.currency.upper(),
        )

    def _move(self, category: str, transfer: Transfer, amount: int, source: str) -> str:
        moved = self._balance.moved(
            category,
            source=source,
            amount=amount,
            currency=transfer.currency,
            livemode=transfer.livemode,
            show=partial(transfer_shown, transfer),
            metadata=transfer.metadata,
            description=transfer.description,
        )
        return moved.id

    def _tell_of_transfer(self, kind: str, transfer: Transfer, key: str) -> None:
        show = partial(transfer_shown, transfer)
        self._events.of_account(kind, show, live=transfer.livemode, key=key)

    # --------------------------------------------------------------------------------------- payouts

    def payout(self, id_: str, account: str) -> Payout:
        found = self._payouts.get(id_)
        if found is None or found.account != account:
            raise no_such("payout", id_, param="payout")
        return found

    def payouts(self, account: str, status: str = "") -> Iterable[Payout]:
        """Newest first: an account's, all or those of a status."""
        for payout in reversed(self._payouts.values()):
            if payout.account == account and status in ("", payout.status):
                yield payout

    def create_payout(self, params: p.Tree, *, account: str, key: str, livemode: bool) -> Payout:
        """Raises InvalidRequest, also where the account may make none, or has less."""
        if not account:
            raise InvalidRequest("The simulated platform is paid automatically, every day.")
        if account.startswith(DISABLED):
            raise InvalidRequest(
                "Cannot create payouts: this account has been disabled from making payouts.",
                code="payouts_not_allowed",
            )
        amount, currency = int(params["amount"]), params["currency"].lower()
        if amount > self._holds[account, currency]:
            raise InvalidRequest(
                "You have insufficient funds in your Stripe account for this payout.",
                code="balance_insufficient",
            )
        now = self._agenda.now()
        payout = Payout(
            id=f"po_{self._new_id()}",
            created=int(now),
            account=account,
            amount=amount,
            currency=currency,
            metadata=p.metadata(params),
            descriptor=params.get("statement_descriptor") or None,
            livemode=livemode,
            arrival=int(now + DAY),
        )
        self._payouts[payout.id] = payout
        self._holds[account, currency] -= amount
        self._begin(payout, key)
        return payout

    def pay_us(self, id_: str, amount: int, currency: str, *, livemode: bool) -> Payout:
        """What an automatic payout brings to our bank account, in Stripe's minor units; below zero what it takes."""
        now = self._agenda.now()
        payout = Payout(
            id=id_,
            created=int(now),
            account="",
            amount=amount,
            currency=currency,
            metadata={},
            descriptor=None,
            livemode=livemode,
            arrival=int(now + DAY),
            automatic=True,
        )
        self._payouts[payout.id] = payout
        moved = self._balance.moved(
            "payout",
            source=id_,
            amount=-amount,
            currency=currency,
            livemode=livemode,
            show=partial(payout_shown, payout),
            description="STRIPE PAYOUT",
            payout=id_,
        )
        payout.transaction = moved.id
        self._paid_us[currency.upper()] += iso_minor(amount, currency)
        self._books.write(
            "settled",
            payment=id_,
            attempt="",
            reference=moved.id,
            amount=iso_minor(amount, currency),
            currency=currency.upper(),
        )
        self._begin(payout, "")
        self._agenda.put(now + MINUTE, partial(self._reconcile, payout))
        return payout

    def _begin(self, payout: Payout, key: str) -> None:
        now = self._agenda.now()
        self._agenda.put(now + HOUR, partial(self._send, payout))
        self._agenda.put(now + DAY, partial(self._arrive, payout))
        self._tell("created", payout, key=key)

    def _reconcile(self, payout: Payout) -> None:
        payout.reconciled = True
        self._tell("reconciliation_completed", payout)

    def _send(self, payout: Payout) -> None:
        if payout.status == "pending":
            self._become(payout, "in_transit", "updated")

    def _arrive(self, payout: Payout) -> None:
        if payout.status not in ("pending", "in_transit"):  # It was made to fail meanwhile.
            return
        if payout.account.startswith(CLOSED):
            self.fail(payout, "account_closed")
            return
        self._become(payout, "paid", "paid")
        if payout.account.startswith(BOUNCING):
            later = self._agenda.now() + 2 * DAY
            self._agenda.put(later, partial(self.fail, payout, "no_account"))

    def fail(self, payout: Payout, why: str) -> None:
        """Also after it was paid: the connected account has the money again. Twice changes nothing."""
        if payout.status == "failed":
            return
        payout.failure = why
        self._holds[payout.account, payout.currency] += payout.amount
        self._become(payout, "failed", "failed")

    def bounce(self, payout: Payout) -> None:
        """The bank sends back what was paid, which it is first where it is not yet."""
        if payout.status in ("pending", "in_transit"):
            self._become(payout, "paid", "paid")
        self.fail(payout, "no_account")

    def _become(self, payout: Payout, status: str, told: str) -> None:
        before, payout.status = payout.status, status
        self._tell(told, payout, status=before)

    def _tell(self, told: str, payout: Payout, *, key: str = "", **before: Any) -> None:
        self._events.of_account(
            f"payout.{told}",
            partial(payout_shown, payout),
            live=payout.livemode,
            account=payout.account,
            key=key,
            **before,
        )

    def of(self, ours: str) -> Payout:
        """The newest payout with our reference. Raises LookupError."""
        for payout in reversed(self._payouts.values()):
            if payout.metadata.get("payout") == ours:
                return payout
        raise LookupError(f"no such payout: {ours}")
