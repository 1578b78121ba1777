"""Answers: a request and the keys of its model in, public values and the evidence that it takes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy.typing as npt

from zkseal.chain.encoding import Statement, decode_public_values
from zkseal.chain.gas import predict_gas
from zkseal.chain.inference import commit, decode_inputs
from zkseal.chain.oracle.store import Proof, QueuedRequest
from zkseal.chain.request import Mode
from zkseal.chain.typed_data import address_of_public_key, signer_of
from zkseal.errors import NotForChain, SignatureRejected, StatementMismatch
from zkseal.evm.answers import AttestedAnswer, OracleQuestion, answer_digest
from zkseal.evm.programs import programs
from zkseal.evm.statement import commitments_of, oracle_subject, public_values_of
from zkseal.pipeline import ProvingKey, Samples
from zkseal.pipeline.interface import Interface
from zkseal.proving import Opening, VerifyingKey
from zkseal.proving.core import Progress

__all__ = ["Attester", "HiddenInputs", "ServedModel"]

HiddenInputs = Callable[[int, bytes], Samples | Opening | None]
"""Hidden inputs for a request by model id and input commitment: the opening of that commitment or, where it is zero,
samples of the node's choice; None if there are none."""


ATTESTATION_GAS = 60_000
"""Gas of checking an enclave's signature and its key: more than was measured (docs/performance/gas.md)."""


class Attester(Protocol):
    """An enclave that answers requests: it runs the model itself, and signs what it computed.

    Attributes:
        registry: address of the AttestedKeyRegistry where its key is.
    """

    registry: str

    def answer(
        self, question: OracleQuestion, inputs: Mapping[str, npt.ArrayLike], opening: Opening | None
    ) -> AttestedAnswer:
        """The enclave's answer.

        Args:
            inputs: one input, by name.
            opening: of the commitments that the answer has to have, if the request names them.
        """
        ...


@dataclass(frozen=True)
class ServedModel:
    """A model that the node answers for, with its proving key, an enclave, or both.

    Attributes:
        gas: what verifying one of its proofs takes, as predicted.
        attester: the enclave that has the model.
    """

    verifying_key: VerifyingKey = field(repr=False)
    proving_key: ProvingKey | None = field(repr=False)
    model_id: int
    interface: Interface = field(repr=False)
    gas: int
    hidden: HiddenInputs | None = field(default=None, repr=False)
    attester: Attester | None = None

    @staticmethod
    def of(
        key: ProvingKey | VerifyingKey, hidden: HiddenInputs | None = None, attester: Attester | None = None
    ) -> ServedModel:
        """Without an attester, only requests that take a proof alone are answered; with a verifying key, none of these.

        Raises `NotForChain`, `GasCapExceeded` as `programs` does.
        """
        proving_key = key if isinstance(key, ProvingKey) else None
        verifying_key = key.verifying_key if isinstance(key, ProvingKey) else key
        prediction = predict_gas(verifying_key)
        prediction.require_fitting()
        gas = prediction.inference["total"]
        model_id, interface = programs(verifying_key).model_id, Interface.of(verifying_key.relation)
        return ServedModel(verifying_key, proving_key, model_id, interface, gas, hidden, attester)

    @property
    def modes(self) -> frozenset[Mode]:
        """What evidence it can give. A bond (TEE_THEN_ZK) is for whoever has the money to decide."""
        can_prove, can_attest = self.proving_key is not None, self.attester is not None
        found = {Mode.ZK: can_prove, Mode.TEE: can_attest, Mode.TEE_AND_ZK: can_prove and can_attest}
        return frozenset(mode for mode, possible in found.items() if possible)

    def gas_of(self, mode: Mode) -> int:
        """Gas of verifying the evidence of an answer."""
        return (0 if mode == Mode.TEE else self.gas) + (0 if mode == Mode.ZK else ATTESTATION_GAS)

    def answer(
        self, request: QueuedRequest, *, chain_id: int, verifier: str, oracle: str, payee: str, progress: Progress
    ) -> Proof:
        """Runs the model on what is asked, here or in the enclave, and gives the answer the evidence that it takes.

        Raises:
            StatementMismatch, WrongInput, RangeExceeded: the request's inputs are none of this model.
            NotForChain: its hidden inputs are not known here, or it takes evidence that this model cannot give.
            SignatureRejected: the enclave signed something else than the answer that it gave.
            EnclaveError, AppraisalError: the enclave does not answer, or its evidence is not enough.
        """
        if request.mode not in self.modes:
            raise NotForChain(f"This node answers no requests of mode {request.mode.name}.", reason="mode")
        inputs, opening = self._inputs(request)
        attested = None
        if self.attester is not None and request.mode != Mode.ZK:
            question = OracleQuestion(
                chain_id=chain_id,
                registry=self.attester.registry,
                oracle=oracle,
                verifier=verifier,
                model_id=self.model_id,
                request_id=request.request_id,
                payee=payee,
                deadline=request.deadline,
                input_commitment=request.input_commitment,
            )
            attested = self.attester.answer(question, inputs, opening)
            _require_signed(question, attested)
            opening = attested.opening
            if request.mode == Mode.TEE:
                ran = attested.ran
                return Proof(public_values_of(ran), commitments_of(ran), b"", attested.signature)
        assert self.proving_key is not None  # `modes` says so
        inference = commit(self.proving_key, inputs, opening=opening)
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
        if attested is not None and question.statement(attested.ran) != statement:
            raise StatementMismatch("The enclave answers something else than this node can prove.", tensor=None)
        proof = inference.evidence(statement, progress=progress).proof
        return Proof(inference.public, inference.commitments, proof, b"" if attested is None else attested.signature)

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


def _require_signed(question: OracleQuestion, attested: AttestedAnswer) -> None:
    """The answer is of the inputs that are asked about, and the signature the attested key's, over what it says."""
    statement = question.statement(attested.ran)
    if any(question.input_commitment) and statement.input_commitment != question.input_commitment:
        raise NotForChain("The hidden inputs are not those that the request names.", reason="input commitment")
    digest = answer_digest(statement, question.registry)
    if signer_of(digest, attested.signature) != address_of_public_key(attested.public_key):
        raise SignatureRejected("The enclave signed something else than its answer.", reason="oracle", check="answer")
