"""The host of an enclave: starts it, has it attested, fetches its model's key, and passes ciphertext on.

Nothing secret is ever here: the data key arrives sealed to the enclave, requests and responses are encrypted, the model
is a file of ciphertext that the enclave maps. An enclave that died is started anew, with new keys: what was encrypted
to the old ones is lost, and whoever asked asks again.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from zkseal.broker import DevReleasedKey, ReleasedKey
from zkseal.enclave.child import Child
from zkseal.enclave.padding import LEAST_BUCKET
from zkseal.enclave.rates import RateLimits
from zkseal.enclave.replays import MOST_REQUESTS
from zkseal.enclave.runtime import Settings
from zkseal.errors import DecodeError, EnclaveStopped, RateLimited, WrongModel
from zkseal.files.container import mapped
from zkseal.sealed.layout import split_head
from zkseal.tee import Assurance, AttestationBundle, Evidence, RuntimeData
from zkseal.tee.attesters import SandboxAttester
from zkseal.tee.native import native

__all__ = ["SANDBOX_NOTE", "Attests", "EnclaveHost", "EnclaveOptions", "KeySource"]

MODEL_MEMORY = "secret-memory"
SANDBOX_NOTE = "sandbox (development): no hardware protects this"


class Attests(Protocol):
    """Of an attester (`zkseal.tee.attesters`), what is needed here."""

    assurance_ceiling: ClassVar[Assurance]
    status: ClassVar[str]

    def attest(self, runtime_data: RuntimeData) -> Evidence:
        """Evidence that carries `runtime_data.binding`."""
        ...


class KeySource(Protocol):
    """A key broker, as `zkseal.broker.BrokerClient`."""

    def challenge(self) -> bytes:
        """A nonce for the attestation."""
        ...

    def release(self, bundle: AttestationBundle, header: bytes, stanzas: bytes) -> ReleasedKey:
        """The key of a production model."""
        ...

    def release_development(self, bundle: AttestationBundle, header: bytes, stanzas: bytes) -> DevReleasedKey:
        """The key of a model that was sealed for development."""
        ...


@dataclass(frozen=True)
class EnclaveOptions:
    """How an enclave answers.

    Attributes:
        publisher: Ed25519 key that has to have signed the sealed model; None accepts the one that it names.
        least_bucket: bytes of the smallest response; sizes are powers of two from there.
        interval_ms: responses leave at multiples of this after their request came; 0 sends them at once.
        most_requests: that are told apart in one start; then the enclave is `exhausted` and has to be started anew.
        timeout_s: for each answer of the enclave process, proofs included.
        most_waiting: requests that wait for their turn; further ones are refused.
    """

    publisher: bytes | None = None
    limits: RateLimits = field(default_factory=RateLimits)
    least_bucket: int = LEAST_BUCKET
    interval_ms: int = 0
    most_requests: int = MOST_REQUESTS
    timeout_s: float = 600.0
    most_waiting: int = 64

    def settings(self, ceiling: Assurance) -> dict[str, Any]:
        """What the enclave process is told at its start. Raises `WrongInput` for values that there are not."""
        settings = Settings(ceiling, self.limits, self.least_bucket, self.interval_ms, self.most_requests)
        return settings.to_plain() | {"publisher": self.publisher}


class EnclaveHost:
    """One enclave at a time. Threads may share it; the enclave answers one question after the other.

    Args:
        sealed: the file of the sealed model.
        attester: of the machine; None for the sandbox, which proves nothing about any machine. Its evidence binds what
            the enclave process says, so the machine that it measures has to contain this host as well.
        devices: attesters of GPUs by name (`gpu0`), whose evidence goes beside.
        complete: adds what vendors say of the hardware to each piece of evidence, for those who appraise it.
    """

    def __init__(
        self,
        sealed: Path,
        attester: Attests | None = None,
        *,
        devices: Mapping[str, Attests] | None = None,
        options: EnclaveOptions | None = None,
        complete: Callable[[Evidence], Evidence] = lambda evidence: evidence,
    ) -> None:
        self._complete = complete
        self.options = options or EnclaveOptions()
        self._sealed, self._attester, self._devices = sealed, attester, dict(devices or {})
        # Of this host alone: development evidence is worth no more than a process that somebody started.
        self._issuer = native().SigningKey.generate()
        self._child: Child | None = None
        self._lock = threading.Lock()
        self._waiting = threading.Semaphore(self.options.most_waiting)
        self._loaded, self._secret, self._answered = False, False, 0

    # Life. ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the enclave process, ending the one before. Raises as `Child.start`, and `WrongInput`."""
        self.stop()
        settings = self.options.settings(self.ceiling)
        with self._lock:
            self._child = Child.start(self._sealed, settings, self.options.timeout_s)

    def stop(self) -> None:
        """Kills the enclave process; its keys and its model are gone with it."""
        child, self._child, self._loaded = self._child, None, False
        self._answered = 0
        if child is not None:
            child.end()

    def __enter__(self) -> EnclaveHost:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ceiling(self) -> Assurance:
        """The most that its evidence can show."""
        return SandboxAttester.assurance_ceiling if self._attester is None else self._attester.assurance_ceiling

    @property
    def described(self) -> dict[str, Any]:
        """Public facts about the enclave, for people and monitoring."""
        child = self._child
        return {
            "assurance": self.ceiling.name.lower(),
            "note": SANDBOX_NOTE if self._attester is None else self._attester.status,
            "status": self._status(child),
            "measurement": child.measurement.hex() if child else None,
            "isolation": list(self._isolation(child)) if child else [],
            "isolation_missing": dict(child.missing) if child else {},
        }

    def _status(self, child: Child | None) -> str:
        """`exhausted`: it may have answered all requests that it can tell apart, and is of use again when started anew.

        The enclave alone knows how many it noted; the host counts responses, those that hold errors too.
        """
        if child is None or not child.running:
            return "stopped"
        if not self._loaded:
            return "waiting for its model"
        return "ready" if self._answered < self.options.most_requests else "exhausted"

    @property
    def process_id(self) -> int:
        """Of the enclave process. Raises `EnclaveStopped`."""
        return self._running().process_id

    # Questions. -------------------------------------------------------------------------------------------------------

    def attest(self, nonce: bytes) -> AttestationBundle:
        """Evidence of the machine, bound to the enclave's keys and model and to this nonce of 32 bytes.

        Raises:
            EnclaveStopped: the enclave ended.
            ResourceLimit: the attester's device does not answer.
        """
        runtime = RuntimeData.from_cbor(self._ask({"do": "attest", "nonce": nonce}))
        evidence = self._complete(self._attester_of_now().attest(runtime))
        devices = {name: self._complete(attester.attest(runtime)) for name, attester in self._devices.items()}
        return AttestationBundle(runtime, evidence, devices)

    def provision(self, broker: KeySource) -> ReleasedKey | DevReleasedKey:
        """Fetches the model's key from a broker, for the enclave to unwrap, and has it load its model.

        Raises:
            KeyDenied: the broker releases no key.
            WrongKey, DecryptionFailed, WrongModel, DecodeError: the sealed model is not what its header says.
            EnclaveStopped: the enclave ended.
        """
        header, _, stanzas, _ = split_head(self._sealed, mapped(self._sealed))
        bundle = self.attest(broker.challenge())
        ask = broker.release if self.ceiling.production else broker.release_development
        released = ask(bundle, header, stanzas)
        if released.model_digest != hashlib.sha256(header).digest():
            raise WrongModel(
                "The broker released the key of another model. Check its address.",
                expected=hashlib.sha256(header).hexdigest(),
                got=released.model_digest.hex(),
            )
        secret = self._ask(
            {
                "do": "load",
                "wrapped_key": released.wrapped_key,
                "assurance": int(released.assurance),
                "nonce": bundle.runtime_data.nonce,
                "evidence_digest": hashlib.sha256(bundle.to_cbor()).digest(),
            }
        )
        self._loaded, self._secret = True, secret
        return released

    def infer(self, request: bytes) -> bytes:
        """The encrypted response to an encrypted request (`messages.Envelope`).

        Raises:
            DecodeError, DecryptionFailed: no request to this start of the enclave.
            EnclaveNotReady: it has no model.
            EnclaveStopped: it ended, or does not answer in time; start it anew.
            RateLimited: too many requests wait already.
        """
        if not self._waiting.acquire(blocking=False):
            raise RateLimited("Too many requests wait for the enclave.", scope="host", retry_after_ms=1000)
        try:
            response: bytes = self._ask({"do": "infer", "request": request})
            return response
        finally:
            self._waiting.release()

    def _running(self) -> Child:
        if self._child is None:
            raise EnclaveStopped("The enclave is not running. Start it.", reason="not started")
        return self._child

    def _ask(self, question: dict[str, Any]) -> Any:
        with self._lock, self._ending_what_failed() as child:
            answer = child.wire.ask(question)
            self._answered += question["do"] == "infer"
            return answer

    @contextlib.contextmanager
    def _ending_what_failed(self) -> Iterator[Child]:
        """A process that does not answer, or answers nonsense, is killed: the next answer would be of this question.

        So is one whose answer nobody waited for, whatever the reason. Errors that it answers with end nothing.
        """
        child = self._running()
        try:
            yield child
        except BaseException as error:
            if not child.wire.in_step:
                child.end()
                if isinstance(error, DecodeError):
                    reason = "it answers nonsense"
                    text = f"The enclave was stopped: {reason}. Start it anew."
                    raise EnclaveStopped(text, reason=reason) from error
            raise

    def _attester_of_now(self) -> Attests:
        if self._attester is not None:
            return self._attester
        child = self._running()
        isolation = self._isolation(child)
        issuer = self._issuer
        return SandboxAttester(issuer.public_key, issuer.sign, measurement=child.measurement, isolation=isolation)

    def _isolation(self, child: Child) -> tuple[str, ...]:
        """Mechanisms that are on; where the model lies is known when it was loaded."""
        return (*child.isolation, MODEL_MEMORY) if self._loaded and self._secret else child.isolation
