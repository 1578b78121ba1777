/**
 * Development evidence of a sandbox: a process says of itself what it runs, signed by a key that somebody generated.
 * `zkseal.tee.sandbox_evidence` in TypeScript.
 */

import { concat, decode, encode, type Value } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { ascii } from "./bytes.js";
import { hasExactly } from "./evidence_encoding.js";

const DOMAIN = ascii("zkseal/sandbox-evidence/v1");
const VERSION = 1;
const MAX_BYTES = 1 << 14;
const SIZES = { measurement: 32, report_data: 64, issuer: 33, signature: 64 } as const;

/** What the process says. */
export interface SandboxClaims {
  /** SHA-256 of the code that it runs. */
  readonly measurement: Uint8Array;
  /** What is bound, 64 bytes. */
  readonly reportData: Uint8Array;
  /** Mechanisms that are on, such as `landlock` and `seccomp`. */
  readonly isolation: readonly string[];
  /** secp256k1 key, compressed, that signed this. */
  readonly issuer: Uint8Array;
}

/** Claims, what the issuer signs, and the signature (ES256K). Throws errors of the family `DecodeError`. */
export function decodeSandbox(payload: Uint8Array): [SandboxClaims, Uint8Array, Uint8Array] {
  const value = decode(payload, MAX_BYTES);
  if (!hasExactly(value, ["sandbox", "isolation", ...Object.keys(SIZES)])) {
    throw invalid("This is no sandbox's evidence.", "sandbox evidence");
  }
  if (value.get("sandbox") !== VERSION) throw invalid("This is no sandbox's evidence of version 1.", "sandbox evidence");
  const bytes = (name: keyof typeof SIZES): Uint8Array => {
    const found = value.get(name);
    if (found instanceof Uint8Array && found.length === SIZES[name]) return found;
    throw invalid(`The sandbox's ${name} has not ${SIZES[name]} bytes.`, name);
  };
  const [measurement, reportData] = [bytes("measurement"), bytes("report_data")];
  const [issuer, signature] = [bytes("issuer"), bytes("signature")];
  const isolation = value.get("isolation");
  if (!isTexts(isolation)) throw invalid("The sandbox's isolation is no list of texts.", "isolation");
  const signed = encode(new Map([...value].filter(([name]) => name !== "signature")));
  return [{ measurement, reportData, isolation, issuer }, concat([DOMAIN, signed]), signature];
}

function isTexts(value: Value | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
