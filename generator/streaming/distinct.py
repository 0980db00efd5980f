"""Which texts of a long list are the same, by 64-bit digests in files, a part of all digests in memory at a time.

Two of n different texts share a digest with a probability of about n²/2⁶⁵: 3 in a million for ten million texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from generator.measures.index import IntArray

Digests = npt.NDArray[np.uint64]
CountArray = npt.NDArray[np.uint32]

PART = 1 << 21
"""About how many digests are compared at a time."""
CHUNK = 1 << 20


def digests_of(texts: Iterable[str]) -> Digests:
    """A number of 64 bits for each text, (n,)."""
    # A text may hold half a surrogate pair, which UTF-8 has no bytes for, before it is found to be faulty.
    encoded = (text.encode(errors="surrogatepass") for text in texts)
    joined = b"".join(hashlib.blake2b(each, digest_size=8).digest() for each in encoded)
    return np.frombuffer(joined, dtype="<u8")


def parts(file: Path, size: int = PART) -> Iterator[tuple[Digests, IntArray]]:
    """The digests of a file and their places in it, a part of about ``size`` after the other.

    Parts ascend, so that equal digests are in the same part; within a part places ascend.
    """
    n = file.stat().st_size // 8
    bits = max(0, int(np.ceil(np.log2(max(n, 1) / size))))
    for part in range(1 << bits):
        values, places = [], []
        for start in range(0, n, CHUNK):
            some = np.fromfile(file, dtype="<u8", count=CHUNK, offset=8 * start)
            mine = np.flatnonzero(some >> np.uint64(64 - bits) == part) if bits else np.arange(len(some))
            values.append(some[mine])
            places.append(mine + start)
        if values:
            yield np.concatenate(values), np.concatenate(places)


def uses(digests: Path, cells: Path) -> tuple[npt.NDArray[np.bool_], CountArray]:
    """For each of n digests: whether it stands there for the first time, and how many cells it fills in all.

    Args:
        digests: a file of n numbers of 64 bits.
        cells: a file of n numbers of 32 bits, how many cells each of them fills where it stands.
    """
    served = np.fromfile(cells, dtype="<u4")
    first = np.zeros(len(served), dtype=np.bool_)
    for values, places in parts(digests):
        _, earliest, inverse = np.unique(values, return_index=True, return_inverse=True)
        first[places[earliest]] = True
        # In place: no place is in two parts.
        served[places] = np.bincount(inverse, weights=served[places])[inverse]
    return first, served
