/** Development evidence of a sandbox. Its assurance is `sandbox` under every policy. `zkseal.tee.verifiers.sandbox`. */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../../errors.js";
import { toHex } from "../../hex.js";
import { addClaims } from "../claims.js";
import { checkNonce, checkReferences, type Context, type Finding, noChip } from "../context.js";
import { es256kVerify } from "../native.js";
import { decodeSandbox } from "../sandbox_evidence.js";

export const ANNOUNCED = [
  "format",
  "validity",
  "revocation",
  "signature",
  "issuer",
  "debug",
  "nonce",
  "reference-values",
  "chips",
];

/** Verifies and appraises a sandbox's evidence. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  found.assurance = "sandbox";
  const [claims, signed, signature] = checks.core(["format"], () => decodeSandbox(context.evidence.payload));
  checks.core(["signature"], () => es256kVerify(claims.issuer, signed, signature));
  const issuer = toHex(sha256(claims.issuer));
  const measurement = toHex(claims.measurement);
  addClaims(found.claims, [
    ["measurement", measurement],
    ["isolation", [...claims.isolation]],
    ["issuer_sha256", issuer],
  ]);
  const listed = context.policy.fields.sandbox_issuers.map((entry) => entry.toLowerCase());
  if (listed.length > 0) {
    const text = "The policy does not list the key that signed this evidence.";
    checks.require("issuer", listed.includes(issuer), new ZksealError("UntrustedRoot", text, { reason: "issuer" }));
  } else {
    checks.skipped("issuer", "the policy lists no issuers of development evidence");
  }
  for (const name of ["validity", "revocation"]) checks.skipped(name, "nobody certifies the key of a sandbox");
  checks.skipped("debug", "a process cannot vouch that nobody debugs it");
  checkNonce(checks, context, claims.reportData);
  checkReferences(checks, context, "sandbox", new Map([["measurement", measurement]]));
  noChip(checks, context, "a sandbox is of no chip");
}
