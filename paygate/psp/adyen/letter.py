"""The merchant's words as a document that a bank can read: a plain PDF, as Adyen takes no texts.

Its letters are those of the standard fonts, which every reader has and which know Western Europe's only; the card
schemes ask for English. Nothing is compressed and no time is written, so that the same words are the same bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

FONT, BOLD, SIZE, LEADING = "Courier", "Courier-Bold", 10, 13
MARGIN = 50
COLUMNS = 80  # Courier's letters are six tenths of its size wide.
WIDTH, HEIGHT = A4


def letter(title: str, texts: Mapping[str, str], *, images: Sequence[bytes] = ()) -> bytes:
    """The texts under their names, then each JPEG on a page of its own. An image may make it raise anything."""
    into = BytesIO()
    canvas = Canvas(into, pagesize=A4, pageCompression=0, invariant=1)
    canvas.setTitle(_printable(title))
    lines = [(BOLD, line) for line in _wrapped(title)]
    for name, text in texts.items():
        lines += [(FONT, ""), (BOLD, name.replace("_", " ").capitalize())]
        lines += [(FONT, line) for line in _wrapped(text)]
    room = (HEIGHT - 2 * MARGIN) // LEADING
    for at, (font, line) in enumerate(lines):
        row = at % room
        if at and not row:
            canvas.showPage()
        canvas.setFont(font, SIZE)
        canvas.drawString(MARGIN, HEIGHT - MARGIN - row * LEADING, line)
    canvas.showPage()
    for image in images:
        canvas.drawImage(
            ImageReader(BytesIO(image)),
            *(MARGIN, MARGIN, WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN),
            preserveAspectRatio=True,
        )
        canvas.showPage()
    canvas.save()
    return into.getvalue()


def _wrapped(text: str) -> list[str]:
    return [
        part
        for line in _printable(text).expandtabs(4).splitlines()
        for part in textwrap.wrap(line, COLUMNS, break_on_hyphens=False) or [""]
    ]


def _printable(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")
