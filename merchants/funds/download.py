"""A statement as a file to be saved: JSON, CSV or PDF."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import Any, cast

from django.http import FileResponse

from merchants.funds import statement_csv, statement_json, statement_pdf
from merchants.funds.statement import Statement

#: Each has a MEDIA_TYPE and write(statement, into).
FORMATS = MappingProxyType({"json": statement_json, "csv": statement_csv, "pdf": statement_pdf})

_IN_MEMORY = 1024 * 1024  # Bytes; what is longer is laid into a temporary file.


def download(statement: Statement, format_: str) -> FileResponse:
    """The reply. It is written whole first, so that a slow reader holds no connection to the database."""
    way = FORMATS[format_]
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the reply closes it.
    way.write(statement, cast("Any", file))
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=way is not statement_json,
        filename=f"{statement.name}.{format_}",
        content_type=way.MEDIA_TYPE,
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )
