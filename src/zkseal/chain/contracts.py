"""The contracts as this release knows them: interfaces (ABI) and creation code, read from `artifacts/`.

Users have no Solidity compiler. `make chain-artifacts` writes the folder from contracts/, and a test says when it is
not current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

__all__ = ["CONTRACTS", "Artifact", "artifact", "decode_revert"]

CONTRACTS = (
    "ZksealVerifier",
    "ModelRegistry",
    "InferenceVerifier",
    "AttestedKeyRegistry",
    "InferenceOracle",
    "InferenceFeed",
    "CreditScore",
    "LoanDesk",
    "AgentGovernor",
    "StrategyVault",
    "TradingHook",
    "ZksealValidator",
)
"""Contracts in the wheel, in an order in which they can be deployed."""

_BUILT_IN = ("Error(string)", "Panic(uint256)")
"""Solidity's own errors: `require` with a text, and failed assertions."""


@dataclass(frozen=True)
class Artifact:
    """One compiled contract. `bytecode` is its creation code, without constructor arguments."""

    name: str
    abi: list[dict[str, Any]] = field(repr=False)
    bytecode: bytes = field(repr=False)

    @property
    def constructor_inputs(self) -> list[dict[str, Any]]:
        """Parameters of the constructor, in order, as the ABI has them."""
        inputs: list[dict[str, Any]] = next((e["inputs"] for e in self.abi if e["type"] == "constructor"), [])
        return inputs

    def creation(self, *arguments: Any) -> bytes:
        """Creation code with constructor arguments, structs as tuples.

        Raises:
            eth_abi.exceptions.EncodingError: they are too few, too many, or of another type.
        """
        return self.bytecode + encode([collapse_if_tuple(entry) for entry in self.constructor_inputs], arguments)

    @staticmethod
    def from_json(text: str) -> Artifact:
        """Reads what scripts/chain_artifacts.py wrote."""
        document = json.loads(text)
        return Artifact(document["contract"], document["abi"], bytes.fromhex(document["bytecode"].removeprefix("0x")))


@cache
def artifact(name: str) -> Artifact:
    """The artifact of one of `CONTRACTS`."""
    folder = resources.files("zkseal.chain") / "artifacts"
    return Artifact.from_json((folder / f"{name}.json").read_text())


def decode_revert(data: bytes) -> tuple[str, dict[str, Any]] | None:
    """Name and arguments of the Solidity error in revert data; None if it is none that these contracts know."""
    known = _errors().get(data[:4])
    if known is None:
        return None
    name, parameters = known
    try:
        values = decode([kind for _, kind in parameters], data[4:])
    except (DecodingError, OverflowError):
        return None
    return name, {parameter: value for (parameter, _), value in zip(parameters, values, strict=True)}


@cache
def _errors() -> Mapping[bytes, tuple[str, tuple[tuple[str, str], ...]]]:
    """Selector -> name, parameters (name, type) of every error of every contract."""
    found: dict[bytes, tuple[str, tuple[tuple[str, str], ...]]] = {}
    for name, parameters in _declared():
        signature = f"{name}({','.join(kind for _, kind in parameters)})"
        found[keccak(text=signature)[:4]] = name, parameters
    return found


def _declared() -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    for signature in _BUILT_IN:
        name, _, kind = signature.removesuffix(")").partition("(")
        yield name, (("reason", kind),)
    for contract in CONTRACTS:
        for entry in artifact(contract).abi:
            if entry["type"] == "error":
                parameters = enumerate(entry["inputs"])
                yield entry["name"], tuple((p["name"] or f"arg{i}", collapse_if_tuple(p)) for i, p in parameters)
