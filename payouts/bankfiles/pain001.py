"""ISO 20022 pain.001.001.09: a file of credit transfers, as our bank takes it.

In euros to an account in SEPA it is a SEPA credit transfer (service level SEPA, charges shared as SEPA has them:
SLEV); anything else is a transfer that is not urgent (NURG), of which each side pays its own bank (SHAR). An order
may hold both; each kind is then a PmtInf of its own.

The file is written by hand, in one pass (docs/decisions/0019 says why by hand). Every text in it is either of
SEPA's letters, none of which means anything to XML, or of digits and capitals that were checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC

from kernel.money import Money
from payouts.bankfiles.letters import sepa
from payouts.bankfiles.orders import CreditTransfer, Order, Unwritable
from payouts.bankfiles.references import outward
from payouts.bankfiles.validate import SEPA, iban_matches

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

#: What one transfer may be at most, in minor units. SEPA: 999,999,999.99 euros (EPC132-08, InstdAmt); others, and
#: all transfers of a file together: the 18 digits of the schema.
MOST_IN_SEPA = 99_999_999_999
MOST = 10**18 - 1

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


def write(order: Order) -> bytes:
    """The file, in UTF-8: the same bytes for the same order, for ever.

    Names of more than 70 characters and remittances of more than 140 are cut; letters beyond SEPA's are
    transliterated. Raises Unwritable, with the message's id where it is not about one transfer, for what cannot be
    said: no IBAN, a name of which nothing is left, another currency than the first, an amount that is none, the same
    reference twice.
    """
    currency = _currency(order)
    kinds: dict[bool, list[CreditTransfer]] = {True: [], False: []}
    for transfer in order.transfers:
        kinds[_in_sepa(order, transfer)].append(transfer)
    groups = [(is_sepa, transfers) for is_sepa, transfers in kinds.items() if transfers]

    parts = [_opening(order, currency)]
    for number, (is_sepa, transfers) in enumerate(groups, start=1):
        # A message's id may have all 35 places itself; the end of one of ours is what differs.
        name = order.message_id if len(groups) == 1 else f"{order.message_id[-33:]}-{number}"
        parts += _payment_information(order, outward(name), currency, transfers, is_sepa=is_sepa)
    parts.append("</CstmrCdtTrfInitn>\n</Document>\n")
    return "".join(parts).encode()


def _currency(order: Order) -> str:
    """The currency of the order; what can be wrong with the order as a whole is refused here."""
    if not order.transfers:
        raise Unwritable(order.message_id, "has no transfers")
    if order.created_at.tzinfo is None:
        raise Unwritable(order.message_id, "was created at a time without a zone")
    currency, seen = order.transfers[0].amount.currency, set()
    for transfer in order.transfers:
        if transfer.amount.currency != currency:
            raise Unwritable(
                transfer.reference, f"is in {transfer.amount.currency}, the file in {currency}"
            )
        if transfer.reference in seen:
            raise Unwritable(transfer.reference, "is in the file twice")
        seen.add(transfer.reference)
    if sum(transfer.amount.minor for transfer in order.transfers) > MOST:
        raise Unwritable(order.message_id, "adds up to more than a control sum can hold")
    return currency


def _in_sepa(order: Order, transfer: CreditTransfer) -> bool:
    return transfer.amount.currency == "EUR" and {transfer.iban[:2], order.debtor.iban[:2]} <= SEPA


def _sum(transfers: Iterable[CreditTransfer], currency: str) -> str:
    return Money(sum(transfer.amount.minor for transfer in transfers), currency).major


def _opening(order: Order, currency: str) -> str:
    created_at = order.created_at.astimezone(UTC)
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}">
<CstmrCdtTrfInitn>
<GrpHdr>
<MsgId>{outward(order.message_id)}</MsgId>
<CreDtTm>{created_at:%Y-%m-%dT%H:%M:%SZ}</CreDtTm>
<NbOfTxs>{len(order.transfers)}</NbOfTxs>
<CtrlSum>{_sum(order.transfers, currency)}</CtrlSum>
<InitgPty><Nm>{_debtor_name(order)}</Nm></InitgPty>
</GrpHdr>
"""


def _payment_information(
    order: Order, name: str, currency: str, transfers: Sequence[CreditTransfer], *, is_sepa: bool
) -> Iterable[str]:
    level, charges = ("SEPA", "SLEV") if is_sepa else ("NURG", "SHAR")
    account = _iban(order.message_id, order.debtor.iban, whose="our account")
    bic = _bic(order.message_id, order.debtor.bic)
    # The debtor's bank must be said, be it by saying that it is not (EPC132-08, DbtrAgt).
    agent = f"<BICFI>{bic}</BICFI>" if bic else "<Othr><Id>NOTPROVIDED</Id></Othr>"
    yield f"""\
<PmtInf>
<PmtInfId>{name}</PmtInfId>
<PmtMtd>TRF</PmtMtd>
<BtchBookg>true</BtchBookg>
<NbOfTxs>{len(transfers)}</NbOfTxs>
<CtrlSum>{_sum(transfers, currency)}</CtrlSum>
<PmtTpInf><SvcLvl><Cd>{level}</Cd></SvcLvl></PmtTpInf>
<ReqdExctnDt><Dt>{order.execution_date:%Y-%m-%d}</Dt></ReqdExctnDt>
<Dbtr><Nm>{_debtor_name(order)}</Nm></Dbtr>
<DbtrAcct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></DbtrAcct>
<DbtrAgt><FinInstnId>{agent}</FinInstnId></DbtrAgt>
<ChrgBr>{charges}</ChrgBr>
"""
    for transfer in transfers:
        yield _credit_transfer(transfer, most=MOST_IN_SEPA if is_sepa else MOST)
    yield "</PmtInf>\n"


def _credit_transfer(transfer: CreditTransfer, *, most: int) -> str:
    reference, amount = outward(transfer.reference), transfer.amount
    if not 0 < amount.minor <= most:
        raise Unwritable(transfer.reference, f"{amount} is no amount that can be transferred")
    name = sepa(transfer.name, most=70)
    if not name:
        raise Unwritable(
            transfer.reference, "nothing is left of the creditor's name in Latin letters"
        )
    iban = _iban(transfer.reference, transfer.iban, whose="the creditor's account")
    bic = _bic(transfer.reference, transfer.bic)
    remittance = sepa(transfer.remittance, most=140)
    agent = f"<CdtrAgt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></CdtrAgt>\n" if bic else ""
    information = f"<RmtInf><Ustrd>{remittance}</Ustrd></RmtInf>\n" if remittance else ""
    return f"""\
<CdtTrfTxInf>
<PmtId><InstrId>{reference}</InstrId><EndToEndId>{reference}</EndToEndId></PmtId>
<Amt><InstdAmt Ccy="{amount.currency}">{amount.major}</InstdAmt></Amt>
{agent}<Cdtr><Nm>{name}</Nm></Cdtr>
<CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct>
{information}</CdtTrfTxInf>
"""


def _debtor_name(order: Order) -> str:
    name = sepa(order.debtor.name, most=70)
    if not name:
        raise Unwritable(order.message_id, "nothing is left of our own name in Latin letters")
    return name


def _iban(reference: str, iban: str, *, whose: str) -> str:
    if not _IBAN.fullmatch(iban) or not iban_matches(iban):
        raise Unwritable(reference, f"{whose} has no IBAN, or none that can be one")
    return iban


def _bic(reference: str, bic: str) -> str:
    if bic and not _BIC.fullmatch(bic):
        raise Unwritable(reference, "the BIC cannot be one")
    return bic
