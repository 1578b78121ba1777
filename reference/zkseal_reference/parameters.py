"""Chapter 3, "Parameters": the 37 bytes that a key fixes and every transcript starts with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .errors import InvalidParameters, UnknownVersion
from .generators import SETUP_DIGEST

PARAMETERS_BYTES = 37
MIN_C, MAX_C = 4, 16
MAX_LANES = 8


class LookupArgument(IntEnum):
    """How lookups are proved (chapter 4)."""

    TREE = 0
    HELPER = 1


class Opening(IntEnum):
    """How the combined row is opened (chapter 6)."""

    IPA = 0
    KZG = 1


@dataclass(frozen=True)
class Parameters:
    """The 37 bytes that every transcript starts with: rows of C = 2^c entries, and what a key chooses."""

    c: int
    argument: LookupArgument = LookupArgument.TREE
    lanes: int = 1
    opening: Opening = Opening.IPA
    setup_digest: bytes = SETUP_DIGEST

    def encode(self) -> bytes:
        return bytes([1, self.c, self.argument, self.lanes, self.opening]) + self.setup_digest

    @property
    def row_length(self) -> int:
        return 1 << self.c


def decode_parameters(data: bytes) -> Parameters:
    """u8(1) u8(c) u8(lookup argument) u8(lanes) u8(opening) setup digest; the digest is compared by `key`."""
    if len(data) != PARAMETERS_BYTES:
        raise InvalidParameters(f"parameters have {PARAMETERS_BYTES} bytes, got {len(data)}")
    if data[0] != 1:
        raise UnknownVersion(f"parameters of version {data[0]}: this verifier knows 1")
    if not MIN_C <= data[1] <= MAX_C:
        raise InvalidParameters(f"c = {data[1]} is not in {MIN_C} .. {MAX_C}")
    if data[2] not in list(LookupArgument) or data[4] not in list(Opening):
        raise InvalidParameters(f"unknown lookup argument {data[2]} or opening {data[4]}")
    argument, opening = LookupArgument(data[2]), Opening(data[4])
    if not 1 <= data[3] <= (MAX_LANES if argument == LookupArgument.HELPER else 1):
        raise InvalidParameters(f"{data[3]} lanes: the tree has 1, the helper argument 1 .. {MAX_LANES}")
    return Parameters(data[1], argument, data[3], opening, data[5:])
