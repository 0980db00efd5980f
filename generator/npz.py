"""NPZ files from anywhere: numbers and texts only, and no more of them than fit into memory."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from generator.memory import as_size, free_bytes


def read_npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file by name. Nothing in it is unpickled.

    Raises ValueError with the reason for a file that is no NPZ file, is damaged, holds objects, or would take more
    memory than there is: a small file can unpack to any size.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise ValueError("no archive of arrays; what is pickled is not read")
        with zipfile.ZipFile(path) as archive:
            refuse_beyond_memory(sum(member.file_size for member in archive.infolist()))
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except ValueError:
        raise
    except Exception as error:  # a damaged file makes its readers raise a dozen kinds, down to errors of syntax
        raise ValueError(str(error) or type(error).__name__) from error


def refuse_beyond_memory(n_bytes: int) -> None:
    """Raises ValueError when so many bytes are more than may be taken."""
    if n_bytes > free_bytes():
        raise ValueError(f"{as_size(n_bytes)} when unpacked, more than there is memory for")
