/** What every verifier is given, and checks that several platforms share. `zkseal.tee.context` in TypeScript. */

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { padEnd, sameBytes } from "./bytes.js";
import type { Claims } from "./claims.js";
import type { Evidence } from "./evidence.js";
import type { CertificateInfo } from "./native.js";
import type { AppraisalPolicy } from "./policy.js";
import type { Assurance, Checks } from "./result.js";
import type { Roots } from "./roots.js";

/** What the Rust verifiers check, in this order. */
export const CORE = ["format", "chain", "validity", "revocation", "signature"] as const;

/** One appraisal. */
export interface Context {
  readonly evidence: Evidence;
  readonly policy: AppraisalPolicy;
  readonly roots: Roots;
  /** Unix seconds. */
  readonly now: number;
  /** What the evidence has to be bound to, or null. */
  readonly nonce: Uint8Array | null;
}

/** What a verifier finds: filled as it goes, so that a refusal can show how far it came. */
export interface Finding {
  readonly checks: Checks;
  readonly claims: Claims;
  assurance: Assurance;
  chain: readonly CertificateInfo[];
}

/** The names that a verifier announces, and what it does. */
export interface Verifier {
  readonly ANNOUNCED: readonly string[];
  readonly verify: (context: Context, found: Finding) => void;
}

export function newFinding(checks: Checks): Finding {
  return { checks, claims: new Map(), assurance: "simulated", chain: [] };
}

/** Throws `WrongInput` unless `now` is a time: a comparison with what is no number is false, whichever way it is put. */
export function requireTime(now: number): void {
  if (Number.isSafeInteger(now) && now >= 0) return;
  const details = { name: "now", expected: "Unix seconds, a whole number", got: String(now) };
  throw new ZksealError("WrongInput", "The time of the appraisal is no whole number of seconds.", details);
}

/** A sentence of a reason. */
export function sentence(reason: string): string {
  return `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`;
}

/** The policy does not accept what a check found. */
export function denied(check: string, reason: string): ZksealError {
  return new ZksealError("PolicyDenied", sentence(reason), { check, reason });
}

/** `nonce`: the evidence carries the caller's nonce, filled with zeros to `paddedTo` bytes. */
export function checkNonce(checks: Checks, context: Context, bound: Uint8Array | null, paddedTo = 0): void {
  if (context.nonce === null) {
    checks.skipped("nonce", "the caller gave no nonce");
    return;
  }
  const expected = padEnd(context.nonce, paddedTo);
  const got = bound ?? new Uint8Array();
  const details = { expected: toHex(expected), got: toHex(got) };
  const text = "The evidence is bound to another nonce. Ask for new evidence.";
  checks.require("nonce", sameBytes(expected, got), new ZksealError("NonceMismatch", text, details));
}

/** `reference-values`: each claim of `prefix` that the policy knows has one of its values, and there is one. */
export function checkReferences(checks: Checks, context: Context, prefix: string, claims: ReadonlyMap<string, string>): void {
  const wanted = Object.entries(context.policy.fields.references).filter(([name]) => name.startsWith(`${prefix}.`));
  if (wanted.length === 0) {
    checks.skipped("reference-values", `the policy has no reference values ${prefix}.*`);
    return;
  }
  for (const [claim, accepted] of wanted) {
    const got = claims.get(claim.slice(prefix.length + 1)) ?? "";
    if (accepted.includes(got.toLowerCase())) continue;
    const text = `${claim} is ${got === "" ? "absent" : got}, which is no reference value of the policy.`;
    checks.failed("reference-values", new ZksealError("MeasurementMismatch", text, { claim, got }));
    return;
  }
  const names = wanted.map(([claim]) => claim.slice(prefix.length + 1));
  checks.passed("reference-values", names.sort().join(", "));
}

/** `revocation` passed in the core when lists were there; without them it was not made. */
export function checkRevocation(
  checks: Checks,
  made: readonly boolean[],
  reason = "no revocation list was given for every authority",
): void {
  if (!made.every((list) => list)) checks.skipped("revocation", reason);
}

/** `age`: the evidence says when it was made, and that is not long ago. */
export function checkAge(checks: Checks, context: Context, timeS: number): void {
  const age = context.now - timeS;
  const { clock_skew_s: skew, max_age_s: limit } = context.policy.fields;
  const text = `The evidence was made ${rounded(age)} seconds ago; the policy accepts ${limit}. Ask for new evidence.`;
  const error = new ZksealError("Expired", text, { reason: "age", now: context.now });
  checks.require("age", -skew <= age && age <= limit, error, `${rounded(age)} s`);
}

/** Rounded to a whole number, halves to the even one, as Python writes it. */
function rounded(value: number): string {
  const floor = Math.floor(Math.abs(value));
  const rest = Math.abs(value) - floor;
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return `${value < 0 || Object.is(value, -0) ? "-" : ""}${BigInt(whole)}`;
}

/** `chips`: the hardware is on the policy's list, if it has one. */
export function checkChip(checks: Checks, context: Context, identifiers: readonly string[]): void {
  const listed = new Set(context.policy.fields.chips.map((chip) => chip.toLowerCase()));
  if (listed.size === 0) {
    checks.skipped("chips", "the policy lists no chips");
    return;
  }
  const known = identifiers.some((identifier) => listed.has(identifier.toLowerCase()));
  checks.require("chips", known, denied("chips", "this chip is not on the policy's list"));
}

/** `chips` of evidence that does not say which chip it is of: a policy that lists chips refuses it. */
export function noChip(checks: Checks, context: Context, reason: string): void {
  if (context.policy.fields.chips.length > 0) {
    checks.failed("chips", denied("chips", `the policy lists chips, and ${reason}`));
  } else {
    checks.skipped("chips", reason);
  }
}
