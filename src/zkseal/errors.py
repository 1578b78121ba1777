"""Every exception that zkseal raises on purpose.

::

    ZksealError
    ├── ModelError             the model is at fault
    │   ├── UnsupportedOp          an operator (or a form of it) that no lowering rule accepts
    │   ├── UnsupportedDtype       a tensor of an element type that cannot be proved
    │   ├── DynamicShape           a dimension that is not known at compile time
    │   ├── InvalidModel           not a model, or one that contradicts itself
    │   └── NonFiniteWeight        a weight that is NaN or infinite
    ├── QuantizationError      the model does not fit the integers that it was given
    │   ├── RangeExceeded          a value outside the range that was calibrated (with headroom)
    │   ├── CalibrationMissing     no samples, or samples that do not reach a tensor
    │   ├── AccumulatorTooWide     a static bound shows that an accumulator could wrap
    │   └── ToleranceExceeded      the measured error is above the tolerance that the user set
    ├── WitnessError           the inputs are at fault
    │   ├── UnsatisfiedConstraint  an assignment that breaks a constraint of the relation
    │   ├── WrongInput             a missing, unknown or wrongly shaped input
    │   └── ValueOutOfBounds       an assigned value outside the bounds of its tensor
    ├── DecodeError            the bytes are at fault
    │   ├── NonCanonicalScalar     a scalar that is not below the group order
    │   ├── NonCanonicalPoint      a point in an encoding other than its only one
    │   ├── NotOnCurve             coordinates of no curve point
    │   ├── IdentityPoint          the identity where it is refused
    │   ├── WrongLength            too few or too many bytes or entries
    │   ├── UnknownVersion         a format version that this release does not read
    │   ├── WrongFileKind          a file of another kind, or of no kind that zkseal writes
    │   ├── DigestMismatch         contents that do not hash to the digest beside them
    │   ├── InvalidRelation        a relation that breaks a rule of docs/protocol/2-relation.md
    │   ├── InvalidParameters      parameters that do not exist or do not fit the relation
    │   ├── InvalidEncoding        bytes that are not the canonical form of anything
    │   ├── DecryptionFailed       ciphertext that the key does not open, or that was changed
    │   ├── WrongKey               a key other than the one that a file was sealed with or to
    │   └── LogBroken              an audit log whose entries were changed, cut or replaced
    ├── ProofRejected          the proof does not show what is claimed; never retried
    │   ├── StatementMismatch      public values or commitments of another shape than the relation's
    │   ├── LinearClaimRejected    the linear claim (protocol stage 5.3) does not hold
    │   ├── OpeningRejected        the opening of the combined commitment does not hold
    │   ├── ModelProofRejected     a verifying key whose model proof does not hold
    │   ├── WrongModel             a receipt of another model
    │   ├── WrongContext           a receipt for another context
    │   └── InsecureSetup          a key whose powers of tau come from no published ceremony
    ├── AppraisalError         the evidence does not satisfy the policy
    │   ├── Expired                the receipt, a certificate or collateral is not valid at the time of the appraisal
    │   ├── PolicyDenied           the policy refuses this statement or this evidence
    │   ├── UntrustedRoot          a certificate chain that leads to no pinned root
    │   ├── SignatureRejected      a signature of evidence, or a hash that stands for one, that does not hold
    │   ├── CertificateRevoked     a certificate, or a platform, that its vendor took back
    │   ├── MeasurementMismatch    code or configuration other than the reference values
    │   ├── NonceMismatch          evidence that is not bound to the nonce of the appraisal
    │   ├── RolledBack             a sealed model, or a broker's database, older than the least that may be used
    │   └── KeyDenied              the key broker releases no key; `denial` is a code of its own
    ├── SetupError             no keys can be made for this program
    │   ├── WeightOutOfBounds      a weight outside the bounds that setup has to prove
    │   ├── InvalidPower           a power of tau that was changed: off the curve, or no power of this tau
    │   ├── UnknownOrigin          sound powers of tau of no published ceremony
    │   └── TooFewPowers           fewer powers of tau than a row has entries
    ├── ResourceLimit          the machine is at fault
    │   ├── OutOfDisk              no space left for a file
    │   ├── FileUnavailable        a file that cannot be opened, read or written
    │   ├── DeviceRefused          a device that attests and answers with an error of its own
    │   └── MissingDependency      an optional package or the compiled core is not installed
    ├── ChainError             the chain, or what it was told, is at fault
    │   ├── NodeUnreachable        no node answers at the URL
    │   ├── WrongChain             the node is of another chain
    │   ├── NodeRefused            the node answers with an error of its own
    │   ├── OutOfFunds             the account cannot pay for the transaction
    │   ├── TransactionReverted    a contract refused; with its error, decoded
    │   ├── TransactionPending     a transaction that is not mined in time
    │   ├── GasCapExceeded         more gas, or more bytes of code, than a chain allows
    │   ├── KeystoreRejected       no keystore file, or a password that does not open it
    │   ├── NotDeployed            no contract where one is needed
    │   ├── NotForChain            a key or a request that the contracts cannot serve
    │   └── RequestUnanswered      a request to the oracle without an answer in time
    ├── EnclaveError           an enclave does not answer as asked
    │   ├── RateLimited            more requests than it answers in this time
    │   ├── RequestReplayed        a request that it answered before
    │   ├── EnclaveStopped         its process ended, or does not answer in time
    │   ├── EnclaveNotReady        it has no model yet
    │   └── EnclaveUnreachable     nobody answers at the URL, or something else does
    ├── ServiceError           the proving service does not do as asked
    │   ├── NotFound               nothing of this kind and name, or of another tenant
    │   ├── ApiKeyRejected         no API key, or one that is unknown, revoked or expired
    │   ├── ScopeMissing           an API key that may not do this
    │   ├── QuotaExceeded          more than the tenant may have
    │   ├── IdempotencyConflict    an idempotency key that was used for another request
    │   ├── JobConflict            a job that is in another state than is needed
    │   ├── JobAbandoned           a job whose attempts all ended without an answer
    │   ├── JobCancelled           a job that was cancelled, and has no receipt
    │   ├── MasterKeyRejected      no master key, or one that may not or cannot be used
    │   ├── NameTaken              a name that another one has
    │   └── StorageUnavailable     a database or an artifact store that does not answer
    ├── ExecutorError          work that was given to other processes or machines does not come back as asked
    │   ├── WorkerLost             a worker's process, or its machine, ended
    │   ├── WorkerStalled          a worker that gives no result in time
    │   ├── ResultRejected         a worker returned something that does not verify
    │   ├── TaskCancelled          a task that was cancelled
    │   ├── ExecutorClosed         an executor that was closed takes no tasks
    │   └── ClusterUnreachable     no Ray cluster at the address, or one without room for workers
    ├── CollateralError        what vendors say of their hardware cannot be fetched
    │   ├── VendorUnreachable      a vendor's service does not answer, or not as who it is
    │   ├── VendorRefused          a vendor's service answers with another status, or sends elsewhere
    │   ├── CollateralTooLarge     more bytes than collateral of this kind has
    │   └── CollateralRejected     not what was asked for, or not signed by the vendor
    ├── Interrupted            the user stopped the work
    └── InternalError          zkseal is at fault: file a bug

An error has a stable ``code`` (the name of its class), a sentence that names the thing, the place and the remedy,
and typed fields. Fields are attributes and are listed in ``fields``; they never hold witness values, except that
`RangeExceeded` tells the caller, who owns the value, which one it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

__all__ = [
    "AccumulatorTooWide",
    "ApiKeyRejected",
    "AppraisalError",
    "CalibrationMissing",
    "CertificateRevoked",
    "ChainError",
    "ClusterUnreachable",
    "CollateralError",
    "CollateralRejected",
    "CollateralTooLarge",
    "DecodeError",
    "DecryptionFailed",
    "DeviceRefused",
    "DigestMismatch",
    "DynamicShape",
    "EnclaveError",
    "EnclaveNotReady",
    "EnclaveStopped",
    "EnclaveUnreachable",
    "ExecutorClosed",
    "ExecutorError",
    "Expired",
    "FileUnavailable",
    "GasCapExceeded",
    "IdempotencyConflict",
    "IdentityPoint",
    "InsecureSetup",
    "InternalError",
    "Interrupted",
    "InvalidEncoding",
    "InvalidModel",
    "InvalidParameters",
    "InvalidPower",
    "InvalidRelation",
    "JobAbandoned",
    "JobCancelled",
    "JobConflict",
    "KeyDenied",
    "KeystoreRejected",
    "LinearClaimRejected",
    "LogBroken",
    "MasterKeyRejected",
    "MeasurementMismatch",
    "MissingDependency",
    "ModelError",
    "ModelProofRejected",
    "NameTaken",
    "NodeRefused",
    "NodeUnreachable",
    "NonCanonicalPoint",
    "NonCanonicalScalar",
    "NonFiniteWeight",
    "NonceMismatch",
    "NotDeployed",
    "NotForChain",
    "NotFound",
    "NotOnCurve",
    "OpeningRejected",
    "OutOfDisk",
    "OutOfFunds",
    "PolicyDenied",
    "ProofRejected",
    "QuantizationError",
    "QuotaExceeded",
    "RangeExceeded",
    "RateLimited",
    "RequestReplayed",
    "RequestUnanswered",
    "ResourceLimit",
    "ResultRejected",
    "RolledBack",
    "ScopeMissing",
    "ServiceError",
    "SetupError",
    "SignatureRejected",
    "StatementMismatch",
    "StorageUnavailable",
    "TaskCancelled",
    "ToleranceExceeded",
    "TooFewPowers",
    "TransactionPending",
    "TransactionReverted",
    "UnknownOrigin",
    "UnknownVersion",
    "UnsatisfiedConstraint",
    "UnsupportedDtype",
    "UnsupportedOp",
    "UntrustedRoot",
    "ValueOutOfBounds",
    "VendorRefused",
    "VendorUnreachable",
    "WeightOutOfBounds",
    "WitnessError",
    "WorkerLost",
    "WorkerStalled",
    "WrongChain",
    "WrongContext",
    "WrongFileKind",
    "WrongInput",
    "WrongKey",
    "WrongLength",
    "WrongModel",
    "ZksealError",
    "error_classes",
]


class ZksealError(Exception):
    """Root of the tree. `code` is stable across releases and equal in every language of the project.

    Construct with one sentence that says what happened and what to do, and the fields by keyword::

        UnsupportedOp("Node 'n1' uses Foo, which has no lowering rule. Remove it.", op="Foo", node="n1")
    """

    code: ClassVar[str] = "ZksealError"

    def __init_subclass__(cls) -> None:
        cls.code = cls.__name__

    def __init__(self, message: str = "", /, **fields: Any) -> None:
        super().__init__(message)
        self.message: str = message
        self.fields: dict[str, Any] = dict(fields)

    def __getattr__(self, name: str) -> Any:
        fields: Mapping[str, Any] = self.__dict__.get("fields", {})
        if name in fields:
            return fields[name]
        raise AttributeError(f"{type(self).__name__} has no field {name!r}")

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        fields = "".join(f", {name}={value!r}" for name, value in self.fields.items())
        return f"{type(self).__name__}({self.message!r}{fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.fields)

    def to_dict(self) -> dict[str, Any]:
        """The error as a JSON-ready object: code, message, and the fields as JSON values."""
        return {"code": self.code, "message": self.message, "fields": {k: _plain(v) for k, v in self.fields.items()}}


def _rebuild(cls: type[ZksealError], message: str, fields: dict[str, Any]) -> ZksealError:
    return cls(message, **fields)


def _plain(value: Any) -> Any:
    """`value` as something that `json.dumps` accepts; numpy scalars become numbers, bytes hex, the rest text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    item = getattr(value, "item", None)
    return _plain(item()) if callable(item) and getattr(value, "ndim", None) == 0 else str(value)


# The model is at fault. -----------------------------------------------------------------------------------------------


class ModelError(ZksealError):
    """The model cannot be proved as it is."""


class UnsupportedOp(ModelError):
    """No lowering rule accepts this operator or this form of it. Fields: op, node."""


class UnsupportedDtype(ModelError):
    """A tensor has an element type that cannot be proved. Fields: tensor, dtype."""


class DynamicShape(ModelError):
    """A dimension is not known at compile time. Fields: tensor, axis."""


class InvalidModel(ModelError):
    """Not a model, or one that contradicts itself. Fields: path or node, where known."""


class NonFiniteWeight(ModelError):
    """A weight is NaN or infinite. Fields: tensor, index."""


# The model does not fit the integers that it was given. ---------------------------------------------------------------


class QuantizationError(ZksealError):
    """The model cannot be turned into integers as asked."""


class RangeExceeded(QuantizationError):
    """A value lies outside the calibrated range and its headroom. Fields: tensor, value, lo, hi.

    This is the one error that shows a value of the witness; it is raised to the caller who supplied the input.
    """


class CalibrationMissing(QuantizationError):
    """There are no samples, or they do not reach a tensor. Fields: tensor."""


class AccumulatorTooWide(QuantizationError):
    """A static bound shows that an accumulator could wrap. Fields: node, bits."""


class ToleranceExceeded(QuantizationError):
    """The measured error is above the tolerance that the user set. Fields: output, error, tolerance."""


# The inputs are at fault. ---------------------------------------------------------------------------------------------


class WitnessError(ZksealError):
    """No satisfying assignment was made from the inputs."""


class UnsatisfiedConstraint(WitnessError):
    """An assignment breaks a constraint. Fields: constraint, index, node."""


class WrongInput(WitnessError):
    """An input is missing, unknown, or of the wrong shape or type. Fields: name, expected, got."""


class ValueOutOfBounds(WitnessError):
    """An assigned value lies outside the bounds of its tensor. Fields: tensor, index, lo, hi."""


# The bytes are at fault. ----------------------------------------------------------------------------------------------


class DecodeError(ZksealError):
    """Bytes are not what they should be."""


class NonCanonicalScalar(DecodeError):
    """A scalar is not below the group order. Fields: offset."""


class NonCanonicalPoint(DecodeError):
    """A point is not in its only encoding. Fields: offset."""


class NotOnCurve(DecodeError):
    """Coordinates belong to no curve point. Fields: offset."""


class IdentityPoint(DecodeError):
    """The identity stands where it is refused. Fields: offset."""


class WrongLength(DecodeError):
    """There are too few or too many bytes or entries. Fields: expected, got."""


class UnknownVersion(DecodeError):
    """A format version that this release does not read. Fields: got, expected."""


class WrongFileKind(DecodeError):
    """A file of another kind, or of none that zkseal writes. Fields: path, expected, got."""


class DigestMismatch(DecodeError):
    """Contents do not hash to the digest beside them: the file was damaged or changed. Fields: path."""


class InvalidRelation(DecodeError):
    """A relation breaks a rule of docs/protocol/2-relation.md. Fields: reason."""


class InvalidParameters(DecodeError):
    """Parameters that do not exist or do not fit the relation. Fields: reason."""


class InvalidEncoding(DecodeError):
    """Bytes are not the canonical form of anything. Fields: reason."""


class DecryptionFailed(DecodeError):
    """The key does not open the ciphertext: it is for another key or context, or was changed. Fields: reason."""


class WrongKey(DecodeError):
    """The file was sealed with, or to, other keys than this one. Fields: reason."""


class LogBroken(DecodeError):
    """An audit log does not hang together: changed, cut or replaced from an entry on; fields path, sequence, reason."""


# The proof is at fault. -----------------------------------------------------------------------------------------------


class ProofRejected(ZksealError):
    """The proof does not show what is claimed. Never retried: the same bytes are rejected for ever."""


class StatementMismatch(ProofRejected):
    """Public values or commitments do not have the shape of the relation. Fields: tensor or column."""


class LinearClaimRejected(ProofRejected):
    """The linear claim of protocol stage 5.3 does not hold."""


class OpeningRejected(ProofRejected):
    """The opening of the combined commitment does not hold."""


class ModelProofRejected(ProofRejected):
    """The model proof of a verifying key does not hold: its weights are not shown to be in bounds."""


class WrongModel(ProofRejected):
    """The receipt names another model. Fields: expected, got."""


class WrongContext(ProofRejected):
    """The receipt was made for another context. Fields: expected, got."""


class InsecureSetup(ProofRejected):
    """The key's powers of tau come from no published ceremony: who made them may forge proofs. Fields: setup_digest."""


# The evidence is at fault. --------------------------------------------------------------------------------------------


class AppraisalError(ZksealError):
    """The evidence is not authentic, or the policy does not accept it. Fields: check, and result where one was made."""


class Expired(AppraisalError):
    """A receipt, a certificate or collateral is not valid at the time of the appraisal. Fields: check, reason."""


class PolicyDenied(AppraisalError):
    """The policy refuses this statement or this evidence. Fields: check, reason."""


class UntrustedRoot(AppraisalError):
    """The certificate chain leads to no pinned root. Fields: check, reason."""


class SignatureRejected(AppraisalError):
    """A signature of the evidence, or a hash that stands for one, does not hold. Fields: check, reason."""


class CertificateRevoked(AppraisalError):
    """A certificate, or the platform, is revoked by its vendor. Fields: check, reason."""


class MeasurementMismatch(AppraisalError):
    """Code or configuration is none of the reference values. Fields: check, claim, got."""


class NonceMismatch(AppraisalError):
    """The evidence is not bound to the nonce of this appraisal. Fields: check, expected, got."""


class RolledBack(AppraisalError):
    """A sealed model or a broker's database, older than the least that may be used. Fields: check, expected, got."""


class KeyDenied(AppraisalError):
    """The key broker releases no key. Fields: denial (a `broker.DenialCode`), assurance (found so far, or None)."""


# Keys, machine, user, us. ---------------------------------------------------------------------------------------------


class SetupError(ZksealError):
    """No keys can be made for this program."""


class WeightOutOfBounds(SetupError):
    """A weight lies outside the bounds that setup has to prove. Fields: tensor, index, lo, hi."""


class InvalidPower(SetupError):
    """A power of tau was changed: it is no curve point, or does not follow from the one before. Fields: path, place."""


class UnknownOrigin(SetupError):
    """Powers of tau are sound, but of no published ceremony: who made them may forge. Fields: path, setup_digest."""


class TooFewPowers(SetupError):
    """There are fewer powers of tau than a row of the key has entries. Fields: expected, got."""


class ResourceLimit(ZksealError):
    """The machine does not suffice. Fields: resource."""


class OutOfDisk(ResourceLimit):
    """No space is left for a file; nothing was written. Fields: path."""


class FileUnavailable(ResourceLimit):
    """A file cannot be opened, read or written. Fields: path, reason."""


class DeviceRefused(ResourceLimit):
    """A TPM, or another device that attests, answers with an error of its own. Fields: device, reason."""


class MissingDependency(ResourceLimit):
    """An optional package, or the compiled core, is not installed. Fields: package."""


class ChainError(ZksealError):
    """Something on the way to a chain, or on it, went wrong."""


class NodeUnreachable(ChainError):
    """No JSON-RPC node answers at the URL, which is shown without path and password. Fields: url, reason."""


class WrongChain(ChainError):
    """The node is of another chain than was asked for. Fields: expected, got."""


class NodeRefused(ChainError):
    """The node answered with an error of its own. Fields: url, reason."""


class OutOfFunds(ChainError):
    """The account cannot pay for gas and value; what is needed is zero where only the node knows it.

    Fields: account, balance_wei, needed_wei.
    """


class TransactionReverted(ChainError):
    """A contract refused a call or a transaction. Fields: call, error, arguments, transaction (None for a call)."""


class TransactionPending(ChainError):
    """A transaction was sent and is not mined in time. Fields: account, transaction, timeout_s."""


class GasCapExceeded(ChainError):
    """More than a chain allows in one transaction or one contract. Fields: what, got, cap."""


class KeystoreRejected(ChainError):
    """There is no keystore file, or the password does not open it. Fields: path, reason."""


class NotDeployed(ChainError):
    """There is no contract of this name where one is needed. Fields: contract, chain_id."""


class NotForChain(ChainError):
    """A key, a request or a value that the contracts cannot serve. Fields: reason."""


class RequestUnanswered(ChainError):
    """A request to the oracle is not answered in time, or never will be. Fields: request_id, status."""


class EnclaveError(ZksealError):
    """An enclave, or the host in front of it, does not answer as asked."""


class RateLimited(EnclaveError):
    """More requests than the enclave answers in this time. Fields: scope, retry_after_ms (None: never)."""


class RequestReplayed(EnclaveError):
    """A request that this enclave answered before. Fields: request."""


class EnclaveStopped(EnclaveError):
    """The process of the enclave ended, or does not answer in time. Fields: reason."""


class EnclaveNotReady(EnclaveError):
    """The enclave has no model yet, or no sealed one that it could ask a key for. Fields: missing."""


class EnclaveUnreachable(EnclaveError):
    """Nobody answers at the URL, or something that is no host of an enclave. Fields: url, reason."""


class ServiceError(ZksealError):
    """The proving service does not do as asked."""


class NotFound(ServiceError):
    """There is nothing of this kind and name, or it is another tenant's. Fields: kind, name."""


class ApiKeyRejected(ServiceError):
    """There is no API key, or it is unknown, revoked or expired; which of them is told to nobody."""


class ScopeMissing(ServiceError):
    """The API key is good, and may not do this. Fields: scope."""


class QuotaExceeded(ServiceError):
    """More than the tenant may have. Fields: quota (its name), limit, got."""


class IdempotencyConflict(ServiceError):
    """The idempotency key was used before, for another request. Fields: idempotency_key."""


class JobConflict(ServiceError):
    """The job is in another state than is needed. Fields: job, state, expected."""


class JobAbandoned(ServiceError):
    """All attempts at the job ended without an answer: workers died or did not answer. Fields: attempts, reason."""


class JobCancelled(ServiceError):
    """The job was cancelled: it has no receipt, and its inputs are deleted. Fields: job."""


class MasterKeyRejected(ServiceError):
    """There is no master key, others may read it, or it does not open the tenants' keys. Fields: path, reason."""


class NameTaken(ServiceError):
    """Another one of its kind has the name. Fields: kind, name."""


class StorageUnavailable(ServiceError):
    """The database or the artifact store does not answer; what was asked may be asked again. Fields: store, reason."""


class ExecutorError(ZksealError):
    """Work that was given to other processes or machines does not come back as asked."""


class WorkerLost(ExecutorError):
    """A worker's process, or its machine, ended before it gave a result. Fields: worker, reason."""


class WorkerStalled(ExecutorError):
    """A worker gave no result in the time that was predicted, with a margin. Fields: worker, timeout_s."""


class ResultRejected(ExecutorError):
    """A worker returned something that does not verify, or is about something else. Fields: worker, reason (a code)."""


class TaskCancelled(ExecutorError):
    """The task was cancelled: it has no result."""


class ExecutorClosed(ExecutorError):
    """The executor was closed, and takes no tasks."""


class ClusterUnreachable(ExecutorError):
    """There is no Ray cluster at the address, or it has no room for the workers. Fields: address, reason."""


class CollateralError(ZksealError):
    """What vendors say of their hardware cannot be fetched. Nothing of it was written."""


class VendorUnreachable(CollateralError):
    """A vendor's service does not answer, or its TLS certificate is not trusted. Fields: url, reason, failed."""


class VendorRefused(CollateralError):
    """A service answers with another status than 200, or sends to another host. Fields: url, status, reason, failed."""


class CollateralTooLarge(CollateralError):
    """A service sends more bytes than collateral of this kind has. Fields: url, limit, failed."""


class CollateralRejected(CollateralError):
    """What was sent is not what was asked for, or is not signed by the vendor. Fields: url, item, reason, failed."""


class Interrupted(ZksealError):
    """The user stopped the work; nothing was left half-written."""


class InternalError(ZksealError):
    """zkseal contradicts itself. Please report it."""


def error_classes() -> Iterator[type[ZksealError]]:
    """All classes of the tree, parents before children, siblings in order of definition."""
    pending: list[type[ZksealError]] = [ZksealError]
    while pending:
        cls = pending.pop(0)
        yield cls
        pending = [child for child in cls.__subclasses__() if child.__module__ == __name__] + pending
