"""The kinds of files. A format that changes gets the next version; docs/decisions/file-format.md."""

from __future__ import annotations

from zkseal.files.container import FileKind

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
]

# Compiled models and proving keys hold the weights, openings hold inputs: they are for their owner's eyes.
COMPILED = FileKind(b"CMPL", "compiled model", ".zkc", 1, ("head", "relation", "directory", "arrays"), secret=True)
PROVING_KEY = FileKind(
    b"PKEY",
    "proving key",
    ".zkp",
    3,
    ("head", "program", "verifying key", "blindings", "powers", "directory", "arrays"),
    secret=True,
)
VERIFYING_KEY = FileKind(b"VKEY", "verifying key", ".zkv", 1, ("verifying key",))
RECEIPT = FileKind(b"RCPT", "receipt", ".zkr", 1, ("receipt",))
# A model in segments: the keys of its segments, which workers load one by one, and what holds them together.
SEGMENT_KEY = FileKind(b"SEGK", "proving key of a segment", ".zks", 1, PROVING_KEY.sections, secret=True)
SEGMENTED_PROVING_KEY = FileKind(
    b"SPKY", "proving key in segments", ".zkp", 1, ("head", "program", "verifying key", "segments"), secret=True
)
SEGMENTED_VERIFYING_KEY = FileKind(b"SVKY", "verifying key in segments", ".zkv", 1, ("verifying key",))
OPENING = FileKind(b"OPEN", "opening", ".zko", 1, ("head", "directory", "arrays"), secret=True)

KINDS = (
    COMPILED,
    PROVING_KEY,
    VERIFYING_KEY,
    RECEIPT,
    OPENING,
    SEGMENT_KEY,
    SEGMENTED_PROVING_KEY,
    SEGMENTED_VERIFYING_KEY,
)
