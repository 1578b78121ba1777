"""Which models a broker serves: registered by their sealed header, with the policy that the header asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zkseal.broker.audit import Entry
from zkseal.broker.store import RegisteredModel, Store
from zkseal.errors import PolicyDenied, WrongInput
from zkseal.sealed import SealedModel
from zkseal.tee import AppraisalPolicy, Assurance, parse_policy

if TYPE_CHECKING:
    from zkseal import _native

__all__ = ["add_model", "fields_of", "revoke_model", "set_minimum"]

MAX_VERSION = (1 << 63) - 1


def add_model(store: Store, sealed: SealedModel, policy: str, kek: _native.HpkeKey, now: int) -> RegisteredModel:
    """Registers a sealed model, and the policy's text. Raises as `KeyBroker.add_model`."""
    header = sealed.header
    read = parse_policy(policy)
    if read.digest != header.policy_digest:
        reason = f"the header asks for the policy {header.policy_digest.hex()}, this one is {read.digest.hex()}"
        raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}.", check="policy", reason=reason)
    _require_one_world(read, header.minimum_assurance)
    sealed.data_key(kek).check(header.salt, header.key_commitment)
    model = RegisteredModel(
        digest=header.digest,
        name=header.name,
        version=header.version,
        zk_model_commitment=header.zk_model_commitment,
        minimum_assurance=header.minimum_assurance,
        policy_digest=header.policy_digest,
        policy=policy,
        publisher=header.publisher,
    )
    with store.atomically():
        if store.model(model.digest) is not None:
            text = f"The model {model.digest.hex()} is registered already."
            raise WrongInput(text, name="model", expected="a new header", got=model.digest.hex())
        store.add_model(model)
        store.append(now, "model_added", fields_of(model))
    return model


def _require_one_world(policy: AppraisalPolicy, minimum: Assurance) -> None:
    """A production model has a policy that lets no development evidence in, a development model one that does.

    The least assurance itself is compared at every release, with what the evidence shows.
    """
    if minimum.production and policy.assurance.production and not policy.allow_development_roots:
        return
    if not minimum.production and not policy.assurance.production:
        return
    reason = f"the header asks for {minimum.name.lower()}, and the policy accepts {policy.min_assurance}"
    if policy.allow_development_roots:
        reason += " and development roots"
    raise PolicyDenied(f"{reason[:1].upper()}{reason[1:]}: one is production.", check="assurance", reason=reason)


def fields_of(model: RegisteredModel) -> dict[str, bytes | str | int]:
    """What the entry of its registration holds: all but the policy's text, for which its digest stands."""
    return {
        "model": model.digest,
        "name": model.name,
        "version": model.version,
        "zk_model_commitment": model.zk_model_commitment,
        "minimum_assurance": model.minimum_assurance.name.lower(),
        "policy_digest": model.policy_digest,
        "publisher": model.publisher,
    }


def set_minimum(store: Store, name: str, version: int, now: int) -> Entry:
    """Raises the least version of a name. Raises `WrongInput` for one that is not above it."""
    with store.atomically():
        held = store.minimum(name)
        if not held < version <= MAX_VERSION:
            text = f"The least version of {name!r} is {held}, and it only grows."
            raise WrongInput(text, name="version", expected=f"above {held}", got=version)
        store.set_minimum(name, version)
        return store.append(now, "minimum_raised", {"name": name, "version": version, "before": held})


def revoke_model(store: Store, digest: bytes, now: int) -> RegisteredModel:
    """Revokes a header. Raises `WrongInput` for one that is not registered, or revoked already."""
    with store.atomically():
        model = store.model(digest)
        if model is None or model.revoked:
            text = f"The model {digest.hex()} is {'not registered' if model is None else 'revoked already'}."
            raise WrongInput(text, name="model", expected="a registered header", got=digest.hex())
        store.revoke(digest)
        store.append(now, "model_revoked", {"model": digest, "name": model.name, "version": model.version})
    return model
