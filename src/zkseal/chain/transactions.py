"""Transactions: prepared, signed, sent once, waited for, and priced higher if they wait too long.

A transaction is one of its account's nonces. Whatever goes wrong after it was signed, it is the same nonce that is sent
again or replaced, so that nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection, Fees
from zkseal.chain.contracts import Artifact
from zkseal.chain.failures import already_known, nonce_used, out_of_gas, reverted, underpriced
from zkseal.errors import ChainError, GasCapExceeded, NodeRefused, OutOfFunds, TransactionPending, TransactionReverted

__all__ = [
    "TRANSACTION_GAS_CAP",
    "Call",
    "Receipt",
    "Signed",
    "broadcast",
    "gas_for",
    "send",
    "settle",
    "sign",
    "transact",
]

TRANSACTION_GAS_CAP = 1 << 24
"""Most gas of one transaction since Osaka (EIP-7825)."""

GAS_MARGIN_PERCENT = 15
"""More gas than estimated: state may change before the transaction is mined. What is not used is not paid."""

WAIT_S = 300.0
POLL_S = 0.5
BUMP_AFTER_S = 45.0
BUMP_PERCENT = 20
"""Nodes want at least 10 % more of a transaction that replaces another."""

Receipt = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """What a transaction does.

    Attributes:
        to: address of the contract; None creates one.
        data: calldata, or creation code with constructor arguments.
        shown: for people: "ModelRegistry.storeProgram".
    """

    to: str | None
    data: bytes = field(repr=False)
    shown: str
    value_wei: int = 0

    def fields(self, sender: str) -> dict[str, Any]:
        """As fields of a transaction of `sender`."""
        fields: dict[str, Any] = {"from": sender, "data": f"0x{self.data.hex()}", "value": self.value_wei}
        return fields if self.to is None else fields | {"to": self.to}


@dataclass(frozen=True)
class Signed:
    """A signed transaction. `raw` is what is sent; whoever has it can send it, and nothing else."""

    raw: bytes = field(repr=False)
    hash: str
    nonce: int
    gas: int
    fees: Fees


def gas_for(connection: Connection, account: str, call: Call) -> int:
    """Gas limit for a call: what it uses now, and a margin.

    Raises:
        TransactionReverted: the contract would refuse it.
        GasCapExceeded: it needs more than one transaction may use.
        OutOfFunds: the account cannot pay the value.
    """
    try:
        estimate = connection.estimate_gas(call.fields(account), call.shown)
    except NodeRefused as error:
        if out_of_gas(error):
            raise _too_much_gas(call, TRANSACTION_GAS_CAP + 1) from error
        raise
    if estimate > TRANSACTION_GAS_CAP:
        raise _too_much_gas(call, estimate)
    return min(estimate * (100 + GAS_MARGIN_PERCENT) // 100, TRANSACTION_GAS_CAP)


def sign(connection: Connection, signer: Signer, call: Call, *, nonce: int, gas: int, fees: Fees) -> Signed:
    """Signs; nothing is sent."""
    fields = call.fields(signer.address) | fees.fields() | {"nonce": nonce, "gas": gas, "chainId": connection.chain_id}
    del fields["from"]
    raw, digest = signer.sign_transaction(fields)
    return Signed(raw, digest, nonce, gas, fees)


def broadcast(connection: Connection, signed: Signed, call: Call, account: str) -> None:
    """Hands a transaction to the node, again if it must be: that the node has it, or mined its nonce, is no error."""
    try:
        connection.broadcast(signed.raw, call.shown, account)
    except ChainError as error:
        if isinstance(error, OutOfFunds):
            raise _out_of_funds(connection, signed, call, account) from error
        if not (already_known(error) or nonce_used(error) or underpriced(error)):
            raise


def send(
    connection: Connection,
    signer: Signer,
    call: Call,
    *,
    on_signed: Callable[[Signed], None] | None = None,
    timeout_s: float = WAIT_S,
    bump_after_s: float = BUMP_AFTER_S,
) -> Receipt:
    """Sends a transaction and waits until it is mined; replaces it by one with a higher fee if it waits too long.

    Args:
        on_signed: told before the first is sent, so that it can be remembered.

    Raises:
        TransactionReverted, GasCapExceeded, OutOfFunds: see `gas_for`.
        TransactionPending: it was sent and is not mined in time; it may still be.
    """
    settle(connection, signer.address, timeout_s=timeout_s)
    nonce = connection.nonce(signer.address)
    gas = gas_for(connection, signer.address, call)
    signed = sign(connection, signer, call, nonce=nonce, gas=gas, fees=connection.fees())
    if on_signed is not None:
        on_signed(signed)
    broadcast(connection, signed, call, signer.address)
    sent, sent_at, started = [signed], time.monotonic(), time.monotonic()
    while True:
        for attempt in sent:
            receipt = connection.receipt(attempt.hash)
            if receipt is not None:
                return require_success(connection, receipt, call, signer.address)
        if time.monotonic() - started > timeout_s:
            raise _pending(signer.address, sent[-1].hash, timeout_s)
        if time.monotonic() - sent_at > bump_after_s:
            fees = connection.fees().at_least(sent[-1].fees.raised(BUMP_PERCENT))
            sent.append(sign(connection, signer, call, nonce=nonce, gas=gas, fees=fees))
            broadcast(connection, sent[-1], call, signer.address)
            sent_at = time.monotonic()
        time.sleep(POLL_S if time.monotonic() - started > POLL_S else POLL_S / 10)


def transact(
    connection: Connection,
    signer: Signer,
    contract: str | Artifact,
    address: str,
    function: str,
    *arguments: Any,
    value_wei: int = 0,
) -> Receipt:
    """Calls a function of a contract in a transaction, and waits until it is mined. Raises as `send`."""
    name = contract if isinstance(contract, str) else contract.name
    data = connection.encode(contract, function, *arguments)
    return send(connection, signer, Call(address, data, f"{name}.{function}", value_wei))


def require_success(connection: Connection, receipt: Receipt, call: Call, account: str) -> Receipt:
    """The receipt of a transaction that did what it should.

    Raises:
        TransactionReverted: it was mined and failed; with the contract's reason, if it fails again for the same.
    """
    if receipt["status"] == 1:
        return receipt
    transaction = f"0x{bytes(receipt['transactionHash']).hex()}"
    try:
        connection.replay(call.fields(account), call.shown, receipt["blockNumber"])
    except TransactionReverted as error:
        raise TransactionReverted(error.message, **error.fields | {"transaction": transaction}) from error
    raise reverted(call.shown, b"", fallback="no reason, perhaps too little gas", transaction=transaction)


def settle(connection: Connection, account: str, *, timeout_s: float = WAIT_S) -> None:
    """Waits until no transaction of the account waits: what an earlier run sent is then seen on the chain.

    Raises:
        TransactionPending: one still waits.
    """
    started = time.monotonic()
    while connection.nonce(account, "pending") > connection.nonce(account):
        if time.monotonic() - started > timeout_s:
            raise _pending(account, None, timeout_s)
        time.sleep(POLL_S)


def _too_much_gas(call: Call, gas: int) -> GasCapExceeded:
    return GasCapExceeded(
        f"{call.shown} needs {gas:,} gas or more; a transaction may use {TRANSACTION_GAS_CAP:,}. `zkseal chain gas` "
        "says what takes it.",
        what=call.shown,
        got=gas,
        cap=TRANSACTION_GAS_CAP,
    )


def _pending(account: str, transaction: str | None, timeout_s: float) -> TransactionPending:
    what = f"Transaction {transaction}" if transaction else "A transaction"
    return TransactionPending(
        f"{what} of {account} was sent and is not mined after {timeout_s:.0f} s. Run the command again: it goes on "
        "where this one stopped.",
        account=account,
        transaction=transaction,
        timeout_s=timeout_s,
    )


def _out_of_funds(connection: Connection, signed: Signed, call: Call, account: str) -> OutOfFunds:
    balance = connection.balance_wei(account)
    needed = signed.gas * signed.fees.max_fee_wei + call.value_wei
    return OutOfFunds(
        f"Account {account} has {balance / 10**18:.6g} ether; {call.shown} may take {needed / 10**18:.6g}. Send it "
        "some, or use another --keystore.",
        account=account,
        balance_wei=balance,
        needed_wei=needed,
    )
