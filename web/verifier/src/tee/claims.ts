/** What evidence says, by name: JSON values, bytes as hexadecimal. */

import type { Value } from "../cbor.js";
import { toHex } from "../hex.js";
import { Float, type Json } from "./json_text.js";

export type Claims = Map<string, Json>;

/** A value of the core as a claim: bytes as text, inside maps and lists too. */
export function hexadecimal(value: Value): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(hexadecimal);
  if (value instanceof Map) return new Map([...value].map(([name, item]): [string, Json] => [name, hexadecimal(item)]));
  return value;
}

/** Adds claims, the new ones over the old ones. */
export function addClaims(claims: Claims, more: Iterable<readonly [string, Json]>): void {
  for (const [name, value] of more) claims.set(name, value);
}

export type PlainJson = null | boolean | number | string | PlainJson[] | { [name: string]: PlainJson };

/** A claim as an object that `JSON.stringify` takes. Integers beyond 2^53 become text. */
export function plain(value: Json): PlainJson {
  if (value instanceof Float) return value.value;
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) {
    // `__proto__` is a name like any other.
    const found: { [name: string]: PlainJson } = {};
    for (const [name, item] of value) {
      Object.defineProperty(found, name, { value: plain(item), enumerable: true, writable: true, configurable: true });
    }
    return found;
  }
  return value;
}
