"""The universal verifier in an EVM without a chain (pyrevm), and its arguments as bytes that a test may change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from pyrevm import EVM, AccountInfo

from zkseal.chain.contracts import artifact, decode_revert

VERIFY = "verify(address,bytes,bytes,bytes,bytes)"
HEAD_WORDS = 5
"""Of the arguments of verify: an address, four offsets."""

GAS = 10_000_000
CALLER = "0x" + "11" * 20
FORK = "OSAKA"


@dataclass(frozen=True)
class Answer:
    """What a call ended in: "accepted", the name of a Solidity error with its arguments, "reverted" without any."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    returned: bytes = field(default=b"", compare=False, repr=False)


ACCEPTED, REVERTED = Answer("accepted"), Answer("reverted")


@dataclass(frozen=True)
class Arguments:
    """Arguments of verify beside the program, in the encoding of the chain."""

    context: bytes
    public: bytes
    commitments: bytes
    proof: bytes

    def changed(self, **parts: bytes) -> Arguments:
        """The same but for some."""
        return replace(self, **parts)

    def calldata(self, program: str) -> bytes:
        """Arguments of the call, as every library encodes them."""
        parts = [program, self.context, self.public, self.commitments, self.proof]
        return selector(VERIFY) + encode(["address", "bytes", "bytes", "bytes", "bytes"], parts)


PARTS = ("context", "public", "commitments", "proof")


def place(calldata: bytes, part: str) -> int:
    """Where the bytes of a part begin in calldata."""
    head = 4 + 32 * (1 + PARTS.index(part))
    return 4 + int.from_bytes(calldata[head : head + 32], "big") + 32


def selector(signature: str) -> bytes:
    return bytes(keccak(text=signature)[:4])


class Machine:
    """An EVM that holds the verifier, and programs as the code of accounts."""

    def __init__(self, fork: str = FORK) -> None:
        self.evm = EVM(spec_id=fork)
        self.verifier = self.evm.deploy(CALLER, artifact("ZksealVerifier").bytecode)
        self.programs: dict[bytes, str] = {}

    def install(self, program: bytes) -> str:
        """Address of a program, which is put there as it is."""
        if program not in self.programs:
            address = "0x" + (0x5A4B0000 + len(self.programs)).to_bytes(20, "big").hex()
            self.evm.insert_account_info(address, AccountInfo(code=program))
            self.programs[program] = address
        return self.programs[program]

    def call(self, calldata: bytes, gas: int = GAS) -> Answer:
        """Calls the verifier. Anything but an answer or a revert is an error of the test."""
        try:
            returned = self.evm.message_call(CALLER, self.verifier, calldata=calldata, gas=gas, is_static=True)
        except RuntimeError as error:
            found = re.fullmatch(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}", str(error))
            if found is None:
                raise
            data = bytes.fromhex(found[1])
            named = decode_revert(data)
            assert named is not None or not data, f"an error that the ABI does not have: {data.hex()}"
            return REVERTED if named is None else Answer(*named)
        return Answer("accepted", returned=bytes(returned))

    def verify(self, program: bytes, arguments: Arguments) -> Answer:
        """Calls verify."""
        return self.call(arguments.calldata(self.install(program)))

    @property
    def gas_used(self) -> int:
        """Of the last call, as a transaction."""
        return int(self.evm.result.gas_used)


@cache
def machine() -> Machine:
    """One for all tests: verify changes nothing."""
    return Machine()


def public_values(values: list[int]) -> bytes:
    """As contracts take them; nothing where a model has none."""
    return encode(["int256[]"], [values]) if values else b""
