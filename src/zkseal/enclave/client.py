"""Asking an enclave, and believing only what an attested key signed.

Two classes, so that development is a word in the program: `EnclaveClient` takes evidence of production roots only,
`DevEnclaveClient` evidence of development only. What they return is a receipt that others can appraise, and the opening
of its commitments, which only the client has.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zkseal.enclave.messages import AnswerMode, Envelope, Request, Response, request_info
from zkseal.enclave.padding import pad, unpad
from zkseal.enclave.transport import Transport
from zkseal.errors import (
    NonceMismatch,
    PolicyDenied,
    SignatureRejected,
    StatementMismatch,
    WrongContext,
    WrongModel,
)
from zkseal.evm.answers import AttestedAnswer, OracleQuestion
from zkseal.pipeline import Interface, Samples, check_opening, verify
from zkseal.proving import Opening, VerifyingKey
from zkseal.receipts import AnswerClaims, DevTeeEvidence, Evidence, Receipt, TeeEvidence
from zkseal.tee import (
    AppraisalPolicy,
    AttestationBundle,
    AttestedRuntime,
    DevAttestedRuntime,
    Roots,
    RuntimeData,
    appraise_bundle,
    verify_answer_signature,
)
from zkseal.tee.native import native

__all__ = ["Answered", "DevEnclaveClient", "EnclaveClient"]

NONCE_BYTES = 32


@dataclass(frozen=True, eq=False)
class Answered:
    """What an enclave answered.

    Attributes:
        outputs: by name, as the program computed them.
        receipt: statement, signed answer, attestation, and the proof if one was asked for.
        opening: of the receipt's commitments: a secret of whoever asked.
        claims: what the enclave signed.
        proof_verified: whether the receipt holds a proof that the client verified, for which it needs the key.
        oracle_signature: of the mode `ORACLE`, 65 bytes.
    """

    outputs: Mapping[str, npt.NDArray[Any]]
    receipt: Receipt
    opening: Opening = field(repr=False)
    claims: AnswerClaims
    proof_verified: bool = False
    oracle_signature: bytes | None = None


class _Client:
    """One enclave, behind one URL.

    Args:
        policy: under which its evidence is appraised.
        verifying_key: of the model that has to answer; with it the client also sees for itself that outputs are those
            of the statement, and that a proof holds. Without, it believes the attested enclave, takes any model that
            the evidence names, and verifies no proof.
        client_key: a secret of at most 64 bytes, for a share of the rate limit of one's own.
        roots: trust anchors of hardware evidence, by default those that zkseal pins.
        clock: Unix seconds.
    """

    DEVELOPMENT: ClassVar[bool]

    def __init__(
        self,
        url: str,
        policy: AppraisalPolicy,
        *,
        verifying_key: VerifyingKey | None = None,
        client_key: bytes = b"",
        roots: Roots | None = None,
        timeout_s: float = 600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = Transport(url, timeout_s)
        self._policy, self._key, self._client_key = policy, verifying_key, client_key
        self._roots, self._clock = roots, clock
        self._bundle: AttestationBundle | None = None
        self._sequence = -1

    def _attest(self) -> AttestedRuntime | DevAttestedRuntime:
        """Evidence that answers a nonce of this client's, appraised now."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._bundle = None
        bundle = AttestationBundle.from_cbor(self._transport.attestation(nonce))
        attested = appraise_bundle(bundle, self._policy, now=int(self._clock()), nonce=nonce, roots=self._roots)
        if attested.DEVELOPMENT is not self.DEVELOPMENT:
            found = attested.result.assurance.name.lower()
            wanted = "DevEnclaveClient" if attested.DEVELOPMENT else "EnclaveClient"
            reason = f"the evidence shows {found}, which is for {wanted}"
            raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="assurance", reason=reason)
        got = bundle.runtime_data.zk_model_commitment
        if self._key is not None and got != self._key.model_id:
            raise WrongModel(
                "The enclave serves another model than the one that is asked for.",
                expected=self._key.model_id.hex(),
                got=got.hex(),
            )
        self._bundle, self._sequence = bundle, -1
        return attested

    def ask(self, inputs: Samples, *, context: bytes = b"", mode: AnswerMode = AnswerMode.TEE) -> Answered:
        """Sends one input, encrypted to the attested key, and checks what comes back.

        Args:
            inputs: one input: arrays by name; an array for a model with one input, named ``""``.
            context: what the receipt is for.
            mode: `ZK_IN_TEE` has the enclave prove its answer as well, which takes as long as a proof does.

        Raises:
            WrongInput, RangeExceeded: the enclave refuses the input; only this client reads why.
            RateLimited, RequestReplayed, EnclaveStopped, EnclaveNotReady: ask later, or attest again.
            EnclaveUnreachable: nobody answers at the URL.
            AppraisalError: the evidence does not satisfy the policy.
            DecryptionFailed: the enclave was started anew; attest again.
            SignatureRejected, StatementMismatch, NonceMismatch, WrongModel, WrongContext: the answer is not of the
                attested enclave, or not to this request.
            ProofRejected, DecodeError: the enclave's proof does not show the answer.
        """
        return self._exchange(inputs, context=context, mode=mode)[1]

    def answer_oracle(
        self, question: OracleQuestion, inputs: Samples, *, opening: Opening | None = None, context: bytes = b""
    ) -> AttestedAnswer:
        """Asks for an answer to the oracle of a chain, signed with the attested key for a contract.

        The client sees that the answer is of the attested enclave and to this request. Whether the signature is that
        key's over the answer sees whoever has a library of the chain, as the oracle node.

        Args:
            opening: of the commitments that the answer has to have, if the request on the chain names them.

        Raises:
            WrongModel: the enclave has another model than the question names.
            NotForChain: the model is for no chain, the deadline is none of a request, or the inputs are not those of
                the commitments.
            PolicyDenied: an enclave of development is asked for a chain that others use.
            ZksealError: as `ask`.
        """
        # What tells powers of tau is known inside, and long.
        own = None if opening is None else replace(opening, powers=b"")
        runtime, answered = self._exchange(
            inputs, context=context, mode=AnswerMode.ORACLE, question=question, opening=own
        )
        signature = answered.oracle_signature
        if signature is None:
            raise SignatureRejected("The enclave did not sign for the oracle.", reason="oracle signature")
        statement = answered.receipt.statement
        return AttestedAnswer(statement, answered.opening, signature, runtime.signing_public_key)

    def _exchange(self, inputs: Samples, **asked: Any) -> tuple[RuntimeData, Answered]:
        """Sends a request and checks what comes back; with the runtime data that were appraised for it."""
        if self._bundle is None:
            self._attest()
        bundle = self._bundle
        assert bundle is not None
        runtime = bundle.runtime_data
        given = inputs if isinstance(inputs, Mapping) else {"": inputs}
        named = {name: np.asarray(array) for name, array in given.items()}
        request = Request(named, secrets.token_bytes(NONCE_BYTES), client=self._client_key, **asked)
        header = Envelope(runtime.nonce, b"").header
        padded = pad(request.to_cbor())
        sealed, opener = native().hpke_seal_request(runtime.hpke_public_key, request_info(runtime), header, padded)
        envelope = Envelope(runtime.nonce, sealed).to_cbor()
        response = Response.from_cbor(unpad(opener.open(self._transport.infer(envelope))))
        return runtime, self._checked(bundle, request, envelope, response)

    def _checked(self, bundle: AttestationBundle, request: Request, envelope: bytes, response: Response) -> Answered:
        """The receipt, after everything that the client can see for itself was compared."""
        runtime, statement = bundle.runtime_data, response.statement
        evidence = self._evidence(response.answer, bundle.to_cbor())
        signed = evidence.signed
        claims = signed.claims
        verify_answer_signature(runtime, signed.signed_part, signed.signature)
        if claims.runtime_digest != runtime.digest or claims.boot_epoch != runtime.boot_epoch:
            raise SignatureRejected("The answer is of another start of the enclave.", reason="runtime")
        if claims.request_digest != hashlib.sha256(envelope).digest() or response.nonce != request.nonce:
            raise NonceMismatch(
                "The answer is to another request.",
                check="request",
                expected=hashlib.sha256(envelope).hexdigest(),
                got=claims.request_digest.hex(),
            )
        if claims.statement_digest != statement.digest:
            raise StatementMismatch("The enclave signed another statement than it sent.", column="statement")
        if claims.sequence <= self._sequence:
            text = f"The enclave numbers its answers {claims.sequence} after {self._sequence}."
            raise SignatureRejected(text, reason="sequence")
        if statement.model_id != runtime.zk_model_commitment:
            expected, got = runtime.zk_model_commitment.hex(), statement.model_id.hex()
            raise WrongModel("The answer is about another model than is attested.", expected=expected, got=got)
        if statement.context != request.context:
            expected, got = request.context.hex(), statement.context.hex()
            raise WrongContext("The answer is for another context than was asked for.", expected=expected, got=got)
        pieces: list[Evidence] = [evidence]
        if request.mode is AnswerMode.ZK_IN_TEE:
            proof = response.proof
            if proof is None or claims.proof_digest != hashlib.sha256(proof.proof).digest():
                raise SignatureRejected("The enclave did not sign the proof that it sent.", reason="proof digest")
            pieces.insert(0, proof)
        receipt = Receipt(statement, tuple(pieces))
        if self._key is not None:
            _require_outputs(self._key, receipt, response)
        verified = self._key is not None and request.mode is AnswerMode.ZK_IN_TEE
        if self._key is not None and verified:
            # A ceremony that nobody published is for development, as an enclave without hardware is.
            verify(receipt, self._key, context=request.context, insecure_srs=self.DEVELOPMENT)
        self._sequence = claims.sequence
        return Answered(response.outputs, receipt, response.opening, claims, verified, response.oracle_signature)

    def _evidence(self, answer: bytes, attestation: bytes) -> TeeEvidence | DevTeeEvidence:
        return (DevTeeEvidence if self.DEVELOPMENT else TeeEvidence)(answer, attestation)


def _require_outputs(key: VerifyingKey, receipt: Receipt, response: Response) -> None:
    """The numbers beside the statement are its own: public ones are in it, private ones are those of the opening."""
    interface, integers = Interface.of(key.relation), receipt.statement.output.arrays()
    # Whether the key's ceremony is trusted is for whoever appraises a proof: here nobody but the enclave could lie.
    shown = check_opening(receipt, response.opening, key, insecure_srs=True) | interface.decode(
        interface.outputs, integers
    )
    for port in interface.outputs:
        sent = response.outputs.get(port.name)
        if sent is None or not np.array_equal(shown[port.name], sent):
            text = f"The enclave sent another output '{port.name}' than the one of its statement."
            raise StatementMismatch(text, column="output")


class EnclaveClient(_Client):
    """Asks enclaves whose evidence leads to a production root."""

    DEVELOPMENT: ClassVar[bool] = False

    def attest(self) -> AttestedRuntime:
        """Fetches and appraises fresh evidence; `ask` does so at first.

        Raises:
            AppraisalError, DecodeError: the evidence does not satisfy the policy, or is of development.
            WrongModel: the enclave serves another model.
            EnclaveUnreachable: nobody answers at the URL.
        """
        attested = self._attest()
        assert isinstance(attested, AttestedRuntime)
        return attested


class DevEnclaveClient(_Client):
    """Asks sandboxes and software TPMs, for work without hardware. Refuses evidence of production."""

    DEVELOPMENT: ClassVar[bool] = True

    def attest(self) -> DevAttestedRuntime:
        """As that of `EnclaveClient`, for development evidence."""
        attested = self._attest()
        assert isinstance(attested, DevAttestedRuntime)
        return attested
