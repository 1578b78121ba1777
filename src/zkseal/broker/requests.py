"""One request for a key, and what is decided about it. Nothing here writes."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zkseal.broker.denials import DenialCode, deny
from zkseal.broker.store import KnownNonce, RegisteredModel, Store
from zkseal.errors import DecodeError
from zkseal.sealed import SealedHeader, wrap_for_release
from zkseal.sealed.stanzas import data_key_for, decode_stanzas
from zkseal.tee import (
    AppraisalPolicy,
    Assurance,
    AttestationBundle,
    AttestedRuntime,
    DevAttestedRuntime,
    Roots,
    appraise_bundle,
)

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["Grant", "Request", "grant", "is_open", "nonce_digest", "require_state"]

NONCE_DOMAIN = b"zkseal/broker-nonce/v1"


def nonce_digest(nonce: bytes) -> bytes:
    """By what a nonce is known: who reads the database cannot answer a challenge."""
    return hashlib.sha256(NONCE_DOMAIN + nonce).digest()


@dataclass(frozen=True)
class Request:
    """What an enclave sends, and when it came.

    Attributes:
        header, stanzas: of the sealed model, as they stand in its file.
        now: Unix seconds.
        development: it came through the door for development keys.
    """

    bundle: AttestationBundle
    header: bytes
    stanzas: bytes = field(repr=False)
    now: int
    development: bool

    @cached_property
    def nonce_digest(self) -> bytes:
        """Of the challenge that the runtime data holds."""
        return nonce_digest(self.bundle.runtime_data.nonce)

    @cached_property
    def model_digest(self) -> bytes:
        """SHA-256 of the header."""
        return hashlib.sha256(self.header).digest()

    @cached_property
    def evidence_digest(self) -> bytes:
        """SHA-256 of the bundle."""
        return hashlib.sha256(self.bundle.to_cbor()).digest()

    def names(self) -> dict[str, Any]:
        """What an entry of the audit log says of any request. A bundle that has no encoding has no digest."""
        named = {
            "nonce_digest": self.nonce_digest,
            "runtime_digest": self.bundle.runtime_data.digest,
            "platform": str(self.bundle.evidence.platform),
            "model": self.model_digest,
        }
        with contextlib.suppress(UnicodeEncodeError, DecodeError):
            named["evidence_digest"] = self.evidence_digest
        return named


@dataclass(frozen=True)
class Grant:
    """A key that is sealed and has not left."""

    wrapped_key: bytes = field(repr=False)
    assurance: Assurance


def is_open(nonce: KnownNonce | None, now: int) -> bool:
    """Whether a nonce waits for its answer."""
    return nonce is not None and nonce.used_at is None and now <= nonce.expires_at


def require_state(store: Store, request: Request) -> RegisteredModel:
    """What the database says of nonce and model: the first half of a decision, made again in its transaction.

    Raises:
        KeyDenied: wrong_nonce, replayed, stale, unknown_model, revoked_model, old_version.
    """
    nonce = store.nonce(request.nonce_digest)
    if nonce is None:
        raise deny(DenialCode.WRONG_NONCE, "The runtime data holds no nonce of this broker. Ask for a challenge.")
    if nonce.used_at is not None:
        raise deny(DenialCode.REPLAYED, "This nonce was answered before. Ask for a new challenge.")
    if not is_open(nonce, request.now):
        raise deny(DenialCode.STALE, "This nonce was issued too long ago. Ask for a new challenge.")
    model = store.model(request.model_digest)
    if model is None:
        raise deny(DenialCode.UNKNOWN_MODEL, "No model with this header is registered here.")
    if model.revoked:
        raise deny(DenialCode.REVOKED_MODEL, "This header is revoked. Use a newer sealed model.")
    least = store.minimum(model.name)
    if model.version < least:
        text = f"Version {model.version} is below {least}, the least that may be used. Use a newer sealed model."
        raise deny(DenialCode.OLD_VERSION, text)
    return model


def grant(
    request: Request, model: RegisteredModel, policy: AppraisalPolicy, kek: _native.HpkeKey, roots: Roots | None
) -> Grant:
    """The second half, which needs no lock: the appraisal, and the key sealed to the attested machine.

    Raises:
        AppraisalError, DecodeError: no key; `denials.denied_by` tells the code.
    """
    header = SealedHeader.from_cbor(request.header)
    _require_registered(header, model, policy)
    _require_bound(request, model)
    runtime = request.bundle.runtime_data
    attested = appraise_bundle(request.bundle, policy, now=request.now, nonce=runtime.nonce, roots=roots)
    _require_world(attested, model, request)
    assurance = attested.result.assurance
    key = data_key_for(header, decode_stanzas(request.stanzas), kek)
    key.check(header.salt, header.key_commitment)
    wrapped = wrap_for_release(
        key,
        runtime.hpke_public_key,
        assurance=assurance,
        policy_digest=model.policy_digest,
        nonce=runtime.nonce,
        evidence_digest=request.evidence_digest,
    )
    return Grant(wrapped, assurance)


def _require_registered(header: SealedHeader, model: RegisteredModel, policy: AppraisalPolicy) -> None:
    """The database says of the model what its publisher signed. The header is the one: its digest is the model's name.

    Who writes the database alone could else put a policy of his own, or a lower assurance, in front of a model's key.
    """
    registered = {
        "name": model.name,
        "version": model.version,
        "zk_model_commitment": model.zk_model_commitment,
        "minimum_assurance": model.minimum_assurance,
        "publisher": model.publisher,
    }
    for name, value in registered.items():
        if getattr(header, name) != value:
            text = f"The broker's database says another {name} than the header. Its operator has to look at it."
            raise deny(DenialCode.WRONG_MODEL, text, check=f"registration.{name}")
    # The digest of the text itself: a column that says it is written as easily as the text.
    if header.policy_digest != model.policy_digest or header.policy_digest != policy.digest:
        # Or the text extends a shipped policy, which a later release of zkseal may have changed.
        text = "The model's policy is not the one that the header asks for, or extends one that is another by now."
        raise deny(DenialCode.WRONG_POLICY, f"{text} Register the model anew.", check="registration.policy")


def _require_bound(request: Request, model: RegisteredModel) -> None:
    """The door, and what the runtime data names, are the model's."""
    if model.minimum_assurance.production is request.development:
        world = "development" if request.development is False else "production"
        raise deny(DenialCode.DEVELOPMENT_EVIDENCE, f"This model is sealed for {world}. Ask for its key there.")
    runtime = request.bundle.runtime_data
    same_header = hmac.compare_digest(runtime.model_digest, model.digest)
    if not same_header or not hmac.compare_digest(runtime.zk_model_commitment, model.zk_model_commitment):
        raise deny(DenialCode.WRONG_MODEL, "The runtime data is of another model than the header.")
    if not hmac.compare_digest(runtime.policy_digest, model.policy_digest):
        raise deny(DenialCode.WRONG_POLICY, "The runtime data names another policy than the model's.")


def _require_world(attested: AttestedRuntime | DevAttestedRuntime, model: RegisteredModel, request: Request) -> None:
    """Production keys go to an `AttestedRuntime` only, development keys to a `DevAttestedRuntime` only."""
    found = attested.result.assurance
    wanted = DevAttestedRuntime if request.development else AttestedRuntime
    # Type and level: a development policy may give hardware a development type.
    if not isinstance(attested, wanted) or found.production is request.development:
        text = f"The evidence shows {found.name.lower()}, which is of the other world than the model."
        raise deny(DenialCode.DEVELOPMENT_EVIDENCE, text, assurance=found)
    if found < model.minimum_assurance:
        least = model.minimum_assurance.name.lower()
        text = f"The evidence shows {found.name.lower()}, the model asks for {least}."
        raise deny(DenialCode.POLICY_DENIED, text, assurance=found, check="assurance")
