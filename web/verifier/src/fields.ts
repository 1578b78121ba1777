/** Entries of decoded CBOR, each of the type that its place asks for. */

import type { Value, ValueMap } from "./cbor.js";
import { ZksealError } from "./errors.js";

/** `value`, if it is a map with exactly these keys. */
export function exactMap(value: Value | undefined, keys: readonly string[], what: string): ValueMap {
  if (!(value instanceof Map)) throw new ZksealError("InvalidEncoding", `${what} is not a map.`, { reason: "not a map" });
  const missing = keys.filter((key) => !value.has(key));
  const unknown = [...value.keys()].filter((key) => !keys.includes(key));
  if (missing.length > 0 || unknown.length > 0) {
    const message = `${what} has the wrong keys: ${missing.length} missing, ${unknown.length} unknown.`;
    throw new ZksealError("InvalidEncoding", message, { reason: "keys", missing: missing.join(" ") });
  }
  return value;
}

export function bytesOf(value: Value | undefined, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw wrongType(what, "bytes");
}

export function textOf(value: Value | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw wrongType(what, "text");
}

export function listOf(value: Value | undefined, what: string): Value[] {
  if (Array.isArray(value)) return value;
  throw wrongType(what, "a list");
}

/** An integer of any size; a boolean is none. */
export function integerOf(value: Value | undefined, what: string): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw wrongType(what, "an integer");
}

/** Refuses another version of a format. What is no number at all is refused later, as of the wrong type. */
export function requireVersion(value: Value | undefined, known: readonly number[], what: string): void {
  const number = typeof value === "boolean" ? Number(value) : value;
  if (typeof number !== "number" && typeof number !== "bigint") return;
  if (known.some((version) => version === Number(number))) return;
  const message = `${what} version ${number} is not known to this release, which reads ${known.join(", ")}.`;
  throw new ZksealError("UnknownVersion", message, { got: String(number), expected: known.join(", ") });
}

/** Refuses bytes of another length. */
export function requireLength(data: Uint8Array, expected: number, what: string): void {
  if (data.length === expected) return;
  const message = `${what} has ${data.length} bytes instead of ${expected}.`;
  throw new ZksealError("WrongLength", message, { expected, got: data.length });
}

/** A copy: whoever gave the bytes cannot change afterwards what was read. Throws `ResourceLimit`. */
export function copyOf(data: Uint8Array): Uint8Array {
  try {
    return data.slice();
  } catch (error) {
    const message = `There is no memory for ${data.length} bytes: ${String(error)}.`;
    throw new ZksealError("ResourceLimit", message, { resource: "memory" });
  }
}

function wrongType(what: string, kind: string): ZksealError {
  return new ZksealError("InvalidEncoding", `${what} is not ${kind}.`, { reason: "type" });
}
