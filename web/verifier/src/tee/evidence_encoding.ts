/** Evidence with its endorsements as CBOR: alone in a file, or as a part of a bundle. `zkseal.tee.evidence_encoding`. */

import { decode, type Value } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { type Endorsements, type Evidence, evidenceOf, NO_ENDORSEMENTS } from "./evidence.js";
import { isPlatform } from "./result.js";

const VERSION = 1;
const MAX_FILE_BYTES = 1 << 23;
const MAX_FILE_ITEMS = 1 << 12;

type Kind = "bytes" | "text" | "list";

/** Entries of endorsements -> field, and what it holds. */
const ENTRIES: ReadonlyMap<string, readonly [keyof Endorsements, Kind]> = new Map([
  ["certificates", ["certificates", "list"]],
  ["collateral", ["collateral", "text"]],
  ["revocation_lists", ["revocationLists", "list"]],
  ["rims", ["rims", "list"]],
  ["public_key", ["publicKey", "bytes"]],
  ["signature", ["signature", "bytes"]],
  ["pcrs", ["pcrs", "list"]],
  ["event_log", ["eventLog", "bytes"]],
]);

/** Whether a map has exactly these entries. */
export function hasExactly(value: Value | undefined, names: readonly string[]): value is Map<string, Value> {
  return value instanceof Map && value.size === names.length && names.every((name) => value.has(name));
}

/** Throws unless `value` is the version that is read. */
export function requireExactVersion(value: Value | undefined, expected: number, what: string): void {
  if (value === expected) return;
  const text = `${what} of version ${String(value)} is not known to this release.`;
  throw new ZksealError("UnknownVersion", text, { got: String(value), expected });
}

/** Evidence that stands alone. Throws errors of the family `DecodeError`. */
export function readStandaloneEvidence(data: Uint8Array): Evidence {
  const value = decode(data, MAX_FILE_BYTES, MAX_FILE_ITEMS);
  if (!hasExactly(value, ["standalone", "evidence"])) {
    throw invalid("These bytes are no evidence that stands alone.", "evidence");
  }
  requireExactVersion(value.get("standalone"), VERSION, "Evidence");
  return decodeEvidence(value.get("evidence"));
}

/** Throws errors of the family `DecodeError`. */
export function decodeEvidence(value: Value | undefined): Evidence {
  if (!hasExactly(value, ["platform", "payload", "index", "endorsements"])) {
    throw invalid("A piece of evidence has missing or unknown entries.", "evidence");
  }
  const [platform, payload, index, given] = ["platform", "payload", "index", "endorsements"].map((name) => value.get(name));
  if (!isPlatform(platform)) {
    const text = `Evidence of platform '${String(platform)}' is not known to this release.`;
    throw new ZksealError("UnknownVersion", text, { got: String(platform) });
  }
  const numbered = typeof index === "number" && index >= 0 && index < 256;
  if (!(payload instanceof Uint8Array) || !numbered || !(given instanceof Map)) {
    throw invalid("A piece of evidence has an entry of another type.", "evidence");
  }
  const endorsements = { ...NO_ENDORSEMENTS, ...Object.fromEntries([...given].map(decodeEndorsement)) };
  return evidenceOf(platform, payload, endorsements, index);
}

function decodeEndorsement([name, value]: [string, Value]): [string, Value] {
  const [field, kind] = ENTRIES.get(name) ?? [undefined, undefined];
  if (field === undefined || !isOf(kind, value)) {
    throw invalid("An endorsement is unknown or of another type.", "endorsements");
  }
  return [field, value];
}

function isOf(kind: Kind | undefined, value: Value): boolean {
  if (kind === "list") return Array.isArray(value) && value.length > 0 && value.every((item) => item instanceof Uint8Array);
  return kind === "text" ? typeof value === "string" : value instanceof Uint8Array;
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
