"""Chapter 1: the field F, multilinear polynomials, the scalar encoding.

Field elements are ints in [0, P). Variable 0 of a point is the most significant index bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .errors import NonCanonicalScalar, WrongLength

P = 21888242871839275222246405745257275088548364400416034343698204186575808495617
HALF = (P + 1) // 2
SCALAR_BYTES = 32


def bits(n: int) -> int:
    """The least k with 2^k >= n; bits(1) = bits(0) = 0."""
    return (n - 1).bit_length() if n > 1 else 0


def inverse(x: int) -> int:
    """1 / x for x != 0."""
    return pow(x, -1, P)


def eq_vector(point: Sequence[int]) -> list[int]:
    """eq(point, i) for i = 0 .. 2^len(point) - 1."""
    vector = [1]
    for r in point:
        vector = [x for a in vector for x in ((a - a * r) % P, a * r % P)]
    return vector


def eq_point(x: Sequence[int], y: Sequence[int]) -> int:
    """eq(x, y) at two points."""
    value = 1
    for a, b in zip(x, y, strict=True):
        value = value * (a * b + (1 - a) * (1 - b)) % P
    return value


def eq_index(index: int, point: Sequence[int]) -> int:
    """eq(point, index) at one index; 0 if the index needs more bits than the point has coordinates."""
    if index >> len(point):
        return 0
    value = 1
    for r in reversed(point):
        value = value * (r if index & 1 else 1 - r) % P
        index >>= 1
    return value


def evaluate_sparse(entries: Mapping[int, int], point: Sequence[int]) -> int:
    """The MLE, at `point`, of the vector that has these entries and is zero elsewhere (last variable bound first)."""
    current = dict(entries)
    for r in reversed(point):
        folded: dict[int, int] = {}
        for index, value in current.items():
            part = value * (r if index & 1 else 1 - r)
            folded[index >> 1] = (folded.get(index >> 1, 0) + part) % P
        current = folded
    return current.get(0, 0) % P


def encode_scalar(x: int) -> bytes:
    """32 bytes, big-endian."""
    return (x % P).to_bytes(SCALAR_BYTES, "big")


def decode_scalar(data: bytes) -> int:
    """The scalar of 32 bytes; values from p on are refused."""
    if len(data) != SCALAR_BYTES:
        raise WrongLength(f"a scalar has {SCALAR_BYTES} bytes, got {len(data)}")
    value = int.from_bytes(data, "big")
    if value >= P:
        raise NonCanonicalScalar("scalar is not below p")
    return value
