"""Sending answers: every request has one nonce until the chain has used it.

A transaction is stored before it is sent. While its nonce is unused it is sent again as it is, or replaced under the
same nonce with a higher fee; only when the nonce was used by something that did not answer (a transaction that failed,
or one of another hand) does the request get another.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from eth_utils.crypto import keccak

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Block, Connection, Fees
from zkseal.chain.oracle.log import Log
from zkseal.chain.oracle.store import OPEN, Proof, QueuedRequest, SentTransaction, Store
from zkseal.chain.oracle.watch import ORACLE
from zkseal.chain.request import Mode
from zkseal.chain.transactions import BUMP_PERCENT, Call, broadcast, gas_for, sign

__all__ = ["Sender"]

VOID_GAS = 21_000

MAX_FAILURES = 3
"""Transactions of a request that may be mined and fail before it is given up: each costs gas."""


@dataclass
class Sender:
    """Sends answers from one account, which nobody else should use.

    Attributes:
        bump_after_s: seconds after which a waiting transaction is replaced by one with a higher fee.
        max_fee_wei: highest price of a unit of gas; a transaction that would need more waits.
    """

    connection: Connection
    signer: Signer
    store: Store
    log: Log
    oracle: str
    payee: str
    bump_after_s: float
    max_fee_wei: int | None = None

    def send(self, request: QueuedRequest, proof: Proof, head: Block) -> None:
        """Sends a request's answer, or sends it again, or replaces it: whatever is due.

        Raises:
            ChainError: the node or the contract refuses it now.
        """
        used = self.connection.nonce(self.signer.address, head.number)
        call = self.answer_call(request, proof)
        waiting = self.store.transactions(request_id=request.request_id, from_nonce=used)
        if not waiting:
            outcomes = self._outcomes(request)
            if outcomes.count(0) >= MAX_FAILURES:
                self.store.set_state(request.request_id, "refused", reason="TransactionReverted")
                self.log.event("refused", request_id=request.request_id, reason="TransactionReverted")
            elif 1 not in outcomes:  # else what was read before is older than our answer
                self._send_first(request, call, used)
            return
        last = waiting[-1]
        if last.content != request.content or not last.answers or time.time() - last.signed_at > self.bump_after_s:
            self._replace(request, call, last, answers=True)
        else:
            self._resend(last, call)

    def clear(self, head: Block) -> None:
        """Uses up the lowest waiting nonce if its request needs no answer any more, so that it holds up no other."""
        used = self.connection.nonce(self.signer.address, head.number)
        lowest = [entry for entry in self.store.transactions(from_nonce=used) if entry.signed.nonce == used]
        if not lowest:
            return
        last = lowest[-1]
        request = self.store.request(last.request_id)
        if request is None or (request.state == OPEN and request.content == last.content):
            return
        call = Call(self.signer.address, b"", "an empty transaction")
        if last.answers and time.time() - last.signed_at > self.bump_after_s:
            self._replace(request, call, last, answers=False)
        elif not last.answers:
            self._resend(last, call)

    def answer_call(self, request: QueuedRequest, proof: Proof) -> Call:
        """The transaction that answers."""
        said = (request.request_id, self.payee, proof.output)
        function, arguments = {
            Mode.ZK: ("answer", (*said, proof.commitments, proof.proof)),
            Mode.TEE: ("answerAttested", (*said, keccak(proof.commitments), proof.attestation)),
            Mode.TEE_AND_ZK: ("answerBoth", (*said, proof.commitments, proof.proof, proof.attestation)),
        }[request.mode]
        return Call(self.oracle, self.connection.encode(ORACLE, function, *arguments), f"{ORACLE}.{function}")

    def _outcomes(self, request: QueuedRequest) -> list[int]:
        """Status of every mined transaction that was to answer this very request: 1 did, 0 failed."""
        ours = self.store.transactions(request_id=request.request_id)
        matching = [entry for entry in ours if entry.answers and entry.content == request.content]
        receipts = [self.connection.receipt(entry.signed.hash) for entry in matching]
        return [int(receipt["status"]) for receipt in receipts if receipt is not None]

    def _send_first(self, request: QueuedRequest, call: Call, used: int) -> None:
        gas = gas_for(self.connection, self.signer.address, call)
        waiting = self.store.transactions(from_nonce=used)
        nonce = max([used, *(entry.signed.nonce + 1 for entry in waiting)])
        self._sign_and_send(request, call, nonce, gas, self._limited(self.connection.fees()), "sent", answers=True)

    def _replace(self, request: QueuedRequest, call: Call, last: SentTransaction, *, answers: bool) -> None:
        gas = gas_for(self.connection, self.signer.address, call) if answers else VOID_GAS
        fees = self._limited(self.connection.fees().at_least(last.signed.fees.raised(BUMP_PERCENT)))
        if fees.max_fee_wei <= last.signed.fees.max_fee_wei and last.answers == answers:
            self._resend(last, call)  # at the limit
            return
        self._sign_and_send(request, call, last.signed.nonce, gas, fees, "replaced", answers=answers)

    def _sign_and_send(
        self, request: QueuedRequest, call: Call, nonce: int, gas: int, fees: Fees, event: str, *, answers: bool
    ) -> None:
        signed = sign(self.connection, self.signer, call, nonce=nonce, gas=gas, fees=fees)
        self.store.add_transaction(SentTransaction(request.request_id, request.content, answers, signed, time.time()))
        self.log.event(event, request_id=request.request_id, transaction=signed.hash, nonce=nonce, gas=gas)
        broadcast(self.connection, signed, call, self.signer.address)

    def _resend(self, last: SentTransaction, call: Call) -> None:
        """Hands it to the node again, which may have forgotten it, or lost it in a reorganization."""
        broadcast(self.connection, last.signed, call, self.signer.address)

    def _limited(self, fees: Fees) -> Fees:
        if self.max_fee_wei is None or fees.max_fee_wei <= self.max_fee_wei:
            return fees
        return Fees(self.max_fee_wei, None if fees.tip_wei is None else min(fees.tip_wei, self.max_fee_wei))
