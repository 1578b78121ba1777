/**
 * TPM 2.0 quotes: alone, or in the attestation of go-tpm-tools that Google's machines hand out. `zkseal.tee.verifiers.tpm`.
 *
 * A quote is signed by an attestation key (AK). Whose key that is, a certificate says (`chain`, to a pinned root), or the
 * policy; or nobody, and then the assurance is that of a simulation. What the swtpm of a developer certifies is never
 * production: its authorities are recognised by name.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { concat } from "../../cbor.js";
import { ZksealError } from "../../errors.js";
import { toHex } from "../../hex.js";
import { ascii, indexOf, sameBytes } from "../bytes.js";
import { checkNonce, checkReferences, checkRevocation, type Context, denied, type Finding, noChip } from "../context.js";
import { bootClaims, parseEventLog, replay } from "../event_log.js";
import { DIGEST_BYTES, hash, type HashName } from "../hashes.js";
import { attestChain, attestSignature } from "../native.js";
import { type Assurance, levelOf } from "../result.js";
import { type Attest, decodeAttest, decodeSignature, type Signature } from "../tpm_structures.js";
import { decodeAttestation, type TpmQuote } from "./tpm_attestation.js";

export const ANNOUNCED = [
  "format",
  "validity",
  "revocation",
  "signature",
  "pcr-digest",
  "freshness",
  "ak-certificate",
  "development-root",
  "debug",
  "nonce",
  "reference-values",
  "event-log",
  "chips",
];

/**
 * PCRs of firmware, boot loader and kernel: one that was quoted and has no event in the log has to be untouched. Those above
 * are extended by the running system as well, whose log is another.
 */
const BOOT_PCRS = 10;

/** Common names of authorities that swtpm_setup makes (swtpm 0.7, swtpm-localca). */
const DEVELOPMENT_AUTHORITIES = [ascii("swtpm-localca")];

/** What is verified: key, certificates of it, quotes and event log. */
export interface Attestation {
  readonly key: Uint8Array;
  readonly certificates: readonly Uint8Array[];
  readonly quotes: readonly TpmQuote[];
  readonly eventLog: Uint8Array | null;
}

/** Verifies and appraises a quote, or all quotes of one attestation. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const { endorsements } = context.evidence;
  const [attestation, attests] = checks.core(["format"], () => decode(context));
  const { key } = attestation;
  attestation.quotes.forEach(({ message, signature, pcrs }, index) => {
    const attest = attests[index];
    if (attest !== undefined) checkQuote(found, key, message, signature, attest, pcrs);
  });
  const [first, ...others] = attests.map((attest) => attest.extraData);
  const same = first !== undefined && others.every((other) => sameBytes(first, other));
  const bound = same ? first : new Uint8Array();
  const text = "the quotes carry no nonce, or not the same: they may be of any time";
  checks.require("freshness", bound.length > 0, denied("freshness", text));
  found.claims.set("public_key_sha256", toHex(sha256(key)));
  checkKey(context, found, key, [...attestation.certificates, ...endorsements.certificates]);
  checks.skipped("debug", "a TPM does not say whether its machine can be debugged");
  checkNonce(checks, context, bound);
  checkReferences(checks, context, "tpm", quotedPcrs(found));
  checkEventLog(found, attestation.eventLog ?? endorsements.eventLog);
  noChip(checks, context, "a quote names no chip");
}

function decode(context: Context): [Attestation, Attest[]] {
  const { payload } = context.evidence;
  const attestation = payload[0] === 0x0a ? decodeAttestation(payload) : quoteAlone(payload, context);
  return [attestation, attestation.quotes.map(({ message }) => decodeAttest(message))];
}

function quoteAlone(payload: Uint8Array, context: Context): Attestation {
  const { publicKey, signature, pcrs } = context.evidence.endorsements;
  if (publicKey === null || signature === null) {
    const text = "A quote comes with its signature and public key; give both.";
    throw new ZksealError("InvalidEncoding", text, { reason: "signature" });
  }
  const quotes = [{ message: payload, signature: decodeSignature(signature), pcrs }];
  return { key: publicKey, certificates: [], quotes, eventLog: null };
}

/** PCR values by name, such as `sha256.pcr4`, as far as quotes were checked. */
export function quotedPcrs(found: Finding): Map<string, string> {
  const pcrs = found.claims.get("pcrs");
  return new Map(pcrs instanceof Map ? [...pcrs].map(([name, value]): [string, string] => [name, String(value)]) : []);
}

/** `signature` and `pcr-digest` of one quote; its claims. */
export function checkQuote(
  found: Finding,
  key: Uint8Array,
  message: Uint8Array,
  signature: Signature,
  attest: Attest,
  pcrs: readonly Uint8Array[] | null,
): void {
  const { checks, claims } = found;
  checks.core(["signature"], () => attestSignature(key, signature.scheme, message, signature.value, "TPM quote"));
  claims.set("extra_data", toHex(attest.extraData));
  claims.set("clock_ms", narrowed(attest.clockMs));
  claims.set("reset_count", attest.resetCount);
  claims.set("firmware_version", attest.firmwareVersion.toString(16).padStart(16, "0"));
  if (pcrs === null) {
    checks.skipped("pcr-digest", "PCR values were not given");
    return;
  }
  const before = quotedPcrs(found);
  const values = checks.core(["pcr-digest"], () => pcrValues(attest, signature, pcrs, before));
  claims.set("pcrs", new Map([...before, ...values]));
}

function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * The values by name once they are those that were signed.
 *
 * The digest is over the values one after the other, without their lengths: each must be as long as a digest of its bank, or
 * bytes could go from one PCR to another. It is of the hash of the signature (part 3, 18.4: TPM2_Quote).
 */
function pcrValues(
  attest: Attest,
  signature: Signature,
  pcrs: readonly Uint8Array[],
  before: ReadonlyMap<string, string>,
): Map<string, string> {
  const names = attest.selection.flatMap(([bank, chosen]) => chosen.map((number) => [bank, number] as const));
  const sized = names.length === pcrs.length && names.every(([bank], index) => pcrs[index]?.length === DIGEST_BYTES[bank]);
  const digest = hash(signature.scheme.endsWith("384") ? "sha384" : "sha256", concat([...pcrs]));
  if (!sized || !sameBytes(digest, attest.pcrDigest)) {
    const text = "The PCR values are not those that the TPM signed.";
    throw new ZksealError("SignatureRejected", text, { reason: "PCR digest" });
  }
  const values = new Map(names.map(([bank, number], index) => [`${bank}.pcr${number}`, toHex(pcrs[index] ?? new Uint8Array())]));
  const again = [...values.keys()].filter((name) => before.has(name)).sort();
  if (again.length > 0) {
    throw new ZksealError("InvalidEncoding", `Two quotes select ${again[0]}.`, { reason: "PCR selection" });
  }
  return values;
}

/** `event-log`: replayed, the log gives the values that were quoted; then what it says of the kernel is a claim. */
function checkEventLog(found: Finding, log: Uint8Array | null): void {
  const { checks } = found;
  const quoted = quotedPcrs(found);
  if (log === null || quoted.size === 0) {
    checks.skipped("event-log", log === null ? "no event log was given" : "PCR values were not given");
    return;
  }
  try {
    const events = parseEventLog(log);
    const banks = [...new Set([...quoted.keys()].map(bankOf))].sort();
    const values = new Map(banks.map((bank) => [bank, replay(events, bank)]));
    let uncovered = 0;
    for (const [name, value] of quoted) {
      const replayed = values.get(bankOf(name));
      const number = Number(name.slice(name.indexOf(".pcr") + ".pcr".length));
      const got = replayed?.get(number);
      if (got === undefined && number >= BOOT_PCRS) {
        uncovered += 1;
        continue;
      }
      const shown = toHex(got ?? new Uint8Array(value.length / 2));
      if (shown !== value) throw otherBoot(name, shown);
    }
    checks.passed("event-log", `${events.length} events; it says nothing of ${uncovered} quoted values above PCR 9`);
    found.claims.set("boot", bootClaims(events));
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    checks.failed("event-log", error);
  }
}

function bankOf(name: string): HashName {
  return name.slice(0, name.indexOf(".")) as HashName;
}

function otherBoot(name: string, got: string): ZksealError {
  const text = `The event log gives tpm.${name} another value than the TPM signed: it is not the log of this boot.`;
  return new ZksealError("MeasurementMismatch", text, { claim: `tpm.${name}`, got });
}

/**
 * `ak-certificate` and `development-root`: what closes the chain decides the assurance.
 *
 * `validity` and `revocation` are those of the certificate: not made where it is not what vouches for the key.
 */
function checkKey(context: Context, found: Finding, key: Uint8Array, certificates: readonly Uint8Array[]): void {
  const { checks } = found;
  const { fields: policy } = context.policy;
  const development = certificates.some((der) => DEVELOPMENT_AUTHORITIES.some((name) => indexOf(der, name) >= 0));
  if (development) {
    found.assurance = "vtpm_dev";
    const error = denied("development-root", "the TPM's authority is swtpm-localca: a development TPM");
    checks.require("development-root", policy.allow_development_roots, error, "a development TPM");
  } else {
    checks.passed("development-root", "none is among the certificates");
  }
  for (const name of ["validity", "revocation"]) checks.skipped(name, "no certificate of the attestation key was checked");
  const keys = policy.tpm_trusted_keys;
  const digest = toHex(sha256(key));
  const named = Object.hasOwn(keys, digest) ? keys[digest] : undefined;
  if (named !== undefined) {
    found.assurance = lower(named.toLowerCase() as Assurance, development ? found.assurance : "vtpm_cloud");
    checks.passed("ak-certificate", `the policy vouches for the key as ${found.assurance}`);
    return;
  }
  const [leaf, ...others] = certificates;
  if (development || leaf === undefined) {
    checks.skipped("ak-certificate", "no certificate of the attestation key was given");
    return;
  }
  checkCertificate(context, found, key, leaf, others);
}

function lower(left: Assurance, right: Assurance): Assurance {
  return levelOf(left) < levelOf(right) ? left : right;
}

function checkCertificate(
  context: Context,
  found: Finding,
  key: Uint8Array,
  leaf: Uint8Array,
  others: readonly Uint8Array[],
): void {
  const { checks } = found;
  try {
    const chain = attestChain(leaf, {
      intermediates: others,
      roots: context.roots.tpm,
      revocationLists: context.evidence.endorsements.revocationLists,
      now: context.now,
    });
    if (!sameBytes(chain.publicKey, key)) {
      const text = "The certificate is not of the key that signed the quote.";
      throw new ZksealError("UntrustedRoot", text, { reason: "attestation key" });
    }
    found.assurance = "vtpm_cloud";
    found.chain = chain.path;
    checks.passed("validity");
    checks.passed("revocation");
    checkRevocation(checks, chain.revocationChecked);
    checks.passed("ak-certificate", chain.path[0]?.subject ?? "");
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    const missing = error.details["missing_issuer"];
    if (missing === undefined) checks.failed("ak-certificate", error);
    else checks.skipped("ak-certificate", `there is no certificate of ${String(missing)}`);
  }
}
