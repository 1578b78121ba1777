/**
 * Policies of receipts: which evidence is enough for a statement. `zkseal.appraisal.policy` in TypeScript; a document is what
 * the TOML holds, as JSON.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { utf8 } from "../tee/bytes.js";
import { type AppraisalPolicy, canonicalJson, isTable, type PolicyDocument, policyOf, type PolicyValue } from "../tee/policy.js";
import { isProduction } from "../tee/result.js";
import { SHIPPED_RECEIPT_POLICIES } from "./policies.generated.js";

/**
 * What has to be there.
 *
 * | mode | |
 * | --- | --- |
 * | `zk` | a zero-knowledge proof: trust mathematics |
 * | `tee` | an answer signed by an attested enclave: trust the hardware's vendor |
 * | `tee_and_zk` | both, of one statement about one committed model: neither alone has to be trusted |
 * | `tee_then_zk` | the signed answer now, the proof of the same statement within a deadline |
 * | `zk_in_tee` | both, and the enclave itself made the proof |
 */
export type Mode = "zk" | "tee" | "tee_and_zk" | "tee_then_zk" | "zk_in_tee";
export const MODES: readonly Mode[] = ["zk", "tee", "tee_and_zk", "tee_then_zk", "zk_in_tee"];

/** Whether an enclave has to have signed. */
export function needsAnswer(mode: Mode): boolean {
  return mode !== "zk";
}

/** Whether a proof has to be there now. */
export function needsProof(mode: Mode): boolean {
  return mode !== "tee" && mode !== "tee_then_zk";
}

/** What has to be checked, unless a policy allows by name that it is not. */
export function checksOf(mode: Mode): readonly string[] {
  const names = ["context", "model"];
  if (needsProof(mode)) names.push("zk.proof");
  if (needsAnswer(mode)) {
    names.push("tee.attestation", "tee.kind", "tee.signature", "tee.statement", "tee.runtime", "tee.model-commitment", "tee.age");
  }
  if (mode === "zk_in_tee") names.push("tee.proof-digest");
  if (mode === "tee_then_zk") names.push("deadline");
  return names;
}

/** Checks that `allow_not_checked` may name. */
const MAY_STAY_UNMADE = ["model", "tee.age"];

interface Fields {
  name: string;
  mode: Mode;
  description: string;
  /** What the enclave's evidence has to show; null where the mode asks for none. */
  attestation: AppraisalPolicy | null;
  /** Accepted model ids, hexadecimal; any, if it is empty. */
  models: readonly string[];
  /** Age of a signed answer, by the enclave's own clock, in seconds; 0 for any. */
  max_age_s: number;
  /** How far in the future an answer may lie. */
  clock_skew_s: number;
  /** For `tee_then_zk`: seconds after the answer in which its proof may still be missing. */
  proof_deadline_s: number;
  /** Accept proofs under powers of tau of no published ceremony, for tests. */
  allow_insecure_setup: boolean;
  /** `model` (neither a key nor `models` is given) and `tee.age` (`max_age_s` is 0) may stay unmade. */
  allow_not_checked: readonly string[];
}

const PLAIN = {
  description: "",
  models: [],
  max_age_s: 0,
  clock_skew_s: 60,
  proof_deadline_s: 0,
  allow_insecure_setup: false,
  allow_not_checked: [],
} as const;

/** A policy that was read. `receiptPolicyOf` and `loadReceiptPolicy` make them, and nothing else. */
export class ReceiptPolicy {
  /** SHA-256 of the content in one canonical JSON form, as the Python package makes it. */
  readonly digest: Uint8Array;

  readonly fields: Readonly<Fields>;

  private constructor(fields: Fields) {
    // As an `AppraisalPolicy`, nobody's to change.
    const [models, allowed] = [fields.models, fields.allow_not_checked].map((list) => Object.freeze([...list]));
    this.fields = Object.freeze({ ...fields, models: models ?? [], allow_not_checked: allowed ?? [] });
    const attestation = fields.attestation === null ? null : toHex(fields.attestation.digest);
    this.digest = sha256(utf8(canonicalJson({ ...this.fields, attestation })));
    Object.freeze(this);
  }

  get name(): string {
    return this.fields.name;
  }

  get mode(): Mode {
    return this.fields.mode;
  }

  /** Name and digest. */
  get policyId(): string {
    return `${this.name}@sha256:${toHex(this.digest)}`;
  }

  /** Whether it accepts what no production root vouches for: no result under it is an `Appraisal`. */
  get development(): boolean {
    const { attestation } = this.fields;
    return this.fields.allow_insecure_setup || (attestation !== null && !isProduction(attestation.minAssurance));
  }

  /** A policy of what TOML holds. Throws `InvalidEncoding`; nothing is guessed. */
  static of(document: PolicyDocument): ReceiptPolicy {
    const { name, mode, attestation, ...others } = document;
    if (typeof name !== "string" || name === "") throw fail("it has no name");
    if (!isMode(mode)) throw fail(`the mode is ${JSON.stringify(mode ?? null)}; there are ${MODES.join(", ")}`);
    const fields: Fields = { ...PLAIN, ...checked(others), name, mode, attestation: attestationOf(attestation, name) };
    check(fields);
    return new ReceiptPolicy(fields);
  }
}

/** A policy from what TOML holds, as JSON. Throws `InvalidEncoding`. */
export function receiptPolicyOf(document: PolicyDocument): ReceiptPolicy {
  return ReceiptPolicy.of(document);
}

/** Names of the policies that come with zkseal. */
export function shippedReceiptPolicies(): readonly string[] {
  return Object.keys(SHIPPED_RECEIPT_POLICIES).sort();
}

/** A policy that comes with zkseal. Throws `InvalidEncoding` for another name. */
export function loadReceiptPolicy(name: string): ReceiptPolicy {
  const document = Object.hasOwn(SHIPPED_RECEIPT_POLICIES, name) ? SHIPPED_RECEIPT_POLICIES[name] : undefined;
  if (document === undefined) throw fail(`there is no policy '${name}'; shipped are ${shippedReceiptPolicies().join(", ")}`);
  return ReceiptPolicy.of(document);
}

function fail(reason: string): ZksealError {
  const remedy = "Compare it with `zkseal/appraisal/policies/schema.json`.";
  return new ZksealError("InvalidEncoding", `The policy is not accepted: ${reason}.`, { reason }, remedy);
}

function isMode(value: PolicyValue | undefined): value is Mode {
  return MODES.some((known) => known === value);
}

function attestationOf(table: PolicyValue | undefined, name: string): AppraisalPolicy | null {
  if (table === undefined) return null;
  if (!isTable(table)) throw fail("attestation is no table");
  return policyOf({ name: `${name}/attestation`, ...table });
}

type Checked = Partial<Omit<Fields, "name" | "mode" | "attestation">>;

/** Values of the types that the fields have. */
function checked(document: PolicyDocument): Checked {
  const found: Record<string, PolicyValue> = {};
  for (const [key, value] of Object.entries(document)) {
    if (!Object.hasOwn(PLAIN, key)) throw fail(`there is no key ${key}`);
    const kind = PLAIN[key as keyof typeof PLAIN];
    if (Array.isArray(kind)) found[key] = texts(key, value);
    else if (typeof kind !== typeof value) throw fail(`${key} is no ${typeof kind}`);
    else if (typeof value === "number" && (!Number.isSafeInteger(value) || value < 0)) throw fail(`${key} is no int`);
    else found[key] = value;
  }
  return found as Checked;
}

function texts(key: string, value: PolicyValue): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw fail(`${key} is no list of texts`);
  if (key !== "models") return value;
  if (!value.every((model) => /^[0-9a-fA-F]{64}$/.test(model))) throw fail("a model is no model id: 64 hexadecimal digits");
  return value.map((model: string) => model.toLowerCase());
}

function check(policy: Fields): void {
  if (needsAnswer(policy.mode) && policy.attestation === null) throw fail(`the mode ${policy.mode} needs a table [attestation]`);
  if ((policy.mode === "tee_then_zk") !== policy.proof_deadline_s > 0) {
    throw fail("proof_deadline_s belongs to the mode tee_then_zk, and is above 0 there");
  }
  const unknown = policy.allow_not_checked.filter((name) => !MAY_STAY_UNMADE.includes(name)).sort();
  if (unknown.length > 0) throw fail(`${unknown.join(", ")} has to be checked; only ${MAY_STAY_UNMADE.join(", ")} may not be`);
}
