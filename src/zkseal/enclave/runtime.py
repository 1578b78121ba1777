"""What the enclave holds and does: keys of this start, one model, requests answered one at a time.

Nothing in here returns a plaintext: what leaves is public (keys, runtime data) or encrypted to whoever asked.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zkseal.enclave.messages import AnswerMode, Envelope, Request, Response, encode_failure, request_info
from zkseal.enclave.model import decrypt
from zkseal.enclave.oracle import OracleSigner
from zkseal.enclave.padding import LEAST_BUCKET, bucket, pad, unpad
from zkseal.enclave.rates import RateLimits, Rates
from zkseal.enclave.replays import MOST_REQUESTS, Replays
from zkseal.errors import (
    EnclaveNotReady,
    PolicyDenied,
    UnsatisfiedConstraint,
    ValueOutOfBounds,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.pipeline import Answer, Interface, ProvingKey, answer, prove
from zkseal.proving import lay_out
from zkseal.receipts import AnswerClaims, sign_answer
from zkseal.receipts.answers import FIRST
from zkseal.sealed.model import SealedModel
from zkseal.sealed.release import open_release
from zkseal.tee import Assurance, RuntimeData
from zkseal.tee.native import native

if TYPE_CHECKING:
    from zkseal._native import HpkeKey, SigningKey

__all__ = ["Runtime", "Settings"]

BOOT_EPOCH_BYTES = 16
PROOF_HEAD_BYTES = 128
"""What a proof takes in a response beside its own bytes, and room for longer numbers."""


@dataclass(frozen=True)
class Settings:
    """How an enclave answers; the host says so at its start.

    Attributes:
        ceiling: the most that the attester's evidence can show; it is in the runtime data, so clients see it.
        least_bucket: bytes of the smallest response; a power of two.
        interval_ms: responses leave at multiples of this after their request came; 0 sends them at once.
        most_requests: told apart in one start.
    """

    ceiling: Assurance
    limits: RateLimits = field(default_factory=RateLimits)
    least_bucket: int = LEAST_BUCKET
    interval_ms: int = 0
    most_requests: int = MOST_REQUESTS

    def __post_init__(self) -> None:
        """Raises `WrongInput`."""
        power_of_two = self.least_bucket > 0 and self.least_bucket & (self.least_bucket - 1) == 0
        if not power_of_two or not 1 << 8 <= self.least_bucket <= 1 << 24:
            raise _wrong("least_bucket", "a power of two, 256 to 2^24", self.least_bucket)
        if not 0 <= self.interval_ms <= 60_000:
            raise _wrong("interval_ms", "0 to 60000", self.interval_ms)
        if min(vars(self.limits).values()) < 1 or self.most_requests < 1:
            raise _wrong("limits", "at least 1", min(vars(self.limits).values()))

    def to_plain(self) -> dict[str, Any]:
        """For the socket."""
        limits = dict(vars(self.limits))
        return {**vars(self), "ceiling": int(self.ceiling), "limits": limits}

    @staticmethod
    def from_plain(plain: dict[str, Any]) -> Settings:
        """The inverse of `to_plain`."""
        return Settings(**{**plain, "ceiling": Assurance(plain["ceiling"]), "limits": RateLimits(**plain["limits"])})


def _wrong(name: str, expected: str, got: object) -> WrongInput:
    return WrongInput(f"{name} is {got}; give {expected}.", name=name, expected=expected, got=got)


class Runtime:
    """One start of the enclave.

    Args:
        sealed: the model that it is for. Its header is in the runtime data before there is a key.
    """

    def __init__(
        self,
        sealed: SealedModel,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._hpke: HpkeKey = native().HpkeKey.generate()
        self._signing: SigningKey = native().SigningKey.generate()
        self._boot_epoch = secrets.token_bytes(BOOT_EPOCH_BYTES)
        self._sealed = sealed
        self._proving_key: ProvingKey | None = None
        self._oracle: OracleSigner | None = None
        self._replays = Replays(settings.most_requests)
        self._rates = Rates(settings.limits, clock)
        self._sequence, self._previous = 0, FIRST
        self._sizes: dict[AnswerMode, int] = dict.fromkeys(AnswerMode, 0)

    def attest(self, nonce: bytes) -> RuntimeData:
        """What evidence has to be bound to, for whoever asks with this nonce of 32 bytes."""
        header = self._sealed.header
        return RuntimeData(
            ceiling=self._settings.ceiling,
            hpke_public_key=self._hpke.public_key,
            signing_public_key=self._signing.public_key,
            model_digest=header.digest,
            zk_model_commitment=header.zk_model_commitment,
            policy_digest=header.policy_digest,
            boot_epoch=self._boot_epoch,
            nonce=nonce,
        )

    def load(self, wrapped_key: bytes, *, assurance: Assurance, nonce: bytes, evidence_digest: bytes) -> bool:
        """Unwraps the data key, decrypts the model and forgets the key.

        Returns:
            whether the model is in memory that nobody else maps (`isolation.PrivateMemory`).

        Args:
            assurance, nonce, evidence_digest: of the release; any other than the broker's do not open the key.

        Raises:
            PolicyDenied: a key released on more assurance than evidence of this enclave can show, or on less than the
                publisher asks for.
            WrongKey, DecryptionFailed, WrongModel, DecodeError: as `decrypt`.
        """
        header = self._sealed.header
        if not header.minimum_assurance <= assurance <= self._settings.ceiling:
            reason = f"the key was released on {assurance.name.lower()}"
            raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="assurance", reason=reason)
        data_key = open_release(
            self._hpke,
            wrapped_key,
            assurance=assurance,
            policy_digest=header.policy_digest,
            nonce=nonce,
            evidence_digest=evidence_digest,
        )
        loaded = decrypt(self._sealed, data_key)
        self._sizes = response_sizes(loaded.proving_key)
        self._oracle = OracleSigner(
            self._signing, loaded.proving_key.verifying_key, production=self._settings.ceiling.production
        )
        self._proving_key = loaded.proving_key
        return loaded.secret

    def infer(self, envelope_bytes: bytes) -> bytes:
        """The encrypted response to an encrypted request. Errors of the request are in it, for its sender alone.

        Raises:
            EnclaveNotReady: there is no model yet.
            DecodeError, DecryptionFailed: no request to this start of the enclave. There is nobody to answer to.
        """
        began = self._clock()
        if self._proving_key is None:
            raise EnclaveNotReady("The enclave has no model yet. Ask again when its key is released.", missing="model")
        envelope = Envelope.from_cbor(envelope_bytes)
        runtime = self.attest(envelope.nonce)
        plaintext, sealer = self._hpke.open_request(envelope.sealed, request_info(runtime), envelope.header)
        digest = hashlib.sha256(envelope_bytes).digest()
        request: Request | None = None
        try:
            self._replays.require_new(digest)
            request = Request.from_cbor(unpad(plaintext))
            response = self._respond(self._proving_key, request, runtime, digest)
            # An answer longer than was foreseen shows its length once, and no refusal after it is told from it.
            self._sizes[request.mode] = max(self._sizes[request.mode], len(response) - len(request.context))
        except Exception as error:
            response = encode_failure(error)
        padded = pad(response, self._bucket(request))
        self._wait(began)
        return sealer.seal(padded)

    def _bucket(self, request: Request | None) -> int:
        """That of an answer to such a request: a refusal fills it, too, for the host sees lengths."""
        mode, context = (AnswerMode.TEE, b"") if request is None else (request.mode, request.context)
        return bucket(self._sizes[mode] + len(context), self._settings.least_bucket)

    def _respond(self, proving_key: ProvingKey, request: Request, runtime: RuntimeData, digest: bytes) -> bytes:
        self._rates.admit(hashlib.sha256(request.client).digest())
        self._replays.note(digest)
        if request.question is not None:
            self._signer.require_answerable(request.question)
        answered = _checked(proving_key, request)
        proof = None
        if request.mode is AnswerMode.ZK_IN_TEE:
            proved = prove(proving_key, request.samples, context=request.context, opening=answered.opening)
            proof = proved.receipt.zk
        claims = AnswerClaims(
            statement_digest=answered.statement.digest,
            runtime_digest=runtime.digest,
            request_digest=digest,
            boot_epoch=self._boot_epoch,
            sequence=self._sequence,
            previous=self._previous,
            issued_at=int(time.time()),
            proof_digest=None if proof is None else hashlib.sha256(proof.proof).digest(),
        )
        signed = sign_answer(claims, self._signing.sign, development=not self._settings.ceiling.production)
        question = request.question
        oracle_signature = None if question is None else self._signer.sign(question, answered.statement)
        self._sequence, self._previous = self._sequence + 1, hashlib.sha256(signed).digest()
        return Response(
            signed, answered.statement, answered.opening, answered.outputs, request.nonce, proof, oracle_signature
        ).to_cbor()

    @property
    def _signer(self) -> OracleSigner:
        """Of the model that was loaded."""
        assert self._oracle is not None  # requests are opened after the model is there
        return self._oracle

    def _wait(self, began: float) -> None:
        """Until the next multiple of the interval, so that the time of an answer says little."""
        interval = self._settings.interval_ms / 1000
        if interval:
            self._sleep(interval - (self._clock() - began) % interval)


def _checked(proving_key: ProvingKey, request: Request) -> Answer:
    """The answer, if it is what the relation says: the program came with the sealed model, and may say anything."""
    try:
        return answer(proving_key, request.samples, context=request.context, checked=True, opening=request.opening)
    except (UnsatisfiedConstraint, ValueOutOfBounds) as error:
        commitment = proving_key.verifying_key.model_id.hex()
        text = "The sealed program computes something else than the model that it is sealed as. Ask its publisher."
        raise WrongModel(text, expected=commitment, got="another program") from error


def response_sizes(proving_key: ProvingKey) -> dict[AnswerMode, int]:
    """Bytes of a response without context, by mode, from an answer to inputs in the middle of their ranges.

    Where the model refuses those, zeros: then the first answer shows its length.
    """
    interface = Interface.of(proving_key.verifying_key.relation)
    middle = {
        port.name: port.decode(np.full(math.prod(port.shape), (port.lo + port.hi) // 2, np.int64))
        for port in interface.inputs
    }
    try:
        # Checked, as all that follow are: what the checker keeps of the weights is made before the first request.
        tried = answer(proving_key, middle, checked=True)
    except ZksealError:
        return dict.fromkeys(AnswerMode, 0)
    claims = AnswerClaims(bytes(32), bytes(32), bytes(32), bytes(BOOT_EPOCH_BYTES), 1 << 40, FIRST, 1 << 40, bytes(32))
    signed = sign_answer(claims, lambda message: bytes(64), development=True)
    response = Response(signed, tried.statement, tried.opening, tried.outputs, bytes(32))
    size = len(response.to_cbor())
    key = proving_key.verifying_key
    proof_bytes = lay_out(key.core.relation, key.row_bits, key.scheme).proof_bytes
    return {
        AnswerMode.TEE: size,
        AnswerMode.ZK_IN_TEE: size + proof_bytes + PROOF_HEAD_BYTES,
        AnswerMode.ORACLE: len(replace(response, oracle_signature=bytes(65)).to_cbor()),
    }
