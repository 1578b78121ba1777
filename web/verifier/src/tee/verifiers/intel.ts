/**
 * Intel SGX and TDX: the quote under collateral, and what a policy says of status, attributes and service TDs.
 * `zkseal.tee.verifiers.intel` in TypeScript.
 *
 * Sources: Intel TDX DCAP Quoting Library API, A.3 (TD report, attributes); SGX Developer Reference (attributes);
 * Intel TDX Module ABI 348551, table 3.23.
 */

import type { Value, ValueMap } from "../../cbor.js";
import { ZksealError } from "../../errors.js";
import { bytesOf, integerOf, listOf, textOf } from "../../fields.js";
import { toHex } from "../../hex.js";
import { isZero } from "../bytes.js";
import { addClaims, hexadecimal } from "../claims.js";
import { checkChip, checkNonce, checkReferences, type Context, CORE, denied, type Finding, sentence } from "../context.js";
import { attestIntel, type CertificateInfo, describeCertificates } from "../native.js";

export const ANNOUNCED = [
  ...CORE,
  "tcb",
  "advisories",
  "debug",
  "attributes",
  "service-td",
  "smt",
  "nonce",
  "reference-values",
  "chips",
];

const SGX_DEBUG = 0x02;
/** TUD group: DEBUG and profiling. Any bit of it makes a TD untrusted. */
const TD_UNDER_DEBUG = 0xff;

/** A quote that was verified. */
export interface Quote {
  readonly tee: string;
  readonly fields: ReadonlyMap<string, Uint8Array>;
  /** Of the platform, in hexadecimal. */
  readonly chips: readonly string[];
}

/** Verifies and appraises a quote. */
export function verify(context: Context, found: Finding): void {
  const { payload, endorsements } = context.evidence;
  const quote = authenticate(context, found, payload, endorsements.collateral);
  checkNonce(found.checks, context, reportDataOf(quote), 64);
  const claims = new Map([...quote.fields].map(([name, value]) => [name, toHex(value)]));
  checkReferences(found.checks, context, quote.tee, claims);
  checkChip(found.checks, context, quote.chips);
}

export function reportDataOf(quote: Quote): Uint8Array {
  return bytesOf(quote.fields.get("report_data"), "Report data");
}

/** All but nonce, references and chips, for Azure's bundles too. */
export function authenticate(context: Context, found: Finding, payload: Uint8Array, collateral: string | null): Quote {
  const { checks } = found;
  const { fields: policy } = context.policy;
  const { platform } = context.evidence;
  const claims = checks.core([...CORE, "tcb"], () => verified(context, found, payload, collateral), false);
  const quote = quoteOf(claims);
  found.assurance = "hardware";
  addClaims(found.claims, [...claims, ...quote.fields].map(([name, value]) => [name, hexadecimal(value)]));

  const refused = claims.get("refused_attributes");
  const reason = typeof refused === "string" ? refused : null;
  const debug = isDebugged(quote);
  found.claims.set("debug", debug);
  checks.require("debug", !debug, denied("debug", "debug mode or profiling is enabled"));
  const allowed = reason === "SEPT_VE_DISABLE is not enabled" && policy.azure_allow_sept_ve && platform === "azure_tdx";
  checks.require("attributes", reason === null || allowed, denied("attributes", String(reason)), reason ?? "");
  const bound = !isZero(quote.fields.get("mr_service_td") ?? new Uint8Array());
  const text = "a service TD is bound (MR_SERVICETD is not zero)";
  checks.require("service-td", !bound || policy.intel_allow_service_td, denied("service-td", text));
  if (typeof claims.get("tcb_status") === "string") {
    checkStatus(context, found, claims);
  } else {
    checks.skipped("tcb", `the library stops before the status: ${String(reason)}`);
    checks.skipped("advisories", "the status is not known");
    checks.skipped("smt", "the status is not known");
  }
  return quote;
}

function verified(context: Context, found: Finding, payload: Uint8Array, collateral: string | null): ValueMap {
  if (collateral === null) {
    const text = "A quote is checked under Intel's collateral for its platform; give the JSON of its time.";
    throw new ZksealError("InvalidEncoding", text, { reason: "collateral", check: "chain" });
  }
  const [root, ...more] = context.roots.intel;
  if (root === undefined || more.length > 0) {
    const reason = `quotes are checked under one root of Intel's, and ${context.roots.intel.length} were given`;
    throw new ZksealError("UntrustedRoot", sentence(reason), { reason, check: "chain" });
  }
  const { claims, path } = attestIntel(payload, collateral, root, context.now);
  const wanted = context.evidence.platform === "sgx" ? "sgx" : "tdx";
  const tee = textOf(claims.get("tee"), "A kind of TEE");
  if (tee !== wanted) {
    const text = `The quote is of ${tee}, given as one of ${wanted}.`;
    throw new ZksealError("InvalidEncoding", text, { reason: "platform", check: "format" });
  }
  found.chain = pathTo(root, path);
  return claims;
}

/** The path that was checked: what the quote carries, under the root that is trusted instead of the one that it names. */
function pathTo(root: Uint8Array, carried: readonly Omit<CertificateInfo, "role" | "pinned">[]): CertificateInfo[] {
  const below = carried.filter((certificate) => certificate.subject !== certificate.issuer);
  const anchors = describeCertificates([root]).map((anchor): CertificateInfo => ({ ...anchor, role: "root", pinned: true }));
  const path = below.map((certificate, index): CertificateInfo => {
    return { ...certificate, role: index === 0 ? "leaf" : "authority", pinned: false };
  });
  return [...path, ...anchors];
}

function quoteOf(claims: ValueMap): Quote {
  const fields = claims.get("fields");
  const entries = [...(fields instanceof Map ? fields : new Map<string, Value>())];
  return {
    tee: textOf(claims.get("tee"), "A kind of TEE"),
    fields: new Map(entries.map(([name, value]) => [name, bytesOf(value, name)])),
    chips: ["ppid", "fmspc"].map((name) => toHex(bytesOf(claims.get(name), name))),
  };
}

function isDebugged({ tee, fields }: Quote): boolean {
  const [name, bits] = tee === "tdx" ? ["td_attributes", TD_UNDER_DEBUG] as const : ["attributes", SGX_DEBUG] as const;
  const [first = 0] = bytesOf(fields.get(name), name);
  return (first & bits) !== 0;
}

function checkStatus(context: Context, found: Finding, quote: ValueMap): void {
  const { checks } = found;
  const { fields: policy } = context.policy;
  const status = textOf(quote.get("tcb_status"), "A status");
  const evaluation = Number(integerOf(quote.get("tcb_evaluation"), "An evaluation number"));
  if (evaluation < policy.intel_min_tcb_evaluation) {
    const text = `the collateral's evaluation data number is ${evaluation}, below ${policy.intel_min_tcb_evaluation}`;
    checks.failed("tcb", denied("tcb", text));
  } else {
    const accepted = policy.intel_tcb_statuses.includes(status);
    checks.require("tcb", accepted, denied("tcb", `the TCB status ${status} is not accepted`), status);
  }
  const advisories = listOf(quote.get("advisories"), "The advisories").map((advisory) => textOf(advisory, "An advisory"));
  const unwanted = [...new Set(advisories)].filter((name) => policy.intel_reject_advisories.includes(name)).sort();
  const text = `the advisories ${unwanted.join(", ")} apply`;
  checks.require("advisories", unwanted.length === 0, denied("advisories", text), advisories.join(", "));
  const smt = quote.get("smt") === true && !policy.intel_allow_smt;
  checks.require("smt", !smt, denied("smt", "hyperthreading is on"));
}
