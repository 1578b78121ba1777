"""Files: single, versioned, digest-checked, and whole or not there.

============  ========================================================================
`atomic`      writing in one step; a full disk and Ctrl-C leave everything as it was
`container`   named sections behind one table of digests
`arrays`      integer arrays, used in place from the mapped file
`kinds`       the kinds: compiled model, proving key, verifying key, receipt, opening; keys of segments
`graphs`      graph, calibration, options, accuracy as plain data
`models`      compiled models
`keys`        proving keys
`segments`    keys of models in segments, and of either kind
`statements`  verifying keys, receipts, openings
`ceremonies`  powers of tau, in the formats of others
============  ========================================================================

Dependency position: stores what `pipeline`, `proving` and `receipts` make; `cli` and services use it.
"""

import os
from collections.abc import Callable
from typing import Any

from zkseal.files.atomic import together
from zkseal.files.ceremonies import load_srs
from zkseal.files.container import FileKind, identify
from zkseal.files.keys import load_proving_key, proving_key_in, save_proving_key
from zkseal.files.kinds import (
    COMPILED,
    KINDS,
    OPENING,
    PROVING_KEY,
    RECEIPT,
    SEGMENT_KEY,
    SEGMENTED_PROVING_KEY,
    SEGMENTED_VERIFYING_KEY,
    VERIFYING_KEY,
)
from zkseal.files.models import load_model, save_model
from zkseal.files.segments import (
    drop_stale_segments,
    load_any_proving_key,
    load_any_verifying_key,
    load_segment_key,
    load_segmented_proving_key,
    load_segmented_verifying_key,
    save_any_proving_key,
    save_any_verifying_key,
    segment_files,
    segmented_head_in,
)
from zkseal.files.statements import (
    load_opening,
    load_receipt,
    load_verifying_key,
    save_opening,
    save_receipt,
    save_verifying_key,
)

__all__ = [
    "COMPILED",
    "KINDS",
    "OPENING",
    "PROVING_KEY",
    "RECEIPT",
    "SEGMENTED_PROVING_KEY",
    "SEGMENTED_VERIFYING_KEY",
    "SEGMENT_KEY",
    "VERIFYING_KEY",
    "FileKind",
    "drop_stale_segments",
    "identify",
    "load",
    "load_any_proving_key",
    "load_any_verifying_key",
    "load_model",
    "load_opening",
    "load_proving_key",
    "load_receipt",
    "load_segment_key",
    "load_segmented_proving_key",
    "load_segmented_verifying_key",
    "load_srs",
    "load_verifying_key",
    "proving_key_in",
    "save_any_proving_key",
    "save_any_verifying_key",
    "save_model",
    "save_opening",
    "save_proving_key",
    "save_receipt",
    "save_verifying_key",
    "segment_files",
    "segmented_head_in",
    "together",
]

_LOADERS: dict[bytes, Callable[[str | os.PathLike[str]], Any]] = {
    COMPILED.code: load_model,
    PROVING_KEY.code: load_proving_key,
    VERIFYING_KEY.code: load_verifying_key,
    RECEIPT.code: load_receipt,
    OPENING.code: load_opening,
    SEGMENT_KEY.code: load_segment_key,
    SEGMENTED_PROVING_KEY.code: load_segmented_proving_key,
    SEGMENTED_VERIFYING_KEY.code: load_segmented_verifying_key,
}


def load(path: str | os.PathLike[str]) -> tuple[FileKind, Any]:
    """The kind and the contents of any zkseal file. Raises `FileUnavailable`, `DecodeError`."""
    kind = identify(path, KINDS)
    return kind, _LOADERS[kind.code](path)
