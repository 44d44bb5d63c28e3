"""Which files may be evidence: known by their bytes, small enough, and harmlessly named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

#: How a file of each type begins, and what its name may end in.
SIGNATURES = {
    "application/pdf": (b"%PDF-", (".pdf",)),
    "image/jpeg": (b"\xff\xd8\xff", (".jpg", ".jpeg")),
    "image/png": (b"\x89PNG\r\n\x1a\n", (".png",)),
}
ENDINGS = {ending for _, endings in SIGNATURES.values() for ending in endings}
LONGEST_NAME = 100  # Characters.
LARGEST_IN_ALL = 20_000_000  # Bytes of all files of a dispute together.

#: Names of devices, which a Windows that saves the file would open instead.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
#: What looks like one more ending before the last: "invoice.exe.pdf". Numbers and words are none: "No. 12.pdf".
_ENDING_WITHIN = re.compile(r"\.[a-z0-9]*[a-z][a-z0-9]*\.[^.]*$", re.IGNORECASE)
_FORBIDDEN = frozenset('/\\:*?"<>|')
#: Unicode's categories of what is not to be seen: controls, formats (right-to-left marks), surrogates, private use,
#: what is not assigned, and separators of lines and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class UnfitFile(ValueError):
    """It may not be evidence. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_name(name: str) -> None:
    """Raises UnfitFile for a name that says one thing and is another, or reaches where it should not."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise _unsafe(f"A file's name has 1 to {LONGEST_NAME} characters.")
    if any(unicodedata.category(letter) in _UNSEEN for letter in name):
        raise _unsafe("A file's name holds no control characters and no invisible ones.")
    if _FORBIDDEN & set(name) or ".." in name:
        raise _unsafe("A file's name is no path, and holds none of / \\ : * ? \" < > |.")
    if name.startswith((".", " ", "-")) or name.endswith((".", " ")) or _DEVICE.fullmatch(name):
        raise _unsafe("That is no name for a file.")
    if not name.lower().endswith(tuple(ENDINGS)) or name.count(".") == 0:
        raise _unsafe(f"A file's name ends in one of {', '.join(sorted(ENDINGS))}.")
    if _ENDING_WITHIN.search(name) or not name.rpartition(".")[0].strip():
        raise _unsafe("A file's name has one ending.")


def media_type_of(head: bytes, name: str, *, taken: Collection[str]) -> str:
    """What the file is by its first bytes, which its name must agree with.

    `taken` are the types that the PSP takes. Raises UnfitFile.
    """
    found = next(
        (kind for kind, (signature, _) in SIGNATURES.items() if head.startswith(signature)), None
    )
    if found is None or found not in taken:
        types = sorted(set(taken) & set(SIGNATURES))
        raise UnfitFile("unsupported_file_type", f"This PSP takes {', '.join(types)}.")
    if not name.lower().endswith(SIGNATURES[found][1]):
        raise UnfitFile("file_type_mismatch", f"The file is {found}; its name says otherwise.")
    return found


def check_size(size: int, *, largest: int) -> None:
    """`largest` is the PSP's limit in bytes. Raises UnfitFile."""
    if size == 0:
        raise UnfitFile("file_empty", "The file is empty.")
    if size > largest:
        raise UnfitFile("file_too_large", f"This PSP takes files of at most {largest} bytes.")


def _unsafe(message: str) -> UnfitFile:
    return UnfitFile("unsafe_file_name", message)
