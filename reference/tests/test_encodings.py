"""Chapter 1: Keccak, field, curve, generators, transcript."""

from __future__ import annotations

import hashlib
import random

import pytest

from zkseal_reference.curve import (
    ZERO,
    Q,
    add,
    add_affine,
    decode_compressed,
    decode_uncompressed,
    double,
    encode_compressed,
    encode_uncompressed,
    multi_scalar,
    multiply,
    to_affine,
)
from zkseal_reference.errors import NonCanonicalPoint, NonCanonicalScalar, NotOnCurve, WrongLength
from zkseal_reference.field import (
    P,
    bits,
    decode_scalar,
    encode_scalar,
    eq_index,
    eq_vector,
    evaluate_sparse,
)
from zkseal_reference.generators import SETUP_DIGEST, generator
from zkseal_reference.keccak import keccak256, sponge256
from zkseal_reference.transcript import LAMBDA, Transcript

SEED = random.Random(6)  # noqa: S311


@pytest.mark.parametrize("length", [0, 1, 135, 136, 137, 271, 272, 1000])
def test_the_sponge_is_that_of_sha3(length: int) -> None:
    data = SEED.randbytes(length)
    assert sponge256(data, 0x06) == hashlib.sha3_256(data).digest()


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak_has_the_original_padding(data: bytes, digest: str) -> None:
    assert keccak256(data).hex() == digest


def test_bits() -> None:
    assert [bits(n) for n in (1, 2, 3, 4, 5, 8, 9)] == [0, 1, 2, 2, 3, 3, 4]


def test_variable_0_is_the_most_significant_bit() -> None:
    a, b, c = 3, 5, 7
    vector = eq_vector([a, b, c])
    assert vector[0b100] == a * (1 - b) * (1 - c) % P
    assert vector == [eq_index(i, [a, b, c]) for i in range(8)]
    assert eq_index(8, [a, b, c]) == 0
    entries = {1: 10, 6: 20}
    assert evaluate_sparse(entries, [a, b, c]) == (10 * vector[1] + 20 * vector[6]) % P


def test_scalars() -> None:
    assert decode_scalar(encode_scalar(P - 1)) == P - 1
    with pytest.raises(NonCanonicalScalar):
        decode_scalar(P.to_bytes(32, "big"))
    with pytest.raises(WrongLength):
        decode_scalar(bytes(31))


def test_the_group_has_order_p_and_its_law_agrees_with_itself() -> None:
    point = generator(b"G", 3)
    assert point is not None
    order = ZERO
    for bit in bin(P)[2:]:
        order = double(order)
        order = add_affine(order, *point) if bit == "1" else order
    assert to_affine(order) is None
    one = (*point, 1)
    assert to_affine(add(one, one)) == to_affine(double(one)) == to_affine(add_affine(one, *point))
    assert to_affine(add(double(one), one)) == to_affine(add_affine(double(one), *point)) == multiply(3, point)
    minus = multiply(P - 1, point)
    assert minus == (point[0], Q - point[1])
    assert to_affine(add_affine(one, point[0], Q - point[1])) is None
    assert to_affine(add(one, (point[0], Q - point[1], 1))) is None


@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_multi_scalar_products(count: int) -> None:
    points = [generator(b"G", i) for i in range(count)]
    scalars = [SEED.choice([0, 1, P - 1, SEED.randrange(P), SEED.randrange(300), -SEED.randrange(300)]) for _ in points]
    total = ZERO
    for scalar, point in zip(scalars, points, strict=True):
        single = ZERO
        for bit in bin(scalar % P)[2:]:
            single = double(single)
            single = add_affine(single, *point) if bit == "1" and point else single
        total = add(total, single)
    assert multi_scalar(zip(scalars, points, strict=True)) == to_affine(total)


def test_points_survive_their_encodings() -> None:
    for i in range(8):
        point = multiply(P - 1 if i % 2 else 1, generator(b"G", i))
        assert decode_compressed(encode_compressed(point)) == point
        assert decode_uncompressed(encode_uncompressed(point)) == point
    assert decode_compressed(encode_compressed(None)) is None
    assert encode_compressed(None) == b"\x40" + bytes(31)
    assert decode_uncompressed(bytes(64)) is None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (Q.to_bytes(32, "big"), NonCanonicalPoint),
        ((Q | 1 << 255).to_bytes(32, "big"), NonCanonicalPoint),
        (b"\xc0" + bytes(31), NonCanonicalPoint),
        (b"\x40" + bytes(30) + b"\1", NonCanonicalPoint),
        ((4).to_bytes(32, "big"), NotOnCurve),
        (bytes(32), NotOnCurve),
        (bytes(31), WrongLength),
    ],
)
def test_bad_compressed_points(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_compressed(data)


def test_bad_uncompressed_points() -> None:
    x, y = generator(b"G", 0) or (0, 0)
    assert decode_uncompressed(x.to_bytes(32, "big") + y.to_bytes(32, "big")) == (x, y)
    for a, b, error in ((x + Q, y, NonCanonicalPoint), (x, y + Q, NonCanonicalPoint), (x, y + 1, NotOnCurve)):
        with pytest.raises(error):
            decode_uncompressed(a.to_bytes(32, "big") + b.to_bytes(32, "big"))
    with pytest.raises(WrongLength):
        decode_uncompressed(bytes(32))


def test_generators_follow_the_book() -> None:
    assert keccak256(b"zkseal generator v1") == SETUP_DIGEST
    ctr = 0
    found: list[int] = []
    while not found:
        d = keccak256(b"zkseal generator v1" + b"G" + (7).to_bytes(4, "big") + ctr.to_bytes(4, "big"))
        x = int.from_bytes(d, "big") % 2**254
        found = [y for y in square_roots(x) if y % 2 == d[0] >> 7] if x < Q else []
        ctr += 1
    assert generator(b"G", 7) == (x, found[0])
    assert len({generator(b"G", i) for i in range(20)} | {generator(b"H"), generator(b"U")}) == 22


def square_roots(x: int) -> list[int]:
    y = pow(x**3 + 3, (Q + 1) // 4, Q)
    return [y, Q - y] if (y * y - x**3 - 3) % Q == 0 else []


def test_the_transcript_follows_the_book() -> None:
    transcript = Transcript()
    transcript.absorb("label", b"data")
    state = keccak256(b"zkseal transcript v1")
    state = keccak256(state + b"\x00\x05label" + (4).to_bytes(8, "big") + b"data")
    state = keccak256(state + b"\x01\x04beta")
    assert transcript.challenge("beta") == int.from_bytes(state, "big") % P
    state = keccak256(state + b"\x01\x05ipa x")
    a, b = int.from_bytes(state[:8], "big"), int.from_bytes(state[8:16], "big")
    assert transcript.challenge128("ipa x") == (a + LAMBDA * b) % P


def test_lambda_is_a_cube_root_of_unity_and_short_challenges_are_distinct() -> None:
    assert LAMBDA != 1
    assert pow(LAMBDA, 3, P) == 1
    a, b = (P, 0), (-LAMBDA % P, 1)  # a basis of {(a, b): a + lambda b = 0}, reduced by Gauss
    while True:
        if a[0] ** 2 + a[1] ** 2 < b[0] ** 2 + b[1] ** 2:
            a, b = b, a
        product, norm = a[0] * b[0] + a[1] * b[1], b[0] ** 2 + b[1] ** 2
        k = (2 * product + norm) // (2 * norm)
        if k == 0:
            break
        a = (a[0] - k * b[0], a[1] - k * b[1])
    assert b[0] ** 2 + b[1] ** 2 > (2**126) ** 2
