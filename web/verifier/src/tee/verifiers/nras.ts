/**
 * NVIDIA Remote Attestation Service: a detached EAT, one token over the digests of one token for each device.
 * `zkseal.tee.verifiers.nras` in TypeScript.
 *
 * Sources: RFC 9711, 4.2.18.2 (detached EAT bundle); docs.nvidia.com/attestation, NRAS token claims. The service publishes
 * its keys on line, as a JSON Web Key Set, which whoever appraises trusts (`Roots.nrasJwks`): it closes the chain, so it
 * never travels with the tokens. Without it, chain and signatures are `not_checked`.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../../errors.js";
import { toHex } from "../../hex.js";
import { utf8 } from "../bytes.js";
import { addClaims } from "../claims.js";
import { type Context, denied, type Finding, noChip } from "../context.js";
import { asJson, type Json, sameJson } from "../json_text.js";
import { decodeToken, keyOf, type Token } from "../jws.js";
import { Rejected } from "../result.js";
import { said } from "../said.js";
import { checkTokenTime } from "./confidential_space.js";

export const ANNOUNCED = [
  "format",
  "digest-binding",
  "chain",
  "validity",
  "revocation",
  "signature",
  "issuer",
  "token-time",
  "overall-result",
  "debug",
  "nonce",
  "reference-values",
  "chips",
];

const ISSUER = "https://nras.attestation.nvidia.com";

/** The outer token, and the tokens of devices by name. */
interface DetachedEat {
  readonly outer: Token;
  readonly texts: ReadonlyMap<string, string>;
  readonly devices: ReadonlyMap<string, Token>;
}

/** Verifies and appraises a detached EAT. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const eat = checks.core(["format"], () => decode(context.evidence.payload));
  const { outer, devices } = eat;
  checkBinding(found, eat);
  const tokens = [outer, ...devices.values()];
  checkSignatures(context, found, tokens);
  checks.skipped("validity", "a key set says of no key until when it is valid");
  checks.skipped("revocation", "a key set has no revocation list");
  addClaims(found.claims, outer.claims);
  found.claims.set("devices", new Map([...devices].map(([name, token]): [string, Json] => [name, token.claims])));
  const issuers = tokens.map((token) => token.claims.get("iss")).filter((issuer) => issuer !== ISSUER);
  const others = [...new Set(issuers.map(said))].sort();
  checks.require("issuer", others.length === 0, denied("issuer", `the issuer is ${others.join(", ")}, not ${ISSUER}`));
  checkTokenTime(context, found, outer.claims);
  const passed = outer.claims.get("x-nvidia-overall-att-result") === true;
  checks.require("overall-result", passed, denied("overall-result", "NRAS did not accept the devices"));
  const states = [...devices.values()].map((token) => said(token.claims.get("dbgstat")));
  const debugged = denied("debug", `a device's debug status is ${states.join(", ")}`);
  checks.require("debug", states.every((state) => state === "disabled"), debugged);
  checkNonces(context, found, tokens);
  const measured = [...devices.values()].every((token) => token.claims.get("measres") === "success");
  const text = "NRAS found measurements that are no reference values.";
  const mismatch = new ZksealError("MeasurementMismatch", text, { claim: "measres", got: "" });
  checks.require("reference-values", measured, mismatch, "NRAS compared the measurements with NVIDIA's manifests");
  noChip(checks, context, "a token names no chip");
}

function checkSignatures(context: Context, found: Finding, tokens: readonly Token[]): void {
  const { checks } = found;
  const { nrasJwks } = context.roots;
  if (nrasJwks === null) {
    for (const name of ["chain", "signature"]) checks.skipped(name, "no key set (JWKS) of NRAS is among the roots");
    return;
  }
  const keys = checks.core(["chain"], () => tokens.map((token) => keyOf(nrasJwks, token)));
  checks.core(["signature"], () => tokens.forEach((token, index) => token.check(keys[index] ?? new Uint8Array())));
  found.assurance = "hardware";
}

function checkNonces(context: Context, found: Finding, tokens: readonly Token[]): void {
  if (context.nonce === null) {
    found.checks.skipped("nonce", "the caller gave no nonce");
    return;
  }
  const carried = new Set(tokens.map((token) => said(token.claims.get("eat_nonce"))));
  const expected = toHex(context.nonce);
  const details = { expected, got: [...carried].sort().join(" ") };
  const error = new ZksealError("NonceMismatch", "A token is bound to another nonce.", details);
  found.checks.require("nonce", carried.size === 1 && carried.has(expected), error);
}

function decode(payload: Uint8Array): DetachedEat {
  const document = asJson(payload);
  const [head, given] = Array.isArray(document) && document.length === 2 ? document : [];
  const [mark, text] = Array.isArray(head) && head.length === 2 ? head : [];
  const entries = given instanceof Map ? [...given] : [];
  const texts = new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  if (mark !== "JWT" || typeof text !== "string" || entries.length === 0 || texts.size !== entries.length) {
    throw new ZksealError("InvalidEncoding", "This is no detached EAT.", { reason: "EAT" });
  }
  const outer = decodeToken(text);
  const devices = new Map([...texts].map(([name, token]) => [name, decodeToken(token)]));
  for (const token of [outer, ...devices.values()]) void token.algorithm; // refused here, with the form
  return { outer, texts, devices };
}

/** `digest-binding`: the outer token holds the SHA-256 of every device token, and of no others. */
function checkBinding(found: Finding, { outer, texts }: DetachedEat): void {
  const digest = (text: string): Json => ["DIGEST", ["SHA-256", toHex(sha256(utf8(text)))]];
  const digests = new Map([...texts].map(([name, text]): [string, Json] => [name, digest(text)]));
  if (!sameJson(outer.claims.get("submods"), digests)) {
    const text = "The device tokens are not those of the outer token.";
    found.checks.failed("digest-binding", new ZksealError("SignatureRejected", text, { reason: "digest" }));
    throw new Rejected();
  }
  found.checks.passed("digest-binding", [...texts.keys()].join(", "));
}
