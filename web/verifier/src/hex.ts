/** Bytes as lower-case hexadecimal, without a prefix: how receipts, keys and models are named to people. */

import { ZksealError } from "./errors.js";

export function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Throws `InvalidEncoding` for anything but pairs of hexadecimal digits, with or without `0x`. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new ZksealError("InvalidEncoding", "This is not hexadecimal.", { reason: "hexadecimal" });
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}
