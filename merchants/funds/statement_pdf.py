"""A statement on paper: the balances, every line, and the sums by type.

Its letters are those of the standard fonts, so a name in letters that Western Europe does not know has question
marks. No time of making is written: the same month is the same bytes.
"""

from __future__ import annotations

from typing import BinaryIO

from reportlab.lib.pagesizes import A4

from merchants.funds.own import NAMES
from merchants.funds.statement import Statement, StatementLine

MEDIA_TYPE = "application/pdf"

#: All their letters are equally wide, so that a row is one text, which is drawn in a fraction of a column each's time.
FONT, BOLD, SIZE, LEADING = "Courier", "Courier-Bold", 7, 10
LETTER = SIZE * 0.6  # How wide one is.
HEIGHT = A4[1]
LEFT, TOP, BOTTOM = 36, HEIGHT - 40, 48
ROW = "{:<12}{:<22} {:<30}{:>15}{:>12}{:>15}{:>16}"  # 123 letters, of the 124 that fit.
HEAD = ROW.format("Date", "Type", "Reference", "Gross", "Fee", "Net", "Balance")
SUM = "{:<34} {:>30}{:>15}{:>12}{:>15}"
_ALL_PAGES = "all_pages"  # Filled in at the end, when it is known how many there are.


def write(statement: Statement, into: BinaryIO) -> None:
    """Page by page; of pages that are full only what is drawn on them, compressed, is kept until the end."""
    _Paper(statement, into).write()


class _Paper:
    def __init__(self, statement: Statement, into: BinaryIO) -> None:
        from reportlab.pdfgen.canvas import Canvas  # Here: it takes long, and few processes draw.

        self.statement = statement
        self.canvas = Canvas(into, pagesize=A4, pageCompression=1, invariant=1)
        self.canvas.setTitle(f"{_printable(statement.merchant.name)} {statement.name}")
        self.y: float = 0

    def write(self) -> None:
        self._heading()
        self._whose_and_when()
        self._balances("Opening balance", self.statement.opening)
        self._rows("", (HEAD, BOLD))
        for line in self.statement.lines():
            if self.y < BOTTOM + LEADING:
                self._turn()
                self._rows((HEAD, BOLD))
            self._rows(self._line(line))
        self._sums()
        self._balances("Closing balance", self.statement.closing)
        self._end_page()
        self.canvas.beginForm(_ALL_PAGES, 0, 0, 30, 10)
        self.canvas.setFont(FONT, SIZE)
        self.canvas.drawString(0, 2, str(self.canvas.getPageNumber() - 1))
        self.canvas.endForm()
        self.canvas.save()

    def _whose_and_when(self) -> None:
        summary, merchant = self.statement.summary, self.statement.merchant
        span = summary.period
        since, until = (
            f"{moment.astimezone(span.time_zone):%Y-%m-%d %H:%M}"
            for moment in (span.since, span.until)
        )
        self._rows(
            f"{_printable(merchant.name)}  {merchant.public_id}",
            f"Posted from {since} until before {until}, {span.time_zone}",
        )
        if not summary.final:
            self._rows(("PRELIMINARY: the month is not over.", BOLD))
        if not summary.livemode:
            self._rows(("TEST MODE: no money.", BOLD))

    def _line(self, line: StatementLine) -> str:
        one, money = line.transaction, self.statement.money
        local = one.posted_at.astimezone(self.statement.summary.period.time_zone)
        return ROW.format(
            f"{local:%Y-%m-%d}",
            one.type,
            _printable(one.source or ""),
            *(money(minor).major for minor in (one.gross, one.fee, one.net, line.balance)),
        )

    def _sums(self) -> None:
        money = self.statement.money
        self._rows("", (SUM.format("Sums by type", "Lines", "Gross", "Fee", "Net"), BOLD))
        for type_, one in self.statement.sums.items():
            amounts = (money(minor).major for minor in (one.gross, one.fee, one.net))
            self._rows(SUM.format(type_, one.count, *amounts))

    def _balances(self, title: str, amounts: dict[str, int]) -> None:
        money = self.statement.money
        self._rows("")
        for name in NAMES:
            label = name.replace("_", " ").capitalize()
            self._rows(f"{label:<34}{money(amounts[name]).major:>24}")
        self._rows(
            (f"{title:<34}{money(sum(amounts.values())).major:>24} {self.statement.currency}", BOLD)
        )

    def _rows(self, *texts: str | tuple[str, str]) -> None:
        """A row each, on the next page where this one is full; with a font where it is not the usual one."""
        for one in texts:
            text, font = (one, FONT) if isinstance(one, str) else one
            if self.y < BOTTOM:
                self._turn()
            self.canvas.setFont(font, SIZE)
            self.canvas.drawString(LEFT, self.y, text)
            self.y -= LEADING

    def _turn(self) -> None:
        self._end_page()
        self._heading()

    def _heading(self) -> None:
        self.canvas.setFont(BOLD, 12)
        title = f"Statement {self.statement.summary.month} {self.statement.currency}"
        self.canvas.drawString(LEFT, TOP, title)
        self.y = TOP - 3 * LEADING

    def _end_page(self) -> None:
        page = f"Page {self.canvas.getPageNumber()} of "
        self.canvas.setFont(FONT, SIZE)
        self.canvas.drawString(LEFT, BOTTOM - 2 * LEADING, page)
        self.canvas.saveState()
        self.canvas.translate(LEFT + len(page) * LETTER, BOTTOM - 2 * LEADING - 2)
        self.canvas.doForm(_ALL_PAGES)
        self.canvas.restoreState()
        self.canvas.showPage()


def _printable(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")
