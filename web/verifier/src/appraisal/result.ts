/** What an appraisal found. Where development evidence was accepted, it is of another type, and every view says so. */

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { integersOf, type Side, type Statement } from "../statement.js";
import { type AnswerClaims, claimsToJson } from "../tee/answers.js";
import { AttestedRuntime, type BundleEar, type DevAttestedRuntime } from "../tee/attested.js";
import type { Check } from "../tee/result.js";
import type { Tensor } from "../tensors.js";
import type { ProvedStatement } from "../verify.js";
import type { Mode } from "./policy.js";

export const PROFILE = "tag:zkseal,2026:appraisal";
export const DEV_PROFILE = "tag:zkseal,2026:appraisal-dev";

/** What was checked, before anything is made of it. */
export interface Findings {
  readonly statement: Statement;
  readonly mode: Mode;
  /** Name and digest. */
  readonly policyId: string;
  /** Unix time of the appraisal. */
  readonly now: number;
  readonly checks: readonly Check[];
  /** Public numbers by name, if the verifying key was given; none of them is private. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** What the proof shows, with public numbers by name; null if none was checked. */
  readonly proved: ProvedStatement | null;
  /** What vouches for the enclave, if its answer was appraised. */
  readonly attested: AttestedRuntime | DevAttestedRuntime | null;
  /** What the enclave signed. */
  readonly claims: AnswerClaims | null;
  /** Unix time until which the proof may be missing (`tee_then_zk`), null if nothing is missing. */
  readonly pendingUntil: number | null;
}

/** Numbers in lists of lists, as the shape says. */
export type Nested = number | string | readonly Nested[];

/** JSON view: everything that was checked, and what was not. */
export interface AppraisalJson {
  readonly profile: string;
  readonly mode: Mode;
  readonly assurance: string;
  readonly development: boolean;
  readonly policy: string;
  readonly now: number;
  readonly pending_until: number | null;
  readonly checks: readonly Check[];
  readonly statement: unknown;
  readonly inputs: Readonly<Record<string, Nested>>;
  readonly outputs: Readonly<Record<string, Nested>>;
  readonly answer: Record<string, string | number | null> | null;
  readonly attestation: BundleEar | null;
}

/** Its fields are those of `Findings`. */
interface Appraised extends Findings {}
abstract class Appraised {
  abstract readonly development: boolean;

  constructor(found: Findings) {
    Object.assign(this, found);
  }

  /** In one word: `proof`, a level of hardware assurance, or both joined by a plus sign. */
  get assurance(): string {
    const words: string[] = this.attested === null ? [] : [this.attested.result.assurance];
    if (this.proved !== null) words.push(this.proved.insecure ? "insecure_proof" : "proof");
    return words.join("+");
  }

  toJSON(): AppraisalJson {
    return {
      profile: this.development ? DEV_PROFILE : PROFILE,
      mode: this.mode,
      assurance: this.assurance,
      development: this.development,
      policy: this.policyId,
      now: this.now,
      pending_until: this.pendingUntil,
      checks: this.checks,
      statement: statementToJson(this.statement),
      inputs: Object.fromEntries([...this.inputs].map(([name, tensor]) => [name, nested(tensor)])),
      outputs: Object.fromEntries([...this.outputs].map(([name, tensor]) => [name, nested(tensor)])),
      answer: this.claims === null ? null : claimsToJson(this.claims),
      attestation: this.attested === null ? null : this.attested.toJSON(),
    };
  }
}

/** A receipt whose evidence satisfies its policy, and rests on published setups and production roots alone. */
export class Appraisal extends Appraised {
  readonly development = false;

  constructor(found: Findings) {
    super(found);
    const production = found.attested === null || found.attested instanceof AttestedRuntime;
    if (!production || found.proved?.insecure === true) {
      const details = { reason: "development", check: "assurance" };
      throw new ZksealError("PolicyDenied", "This evidence is of development.", details);
    }
  }
}

/** A receipt that rests on development evidence: for tests. Nothing that wants an `Appraisal` takes it. */
export class DevAppraisal extends Appraised {
  readonly development = true;
}

/** A receipt that was refused: `details.check` is the check that failed, `checks` are all of them. */
export class ReceiptRefused extends ZksealError {
  constructor(
    error: ZksealError,
    readonly checks: readonly Check[],
  ) {
    const [failed] = checks.filter((check) => check.outcome === "fail");
    super(error.code, error.message, { check: failed?.name ?? null, ...error.details }, error.remedy);
    this.cause = error;
  }
}

function statementToJson(statement: Statement): unknown {
  const side = ({ values, commitments }: Side): unknown => ({
    values: Object.fromEntries([...values].map(([index, data]) => [index, Array.from(integersOf(data), plainInteger)])),
    commitments: commitments.map(toHex),
  });
  return {
    version: 1,
    model: toHex(statement.modelId),
    input: side(statement.input),
    output: side(statement.output),
    context: toHex(statement.context),
  };
}

function nested({ shape, values }: Tensor): Nested {
  let level: Nested[] = values instanceof Float64Array ? [...values] : Array.from(values, plainInteger);
  for (const size of shape.slice(1).reverse()) {
    const rows = Array.from({ length: level.length / size }, (_, row) => level.slice(row * size, (row + 1) * size));
    level = rows;
  }
  return shape.length === 0 ? (level[0] ?? []) : level;
}

/** Integers beyond 2^53 become text. */
function plainInteger(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}
