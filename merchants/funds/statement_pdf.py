"""A statement on paper: the balances, the sums by type, and every line.

Its letters are those of the standard fonts, so a name in letters that Western Europe does not know has question
marks. No time of making is written: the same month is the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from kernel.money import Money
from merchants.funds.own import NAMES
from merchants.funds.statement import Statement, StatementLine

MEDIA_TYPE = "application/pdf"

FONT, BOLD, SIZE, LEADING = "Helvetica", "Helvetica-Bold", 7, 10
WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 36, WIDTH - 36, HEIGHT - 40, 48
#: Where each column begins, or (amounts) ends.
DATE, TYPE, SOURCE, GROSS, FEE, NET, BALANCE = LEFT, 84, 170, 374, 424, 490, RIGHT
_ALL_PAGES = "all_pages"  # Filled in at the end, when it is known how many there are.


def write(statement: Statement, into: BinaryIO) -> None:
    """Page by page; of pages that are full only what is drawn on them, compressed, is kept until the end."""
    _Paper(statement, into).write()


class _Paper:
    def __init__(self, statement: Statement, into: BinaryIO) -> None:
        self.statement = statement
        self.canvas = Canvas(into, pagesize=A4, pageCompression=1, invariant=1)
        self.canvas.setTitle(f"{_printable(statement.merchant.name)} {statement.name}")
        self.y: float = 0

    def write(self) -> None:
        self._first_page()
        self._table_head()
        for line in self.statement.lines():
            if self._next_row():
                self._table_head()
            self._line(line)
        self._sums()
        self._end_page()
        self.canvas.beginForm(_ALL_PAGES, 0, 0, 30, 10)
        self.canvas.setFont(FONT, SIZE)
        self.canvas.drawString(0, 2, str(self.canvas.getPageNumber() - 1))
        self.canvas.endForm()
        self.canvas.save()

    def _first_page(self) -> None:
        summary, merchant = self.statement.summary, self.statement.merchant
        span = summary.period
        days = [moment.astimezone(span.time_zone) for moment in (span.since, span.until)]
        self._heading()
        self._row([(LEFT, f"{_printable(merchant.name)}   {merchant.public_id}")])
        since, until = (f"{day:%Y-%m-%d %H:%M}" for day in days)
        self._row([(LEFT, f"Posted from {since} until before {until}, {span.time_zone}")])
        if not summary.final:
            self._row([(LEFT, "PRELIMINARY: the month is not over.")], font=BOLD)
        if not summary.livemode:
            self._row([(LEFT, "TEST MODE: no money.")], font=BOLD)
        self._next_row()
        self._balances("Opening balance", self.statement.opening)
        self._next_row()

    def _heading(self) -> None:
        self.y = TOP
        self.canvas.setFont(BOLD, 12)
        title = f"Statement {self.statement.summary.month} {self.statement.currency}"
        self.canvas.drawString(LEFT, self.y, title)
        self.y -= 2 * LEADING

    def _table_head(self) -> None:
        texts = [(DATE, "Date"), (TYPE, "Type"), (SOURCE, "Reference")]
        amounts = [(GROSS, "Gross"), (FEE, "Fee"), (NET, "Net"), (BALANCE, "Balance")]
        self._row(texts, amounts, font=BOLD)

    def _line(self, line: StatementLine) -> None:
        one, money = line.transaction, self.statement.money
        local = one.posted_at.astimezone(self.statement.summary.period.time_zone)
        amounts = ((GROSS, one.gross), (FEE, one.fee), (NET, one.net), (BALANCE, line.balance))
        self._draw(
            [(DATE, f"{local:%Y-%m-%d}"), (TYPE, one.type), (SOURCE, _printable(one.source or ""))],
            [(x, money(minor).major) for x, minor in amounts],
        )

    def _sums(self) -> None:
        money = self.statement.money
        self._next_row()
        self._row(
            [(DATE, "Sums by type")],
            [(SOURCE, "Lines"), (GROSS, "Gross"), (FEE, "Fee"), (NET, "Net")],
            font=BOLD,
        )
        for type_, one in self.statement.sums.items():
            amounts = ((GROSS, one.gross), (FEE, one.fee), (NET, one.net))
            self._row(
                [(DATE, type_)],
                [(SOURCE, str(one.count)), *((x, money(minor).major) for x, minor in amounts)],
            )
        self._next_row()
        self._balances("Closing balance", self.statement.closing)

    def _balances(self, title: str, amounts: dict[str, int]) -> None:
        money = self.statement.money
        for name in NAMES:
            label = name.replace("_", " ").capitalize()
            self._row([(DATE, label)], [(GROSS, money(amounts[name]).major)])
        total: Money = money(sum(amounts.values()))
        self._row([(DATE, title)], [(GROSS, str(total))], font=BOLD)

    def _row(
        self,
        texts: Sequence[tuple[float, str]],
        amounts: Sequence[tuple[float, str]] = (),
        *,
        font: str = FONT,
    ) -> None:
        self._next_row()
        self._draw(texts, amounts, font=font)

    def _next_row(self) -> bool:
        """One row down; true where that is on a new page."""
        self.y -= LEADING
        if self.y >= BOTTOM:
            return False
        self._end_page()
        self._heading()
        return True

    def _draw(
        self,
        texts: Sequence[tuple[float, str]],
        amounts: Sequence[tuple[float, str]] = (),
        *,
        font: str = FONT,
    ) -> None:
        self.canvas.setFont(font, SIZE)
        for x, text in texts:
            self.canvas.drawString(x, self.y, text)
        for x, text in amounts:
            self.canvas.drawRightString(x, self.y, text)

    def _end_page(self) -> None:
        self.canvas.setFont(FONT, SIZE)
        page = f"Page {self.canvas.getPageNumber()} of "
        self.canvas.drawString(LEFT, BOTTOM - 18, page)
        self.canvas.saveState()
        self.canvas.translate(LEFT + self.canvas.stringWidth(page, FONT, SIZE), BOTTOM - 18 - 2)
        self.canvas.doForm(_ALL_PAGES)
        self.canvas.restoreState()
        self.canvas.showPage()


def _printable(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")
