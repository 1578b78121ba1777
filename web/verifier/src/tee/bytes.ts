/** Byte strings: encodings of others, numbers in them, comparison. */

import { compareBytes } from "../cbor.js";
import { ZksealError } from "../errors.js";
import type { Json } from "./json_text.js";

/** Whether two byte strings are equal. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return compareBytes(left, right) === 0;
}

export function isZero(data: Uint8Array): boolean {
  return data.every((byte) => byte === 0);
}

/** `data` with zeros behind it, `width` bytes in all, or as it is where it is longer. */
export function padEnd(data: Uint8Array, width: number): Uint8Array {
  if (data.length >= width) return data;
  const padded = new Uint8Array(width);
  padded.set(data);
  return padded;
}

/** `data` with zeros before it, `width` bytes in all, or as it is where it is longer. */
export function padStart(data: Uint8Array, width: number): Uint8Array {
  if (data.length >= width) return data;
  const padded = new Uint8Array(width);
  padded.set(data, width - data.length);
  return padded;
}

/** A big-endian number of any width. */
export function bigEndian(data: Uint8Array): bigint {
  return data.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** A little-endian number of at most six bytes; of none it is zero. */
export function littleEndian(data: Uint8Array): number {
  return data.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** Bytes of ASCII text; what is beyond is kept as its code unit, modulo 256. */
export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export function startsWith(data: Uint8Array, head: Uint8Array, at = 0): boolean {
  return data.length >= at + head.length && head.every((byte, index) => data[at + index] === byte);
}

/** Where `needle` stands from `from` on, before `to`; -1 if nowhere. */
export function indexOf(data: Uint8Array, needle: Uint8Array, from = 0, to = data.length): number {
  const [first] = needle;
  if (first === undefined) return from;
  for (let at = data.indexOf(first, from); at >= 0 && at + needle.length <= to; at = data.indexOf(first, at + 1)) {
    if (startsWith(data, needle, at)) return at;
  }
  return -1;
}

const QUADS = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{4})+=*$/;

/** Strict base64 as Python's `b64decode(.., validate=True)` has it; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return QUADS.test(text) ? ascii(atob(text.replace(/=+$/, ""))) : undefined;
}

function encodeBase64Url(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const data = ascii(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
  return encodeBase64Url(data) === text ? data : undefined;
}

/** Strict base64, or base64url without padding. Throws `InvalidEncoding`. */
export function base64Bytes(value: Json | undefined, what: string, options: { url?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const decode = options.url === true ? decodeBase64Url : decodeBase64;
  const data = typeof value === "string" ? decode(value) : undefined;
  if (data === undefined) throw new ZksealError("InvalidEncoding", `The ${what} holds no base64.`, { reason: what });
  return data;
}

/** Hexadecimal with blanks between bytes, as Python's `bytes.fromhex` takes it; undefined for anything else. */
export function hexOrUndefined(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[ \t\n\r\f\v]*(?:[0-9a-fA-F]{2}[ \t\n\r\f\v]*)*$/.test(text)) return undefined;
  const digits = text.replace(/[ \t\n\r\f\v]/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}
