"""Why a key is not released: one code for each reason, stable across releases, and which errors lead to which.

A code is told by the class of an error and by the check that failed, never by its words.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from zkseal.errors import (
    CertificateRevoked,
    DecodeError,
    DecryptionFailed,
    Expired,
    FileUnavailable,
    KeyDenied,
    MeasurementMismatch,
    NonceMismatch,
    OutOfDisk,
    PolicyDenied,
    RolledBack,
    SignatureRejected,
    UntrustedRoot,
    WrongKey,
    ZksealError,
)
from zkseal.tee import Assurance, Outcome, Platform

__all__ = ["DenialCode", "attempted", "denied_by", "deny", "plain"]

T = TypeVar("T")


class DenialCode(StrEnum):
    """Reasons. The values are what a client, the audit log and a problem document show."""

    WRONG_NONCE = "wrong_nonce"
    """The nonce was never issued by this broker, or so long ago that it is forgotten."""
    STALE = "stale"
    """The nonce was issued too long ago, or the evidence itself says that it is too old."""
    REPLAYED = "replayed"
    """The nonce was answered before; one nonce gets one decision."""
    WRONG_MEASUREMENT = "wrong_measurement"
    """Code or configuration (PCR, launch digest, event log) is none of the policy's reference values."""
    DEBUG = "debug"
    """The machine can be debugged."""
    OLD_VERSION = "old_version"
    """The sealed model is older than the least version of its name: a rollback."""
    REVOKED_MODEL = "revoked_model"
    """The header of the sealed model is revoked."""
    DEVELOPMENT_EVIDENCE = "development_evidence"
    """Development evidence where production is asked; or a model of one of both worlds asked for in the other."""
    EXPIRED_COLLATERAL = "expired_collateral"
    """A certificate, a revocation list or collateral is not valid at this time."""
    REVOKED_CERTIFICATE = "revoked_certificate"
    """The vendor took back a certificate or the platform."""
    UNTRUSTED_ROOT = "untrusted_root"
    """The certificates lead to no root that the broker trusts."""
    BAD_SIGNATURE = "bad_signature"
    """A signature of the evidence does not hold."""
    NOT_BOUND = "not_bound"
    """The evidence is of other runtime data: other keys, another model or another nonce."""
    WRONG_MODEL = "wrong_model"
    """The runtime data names another header or another `zk_model_commitment` than the sealed model's."""
    UNKNOWN_MODEL = "unknown_model"
    """The sealed model is not registered."""
    WRONG_POLICY = "wrong_policy"
    """The runtime data names another policy than the model's."""
    WRONG_RECIPIENT = "wrong_recipient"
    """No stanza of the sealed model opens with this broker's key."""
    POLICY_DENIED = "policy_denied"
    """Another check of the policy failed: patch level, privilege level, chip, platform, number of GPUs."""
    NOT_CHECKED = "not_checked"
    """A check that the policy asks for was not made, for want of what it needs."""
    MALFORMED = "malformed"
    """The request, the evidence or the header is not what it should be."""
    RATE_LIMITED = "rate_limited"
    """Too many requests, or too many open challenges; ask again later."""


def deny(code: DenialCode, message: str, *, assurance: Assurance | str | None = None, **fields: Any) -> KeyDenied:
    """The error of a denial."""
    name = assurance.name.lower() if isinstance(assurance, Assurance) else assurance
    return KeyDenied(message, denial=str(code), assurance=name, **fields)


_BY_CLASS: tuple[tuple[type[ZksealError], DenialCode], ...] = (
    (CertificateRevoked, DenialCode.REVOKED_CERTIFICATE),
    (UntrustedRoot, DenialCode.UNTRUSTED_ROOT),
    (SignatureRejected, DenialCode.BAD_SIGNATURE),
    (MeasurementMismatch, DenialCode.WRONG_MEASUREMENT),
    (NonceMismatch, DenialCode.NOT_BOUND),
    (RolledBack, DenialCode.OLD_VERSION),
    (WrongKey, DenialCode.WRONG_RECIPIENT),
    (DecryptionFailed, DenialCode.WRONG_RECIPIENT),
    (DecodeError, DenialCode.MALFORMED),
)


def plain(text: str) -> str:
    """Text that has an encoding: words of others may hold halves of surrogate pairs, which have none."""
    return text.encode("utf-8", "backslashreplace").decode()


def attempted(work: Callable[[], T]) -> T | KeyDenied:
    """What `work` gives, or the denial that its error leads to.

    Every error is one, also those that no verifier should raise, that of memory that does not suffice, and a panic of
    the compiled core: else whoever finds evidence that provokes one would have a decision without an entry.

    Raises:
        FileUnavailable, OutOfDisk: the database does not answer, so nothing can be decided.
    """
    try:
        return work()
    except (KeyboardInterrupt, SystemExit, GeneratorExit, FileUnavailable, OutOfDisk):
        raise
    except ZksealError as error:
        return denied_by(error)
    except BaseException as error:
        text = "The request cannot be appraised: the broker failed over it. Report this as a bug of zkseal."
        return deny(DenialCode.MALFORMED, text, fault=type(error).__name__)


# Checks that fail for development evidence: of a platform without roots, of a root of development, or of none.
_WORLD_CHECKS = frozenset({"assurance", "development-root"})
# Platforms that no vendor's root need stand behind: refused by name before anything of them is read.
_OF_DEVELOPMENT = frozenset({str(Platform.SANDBOX), str(Platform.TPM)})


def denied_by(error: ZksealError) -> KeyDenied:
    """The denial that an error of the appraisal, or of reading, leads to."""
    if isinstance(error, KeyDenied):
        return error
    result = error.fields.get("result")
    ear: dict[str, Any] = result if isinstance(result, dict) else {}
    fields = {name: error.fields[name] for name in ("check", "submodule") if name in error.fields}
    return deny(_code_of(error, ear), error.message, assurance=ear.get("assurance"), **fields)


def _code_of(error: ZksealError, ear: dict[str, Any]) -> DenialCode:
    check = str(error.fields.get("check", "")).rpartition(".")[2]
    if isinstance(error, Expired):
        return DenialCode.STALE if check == "age" else DenialCode.EXPIRED_COLLATERAL
    for cls, code in _BY_CLASS:
        if isinstance(error, cls):
            return code
    if not isinstance(error, PolicyDenied):
        return DenialCode.MALFORMED
    if _was_not_made(error, ear):
        return DenialCode.NOT_CHECKED
    if check == "debug":
        return DenialCode.DEBUG
    if check in ("freshness", "runtime-data"):
        return DenialCode.NOT_BOUND
    refused_by_name = check == "platform" and not _OF_DEVELOPMENT.isdisjoint(ear.get("submods", {}))
    if refused_by_name or (check in _WORLD_CHECKS and not _of_production(ear)):
        return DenialCode.DEVELOPMENT_EVIDENCE
    return DenialCode.POLICY_DENIED


def _was_not_made(error: ZksealError, ear: dict[str, Any]) -> bool:
    named = error.fields.get("check")
    outcomes = {entry["name"]: entry["outcome"] for entry in ear.get("checks", [])}
    return bool(outcomes.get(named) == Outcome.NOT_CHECKED)


def _of_production(ear: dict[str, Any]) -> bool:
    name = str(ear.get("assurance", "sandbox")).upper()
    return Assurance[name].production
