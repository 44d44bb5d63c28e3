"""multipart/form-data, strictly: texts and files by kind, each once, and their names as they were sent.

Django's own reader mends the names of files (it cuts paths off and drops what cannot be printed). A name that
needs mending is refused here instead: whoever sent it should know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import load_handler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from disputes.files import LARGEST_IN_ALL, UnfitFile, check_name
from kernel.card_numbers import card_number_not_allowed, contains_card_number
from kernel.problems import Problem, bad

LARGEST_BODY = (
    LARGEST_IN_ALL + 1_000_000
)  # Bytes: the files, and the texts and headings around them.

#: Controls but for tabs and ends of lines; and what stands where bytes were not UTF-8.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")


@dataclass(frozen=True, slots=True)
class Form:
    """What was in it, by kind."""

    texts: Mapping[str, str]
    files: Mapping[str, UploadedFile[Any]]

    def close(self) -> None:
        """Let go of the temporary files."""
        for file in self.files.values():
            file.close()


class FormParser(BaseParser):
    """Raises Problem 413 for a large body, 400 for one that is not sound, and for card numbers in it."""

    media_type = "multipart/form-data"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """A Form."""
        request = (parser_context or {})["request"]
        meta = request.META | {"CONTENT_TYPE": media_type}
        if int(meta.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            raise Problem(
                status=413,
                type="invalid_request_error",
                code="request_too_large",
                message=f"A body with files has at most {LARGEST_BODY} bytes.",
            )
        handlers = [load_handler(name, request) for name in settings.FILE_UPLOAD_HANDLERS]
        try:
            texts, files = _Reader(meta, stream, handlers, "utf-8").parse()
        except MultiPartParserError as error:
            raise ParseError(str(error)) from None
        except UnfitFile as unfit:
            raise bad(None, unfit.code, unfit.message) from None
        try:
            return Form(texts=dict(_once(texts.lists())), files=dict(_once(files.lists())))
        except Problem:
            for _, found in files.lists():
                for file in found:
                    file.close()
            raise


class _Reader(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        check_name(file_name)
        return file_name


def _once(parts: Any) -> Iterator[tuple[str, Any]]:
    """Each name with what stands under it. Raises Problem for two under one, and for what is no text."""
    for name, found in parts:
        for text in (name, *found):
            text = text if isinstance(text, str) else text.name
            if _NO_TEXT.search(text):
                raise bad(
                    _printable(name), "control_characters", "The form holds control characters."
                )
            if contains_card_number(text):
                raise card_number_not_allowed(None if contains_card_number(name) else name[:100])
        if len(found) > 1:
            raise bad(_printable(name), "given_twice", "The form gives one name twice.")
        yield name, found[0]


def _printable(name: str) -> str | None:
    return _NO_TEXT.sub("?", name)[:100] or None
