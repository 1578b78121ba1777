"""Deployment: contracts with their constructor arguments, each once, and where they are in the address book.

What comes first is what the others need: verifier, registry, inference verifier. An argument that names no value takes
it from the deployment itself: `registry_` is the ModelRegistry of the book, `owner_` the account that deploys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import EncodingError
from eth_utils.address import to_checksum_address
from web3.types import Nonce
from web3.utils.address import get_create_address

from zkseal.chain.accounts import Signer
from zkseal.chain.address_book import AddressBook, Entry
from zkseal.chain.connection import Connection, address_of
from zkseal.chain.contracts import CONTRACTS, Artifact, artifact
from zkseal.chain.transactions import Call, Signed, send, settle
from zkseal.errors import NotForChain

__all__ = ["CORE", "Deployed", "constructor_arguments", "create", "deploy"]

CORE = ("ZksealVerifier", "ModelRegistry", "InferenceVerifier", "InferenceOracle", "CreditScore")
"""Contracts that need nothing but one another."""

DEPLOYER = "deployer"
"""Stands for the account that deploys, where an address is expected."""

_DEFAULTS: dict[str, str | bool] = {
    "verifier_": "ZksealVerifier",
    "registry_": "ModelRegistry",
    "inferenceVerifier_": "InferenceVerifier",
    "inferenceVerifier": "InferenceVerifier",
    "gate_": "CreditScore",
    "owner_": DEPLOYER,
    "guardian_": DEPLOYER,
    "anySetup_": False,
}
"""What arguments are that nobody names. A registry takes models whose powers of tau are of a published ceremony."""

Parameters = Mapping[str, Any]
"""Constructor arguments by name: numbers, text, addresses (0x.. or a name of the book), objects for structs."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Deployed:
    """A contract that is there. `gas_used` is 0 for one that was there before."""

    name: str
    address: str
    gas_used: int


def deploy(
    connection: Connection,
    signer: Signer,
    book: AddressBook,
    parameters: Mapping[str, Parameters] | None = None,
    *,
    contracts: Iterable[str] = CORE,
    progress: Progress | None = None,
) -> list[Deployed]:
    """Deploys contracts that the book does not have, and writes each into it at once.

    A run that was interrupted is simply run again: what the book has, with its code on the chain, stays; a creation
    that was sent is waited for.

    Args:
        parameters: constructor arguments by contract, for those that need some. A name may carry a label to have
            several of a kind: "LoanDesk@usdc".
        contracts: what to deploy besides those in `parameters`.

    Raises:
        NotForChain: an unknown contract, or arguments that do not fit its constructor.
        ChainError: see `transactions.send`.
    """
    given = dict(parameters or {})
    names = [*dict.fromkeys(contracts), *(name for name in given if name not in set(contracts))]
    for name in names:
        if kind_of(name) not in CONTRACTS or kind_of(name) == "InferenceFeed":
            raise NotForChain(
                f"There is no contract '{name}' to deploy. There are: {', '.join(CONTRACTS)}. Feeds are made by the "
                "oracle: InferenceOracle.createFeed.",
                reason="contract",
            )
    settle(connection, signer.address)
    done = []
    for name in sorted(names, key=lambda name: CONTRACTS.index(kind_of(name))):
        if progress is not None:
            progress(name)
        done.append(_deploy_one(connection, signer, book, name, given.get(name, {})))
    return done


def kind_of(name: str) -> str:
    """The contract that a name of the book is of: what stands before its label."""
    return name.partition("@")[0]


def _deploy_one(
    connection: Connection, signer: Signer, book: AddressBook, name: str, parameters: Parameters
) -> Deployed:
    entry = book.entry(connection.chain_id, name)
    if entry is not None:
        code_hash = connection.code_hash(entry.address)
        if code_hash is not None and entry.code_hash in (None, code_hash):
            if entry.code_hash is None:
                _complete(connection, book, name, entry, code_hash)
            return Deployed(name, entry.address, 0)
    arguments = constructor_arguments(connection, signer, book, artifact(kind_of(name)), parameters)

    def remember(signed: Signed) -> None:
        address = created_address(signer.address, signed.nonce)
        book.write(connection.chain_id, name, Entry(address, signed.hash))

    address, receipt = create(connection, signer, artifact(kind_of(name)), *arguments, on_signed=remember)
    code_hash = connection.code_hash(address)
    transaction = f"0x{bytes(receipt['transactionHash']).hex()}"
    book.write(connection.chain_id, name, Entry(address, transaction, code_hash, receipt["blockNumber"]))
    return Deployed(name, address, receipt["gasUsed"])


def _complete(connection: Connection, book: AddressBook, name: str, entry: Entry, code_hash: str) -> None:
    """The rest of an entry whose creation was sent by a run that was interrupted."""
    receipt = connection.receipt(entry.transaction)
    block = receipt["blockNumber"] if receipt is not None else None
    book.write(connection.chain_id, name, Entry(entry.address, entry.transaction, code_hash, block))


def create(
    connection: Connection,
    signer: Signer,
    contract: Artifact,
    *arguments: Any,
    on_signed: Callable[[Signed], None] | None = None,
) -> tuple[str, Mapping[str, Any]]:
    """Creates a contract with constructor arguments, structs as tuples; returns its address and the receipt.

    Raises:
        NotForChain: the arguments do not fit.
        ChainError: see `transactions.send`.
    """
    try:
        code = contract.creation(*arguments)
    except EncodingError as error:
        raise _unfit(contract.name, f"an argument is of the wrong type or size ({error})") from error
    receipt = send(connection, signer, Call(None, code, f"{contract.name} (creation)"), on_signed=on_signed)
    return str(to_checksum_address(receipt["contractAddress"])), receipt


def created_address(creator: str, nonce: int) -> str:
    """The address of what an account creates with its transaction of this nonce."""
    return str(get_create_address(to_checksum_address(creator), Nonce(nonce)))


def constructor_arguments(
    connection: Connection, signer: Signer, book: AddressBook, contract: Artifact, parameters: Parameters
) -> list[Any]:
    """Constructor arguments in order, structs as tuples.

    Raises:
        NotForChain: one is missing or unknown.
        NotDeployed: one names a contract that is not there.
    """
    known = {entry["name"] for entry in contract.constructor_inputs}
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise _unfit(contract.name, f"it has no parameter {unknown}; it has {sorted(known)}")

    def value_of(entry: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        name = entry["name"]
        value = given.get(name, _DEFAULTS.get(name))
        if entry["type"] == "tuple":
            if not isinstance(value, Mapping):
                raise _unfit(contract.name, f"parameter '{name}' has to be an object")
            return tuple(value_of(part, value) for part in entry["components"])
        if value is None:
            raise _unfit(contract.name, f"parameter '{name}' ({entry['type']}) is missing")
        if entry["type"] != "address":
            return value
        if value == DEPLOYER:
            return signer.address
        return address_of(value) if str(value).startswith("0x") else book.address(connection, str(value))

    return [value_of(entry, parameters) for entry in contract.constructor_inputs]


def _unfit(contract: str, reason: str) -> NotForChain:
    return NotForChain(
        f"The arguments of {contract} do not fit: {reason}. contracts/src/{contract}.sol describes them.",
        reason="constructor arguments",
    )
