/**
 * What an appraisal found: checks by name, claims, and the result in the form of an EAR. `zkseal.tee.result` in TypeScript.
 *
 * Rule of development evidence: an `AttestationResult` is made of assurance 3 and 4 only. What a development root, or no
 * root at all, vouches for is a `DevAttestationResult`: another class, another profile, contraindicated by construction.
 */

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { type Claims, plain, type PlainJson } from "./claims.js";
import type { CertificateInfo } from "./native.js";

export const PROFILE = "tag:zkseal,2026:ear";
export const DEV_PROFILE = "tag:zkseal,2026:ear-dev";

/** How much stands behind evidence, least first: which root closed the chain, never what the evidence says of itself. */
export const ASSURANCES = ["sandbox", "simulated", "vtpm_dev", "vtpm_cloud", "hardware"] as const;
export type Assurance = (typeof ASSURANCES)[number];

/** Its number: more is better. */
export function levelOf(assurance: Assurance): number {
  return ASSURANCES.indexOf(assurance);
}

/** Whether keys may be released on it. */
export function isProduction(assurance: Assurance): boolean {
  return levelOf(assurance) >= levelOf("vtpm_cloud");
}

export function isAssurance(text: unknown): text is Assurance {
  return ASSURANCES.some((known) => known === text);
}

/** Kinds of evidence. */
export const PLATFORMS = [
  "sgx",
  "tdx",
  "snp",
  "nitro",
  "nvidia",
  "nvidia_rim",
  "nvidia_nras",
  "azure_snp",
  "azure_tdx",
  "gcp_confidential_space",
  "tpm",
  "sandbox",
] as const;
export type Platform = (typeof PLATFORMS)[number];

export function isPlatform(text: unknown): text is Platform {
  return PLATFORMS.some((known) => known === text);
}

export type Outcome = "pass" | "fail" | "not_checked";

/** One check: its name, stable across releases, what came out, and why in words. */
export interface Check {
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** Stops a verifier after a check without which the others mean nothing. Never leaves this folder. */
export class Rejected extends Error {}

/** The log of one appraisal. Names that are announced and not reached are `not_checked` at the end. */
export class Checks {
  readonly failures: ZksealError[] = [];
  private readonly log = new Map<string, Check>();
  private readonly announced: readonly string[];

  constructor(
    announced: readonly string[],
    private readonly prefix = "",
  ) {
    this.announced = announced.map((name) => prefix + name);
  }

  /** The check was made and holds. */
  passed(name: string, detail = ""): void {
    this.add(name, "pass", detail);
  }

  /** The check was not made. */
  skipped(name: string, reason: string): void {
    this.add(name, "not_checked", reason);
  }

  /** The check was made and does not hold; others go on. */
  failed(name: string, error: ZksealError): void {
    const details = { ...error.details, check: this.prefix + name };
    this.failures.push(new ZksealError(error.code, error.message, details, error.remedy));
    this.add(name, "fail", error.message);
  }

  /** `passed` or `failed`. */
  require(name: string, holds: boolean, error: ZksealError, detail = ""): void {
    if (holds) this.passed(name, detail);
    else this.failed(name, error);
  }

  /**
   * Runs a verifier that makes the checks `names`, in this order if `ordered`.
   *
   * Throws `Rejected` if one failed; those before it passed if `ordered`, or if it is the last.
   */
  core<T>(names: readonly [string, ...string[]], work: () => T, ordered = true): T {
    let found: T;
    try {
      found = work();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const named = String(error.details["check"] ?? "format");
      const failed = names.includes(named) ? named : names[0];
      const before = ordered || failed === names.at(-1) ? names.slice(0, names.indexOf(failed)) : [];
      for (const name of before) this.passed(name);
      this.failed(failed, error);
      throw new Rejected();
    }
    for (const name of names) this.passed(name);
    return found;
  }

  /** Of a check that may not have been reached. */
  outcome(name: string): Outcome {
    return this.log.get(this.prefix + name)?.outcome ?? "not_checked";
  }

  /** Takes over the log of a part of the evidence. */
  absorb(other: Checks): void {
    for (const check of other.finish()) this.log.set(check.name, check);
    this.failures.push(...other.failures);
  }

  /** All checks in the order of announcement, then of arrival. */
  finish(): readonly Check[] {
    const unreached = (name: string): Check => ({ name, outcome: "not_checked", detail: "an earlier check failed" });
    return [...new Set([...this.announced, ...this.log.keys()])].map((name) => this.log.get(name) ?? unreached(name));
  }

  private add(name: string, outcome: Outcome, detail: string): void {
    this.log.set(this.prefix + name, { name: this.prefix + name, outcome, detail });
  }
}

/** Whether an error says that evidence is refused or malformed; others are faults of the machine or of zkseal. */
export function isRefusal(error: unknown): error is ZksealError {
  return error instanceof ZksealError && (error.family === "AppraisalError" || error.family === "DecodeError");
}

// Codes of the trustworthiness vector, draft-ietf-rats-ar4si-08, section 2.3.
const GENUINE = 2;
const UNSAFE_HARDWARE = 32;
const UNRECOGNIZED_HARDWARE = 97;
const APPROVED = 2;
const UNRECOGNIZED_EXECUTABLES = 33;
const BAD = 96;
const ENCRYPTED_MEMORY = 2;
const ISOLATED_MEMORY = 32;
const CRYPTO_FAILED = 99;

export interface TrustVector {
  readonly hardware: number;
  readonly executables: number;
  readonly configuration: number;
  readonly "runtime-opaque": number;
}

/** The codes for one piece of evidence. Zero claims nothing. */
export function trustVector(platform: Platform, checks: readonly Check[], development: boolean): TrustVector {
  const outcomes = new Map(checks.map((check) => [check.name, check.outcome]));
  if (!["format", "signature"].every((name) => outcomes.get(name) === "pass")) {
    const failed = CRYPTO_FAILED;
    return { hardware: failed, executables: failed, configuration: failed, "runtime-opaque": failed };
  }
  const code = (name: string, good: number, unknown: number, bad: number): number => {
    const outcome = outcomes.get(name);
    return outcome === "pass" ? good : outcome === "fail" ? bad : unknown;
  };
  const chained = code("chain", GENUINE, UNRECOGNIZED_HARDWARE, UNRECOGNIZED_HARDWARE);
  const hardware = Math.max(chained, code("tcb", GENUINE, GENUINE, UNSAFE_HARDWARE));
  return {
    hardware: development ? UNRECOGNIZED_HARDWARE : hardware,
    executables: code("reference-values", APPROVED, UNRECOGNIZED_EXECUTABLES, BAD),
    configuration: code("debug", APPROVED, 0, BAD),
    "runtime-opaque": development ? BAD : opaque(platform),
  };
}

function opaque(platform: Platform): number {
  if (platform === "nvidia_rim") return 0;
  return platform === "tpm" || platform === "sandbox" ? ISOLATED_MEMORY : ENCRYPTED_MEMORY;
}

/** The worst tier of a vector (draft-ietf-rats-ear-04, 3.2). */
export function statusOf(vector: TrustVector): "contraindicated" | "warning" | "affirming" | "none" {
  const worst = Math.max(...Object.values(vector));
  return worst >= 96 ? "contraindicated" : worst >= 32 ? "warning" : worst >= 2 ? "affirming" : "none";
}

/** An EAR (draft-ietf-rats-ear-04), as `zkseal.tee` writes it. */
export interface Ear {
  readonly eat_profile: string;
  readonly iat: number;
  readonly ear_verifier_id: { readonly developer: string; readonly build: string };
  readonly eat_nonce: string | null;
  readonly assurance: Assurance;
  readonly evidence_digest: string;
  readonly checks: readonly Check[];
  readonly submods: Readonly<Record<string, EarAppraisal>>;
}

export interface EarAppraisal {
  readonly ear_status: ReturnType<typeof statusOf>;
  readonly ear_trustworthiness_vector: TrustVector;
  readonly ear_appraisal_policy_id: string;
  readonly ear_veraison_annotated_evidence: PlainJson;
}

/** What an appraisal found, before anything is made of it. */
export interface Found {
  readonly platform: Platform;
  /** What root closed the chain. */
  readonly assurance: Assurance;
  /** Every check, also those not made. */
  readonly checks: readonly Check[];
  /** What the evidence says. */
  readonly claims: Claims;
  /** The certificates that were checked, leaf first; empty where none were, or where a check of them failed. */
  readonly chain: readonly CertificateInfo[];
  /** SHA-256 of the payload. */
  readonly evidenceDigest: Uint8Array;
  /** Name and digest of the policy. */
  readonly policyId: string;
  /** Unix time of the appraisal. */
  readonly now: number;
  /** What the caller asked to be bound, if anything. */
  readonly nonce: Uint8Array | null;
}

/** The EAR of what was found, contraindicated unless of a production root. */
export function earOf(found: Found): Ear {
  const production = isProduction(found.assurance);
  const vector = trustVector(found.platform, found.checks, !production);
  return {
    eat_profile: production ? PROFILE : DEV_PROFILE,
    iat: found.now,
    ear_verifier_id: { developer: "zkseal", build: "zkseal.tee" },
    eat_nonce: found.nonce === null ? null : toHex(found.nonce),
    assurance: found.assurance,
    evidence_digest: toHex(found.evidenceDigest),
    checks: found.checks,
    submods: {
      [found.platform]: {
        ear_status: statusOf(vector),
        ear_trustworthiness_vector: vector,
        ear_appraisal_policy_id: found.policyId,
        ear_veraison_annotated_evidence: plain(found.claims),
      },
    },
  };
}

/** Its fields are those of `Found`. */
interface Appraised extends Found {}
abstract class Appraised {
  abstract readonly development: boolean;

  constructor(found: Found) {
    Object.assign(this, found);
  }

  /** Claims of an EAR. */
  toJSON(): Ear {
    return earOf(this);
  }
}

/** Evidence of a production root that satisfied a policy. */
export class AttestationResult extends Appraised {
  readonly development = false;

  constructor(found: Found) {
    super(found);
    if (!isProduction(found.assurance)) {
      const details = { reason: "development", check: "assurance" };
      throw new ZksealError("PolicyDenied", "This evidence is of no production root.", details);
    }
  }
}

/** Evidence of a development root, or of none. No production interface takes it. */
export class DevAttestationResult extends Appraised {
  readonly development = true;

  constructor(found: Found) {
    super(found);
    if (isProduction(found.assurance)) {
      const details = { reason: "production", check: "assurance" };
      throw new ZksealError("PolicyDenied", "This evidence is of a production root.", details);
    }
  }
}

/** Evidence that was refused: `details.check` is the first check that failed, `result` tells the others. */
export class EvidenceRefused extends ZksealError {
  constructor(
    error: ZksealError,
    /** The result so far, as an EAR. */
    readonly result: Ear,
    /** Which part of a bundle it is, if it is not the machine. */
    readonly submodule: string | null = null,
  ) {
    super(error.code, error.message, error.details, error.remedy);
  }
}
