"""The encodings that are hashed, against those of eth_abi and of eth_account, which other people wrote."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from eth_abi.abi import encode as eth_encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from zkseal.errors import NotForChain
from zkseal.evm.abi import encode, keccak256
from zkseal.evm.statement import decode_public_values, public_values
from zkseal.evm.typed_data import Domain, Struct

pytestmark = pytest.mark.native

ADDRESS = "0x" + "Ab" * 20

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uint256": st.integers(0, 2**256 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "uint8": st.integers(0, 255),
    "address": st.binary(min_size=20, max_size=20).map(lambda data: f"0x{data.hex()}"),
    "bytes32": st.binary(min_size=32, max_size=32),
    "string": st.text(max_size=70),
    "int64[]": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
}
TYPED = st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind]))


@given(st.lists(TYPED, max_size=6))
def test_encodings_are_those_of_another_library(pairs: list[tuple[str, Any]]) -> None:
    kinds, values = [kind for kind, _ in pairs], [value for _, value in pairs]
    assert encode(kinds, values) == eth_encode(kinds, values)


@given(st.binary(max_size=300))
def test_the_hash_is_that_of_another_library(data: bytes) -> None:
    assert keccak256(data) == keccak(data)


@given(st.text(max_size=40), st.integers(0, 2**256 - 1), st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_digests_of_typed_data_are_those_of_another_library(name: str, chain_id: int, number: int, word: bytes) -> None:
    fields = (("who", "address"), ("what", "bytes32"), ("when", "uint64"))
    domain = {"name": name, "version": "1", "chainId": chain_id, "verifyingContract": ADDRESS}
    types = {"Some": [{"name": field, "type": kind} for field, kind in fields]}
    message = encode_typed_data(domain, types, {"who": ADDRESS, "what": word, "when": number})
    expected = keccak(b"\x19" + message.version + message.header + message.body)
    assert Struct("Some", fields).digest(Domain(name, "1", chain_id, ADDRESS), (ADDRESS, word, number)) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint64", 2**64),
        ("uint8", -1),
        ("uint256", True),
        ("address", "0x12"),
        ("address", b"\x12" * 20),
        ("bytes32", bytes(31)),
        ("int64[]", [2**63]),
        ("int64[]", [True]),
        ("bytes", b""),
        ("uint", 1),
    ],
)
def test_what_is_none_of_its_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(NotForChain):
        encode([kind], [value])


@given(VALUES["int64[]"])
def test_public_values_come_back(values: list[int]) -> None:
    assert decode_public_values(public_values(values)) == values


@given(VALUES["int64[]"].filter(bool), st.data())
def test_public_values_have_one_encoding(values: list[int], data: st.DataObject) -> None:
    encoded = bytearray(public_values(values))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(NotForChain):
        assert public_values(decode_public_values(bytes(encoded))) == bytes(encoded)
    for cut in (encoded[:-1], encoded + b"\0", encoded[:64]):
        with pytest.raises(NotForChain):
            decode_public_values(bytes(cut))
