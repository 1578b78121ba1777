/**
 * AWS Nitro enclaves. Source: aws-nitro-enclaves-nsm-api, docs/attestation_process.md; PCRs: AWS Nitro user guide.
 * `zkseal.tee.verifiers.nitro` in TypeScript.
 */

import type { Value } from "../../cbor.js";
import { bytesOf, integerOf, listOf } from "../../fields.js";
import { toHex } from "../../hex.js";
import { isZero } from "../bytes.js";
import { addClaims, hexadecimal } from "../claims.js";
import {
  checkAge,
  checkNonce,
  checkReferences,
  checkRevocation,
  type Context,
  CORE,
  denied,
  type Finding,
  noChip,
} from "../context.js";
import { attestNitro } from "../native.js";

export const ANNOUNCED = [...CORE, "debug", "age", "nonce", "reference-values", "chips"];

/** Image, kernel and boot, application: all zero in debug mode. */
const MEASURED_PCRS = [0, 1, 2];

/** Verifies and appraises an attestation document. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const { payload, endorsements } = context.evidence;
  const trust = {
    intermediates: [],
    roots: context.roots.nitro,
    revocationLists: endorsements.revocationLists,
    now: context.now,
  };
  const { claims, chain } = checks.core(CORE, () => attestNitro(payload, trust));
  found.chain = chain.path;
  checkRevocation(checks, chain.revocationChecked);
  found.assurance = "hardware";
  const pcrs = numbered(claims.get("pcrs"));
  addClaims(found.claims, [...claims].map(([name, value]) => [name, hexadecimal(value)]));
  found.claims.set("pcrs", new Map([...pcrs].map(([number, value]) => [number, toHex(value)])));
  found.claims.set("certificate_window", [chain.notBefore, chain.notAfter]);

  const measured = MEASURED_PCRS.some((number) => !isZero(pcrs.get(String(number)) ?? new Uint8Array()));
  checks.require("debug", measured, denied("debug", "PCR0 to PCR2 are zero: the enclave runs in debug mode"));
  checkAge(checks, context, Number(integerOf(claims.get("timestamp_ms"), "The timestamp")) / 1000);
  const nonce = claims.get("nonce");
  checkNonce(checks, context, nonce instanceof Uint8Array ? nonce : null);
  checkReferences(checks, context, "nitro", new Map([...pcrs].map(([number, value]) => [`pcr${number}`, toHex(value)])));
  noChip(checks, context, "a document names no chip");
}

/** Byte strings by number, from a list of pairs. */
export function numbered(value: Value | undefined): Map<string, Uint8Array> {
  return new Map(
    listOf(value, "A list of the core").map((pair): [string, Uint8Array] => {
      const [number, bytes] = listOf(pair, "A pair of the core");
      return [String(number), bytesOf(bytes, "An entry of the core")];
    }),
  );
}
