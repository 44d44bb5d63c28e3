"""A statement as a file to be saved: JSON, CSV or PDF."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import Any, cast

from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header

from merchants.funds import statement_csv, statement_json, statement_pdf
from merchants.funds.statement import Statement

#: Each has a MEDIA_TYPE and write(statement, into).
FORMATS = MappingProxyType({"json": statement_json, "csv": statement_csv, "pdf": statement_pdf})

IN_MEMORY = 1024 * 1024  # Bytes; what is longer is laid into a temporary file.


def download(statement: Statement, format_: str) -> HttpResponse | FileResponse:
    """The reply. It is written whole first, so that a slow reader holds no connection to the database."""
    way = FORMATS[format_]
    saved = content_disposition_header(True, f"{statement.name}.{format_}")
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        **({} if way is statement_json or saved is None else {"Content-Disposition": saved}),
    }
    file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - what is long is closed by its reply.
    way.write(statement, cast("Any", file))
    length = file.tell()
    file.seek(0)
    if length > IN_MEMORY:
        headers["Content-Length"] = str(length)
        return FileResponse(file, content_type=way.MEDIA_TYPE, headers=headers)
    with file:
        return HttpResponse(file.read(), content_type=way.MEDIA_TYPE, headers=headers)
