"""Chapter 1: the group G1 of BN254, its two point encodings, and a multi-scalar product.

A point is `(x, y)`, the identity is None. Sums run in Jacobian coordinates (X, Y, Z), x = X/Z^2, y = Y/Z^3; Z = 0 is
the identity.
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import NonCanonicalPoint, NotOnCurve, WrongLength
from .field import P

Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
COMPRESSED_BYTES = 32
UNCOMPRESSED_BYTES = 64
ODD_BIT = 1 << 255
IDENTITY_BIT = 1 << 254

Point = tuple[int, int] | None
Jacobian = tuple[int, int, int]

ZERO: Jacobian = (1, 1, 0)


# Group law


def double(a: Jacobian) -> Jacobian:
    """2 a (dbl-2009-l, a = 0)."""
    x, y, z = a
    b = y * y % Q
    c = b * b % Q
    d = 2 * ((x + b) * (x + b) - x * x - c) % Q
    e = 3 * x * x % Q
    x3 = (e * e - 2 * d) % Q
    return x3, (e * (d - x3) - 8 * c) % Q, 2 * y * z % Q


def add(a: Jacobian, b: Jacobian) -> Jacobian:
    """a + b (add-2007-bl, with its exceptions)."""
    x1, y1, z1 = a
    x2, y2, z2 = b
    if z1 == 0:
        return b
    if z2 == 0:
        return a
    z1z1, z2z2 = z1 * z1 % Q, z2 * z2 % Q
    u1, s1 = x1 * z2z2 % Q, y1 * z2 * z2z2 % Q
    h = (x2 * z1z1 - u1) % Q
    r = (y2 * z1 * z1z1 - s1) % Q
    if h == 0:
        return double(a) if r == 0 else ZERO
    hh = h * h % Q
    hhh = h * hh % Q
    v = u1 * hh % Q
    x3 = (r * r - hhh - 2 * v) % Q
    return x3, (r * (v - x3) - s1 * hhh) % Q, z1 * z2 * h % Q


def add_affine(a: Jacobian, x2: int, y2: int) -> Jacobian:
    """a + (x2, y2): the same with z2 = 1."""
    x1, y1, z1 = a
    if z1 == 0:
        return x2, y2, 1
    zz = z1 * z1 % Q
    h = (x2 * zz - x1) % Q
    r = (y2 * z1 * zz - y1) % Q
    if h == 0:
        return double(a) if r == 0 else ZERO
    hh = h * h % Q
    hhh = h * hh % Q
    v = x1 * hh % Q
    x3 = (r * r - hhh - 2 * v) % Q
    return x3, (r * (v - x3) - y1 * hhh) % Q, z1 * h % Q


def to_affine(a: Jacobian) -> Point:
    """The point (x, y), or None for the identity."""
    x, y, z = a
    if z == 0:
        return None
    z_inverse = pow(z, -1, Q)
    zz = z_inverse * z_inverse % Q
    return x * zz % Q, y * zz * z_inverse % Q


def multiply(scalar: int, point: Point) -> Point:
    """scalar * point."""
    return multi_scalar([(scalar, point)])


def multi_scalar(terms: Iterable[tuple[int, Point]]) -> Point:
    """sum of scalar * point by Pippenger's method with signed windows."""
    small: list[tuple[int, int, int]] = []
    for scalar, point in terms:
        k = scalar % P
        if k == 0 or point is None:
            continue
        x, y = point
        small.append((P - k, x, Q - y) if k > P // 2 else (k, x, y))
    if not small:
        return None
    window = max(2, len(small).bit_length() - 2)
    count = max(k for k, _, _ in small).bit_length() // window + 1
    columns: list[list[tuple[int, int, int]]] = [[] for _ in range(count)]
    for k, x, y in small:
        for column, digit in enumerate(signed_digits(k, window, count)):
            if digit > 0:
                columns[column].append((digit, x, y))
            elif digit < 0:
                columns[column].append((-digit, x, Q - y))
    total = ZERO
    for terms_of_column in reversed(columns):
        for _ in range(window):
            total = double(total)
        total = add(total, bucket_sum(terms_of_column, window))
    return to_affine(total)


def signed_digits(k: int, window: int, count: int) -> list[int]:
    """`count` digits of k to the base 2^window, each in (-2^(window-1), 2^(window-1)], least significant first."""
    digits, half, base = [], 1 << (window - 1), 1 << window
    for _ in range(count):
        digit = k & (base - 1)
        if digit > half:
            digit -= base
        digits.append(digit)
        k = (k - digit) >> window
    return digits


def bucket_sum(terms: list[tuple[int, int, int]], window: int) -> Jacobian:
    """sum of digit * (x, y) over terms with digits in 1 .. 2^(window-1)."""
    buckets = [ZERO] * ((1 << (window - 1)) + 1)
    for digit, x, y in terms:
        buckets[digit] = add_affine(buckets[digit], x, y)
    running = total = ZERO
    for bucket in reversed(buckets[1:]):
        running = add(running, bucket)
        total = add(total, running)
    return total


# Encodings


def square_root(x: int) -> int | None:
    """A y with y^2 = x in F_q (q = 3 mod 4), or None."""
    y = pow(x, (Q + 1) // 4, Q)
    return y if y * y % Q == x % Q else None


def encode_uncompressed(point: Point) -> bytes:
    """x || y; 64 zero bytes for the identity."""
    x, y = point or (0, 0)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def decode_uncompressed(data: bytes) -> Point:
    """The point of 64 bytes."""
    if len(data) != UNCOMPRESSED_BYTES:
        raise WrongLength(f"an uncompressed point has {UNCOMPRESSED_BYTES} bytes, got {len(data)}")
    x, y = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")
    if (x, y) == (0, 0):
        return None
    if x >= Q or y >= Q:
        raise NonCanonicalPoint("coordinate is not below q")
    if y * y % Q != (x * x * x + 3) % Q:
        raise NotOnCurve("(x, y) is not on the curve")
    return x, y


def encode_compressed(point: Point) -> bytes:
    """x with the parity of y in bit 255; bit 254 alone for the identity."""
    if point is None:
        return IDENTITY_BIT.to_bytes(COMPRESSED_BYTES, "big")
    x, y = point
    return (x | (ODD_BIT if y & 1 else 0)).to_bytes(COMPRESSED_BYTES, "big")


def decode_compressed(data: bytes) -> Point:
    """The point of 32 bytes."""
    if len(data) != COMPRESSED_BYTES:
        raise WrongLength(f"a compressed point has {COMPRESSED_BYTES} bytes, got {len(data)}")
    value = int.from_bytes(data, "big")
    if value == IDENTITY_BIT:
        return None
    x = value & (IDENTITY_BIT - 1)
    if value & IDENTITY_BIT or x >= Q:
        raise NonCanonicalPoint("x is not below q, or the identity bit is set beside others")
    y = square_root((x * x * x + 3) % Q)
    if y is None:
        raise NotOnCurve("no point has this x")
    return x, (y if (y & 1) == bool(value & ODD_BIT) else Q - y)
