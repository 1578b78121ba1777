"""Chapter 1: G2 and the pairing."""

from __future__ import annotations

import pytest

from zkseal_reference.curve import Q, multiply
from zkseal_reference.errors import IdentityPoint, NonCanonicalPoint, NotOnCurve, WrongLength
from zkseal_reference.extension import ONE12, XI, inverse2, multiply2, multiply12, power12, sparse12
from zkseal_reference.field import P
from zkseal_reference.kzg import GENERATOR, setup_digest
from zkseal_reference.pairing import G2, add_twisted, decode_g2, encode_g2, multiply_twisted, product_is_one

from .points import OUTSIDE_G2

A, B = 0x1234567890ABCDEF1234567890ABCDEF, 0xFEDCBA0987654321


def words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def test_the_extension_is_a_field_with_its_subfield() -> None:
    w = [0, 1, *[0] * 10]
    assert power12(w, 6) == sparse12([(0, XI)])
    a, b = (3, Q - 7), (5, 11)
    embedded = multiply12(sparse12([(0, a)]), sparse12([(0, b)]))
    assert embedded == sparse12([(0, multiply2(a, b))])
    assert multiply2(a, inverse2(a)) == (1, 0)
    assert list(power12(list(range(1, 13)), Q**12 - 1)) == list(ONE12)


def test_the_group_law_of_the_twist() -> None:
    three = multiply_twisted(3, G2)
    assert add_twisted(add_twisted(G2, G2), G2) == three
    assert multiply_twisted(P, G2) is None
    assert multiply_twisted(P + 1, G2) == G2
    assert add_twisted(None, G2) == add_twisted(G2, None) == G2
    assert multiply_twisted(0, G2) is None


def test_the_pairing_is_bilinear_and_not_degenerate() -> None:
    left, right = multiply(A, GENERATOR), multiply_twisted(B, G2)
    assert right is not None
    assert product_is_one([(left, right), (multiply(-A * B, GENERATOR), G2)])
    assert product_is_one([(left, G2), (multiply(A - 1, GENERATOR), G2), (multiply(1 - 2 * A, GENERATOR), G2)])
    assert not product_is_one([(left, right), (multiply(1 - A * B, GENERATOR), G2)])
    assert not product_is_one([(GENERATOR, G2)])
    assert not product_is_one([(left, right), (multiply(-A * B, GENERATOR), right)])


def test_the_identity_pairs_to_one() -> None:
    assert product_is_one([])
    assert product_is_one([(None, G2)])
    assert not product_is_one([(None, G2), (GENERATOR, G2)])


def test_the_precompile_vector_of_eip_197() -> None:
    """`jeff1` of go-ethereum's bn256Pairing.json: two pairs whose product is one."""
    data = bytes.fromhex(JEFF1)
    pairs = []
    for at in range(0, len(data), 192):
        x, y = int.from_bytes(data[at : at + 32], "big"), int.from_bytes(data[at + 32 : at + 64], "big")
        pairs.append(((x, y), decode_g2(data[at + 64 : at + 192])))
    assert product_is_one(pairs)
    assert not product_is_one([pairs[0], (pairs[1][0], pairs[0][1])])


JEFF1 = (
    "1c76476f4def4bb94541d57ebba1193381ffa7aa76ada664dd31c16024c43f59"
    "3034dd2920f673e204fee2811c678745fc819b55d3e9d294e45c9b03a76aef41"
    "209dd15ebff5d46c4bd888e51a93cf99a7329636c63514396b4a452003a35bf7"
    "04bf11ca01483bfa8b34b43561848d28905960114c8ac04049af4b6315a41678"
    "2bb8324af6cfc93537a2ad1a445cfd0ca2a71acd7ac41fadbf933c2a51be344d"
    "120a2a4cf30c1bf9845f20c6fe39e07ea2cce61f0c9bb048165fe5e4de877550"
    "111e129f1cf1097710d41c4ac70fcdfa5ba2023c6ff1cbeac322de49d1b6df7c"
    "2032c61a830e3c17286de9462bf242fca2883585b93870a73853face6a6bf411"
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)


# Encoding


def test_points_of_g2_survive_their_bytes() -> None:
    for scalar in (1, 2, A):
        point = multiply_twisted(scalar, G2)
        assert point is not None
        assert decode_g2(encode_g2(point)) == point
    assert encode_g2(G2)[:4].hex() == "198e9393"  # the imaginary part of x comes first


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", WrongLength),
        (encode_g2(G2) + b"\0", WrongLength),
        (bytes(128), IdentityPoint),
        (words(1, 1, 1, 1), NotOnCurve),
        (OUTSIDE_G2, NotOnCurve),
        *[(words(*[0] * k, Q, *[0] * (3 - k)), NonCanonicalPoint) for k in range(4)],
        (encode_g2(G2)[32:64] + encode_g2(G2)[:32] + encode_g2(G2)[64:], NotOnCurve),
    ],
)
def test_other_bytes_are_no_point_of_g2(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_g2(data)


def test_the_digest_names_the_point() -> None:
    two = multiply_twisted(2, G2)
    assert two is not None
    assert setup_digest(two) != setup_digest(G2)
