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

// Texts of others have megabytes. Expressions here match one class of characters over and over, which takes neither stack
// nor more than one pass; lengths are compared apart.

/** `text` without equal signs at its end. */
export function withoutPadding(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "=") end -= 1;
  return text.slice(0, end);
}

/** Strict base64 as Python's `b64decode(.., validate=True)` has it; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = withoutPadding(text);
  const rest = digits.length % 4;
  const padding = text.length - digits.length;
  // Behind whole groups Python takes any padding, unless there is nothing else.
  const padded = rest === 0 ? padding === 0 || digits.length > 0 : rest > 1 && padding === 4 - rest;
  return padded && /^[A-Za-z0-9+/]*$/.test(digits) ? ascii(atob(digits)) : undefined;
}

function encodeBase64Url(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
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
  const found = new Uint8Array(text.length >> 1);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    if (" \t\n\r\f\v".includes(text.charAt(at))) continue;
    const [high, low] = [digitOf(text.charAt(at)), digitOf(text.charAt(at + 1))];
    if (high < 0 || low < 0) return undefined;
    found[size] = high * 16 + low;
    size += 1;
    at += 1;
  }
  return found.slice(0, size);
}

/** The value of a hexadecimal digit; -1 for anything else. */
function digitOf(character: string): number {
  return character === "" ? -1 : "0123456789abcdef".indexOf(character.toLowerCase());
}
