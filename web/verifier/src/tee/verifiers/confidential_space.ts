/**
 * GCP Confidential Space: a token of Google's verifier, RS256 under certificates to its root (PKI token).
 * `zkseal.tee.verifiers.confidential_space` in TypeScript.
 *
 * Google appraised the hardware: what is checked here is Google's word and what it says. Source:
 * cloud.google.com/confidential-computing/confidential-space/docs/reference/token-claims.
 */

import { ZksealError } from "../../errors.js";
import { toHex } from "../../hex.js";
import { addClaims } from "../claims.js";
import { checkReferences, checkRevocation, type Context, CORE, denied, type Finding, noChip } from "../context.js";
import { decodeToken, type Token } from "../jws.js";
import { isInteger, type Json, type JsonObject } from "../json_text.js";
import { attestChain, type Chain } from "../native.js";
import { said } from "../said.js";

export const ANNOUNCED = [
  ...CORE,
  "issuer",
  "token-time",
  "tcb",
  "debug",
  "audience",
  "nonce",
  "reference-values",
  "chips",
];

const ISSUER = "https://confidentialcomputing.googleapis.com";
const HARDWARE_MODELS: readonly (Json | undefined)[] = ["GCP_INTEL_TDX", "GCP_AMD_SEV", "GCP_AMD_SEV_ES", "GCP_AMD_SEV_SNP"];

/** Verifies and appraises a token. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const [token, chain] = checks.core(CORE, () => authenticate(context));
  found.chain = chain.path;
  checkRevocation(checks, chain.revocationChecked);
  found.assurance = "hardware";
  const { claims } = token;
  addClaims(found.claims, claims);

  const issuer = claims.get("iss");
  const stranger = denied("issuer", `the issuer is ${said(issuer)}, not ${ISSUER}`);
  checks.require("issuer", issuer === ISSUER, stranger, said(issuer));
  checkTokenTime(context, found, claims);
  const [model, software, status] = [claims.get("hwmodel"), claims.get("swname"), claims.get("dbgstat")];
  const genuine = HARDWARE_MODELS.includes(model) && software === "CONFIDENTIAL_SPACE";
  const machine = `${said(software)} on ${said(model)}`;
  checks.require("tcb", genuine, denied("tcb", `${machine} is no Confidential Space`), machine);
  const debugged = denied("debug", `the debug status is ${said(status)}`);
  checks.require("debug", status === "disabled-since-boot", debugged, said(status));
  checkAudience(context, found, claims);
  checkTokenNonce(context, found, claims);
  const values = new Map([
    ["image_digest", imageDigest(claims)],
    ["hwmodel", said(model)],
  ]);
  found.claims.set("image_digest", values.get("image_digest") ?? "");
  checkReferences(checks, context, "gcp_confidential_space", values);
  noChip(checks, context, "a token names no chip");
}

function authenticate(context: Context): [Token, Chain] {
  const { payload, endorsements } = context.evidence;
  if (!payload.every((byte) => byte < 0x80)) {
    throw new ZksealError("InvalidEncoding", "The token is no text.", { reason: "token" });
  }
  const token = decodeToken(new TextDecoder().decode(payload));
  const [leaf = new Uint8Array(), ...intermediates] = token.certificates();
  const chain = attestChain(leaf, {
    intermediates,
    roots: context.roots.confidentialSpace,
    revocationLists: endorsements.revocationLists,
    now: context.now,
  });
  token.check(chain.publicKey);
  return [token, chain];
}

/** `token-time`: `nbf` and `exp` around now (RFC 7519, 4.1). */
export function checkTokenTime(context: Context, found: Finding, claims: JsonObject): void {
  const [start, end] = [claims.get("nbf"), claims.get("exp")];
  if (!isInteger(start) || !isInteger(end)) {
    const text = "The token does not say when it is valid.";
    found.checks.failed("token-time", new ZksealError("Expired", text, { reason: "nbf, exp" }));
    return;
  }
  const now = BigInt(context.now);
  const holds = BigInt(start) - BigInt(context.policy.fields.clock_skew_s) <= now && now <= BigInt(end);
  const text = `The token is valid from ${start} to ${end}, not at ${now} (Unix seconds).`;
  found.checks.require("token-time", holds, new ZksealError("Expired", text, { reason: "exp", now: context.now }));
}

function checkAudience(context: Context, found: Finding, claims: JsonObject): void {
  const audience = context.policy.fields.confidential_space_audience;
  if (audience === "") {
    found.checks.skipped("audience", "the policy names no audience");
    return;
  }
  found.checks.require("audience", claims.get("aud") === audience, denied("audience", "the token is for somebody else"));
}

function checkTokenNonce(context: Context, found: Finding, claims: JsonObject): void {
  if (context.nonce === null) {
    found.checks.skipped("nonce", "the caller gave no nonce");
    return;
  }
  const carried = claims.get("eat_nonce");
  const texts = Array.isArray(carried) ? carried : [carried];
  const expected = toHex(context.nonce);
  const details = { expected, got: texts.map(said).join(" ") };
  const text = "The token is bound to another nonce. Ask for a new one.";
  found.checks.require("nonce", texts.includes(expected), new ZksealError("NonceMismatch", text, details));
}

function imageDigest(claims: JsonObject): string {
  const submods = claims.get("submods");
  const container = submods instanceof Map ? submods.get("container") : new Map();
  if (container === undefined) return "";
  if (!(container instanceof Map)) throw new TypeError("the container is no object");
  return container.has("image_digest") ? said(container.get("image_digest")) : "";
}
