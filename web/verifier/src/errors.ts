/**
 * One taxonomy in every language of the project: the codes are the names of the classes in `zkseal.errors`.
 *
 * An error has a stable `code`, a sentence that says what is wrong, a `remedy` that says what to do, and `details`. None of
 * them holds a private value: the verifier sees none.
 */

/** Codes by family. A family is an error of its own where nothing more exact is known. */
const FAMILIES = {
  DecodeError: [
    "NonCanonicalScalar",
    "NonCanonicalPoint",
    "NotOnCurve",
    "IdentityPoint",
    "WrongLength",
    "UnknownVersion",
    "WrongFileKind",
    "DigestMismatch",
    "InvalidRelation",
    "InvalidParameters",
    "InvalidEncoding",
  ],
  ProofRejected: [
    "StatementMismatch",
    "LinearClaimRejected",
    "OpeningRejected",
    "ModelProofRejected",
    "WrongModel",
    "WrongContext",
    "InsecureSetup",
  ],
  AppraisalError: [
    "Expired",
    "PolicyDenied",
    "UntrustedRoot",
    "SignatureRejected",
    "CertificateRevoked",
    "MeasurementMismatch",
    "NonceMismatch",
    "RolledBack",
  ],
  WitnessError: ["WrongInput"],
  ResourceLimit: ["FileUnavailable", "MissingDependency"],
  InternalError: [],
} as const;

export type ErrorFamily = keyof typeof FAMILIES;
export type ErrorCode = ErrorFamily | (typeof FAMILIES)[ErrorFamily][number];

const FAMILY_OF: ReadonlyMap<string, ErrorFamily> = new Map(
  (Object.keys(FAMILIES) as ErrorFamily[]).flatMap((family) =>
    [family, ...FAMILIES[family]].map((code): [string, ErrorFamily] => [code, family]),
  ),
);

const FAMILY_REMEDIES: Readonly<Record<ErrorFamily, string>> = {
  DecodeError: "Get the file again from whoever made it.",
  ProofRejected: "Do not rely on this receipt. Ask whoever made it for one that holds.",
  AppraisalError: "Do not rely on this evidence under this policy.",
  WitnessError: "Give what is asked for.",
  ResourceLimit: "Verify on a machine with more memory, or with the command line of zkseal.",
  InternalError: "The fault is in zkseal, not in your files: please report it.",
};

const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  UnknownVersion: "Verify with a newer release of zkseal, or ask for the file in a version that this one reads.",
  WrongFileKind: "Check that you chose the right file: receipts end in .zkr, verifying keys in .zkv.",
  DigestMismatch: "The file was damaged or changed on its way: get it again.",
  WrongModel: "Use the verifying key that belongs to this receipt.",
  WrongContext: "Verify the receipt under the context that it was asked for, or ask for one for yours.",
  ModelProofRejected: "Do not use this key. Ask the owner of the model for one that holds.",
  InsecureSetup: "Ask for a key from a published ceremony. For tests alone, `insecureSrs` accepts this one.",
  Expired: "Ask for fresh evidence.",
  UntrustedRoot: "Do not rely on this evidence, unless you trust its root and add it to the policy.",
  FileUnavailable: "Check that the file is there and can be read.",
};

/** Whether `code` is one of this release. */
export function isErrorCode(code: string): code is ErrorCode {
  return FAMILY_OF.has(code);
}

/** All codes, families included. */
export const ERROR_CODES: readonly ErrorCode[] = [...FAMILY_OF.keys()].filter(isErrorCode);

export type Details = Readonly<Record<string, string | number | boolean | null>>;

/** The only error that this package throws on purpose. */
export class ZksealError extends Error {
  override readonly name = "ZksealError";

  constructor(
    /** Stable across releases and languages. */
    readonly code: ErrorCode,
    message: string,
    /** Facts for programs: lengths, offsets, versions. */
    readonly details: Details = {},
    /** What to do, in one sentence. */
    readonly remedy: string = REMEDIES[code] ?? FAMILY_REMEDIES[familyOf(code)],
  ) {
    super(message);
  }

  /** What is at fault: the bytes, the proof, the evidence, the machine, or zkseal. */
  get family(): ErrorFamily {
    return familyOf(this.code);
  }

  /** For logs and for a message between a page and its worker; `fromJSON` reads it. */
  toJSON(): { code: ErrorCode; message: string; remedy: string; details: Details } {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }

  /** The error that `toJSON` wrote. */
  static fromJSON(value: { code: ErrorCode; message: string; remedy: string; details: Details }): ZksealError {
    return new ZksealError(value.code, value.message, value.details, value.remedy);
  }
}

function familyOf(code: ErrorCode): ErrorFamily {
  return FAMILY_OF.get(code) ?? "InternalError";
}
