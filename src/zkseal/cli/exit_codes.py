"""Exit codes: a range for each family of errors, a number for each error, for ever.

========  ============================================
0         done
2         the command line is wrong
10 - 19   `ModelError`: the model is at fault
20 - 29   `QuantizationError`: the model does not fit its integers
30 - 39   `WitnessError`: the inputs are at fault
40 - 59   `DecodeError`: the bytes are at fault
60 - 69   `ProofRejected`: the proof does not show what is claimed
70 - 79   `AppraisalError`: the policy does not accept the evidence
80 - 89   `SetupError`: no keys can be made
90 - 99   `ResourceLimit`: the machine is at fault
100       `InternalError`: zkseal is at fault
110 - 129 `ChainError`: the chain, or what it was told, is at fault
150 - 159 `EnclaveError`: an enclave does not answer as asked
160 - 179 `ServiceError`: the proving service does not do as asked
180 - 189 `ExecutorError`: work that was given to others does not come back as asked
190 - 199 `CollateralError`: what vendors say of their hardware cannot be fetched
130, 143  interrupted by the user (SIGINT), told to stop (SIGTERM)
========  ============================================

The first number of a range is the family itself: an error of the family that has no number of its own yet. A number
that is given up stays listed here as deleted and is not given again.
"""

from __future__ import annotations

from zkseal import errors

__all__ = ["EXIT_CODES", "OK", "TERMINATED", "USAGE", "exit_code"]

OK = 0
USAGE = 2
TERMINATED = 143

EXIT_CODES: dict[type[errors.ZksealError], int] = {
    errors.ModelError: 10,
    errors.UnsupportedOp: 11,
    errors.UnsupportedDtype: 12,
    errors.DynamicShape: 13,
    errors.InvalidModel: 14,
    errors.NonFiniteWeight: 15,
    errors.QuantizationError: 20,
    errors.RangeExceeded: 21,
    errors.CalibrationMissing: 22,
    errors.AccumulatorTooWide: 23,
    errors.ToleranceExceeded: 24,
    errors.WitnessError: 30,
    errors.UnsatisfiedConstraint: 31,
    errors.WrongInput: 32,
    errors.ValueOutOfBounds: 33,
    errors.DecodeError: 40,
    errors.NonCanonicalScalar: 41,
    errors.NonCanonicalPoint: 42,
    errors.NotOnCurve: 43,
    errors.IdentityPoint: 44,
    errors.WrongLength: 45,
    errors.UnknownVersion: 46,
    errors.WrongFileKind: 47,
    errors.DigestMismatch: 48,
    errors.InvalidRelation: 49,
    errors.InvalidParameters: 50,
    errors.InvalidEncoding: 51,
    errors.DecryptionFailed: 52,
    errors.WrongKey: 53,
    errors.LogBroken: 54,
    errors.ProofRejected: 60,
    errors.StatementMismatch: 61,
    errors.LinearClaimRejected: 62,
    errors.OpeningRejected: 63,
    errors.ModelProofRejected: 64,
    errors.WrongModel: 65,
    errors.WrongContext: 66,
    errors.InsecureSetup: 67,
    errors.AppraisalError: 70,
    errors.Expired: 71,
    errors.PolicyDenied: 72,
    errors.UntrustedRoot: 73,
    errors.SignatureRejected: 74,
    errors.CertificateRevoked: 75,
    errors.MeasurementMismatch: 76,
    errors.NonceMismatch: 77,
    errors.RolledBack: 78,
    errors.KeyDenied: 79,
    errors.SetupError: 80,
    errors.WeightOutOfBounds: 81,
    errors.InvalidPower: 82,
    errors.UnknownOrigin: 83,
    errors.TooFewPowers: 84,
    errors.ResourceLimit: 90,
    errors.OutOfDisk: 91,
    errors.FileUnavailable: 92,
    errors.MissingDependency: 93,
    errors.DeviceRefused: 94,
    errors.InternalError: 100,
    errors.ChainError: 110,
    errors.NodeUnreachable: 111,
    errors.WrongChain: 112,
    errors.NodeRefused: 113,
    errors.OutOfFunds: 114,
    errors.TransactionReverted: 115,
    errors.TransactionPending: 116,
    errors.GasCapExceeded: 117,
    errors.KeystoreRejected: 118,
    errors.NotDeployed: 119,
    errors.NotForChain: 120,
    errors.RequestUnanswered: 121,
    errors.Interrupted: 130,
    errors.EnclaveError: 150,
    errors.RateLimited: 151,
    errors.RequestReplayed: 152,
    errors.EnclaveStopped: 153,
    errors.EnclaveNotReady: 154,
    errors.EnclaveUnreachable: 155,
    errors.ServiceError: 160,
    errors.NotFound: 161,
    errors.ApiKeyRejected: 162,
    errors.ScopeMissing: 163,
    errors.QuotaExceeded: 164,
    errors.IdempotencyConflict: 165,
    errors.JobConflict: 166,
    errors.JobAbandoned: 167,
    errors.JobCancelled: 168,
    errors.MasterKeyRejected: 169,
    errors.StorageUnavailable: 170,
    errors.NameTaken: 171,
    errors.ExecutorError: 180,
    errors.WorkerLost: 181,
    errors.WorkerStalled: 182,
    errors.ResultRejected: 183,
    errors.TaskCancelled: 184,
    errors.ExecutorClosed: 185,
    errors.ClusterUnreachable: 186,
    errors.CollateralError: 190,
    errors.VendorUnreachable: 191,
    errors.VendorRefused: 192,
    errors.CollateralTooLarge: 193,
    errors.CollateralRejected: 194,
    errors.ZksealError: 100,
}


def exit_code(error: errors.ZksealError) -> int:
    """The code of the error's class, or of its nearest ancestor that has one."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)
