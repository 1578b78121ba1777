"""A connection to one chain through a JSON-RPC node: what the rest of this package asks of it, and nothing more.

Addresses are checksummed text, hashes hexadecimal text with 0x, amounts wei, times Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from eth_utils.address import (
    is_checksum_address,
    is_checksum_formatted_address,
    is_hex_address,
    to_checksum_address,
)
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, TransactionNotFound
from web3.logs import DISCARD
from web3.middleware import ExtraDataToPOAMiddleware

from zkseal.chain.contracts import Artifact, artifact
from zkseal.chain.failures import mapped, shown_url
from zkseal.errors import NodeUnreachable, NotForChain, WrongChain

__all__ = ["Block", "Connection", "Fees", "address_of", "connect"]

TIMEOUT_S = 30.0
"""Seconds until a request that is not answered fails."""

LOG_BLOCKS = 2_000
"""Blocks asked for in one request for events: hosted nodes refuse many more."""

Tag = int | str


@dataclass(frozen=True)
class Block:
    """Head of a block. `base_fee_wei` is None on chains without EIP-1559."""

    number: int
    hash: str
    timestamp: int
    base_fee_wei: int | None


@dataclass(frozen=True)
class Fees:
    """Price of a unit of gas. Without a tip it is a legacy gas price."""

    max_fee_wei: int
    tip_wei: int | None

    def raised(self, percent: int) -> Fees:
        """At least `percent` more, as nodes want it of a replacement."""
        tip = None if self.tip_wei is None else self.tip_wei * (100 + percent) // 100 + 1
        return Fees(self.max_fee_wei * (100 + percent) // 100 + 1, tip)

    def at_least(self, other: Fees) -> Fees:
        """The higher of both, part by part."""
        tip = None if self.tip_wei is None or other.tip_wei is None else max(self.tip_wei, other.tip_wei)
        return Fees(max(self.max_fee_wei, other.max_fee_wei), tip)

    def fields(self) -> dict[str, int]:
        """As fields of a transaction."""
        if self.tip_wei is None:
            return {"gasPrice": self.max_fee_wei}
        return {"maxFeePerGas": self.max_fee_wei, "maxPriorityFeePerGas": min(self.tip_wei, self.max_fee_wei)}


@dataclass(frozen=True)
class Connection:
    """A chain and the node that is asked about it. Every method raises as `failures.mapped` does."""

    chain_id: int
    web3: Web3 = field(repr=False)
    url: str = field(repr=False)

    # Contracts. -------------------------------------------------------------------------------------------------------

    def contract(self, name: str | Artifact, address: str) -> Any:
        """web3.py's object for a contract of this release (or of a given artifact) at an address."""
        known = artifact(name) if isinstance(name, str) else name
        return self.web3.eth.contract(address=to_checksum_address(address), abi=known.abi)

    def encode(self, name: str | Artifact, function: str, *arguments: Any) -> bytes:
        """Calldata of a function."""
        known = artifact(name) if isinstance(name, str) else name
        contract = self.web3.eth.contract(abi=known.abi)
        return bytes(HexBytes(contract.encode_abi(function, args=arguments)))

    def call(
        self,
        name: str | Artifact,
        address: str,
        function: str,
        *arguments: Any,
        sender: str | None = None,
        block: Tag = "latest",
    ) -> Any:
        """What a function returns, without a transaction.

        Args:
            sender: who calls; nobody if left out.
            block: number, or a tag of JSON-RPC.
        """
        shown = f"{name if isinstance(name, str) else name.name}.{function}"
        options: dict[str, Any] = {} if sender is None else {"from": sender}
        with self._mapped(shown):
            return self.contract(name, address).functions[function](*arguments).call(options, block_identifier=block)

    def events(
        self, name: str, address: str, event: str, first: int, last: int, **filters: Any
    ) -> Iterator[Mapping[str, Any]]:
        """Decoded events of blocks `first` to `last`, in order; filters are indexed parameters (a list means any)."""
        source = self.contract(name, address).events[event]()
        for start in range(first, last + 1, LOG_BLOCKS):
            with self._mapped(f"{name}.{event}"):
                end = min(last, start + LOG_BLOCKS - 1)
                found = source.get_logs(argument_filters=filters or None, from_block=start, to_block=end)
            yield from found

    def events_in(self, name: str, event: str, receipt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Arguments of the events of a receipt that this contract's interface knows."""
        known = self.web3.eth.contract(abi=artifact(name).abi).events[event]()
        return [entry["args"] for entry in known.process_receipt(receipt, errors=DISCARD)]

    # State. -----------------------------------------------------------------------------------------------------------

    def block(self, tag: Tag = "latest") -> Block | None:
        """The head of a block; None for one that does not exist."""
        with self._mapped("eth_getBlock"):
            try:
                found: Mapping[str, Any] = self.web3.eth.get_block(tag)  # type: ignore[arg-type]
            except BlockNotFound:
                return None
        return Block(found["number"], _hex(found["hash"]), found["timestamp"], found.get("baseFeePerGas"))

    def head(self) -> Block:
        """The latest block."""
        block = self.block()
        if block is None:
            raise NodeUnreachable(
                f"The node at {shown_url(self.url)} has no block yet. Wait until it has synchronized.",
                url=shown_url(self.url),
                reason="no block",
            )
        return block

    def code(self, address: str, block: Tag = "latest") -> bytes:
        """The code at an address; empty if there is none."""
        with self._mapped("eth_getCode"):
            return bytes(self.web3.eth.get_code(to_checksum_address(address), block))  # type: ignore[arg-type]

    def code_made_by(self, creation: bytes) -> bytes:
        """The code that creation code leaves, immutable values filled in. Nothing is sent."""
        with self._mapped("eth_call"):
            return bytes(self.web3.eth.call({"data": HexBytes(creation)}))

    def code_hash(self, address: str, block: Tag = "latest") -> str | None:
        """keccak256 of the code at an address; None if there is none."""
        code = self.code(address, block)
        return f"0x{keccak(code).hex()}" if code else None

    def balance_wei(self, account: str) -> int:
        """Wei that an account has."""
        with self._mapped("eth_getBalance"):
            return int(self.web3.eth.get_balance(to_checksum_address(account)))

    def nonce(self, account: str, block: Tag = "latest") -> int:
        """Transactions of an account up to a block; "pending" counts those that wait, too."""
        with self._mapped("eth_getTransactionCount"):
            return int(self.web3.eth.get_transaction_count(to_checksum_address(account), block))  # type: ignore[arg-type]

    # Transactions. ----------------------------------------------------------------------------------------------------

    def fees(self) -> Fees:
        """What gets a transaction into one of the next blocks: twice the base fee, and the tip that the node names."""
        base = self.head().base_fee_wei
        with self._mapped("eth_gasPrice"):
            if base is None:
                return Fees(int(self.web3.eth.gas_price), None)
            tip = int(self.web3.eth.max_priority_fee)
        return Fees(2 * base + tip, tip)

    def estimate_gas(self, transaction: Mapping[str, Any], call: str) -> int:
        """Gas that a transaction would use now; raises as it would fail."""
        with self._mapped(call, account=str(transaction["from"])):
            return int(self.web3.eth.estimate_gas(dict(transaction)))  # type: ignore[arg-type]

    def replay(self, transaction: Mapping[str, Any], call: str, block: Tag) -> None:
        """Raises as the transaction fails on the state of `block`."""
        with self._mapped(call):
            self.web3.eth.call(dict(transaction), block)  # type: ignore[arg-type]

    def broadcast(self, raw: bytes, call: str, account: str) -> None:
        """Hands a signed transaction to the node."""
        with self._mapped(call, account=account):
            self.web3.eth.send_raw_transaction(HexBytes(raw))

    def receipt(self, transaction: str) -> Mapping[str, Any] | None:
        """The receipt of a mined transaction; None while it waits, or if the node does not know it."""
        with self._mapped("eth_getTransactionReceipt"):
            try:
                return self.web3.eth.get_transaction_receipt(HexBytes(transaction))
            except TransactionNotFound:
                return None

    def _mapped(self, call: str, account: str | None = None) -> AbstractContextManager[None]:
        return mapped(self.url, call, chain_id=self.chain_id, account=account)


def connect(url: str, *, chain_id: int | None = None, timeout_s: float = TIMEOUT_S) -> Connection:
    """Connects to a node.

    Args:
        url: http or https URL of its JSON-RPC interface.
        chain_id: the chain that it has to be of; any if left out.

    Raises:
        NodeUnreachable, NodeRefused: there is no node at the URL.
        WrongChain: it is of another chain.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise NodeUnreachable(
            f"'{shown_url(url)}' is no http or https URL. Give --rpc the URL of a JSON-RPC node: http://127.0.0.1:8545",
            url=shown_url(url),
            reason="scheme",
        )
    # Waiting and trying again is decided by the caller, who knows what may be sent twice.
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None)
    web3 = Web3(provider)
    web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    with mapped(url, "eth_chainId"):
        got = int(web3.eth.chain_id)
    if chain_id is not None and got != chain_id:
        raise WrongChain(
            f"The node at {shown_url(url)} is of chain {got}, not {chain_id}. Check --rpc and --chain-id.",
            expected=chain_id,
            got=got,
        )
    return Connection(got, web3, url)


def address_of(text: str) -> str:
    """An address in its checksummed form.

    Raises:
        NotForChain: it is none, or its checksum is wrong.
    """
    mistyped = is_checksum_formatted_address(text) and not is_checksum_address(text)
    if mistyped or not text.startswith("0x") or not is_hex_address(text):
        raise NotForChain(
            f"'{text}' is no address, or its checksum is wrong. An address is 0x and 40 hexadecimal digits.",
            reason="address",
        )
    return str(to_checksum_address(text))


def _hex(data: Any) -> str:
    return f"0x{bytes(data).hex()}"
