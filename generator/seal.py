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
ZIP_SEAL = struct.Struct("<H64s")


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


def sealed_archive(archive: bytes) -> bytes:
    """A ZIP file, such as NPZ, with its own SHA-256 as its comment."""
    return archive.removesuffix(ZIP_END) + ZIP_SEAL.pack(ZIP_SEAL.size - len(ZIP_END), _digest(archive))


def refuse_broken(archive: bytes) -> None:
    """Raises ValueError when a ZIP file has a comment, and that is not its SHA-256."""
    if archive.endswith(ZIP_END):
        return
    body = archive[: -ZIP_SEAL.size] + ZIP_END
    if archive[-ZIP_SEAL.size :] != ZIP_SEAL.pack(ZIP_SEAL.size - len(ZIP_END), _digest(body)):
        raise ValueError("it is not as it was written")


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
