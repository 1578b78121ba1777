"""Arrays from files: calibration samples and inputs.

`.npz` holds arrays by input name; `.npy` one array; `.json` an object of nested lists by input name, or one nested
list; `.csv` one table of numbers, with or without a line of headings. One array without a name belongs to a model's
only input.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.json_text import parse_json
from zkseal.pipeline import Samples

__all__ = ["UNNAMED", "by_input", "read_arrays"]

UNNAMED = ""
"""The name of an array in a file that holds a single array without a name."""

_NPY_PREFIX = "arr_"


def read_arrays(path: str | Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file, by name. Nothing in the file is executed: pickled objects are refused.

    Raises:
        FileUnavailable: the file cannot be read.
        InvalidEncoding: it holds no numbers in one of the four forms.
    """
    file = Path(path)
    readers = {".npz": _npz, ".npy": _npy, ".json": _json, ".csv": _csv}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise InvalidEncoding(
            f"'{file}' ends in '{file.suffix}'; arrays are read from {', '.join(readers)}.",
            path=str(file),
            reason="suffix",
        )
    try:
        arrays = reader(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot read '{file}': {reason}.", path=str(file), reason=reason) from error
    except (ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InvalidEncoding(
            f"'{file}' holds no arrays of numbers: {error}.", path=str(file), reason="form"
        ) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or array.size == 0:
            raise InvalidEncoding(
                f"Array '{name}' of '{file}' is empty or of type {array.dtype}, which is no number.",
                path=str(file),
                reason="dtype",
            )
    return arrays


def by_input(arrays: Mapping[str, npt.NDArray[Any]]) -> Samples:
    """Arrays of a file as the pipeline takes them: by input name, or one that belongs to the only input."""
    return arrays[UNNAMED] if set(arrays) == {UNNAMED} else dict(arrays)


def _npz(path: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(path, allow_pickle=False) as archive:
        if not isinstance(archive, Mapping):
            raise ValueError("not an archive of arrays")
        arrays = {str(name): np.asarray(archive[name]) for name in archive}
    if len(arrays) == 1 and next(iter(arrays)).startswith(_NPY_PREFIX):
        return {UNNAMED: next(iter(arrays.values()))}
    return arrays


def _npy(path: Path) -> dict[str, npt.NDArray[Any]]:
    return {UNNAMED: np.asarray(np.load(path, allow_pickle=False))}


def _json(path: Path) -> dict[str, npt.NDArray[Any]]:
    value = parse_json(path.read_bytes())
    named = value if isinstance(value, dict) else {UNNAMED: value}
    return {name: np.asarray(entry) for name, entry in named.items()}


def _csv(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open(newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if rows and not _numbers(rows[0]):
        rows = rows[1:]
    return {UNNAMED: np.asarray([[float(cell) for cell in row] for row in rows])}


def _numbers(row: list[str]) -> bool:
    try:
        [float(cell) for cell in row]
    except ValueError:
        return False
    return True
