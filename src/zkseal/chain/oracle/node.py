"""The node: one loop of steps, each of which may be the last.

A step reads the head, takes new requests, looks at every unfinished one as it stands in that block, sends what is
proved, and proves at most one. All that it knows is in the store and on the chain.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Block, Connection
from zkseal.chain.oracle.answers import ServedModel
from zkseal.chain.oracle.log import Log, told
from zkseal.chain.oracle.sending import Sender
from zkseal.chain.oracle.store import ANSWERED, OPEN, Proof, QueuedRequest, Store
from zkseal.chain.oracle.watch import content_on_chain, scan
from zkseal.chain.request import RequestStatus, read_request
from zkseal.errors import (
    ChainError,
    Interrupted,
    NotForChain,
    OutOfFunds,
    ProofRejected,
    QuantizationError,
    ResourceLimit,
    WitnessError,
    ZksealError,
)

__all__ = ["Node", "NodeOptions"]

ANSWER_GAS = 150_000
"""Gas of an answer besides verifying its evidence: what the oracle stores, credits and logs."""

HOPELESS = (WitnessError, QuantizationError, ProofRejected, NotForChain)
"""Errors of proving that another attempt does not change: the request is refused."""


@dataclass(frozen=True)
class NodeOptions:
    """How the node works.

    Attributes:
        start_block: first block with requests.
        depth: blocks after which an answer is final, and that are read again.
        poll_s: seconds between steps.
        bump_after_s: seconds after which a waiting transaction is replaced.
        max_backoff_s: most seconds between two attempts.
        metrics_s: seconds between two lines of metrics.
        max_fee_wei: highest price of a unit of gas.
        at_a_loss: also answer requests whose fee does not pay for the gas. Else anyone could spend the account's ether.
    """

    start_block: int = 0
    depth: int = 32
    poll_s: float = 2.0
    bump_after_s: float = 60.0
    max_backoff_s: float = 120.0
    metrics_s: float = 60.0
    max_fee_wei: int | None = None
    at_a_loss: bool = False


class Node:
    """Answers requests to one oracle from one account."""

    def __init__(
        self,
        connection: Connection,
        signer: Signer,
        store: Store,
        log: Log,
        models: Mapping[int, ServedModel],
        *,
        oracle: str,
        verifier: str,
        payee: str | None = None,
        options: NodeOptions | None = None,
    ) -> None:
        """A node.

        Args:
            models: by model id.
            oracle, verifier: addresses of InferenceOracle and its InferenceVerifier.
            payee: who earns the fees; the signer's account if left out.
        """
        self.connection, self.store, self.log, self.models = connection, store, log, models
        self.oracle, self.verifier, self.payee = oracle, verifier, payee or signer.address
        self.options = options or NodeOptions()
        self.account = signer.address
        self.sender = Sender(
            connection, signer, store, log, oracle, self.payee, self.options.bump_after_s, self.options.max_fee_wei
        )
        self.stopping = threading.Event()

    def stop(self) -> None:
        """Asks the loop to end after what it is doing; a proof in the making is given up."""
        self.stopping.set()

    def run(self, *, once: bool = False) -> None:
        """Steps until `stop` is called; with `once`, until no request is left that could be answered now.

        While the chain does not answer, or the disk is full, it waits longer and longer; it never gives up.
        """
        self.log.event("started", account=self.account, payee=self.payee, models=[hex(m) for m in self.models])
        failures, told_at = 0, time.monotonic()
        while not self.stopping.is_set():
            busy = False
            try:
                busy = self.step()
                failures = 0
                if once and not self._work_left():
                    break
            except (ChainError, ResourceLimit) as error:
                failures += 1
                self.log.event("step_failed", **told(error))
            except Interrupted:
                break
            if time.monotonic() - told_at > self.options.metrics_s:
                self.tell_metrics()
                told_at = time.monotonic()
            if not busy:
                self.stopping.wait(min(self.options.poll_s * 2 ** min(failures, 20), self.options.max_backoff_s))
        self.tell_metrics()
        self.log.event("stopped")

    def step(self) -> bool:
        """One round; tells whether it proved something, so that there is more to do at once.

        Raises:
            ChainError: the chain cannot be read.
            Interrupted: stopped while proving.
        """
        options, head = self.options, self.connection.head()
        scan(
            self.connection,
            self.oracle,
            self.store,
            self.log,
            head,
            models=self.models.keys(),
            start_block=options.start_block,
            depth=options.depth,
        )
        pending = [request for request in self.store.unfinished() if self._is_pending(request, head)]
        due = [request for request in pending if request.retry_at <= time.time()]
        for request in due:
            if request.proof is not None:
                self._attempt(request, partial(self.sender.send, proof=request.proof, head=head))
        self.sender.clear(head)
        unproved = [request for request in due if request.proof is None and self._serves(request)]
        if unproved:
            self._attempt(min(unproved, key=lambda request: (request.deadline, request.request_id)), self._prove)
        return bool(unproved)

    def tell_metrics(self) -> None:
        """Writes one line of metrics."""
        self.log.metrics(requests=dict(self.store.counts()), scanned_block=self.store.scanned_block)

    def _work_left(self) -> bool:
        """Whether a request is open that this node can do something about now."""
        due = [r for r in self.store.unfinished() if r.state == OPEN and r.retry_at <= time.time()]
        return any(request.proof is not None or self._serves(request) for request in due)

    def _serves(self, request: QueuedRequest) -> bool:
        """Whether the node has the model and can give the evidence that the request takes."""
        model = self.models.get(request.model_id)
        return model is not None and request.mode in model.modes

    def _is_pending(self, request: QueuedRequest, head: Block) -> bool:
        """Whether the chain waits for this request's answer; writes what else it says into the store."""
        on_chain = read_request(self.connection, self.oracle, request.request_id, head.number)
        status = RequestStatus(on_chain["status"])
        if status == RequestStatus.UNKNOWN or content_on_chain(on_chain) != request.content:
            # Reorganized away: it may come back, or another request have its id. The scan will tell.
            self._finish(request, "gone")
        elif status in (RequestStatus.ANSWERED, RequestStatus.PROVISIONAL, RequestStatus.UNPROVED):
            self._note_answer(request, head)
        elif status == RequestStatus.CANCELLED:
            self._finish(request, "cancelled")
        elif head.timestamp > request.deadline:
            self._finish(request, "expired")
        else:
            if request.state == ANSWERED:
                self.log.event("answer_lost", request_id=request.request_id, block=request.answered_block)
                self.store.set_state(request.request_id, OPEN)
            return True
        return False

    def _note_answer(self, request: QueuedRequest, head: Block) -> None:
        if request.state != ANSWERED or request.answered_block is None or request.answered_block > head.number:
            self.store.set_state(request.request_id, ANSWERED, answered_block=head.number)
            self.log.event("answered", request_id=request.request_id, block=head.number)
        elif head.number - request.answered_block >= self.options.depth:
            used = self.connection.nonce(self.account, head.number)
            with self.store.atomically():
                self.store.set_state(request.request_id, "final", answered_block=request.answered_block)
                self.store.forget(request.request_id, used)

    def _finish(self, request: QueuedRequest, state: str, reason: str = "") -> None:
        self.store.set_state(request.request_id, state, reason=reason)
        self.log.event(state, request_id=request.request_id, **({"reason": reason} if reason else {}))

    def _require_worth(self, request: QueuedRequest, model: ServedModel) -> None:
        """Raises `OutOfFunds` if the fee does not pay for the gas of an answer at today's price."""
        on_chain = read_request(self.connection, self.oracle, request.request_id)
        fee_wei = int(on_chain["fee"])
        gas = model.gas_of(request.mode) + ANSWER_GAS + int(on_chain["callbackGas"])
        cost_wei = gas * self.connection.fees().max_fee_wei
        if fee_wei < cost_wei:
            raise OutOfFunds(
                f"Request {request.request_id} pays {fee_wei} wei; an answer costs up to {cost_wei} now. --at-a-loss "
                "answers all the same.",
                account=self.account,
                balance_wei=fee_wei,
                needed_wei=cost_wei,
            )

    def _prove(self, request: QueuedRequest) -> None:
        model = self.models[request.model_id]
        if not self.options.at_a_loss:
            self._require_worth(request, model)
        started = time.perf_counter()

        def progress(stage: str, share: float) -> None:
            if self.stopping.is_set():
                raise Interrupted("Stopped on request; the request stays in the queue.")

        proof: Proof = model.answer(
            request,
            chain_id=self.connection.chain_id,
            verifier=self.verifier,
            oracle=self.oracle,
            payee=self.payee,
            progress=progress,
        )
        duration = time.perf_counter() - started
        self.store.set_proof(request.request_id, proof)
        self.log.proving_s += duration
        self.log.event("proved", request_id=request.request_id, ms=round(1000 * duration, 1))

    def _attempt(self, request: QueuedRequest, work: Callable[[QueuedRequest], None]) -> None:
        """Does it, or notes when to try again; a request that cannot be proved is refused."""
        try:
            work(request)
        except Interrupted:
            raise
        except ZksealError as error:
            if request.proof is None and isinstance(error, HOPELESS):
                self._finish(request, "refused", error.code)
                return
            delay = min(self.options.poll_s * 2 ** min(request.attempts, 20), self.options.max_backoff_s)
            self.store.set_retry(request.request_id, time.time() + delay, error.code)
            self.log.event("attempt_failed", request_id=request.request_id, retry_s=round(delay, 1), **told(error))
