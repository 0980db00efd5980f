"""Seals: how a stored file shows that it is as it was written, so that not one flipped bit passes for a number."""

from __future__ import annotations

import hashlib
import re
import struct

KEY = b"seal"
END = b"\n}\n"
SEALED = re.compile(rb',\n  "([^"]{4})": "([^"]{64})"\n}\n\Z')
TAIL_BYTES = 90
ZIP_END = struct.pack("<H", 0)
"""The length of the comment at the end of a ZIP file that has none."""
END_RECORD, END_BYTES = b"PK\x05\x06", 22
"""How the record at the end of a ZIP file begins, and how long it is before the comment."""
DIGEST_BYTES = 64


def sealed(document: bytes) -> bytes:
    """A JSON document, an object that ends on a line of its own, with its own SHA-256 as one more key at its end."""
    return document.removesuffix(END) + b',\n  "%s": "%s"' % (KEY, _digest(document)) + END


def unsealed(content: bytes) -> bytes:
    """The document without its seal; as it is where it has none. Line ends count as one, however they are written.

    Raises ValueError when it is not as it was sealed.
    """
    content = content.replace(b"\r\n", b"\n")
    found = SEALED.search(content, max(0, len(content) - TAIL_BYTES))
    if not found:
        return content
    document = content[: found.start()] + END
    if found.groups() != (KEY, _digest(document)):
        raise ValueError("it is not as it was written")
    return document


def sealed_archive(archive: bytes, of: str = "") -> bytes:
    """A ZIP file, such as NPZ, with its own SHA-256 as its comment, and after it what the file belongs to."""
    about = of.encode()
    comment = _digest(archive + about) + about
    return archive.removesuffix(ZIP_END) + struct.pack("<H", len(comment)) + comment


def owner_of(archive: bytes) -> str:
    """What a ZIP file belongs to, as its seal says; empty where that says nothing, or where there is none.

    Raises ValueError when it is not as it was sealed.
    """
    place = archive.rfind(END_RECORD)
    comment = archive[place + END_BYTES :] if place >= 0 else b""
    if not comment:
        return ""
    if struct.unpack_from("<H", archive, place + END_BYTES - len(ZIP_END)) != (len(comment),):
        raise ValueError("it is not as it was written")
    seal, about = comment[:DIGEST_BYTES], comment[DIGEST_BYTES:]
    if seal != _digest(archive[: -len(comment) - len(ZIP_END)] + ZIP_END + about):
        raise ValueError("it is not as it was written")
    return about.decode()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
