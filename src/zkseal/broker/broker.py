"""The key broker: Request, Challenge, Attestation, Response (the RCAR protocol of Trustee's KBS), decided durably.

A decision is made twice: without a lock, where evidence is appraised and the key sealed; then in one transaction that
looks again at nonce, revocation and least version, uses the nonce up and appends the entry of the audit log. Only after
that the wrapped key leaves. So whoever holds a key has an entry, and one nonce has one decision, whatever happens.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zkseal.broker import models
from zkseal.broker.anchors import Anchor
from zkseal.broker.audit import OPENED, Entry
from zkseal.broker.checkpoints import Checkpoint
from zkseal.broker.denials import DenialCode, attempted, deny, plain
from zkseal.broker.registry import Registry
from zkseal.broker.released import DevReleasedKey, ReleasedKey
from zkseal.broker.requests import Grant, Request, grant, is_open, nonce_digest, require_state
from zkseal.broker.store import KnownNonce, RegisteredModel, Store
from zkseal.errors import KeyDenied, LogBroken, WrongInput, WrongKey
from zkseal.sealed import SealedModel
from zkseal.tee import AppraisalPolicy, AttestationBundle, Roots, parse_policy

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["NONCE_BYTES", "BrokerOptions", "KeyBroker"]

NONCE_BYTES = 32


@dataclass(frozen=True)
class BrokerOptions:
    """How long and how many.

    Attributes:
        nonce_lifetime_s: seconds between challenge and answer, 60 to 300.
        max_open_nonces: challenges without an answer; further ones are refused until some expire.
        nonce_retention_s: how long an expired or used nonce is told from one that was never issued.
    """

    nonce_lifetime_s: int = 120
    max_open_nonces: int = 10_000
    nonce_retention_s: int = 86_400

    def __post_init__(self) -> None:
        if not 60 <= self.nonce_lifetime_s <= 300:
            text = f"A nonce that lives {self.nonce_lifetime_s} seconds lives too short or too long. Choose 60 to 300."
            raise WrongInput(text, name="nonce_lifetime_s", expected="60 to 300", got=self.nonce_lifetime_s)


class KeyBroker:
    """Releases keys of registered models to machines whose evidence satisfies the model's policy. Threads may share it.

    There is no clock here: `now` is an argument, Unix seconds.
    """

    def __init__(
        self,
        database: Path,
        kek: _native.HpkeKey,
        checkpoint_key: _native.PublisherKey,
        *,
        roots: Roots | None = None,
        anchor: Path | None = None,
        options: BrokerOptions | None = None,
    ) -> None:
        """Opens a broker that `create` made.

        Args:
            roots: trust anchors, by default those that zkseal pins. Only a program can give others.
            anchor: a checkpoint file outside, kept in step; the database may not be older than it says.

        Raises:
            FileUnavailable, UnknownVersion: the database or the anchor cannot be used.
            WrongKey: the database belongs to other keys.
            LogBroken: the log does not hang together, or the tables say another thing than it.
            RolledBack: the database is older than the anchor, or another one.
        """
        self.options = options or BrokerOptions()
        self._kek, self._checkpoint_key, self._roots = kek, checkpoint_key, roots
        self._policies: dict[str, AppraisalPolicy] = {}
        self._store = Store(database)
        try:
            self._require_own()
            self._registry = Registry(database)
            with self._store.reading():
                self._registry.require_tables(self._store)
            self.broker_id = self._store.fact("broker") or b""
            self._anchor = None if anchor is None else Anchor(anchor, self._store, self.broker_id, checkpoint_key)
        except BaseException:
            self._store.close()
            raise

    @staticmethod
    def create(database: Path, kek: _native.HpkeKey, checkpoint_key: _native.PublisherKey, *, now: int) -> None:
        """Makes the database of a new broker, whose log begins with its identity and public keys."""
        store = Store(database, create=True)
        identity = {
            "broker": secrets.token_bytes(16),
            "kek_public_key": kek.public_key,
            "log_public_key": checkpoint_key.public_key,
        }
        try:
            with store.atomically():
                for key, value in identity.items():
                    store.set_fact(key, value)
                store.append(now, OPENED, dict(identity))
        finally:
            store.close()

    def _require_own(self) -> None:
        own = {"kek_public_key": self._kek.public_key, "log_public_key": self._checkpoint_key.public_key}
        for name, key in own.items():
            if self._store.fact(name) != key:
                text = f"The broker's database was made with another key ({name}). Give the files of this broker."
                raise WrongKey(text, reason=name)

    def close(self) -> None:
        """Closes the database."""
        self._store.close()

    @property
    def public_key(self) -> bytes:
        """X25519: publishers seal the keys of their models to it."""
        return self._kek.public_key

    # Models. ----------------------------------------------------------------------------------------------------------

    def add_model(self, sealed: SealedModel, policy: str, *, now: int) -> RegisteredModel:
        """Registers a sealed model.

        Args:
            sealed: opened, so that its publisher's signature is checked.
            policy: TOML, the one whose digest the header asks for.

        Raises:
            WrongKey, DecryptionFailed: it is not sealed to this broker.
            PolicyDenied: the policy is another one; or one of policy and header is for production, the other not.
            WrongInput: the model is registered already.
        """
        model = models.add_model(self._store, sealed, policy, self._kek, now)
        self._keep_anchor(now)
        return model

    def set_minimum(self, name: str, version: int, *, now: int) -> Entry:
        """Sets the least version of all models of a name. Raises `WrongInput` unless it is above the one that holds."""
        entry = models.set_minimum(self._store, name, version, now)
        self._keep_anchor(now)
        return entry

    def revoke_model(self, digest: bytes, *, now: int) -> RegisteredModel:
        """Revokes a header, for ever. Raises `WrongInput` if it is not registered, or revoked already."""
        model = models.revoke_model(self._store, digest, now)
        self._keep_anchor(now)
        return model

    def models(self) -> list[tuple[RegisteredModel, int]]:
        """Models, each with the least version of its name."""
        return [(model, self._store.minimum(model.name)) for model in self._store.models()]

    # Challenge and response. ------------------------------------------------------------------------------------------

    def challenge(self, *, now: int) -> bytes:
        """A new nonce: 32 random bytes, for one answer.

        Raises:
            KeyDenied: `rate_limited`, too many challenges are open.
        """
        options, nonce = self.options, secrets.token_bytes(NONCE_BYTES)
        with self._store.atomically():
            keep = 4 * options.max_open_nonces
            self._store.prune_nonces(now, retention_s=options.nonce_retention_s, keep=keep)
            if self._store.open_nonces(now) >= options.max_open_nonces:
                raise deny(DenialCode.RATE_LIMITED, "Too many challenges wait for an answer. Ask again in a minute.")
            known = KnownNonce(issued_at=now, expires_at=now + options.nonce_lifetime_s, used_at=None)
            self._store.add_nonce(nonce_digest(nonce), known)
        return nonce

    def release(self, bundle: AttestationBundle, header: bytes, stanzas: bytes, *, now: int) -> ReleasedKey:
        """The key of a production model, sealed to the attested machine.

        Args:
            header, stanzas: of the sealed model, as they stand in its file.

        Raises:
            KeyDenied: with the field `denial`; the audit log has an entry with the same code.
            ResourceLimit: the decision could not be written; no key is released.
        """
        return ReleasedKey(**self._decide(Request(bundle, header, stanzas, now, development=False)))

    def release_development(
        self, bundle: AttestationBundle, header: bytes, stanzas: bytes, *, now: int
    ) -> DevReleasedKey:
        """The key of a model that was sealed for development. Arguments and errors as `release`."""
        return DevReleasedKey(**self._decide(Request(bundle, header, stanzas, now, development=True)))

    def note_denial(self, denial: KeyDenied, *, now: int, **names: bytes | int) -> Entry:
        """The entry of a denial that was decided without a request: it could not be read, or was not looked at."""
        with self._store.atomically():
            return self._store.append(now, "denied", {**_denial_fields(denial), **names})

    def _decide(self, request: Request) -> dict[str, Any]:
        """Fields of the released key. The entry of either decision is on the disk when this returns or raises."""
        granted = attempted(lambda: self._grant(request))
        decision: KeyDenied | tuple[RegisteredModel, Grant]
        with self._store.atomically():
            state = attempted(lambda: self._state(request))
            if isinstance(state, KeyDenied):
                decision = state
            else:
                decision = granted if isinstance(granted, KeyDenied) else (state, granted)
            if is_open(self._store.nonce(request.nonce_digest), request.now):
                self._store.use_nonce(request.nonce_digest, request.now)
            if isinstance(decision, KeyDenied):
                self._store.append(request.now, "denied", request.names() | _denial_fields(decision))
            else:
                kind = "released_development" if request.development else "released"
                entry = self._store.append(request.now, kind, _release_fields(request, *decision))
        if isinstance(decision, KeyDenied):
            raise decision
        model, released = decision
        self._keep_anchor(request.now)
        return {
            "wrapped_key": released.wrapped_key,
            "assurance": released.assurance,
            "policy_digest": model.policy_digest,
            "evidence_digest": request.evidence_digest,
            "model_digest": model.digest,
            "sequence": entry.sequence,
            "entry_hash": entry.hash,
        }

    def _grant(self, request: Request) -> Grant:
        """The first half of a decision."""
        model = require_state(self._store, request)
        return grant(request, model, self._policy(model), self._kek, self._roots)

    def _state(self, request: Request) -> RegisteredModel:
        """The second half: what the tables say by now, which is what the log says."""
        model = require_state(self._store, request)
        try:
            self._registry.require_model(self._store, model)
        except LogBroken as error:
            text = "The broker's tables and its log say different things. Its operator has to look at them."
            raise deny(DenialCode.WRONG_MODEL, text, check="registration.log") from error
        return model

    def _policy(self, model: RegisteredModel) -> AppraisalPolicy:
        """The policy of the model's text; `grant` compares its digest with the header's."""
        policy = self._policies.get(model.policy)
        if policy is None:
            policy = parse_policy(model.policy)
            if policy.digest == model.policy_digest:
                self._policies[model.policy] = policy
        return policy

    # Log. -------------------------------------------------------------------------------------------------------------

    def entries(self, after: int = -1, limit: int = 1000) -> list[Entry]:
        """Entries of the audit log beyond a sequence, oldest first."""
        return self._store.entries(after, limit)

    def checkpoint(self, *, now: int) -> Checkpoint:
        """How far the log is, signed."""
        sequence, last = self._store.last_entry()
        return Checkpoint.sign(self._checkpoint_key, self.broker_id, sequence, last, now)

    def _keep_anchor(self, now: int) -> None:
        if self._anchor is not None:
            self._anchor.keep(now)


def _release_fields(request: Request, model: RegisteredModel, released: Grant) -> dict[str, Any]:
    return request.names() | {
        "name": model.name,
        "version": model.version,
        "policy_digest": model.policy_digest,
        "assurance": released.assurance.name.lower(),
        "hpke_public_key": request.bundle.runtime_data.hpke_public_key,
        "wrapped_key_digest": hashlib.sha256(released.wrapped_key).digest(),
    }


def _denial_fields(denial: KeyDenied) -> dict[str, Any]:
    fields = {"denial": denial.denial, "assurance": denial.assurance}
    # The name of a submodule is the client's: no more of it is kept than a name needs.
    shown = [name for name in ("check", "submodule", "fault") if name in denial.fields]
    return fields | {name: plain(str(denial.fields[name])[:64]) for name in shown}
