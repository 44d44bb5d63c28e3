"""What happened to a payment, in a sentence or two that support can read out to a customer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from kernel.money import Money
from paygate.fx.conversion import Conversion
from paygate.fx.exchange import written
from paygate.payments.back_office.words import BY_THE_PSP, OPERATIONS, called, reason, when
from paygate.payments.models import (
    Attempt,
    Operation,
    Payment,
    Refund,
    RefundState,
    Result,
    State,
)


def sentence(
    payment: Payment, attempts: Sequence[Attempt], refunds: Sequence[Refund], *, now: datetime
) -> str:
    """Both sequences are all of the payment's, oldest first. A time is said with its day unless it is today's."""
    return _Telling(payment, attempts, refunds, now).told()


@dataclass(frozen=True, slots=True)
class _Telling:
    payment: Payment
    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    now: datetime

    def told(self) -> str:
        state = State(self.payment.state)
        match state:
            case State.CREATED:
                return f"Created {self._when(self.payment.created_at)}; no PSP was asked yet and nothing was charged."
            case State.IN_REVIEW:
                since = self._when(self.payment.updated_at)
                return f"Held for review {since}; no PSP was asked and nothing was charged."
            case State.PROCESSING:
                return self._processing()
            case State.REQUIRES_ACTION:
                return self._waits_for_customer() + self._trouble()
            case State.AUTHORIZED:
                return self._held() + self._trouble()
            case State.PARTIALLY_CAPTURED | State.CAPTURED:
                return self._captured() + self._trouble() + self._converted()
            case State.FAILED:
                return self._failed()
            case State.CANCELED:
                return self._canceled()
            case State.EXPIRED:
                return self._expired()
            case _:
                assert_never(state)

    # ------------------------------------------------------------------------------- on its way

    def _processing(self) -> str:
        attempt = self._last(*_NO_REFUND, open_=True)
        if attempt is None:  # Read while it was being settled.
            return "It is being worked on just now; look again in a moment."
        psp, since = called(attempt.psp), self._when(attempt.started_at)
        if attempt.taken_at is None:
            return (
                f"A request to {psp} waits to be sent since {_bare(since)}: {self._wish(attempt)};"
                " nobody was charged by it yet."
            )
        asked = f"We asked {psp} {since} {self._wish(attempt)}"
        safe = "nobody is charged twice"
        if attempt.outcome == Result.UNKNOWN:
            return f"{asked} and do not know yet{self._look(attempt)}; {safe}.{self._so_far()}"
        if attempt.outcome == Result.PENDING:
            return f"{asked}; it will decide later{self._look(attempt)}; {safe}.{self._so_far()}"
        return f"{asked} and wait for the answer; {safe}.{self._so_far()}"

    def _wish(self, attempt: Attempt) -> str:
        amount = self.payment.money(attempt.amount)
        operation = Operation(attempt.operation)
        match operation:
            case Operation.AUTHORIZE:
                return f"for {amount}"
            case Operation.CONFIRM:
                return f"how the customer's 3-D Secure for {amount} ended"
            case Operation.CAPTURE:
                return f"to take {amount} of what is held"
            case Operation.CANCEL:
                return f"to let go of {amount}"
            case Operation.EXPIRE:
                return "to let go of what is held, its time being up"
            case Operation.REFUND:
                return f"to give {amount} back"
            case _:
                assert_never(operation)

    def _look(self, attempt: Attempt) -> str:
        due = attempt.next_look_at
        if due is None:
            return ""
        if due <= self.now:
            return "; the next look-up is due now"
        return f"; the next look-up is {self._when(due)}"

    def _so_far(self) -> str:
        taken = self.payment.amount_captured
        return f" {self._money(taken)} was captured before." if taken else ""

    def _waits_for_customer(self) -> str:
        asked = self._last(*_CHARGING, outcome=Result.ACTION_REQUIRED)
        moment = self.payment.updated_at if asked is None else _end(asked)
        until = self.payment.expires_at
        by = f" by {_bare(self._when(until))}" if until else ""
        return (
            f"The bank asked the customer {self._when(moment)} to confirm {self._money(self.payment.amount)}"
            f" (3-D Secure); nothing is charged unless that is done{by}."
        )

    # ------------------------------------------------------------------------------ held and taken

    def _held(self) -> str:
        asked = self._last(*_CHARGING, outcome=Result.APPROVED)
        since = f" since {_bare(self._when(_end(asked)))}" if asked else ""
        return (
            f"{self._money(self.payment.amount_authorized)} is held on the card{since} and not taken"
            f"{self._lapses()}."
        )

    def _lapses(self) -> str:
        until = self.payment.expires_at
        return f"; it lapses {self._when(until)} unless it is captured" if until else ""

    def _captured(self) -> str:
        payment = self.payment
        taking = self._taking()
        at = f" {self._when(_end(taking))}" if taking else ""
        taken, rest = self._money(payment.amount_captured), payment.capturable
        if rest:
            whole = self._money(payment.amount_authorized)
            begun = f"Captured {taken} of {whole}{at}; {self._money(rest)} is still held on the card{self._lapses()}"
        elif payment.amount_captured < payment.amount:
            begun = f"Captured {taken}{at} of {self._money(payment.amount)} asked for; the rest was let go"
        else:
            begun = f"Captured {taken}{at}"
        return "; ".join([begun, *self._back(), *self._disputed()]) + "."

    def _back(self) -> list[str]:
        payment, clauses = self.payment, []
        if payment.amount_refunded:
            given = max(
                (one for one in self.refunds if one.state == RefundState.SUCCEEDED),
                key=lambda one: one.updated_at,
                default=None,
            )
            whole = payment.amount_refunded == payment.amount_captured
            what = "all of it" if whole else self._money(payment.amount_refunded)
            clauses.append(
                f"{what} was given back{f' {self._when(given.updated_at)}' if given else ''}"
            )
        if payment.amount_refund_pending:
            clauses.append(
                f"{self._money(payment.amount_refund_pending)} is on its way back{self._not_known()}"
            )
        if self.refunds and (last := self.refunds[-1]).state == RefundState.FAILED:
            why = last.failure_message.rstrip(".") or "the PSP does not say why"
            clauses.append(
                f"a refund of {last.money} failed {self._when(last.updated_at)} ({why}), so that was not given back"
            )
        return clauses

    def _not_known(self) -> str:
        """Of a refund that nobody can tell how it ended."""
        open_ = self._last(Operation.REFUND, open_=True)
        if open_ is None or open_.outcome != Result.UNKNOWN:
            return ""
        asked = f"we asked {called(open_.psp)} {self._when(open_.started_at)} and do not know yet"
        return f" ({asked}{self._look(open_)}; it is not given back twice)"

    def _disputed(self) -> list[str]:
        held = self.payment.amount_disputed
        return (
            [f"the customer disputed {self._money(held)}, which the bank took back"] if held else []
        )

    def _converted(self) -> str:
        if self.payment.conversion is None:
            return ""
        conversion = Conversion.from_json(self.payment.conversion)
        return (
            f" For the merchant it is converted into {conversion.to} at {written(conversion.rate)}:"
            f" {conversion.settled} so far."
        )

    def _trouble(self) -> str:
        """That the last thing asked of what is held did not work."""
        last = self._last(*_NO_REFUND)
        if last is None or last.charges:
            return ""
        what, at = OPERATIONS[last.operation], self._when(_end(last))
        if last.outcome == Result.DECLINED:
            return f" {self._by(last)} the last {what} {at}: {reason(last.decline_code)}; nothing changed by it."
        if last.outcome == Result.NOT_SENT:
            return f" The last {what} ({at}) was not carried out, and may be tried again."
        return ""

    # ------------------------------------------------------------------------------------- over

    def _failed(self) -> str:
        taking, asked = self._taking(), self._last(*_CHARGING)
        if taking is not None:
            psp, at = called(taking.psp), self._when(_end(taking))
            again = self._when(self.payment.updated_at)
            return (
                f"{psp} reported {self._money(taking.amount)} as captured {at} and took that back {again}:"
                " nothing was charged in the end."
            )
        if asked is None:
            at = self._when(self.payment.updated_at)
            return f"Stopped by our risk rules {at}, before any PSP was asked; nothing was charged."
        at = self._when(_end(asked))
        if asked.outcome == Result.NOT_SENT:
            return (
                f"{called(asked.psp)} was not reached {at}, so the payment was not made;"
                " nothing was charged, and it may be tried again."
            )
        return f"{self._by(asked)} {at}: {reason(asked.decline_code)}; nothing was charged."

    def _canceled(self) -> str:
        let_go = self._last(Operation.CANCEL, Operation.EXPIRE, outcome=Result.APPROVED)
        at = self._when(self.payment.updated_at if let_go is None else _end(let_go))
        if self.payment.amount_authorized:
            held = self._money(self.payment.amount_authorized)
            return f"Canceled {at}: the {held} held on the card was let go; nothing was charged."
        return f"Canceled {at}, before the customer had confirmed it; nothing was charged and nothing is held."

    def _expired(self) -> str:
        over = self._last(Operation.EXPIRE)
        at = self._when(self.payment.updated_at if over is None else _end(over))
        if self.payment.amount_authorized:
            held = self._money(self.payment.amount_authorized)
            return f"The {held} held on the card was not captured in time and lapsed {at}; nothing was charged."
        return f"The customer did not confirm it in time (3-D Secure), and it lapsed {at}; nothing was charged."

    # -------------------------------------------------------------------------------------- words

    def _by(self, attempt: Attempt) -> str:
        if attempt.decline_code in BY_THE_PSP:
            return (
                f"{called(attempt.psp)} refused"
                if not attempt.charges
                else f"Refused by {called(attempt.psp)}"
            )
        return "Declined by the bank" if attempt.charges else "The bank declined"

    def _taking(self) -> Attempt | None:
        """The last attempt by which something was taken."""
        at_once = self.payment.capture_method == "automatic"
        wanted = (Operation.CAPTURE, *(_CHARGING if at_once else ()))
        return self._last(*wanted, outcome=Result.APPROVED)

    def _last(
        self, *operations: Operation, outcome: Result | None = None, open_: bool | None = None
    ) -> Attempt | None:
        for attempt in reversed(self.attempts):
            if attempt.operation not in operations:
                continue
            if outcome is not None and attempt.outcome != outcome:
                continue
            if open_ is None or attempt.open == open_:
                return attempt
        return None

    def _when(self, moment: datetime) -> str:
        return when(moment, now=self.now)

    def _money(self, minor: int) -> Money:
        return self.payment.money(minor)


_CHARGING = (Operation.AUTHORIZE, Operation.CONFIRM)
_NO_REFUND = tuple(one for one in Operation if one != Operation.REFUND)


def _end(attempt: Attempt) -> datetime:
    return attempt.finished_at or attempt.started_at


def _bare(said: str) -> str:
    """ "since" and "by" want no "at" behind them."""
    return said.removeprefix("at ").removeprefix("on ")
