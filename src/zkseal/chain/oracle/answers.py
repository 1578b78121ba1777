"""Answers: a request and the proving key of its model in, public values and the evidence that it takes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy.typing as npt

from zkseal.chain.attested_answers import SignDigest, attest
from zkseal.chain.encoding import Statement, decode_public_values, oracle_subject
from zkseal.chain.gas import predict_gas
from zkseal.chain.inference import commit, decode_inputs
from zkseal.chain.oracle.store import Proof, QueuedRequest
from zkseal.chain.programs import programs
from zkseal.chain.request import Mode
from zkseal.errors import NotForChain
from zkseal.pipeline import ProvingKey, Samples
from zkseal.pipeline.interface import Interface
from zkseal.proving import Opening
from zkseal.proving.core import Progress

__all__ = ["Attester", "HiddenInputs", "ServedModel"]

_PROVED = frozenset({Mode.ZK})

HiddenInputs = Callable[[int, bytes], Samples | Opening | None]
"""Hidden inputs for a request by model id and input commitment: the opening of that commitment or, where it is zero,
samples of the node's choice; None if there are none."""


ATTESTATION_GAS = 60_000
"""Gas of checking an enclave's signature and its key: more than was measured (docs/performance/gas.md)."""


@dataclass(frozen=True)
class Attester:
    """The enclave's side of an answer.

    The node hands it digests of statements that it has computed itself: it belongs inside the enclave, or the key
    vouches for a node that anybody may run.

    Attributes:
        registry: address of the AttestedKeyRegistry where the key is.
        sign_digest: `SigningKey.sign_digest` of the core, or what stands for it.
    """

    registry: str
    sign_digest: SignDigest = field(repr=False)


@dataclass(frozen=True)
class ServedModel:
    """A model that the node answers for. `gas` is what verifying one of its proofs takes, as predicted."""

    proving_key: ProvingKey = field(repr=False)
    model_id: int
    interface: Interface = field(repr=False)
    gas: int
    hidden: HiddenInputs | None = field(default=None, repr=False)
    attester: Attester | None = None

    @staticmethod
    def of(
        proving_key: ProvingKey, hidden: HiddenInputs | None = None, attester: Attester | None = None
    ) -> ServedModel:
        """Without an attester, only requests that take a proof alone are answered.

        Raises `NotForChain`, `GasCapExceeded` as `programs` does.
        """
        key = proving_key.verifying_key
        prediction = predict_gas(key)
        prediction.require_fitting()
        gas = prediction.inference["total"]
        return ServedModel(proving_key, programs(key).model_id, Interface.of(key.relation), gas, hidden, attester)

    @property
    def modes(self) -> frozenset[Mode]:
        """What evidence it can give. A bond (TEE_THEN_ZK) is for whoever has the money to decide."""
        return _PROVED if self.attester is None else _PROVED | {Mode.TEE, Mode.TEE_AND_ZK}

    def gas_of(self, mode: Mode) -> int:
        """Gas of verifying the evidence of an answer."""
        return (0 if mode == Mode.TEE else self.gas) + (0 if mode == Mode.ZK else ATTESTATION_GAS)

    def answer(
        self, request: QueuedRequest, *, chain_id: int, verifier: str, oracle: str, payee: str, progress: Progress
    ) -> Proof:
        """Runs the model on what is asked and gives the answer the evidence that the request takes.

        Raises:
            StatementMismatch, WrongInput, RangeExceeded: the request's inputs are none of this model.
            NotForChain: its hidden inputs are not known here, or it takes evidence that this model cannot give.
        """
        if request.mode not in self.modes:
            raise NotForChain(f"This node answers no requests of mode {request.mode.name}.", reason="mode")
        inputs, opening = self._inputs(request)
        inference = commit(self.proving_key, inputs, opening=opening, progress=progress)
        if any(request.input_commitment) and inference.input_commitment != request.input_commitment:
            raise NotForChain("The hidden inputs are not those that the request names.", reason="input commitment")
        statement = Statement(
            chain_id=chain_id,
            verifier=verifier,
            model_id=self.model_id,
            input_commitment=inference.input_commitment,
            output=inference.public,
            consumer=oracle,
            subject=oracle_subject(request.request_id, payee),
            nonce=request.request_id,
            deadline=request.deadline,
        )
        proof, attestation = b"", b""
        if request.mode != Mode.TEE:
            proof = inference.evidence(statement, progress=progress).proof
        if request.mode != Mode.ZK and self.attester is not None:
            attestation = attest(statement, self.attester.registry, self.attester.sign_digest)
        return Proof(inference.public, inference.commitments, proof, attestation)

    def _inputs(self, request: QueuedRequest) -> tuple[dict[str, npt.ArrayLike], Opening | None]:
        """Public inputs of the request and hidden ones of the node, by name; the opening if they come from one."""
        inputs: dict[str, npt.ArrayLike] = dict(
            decode_inputs(self.interface, decode_public_values(request.public_input))
        )
        hidden = [port.name for port in self.interface.inputs if not port.public]
        if not hidden:
            return inputs, None
        given = None if self.hidden is None else self.hidden(self.model_id, request.input_commitment)
        if given is None:
            raise NotForChain("The hidden inputs of this request are not known to this node.", reason="hidden inputs")
        if isinstance(given, Opening):
            column = given.input.tensors if given.input is not None else {}
            return {**inputs, **self.interface.decode(self.interface.inputs, column)}, given
        return {**inputs, **(given if isinstance(given, Mapping) else {hidden[0]: given})}, None
