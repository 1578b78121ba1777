/** What a file may weigh, and what it is by its first bytes: said before anything more of it is read. */

import type { Failure, Part } from "./exchange.js";

/** Bytes. Receipts as in `zkseal.receipts.MAX_RECEIPT_BYTES`; keys as far as a browser's memory carries them. */
export const MAX_KEY_BYTES = 1 << 28;
export const LIMITS: Readonly<Record<Part, number>> = { receipt: 1 << 26, key: MAX_KEY_BYTES };
export const MAX_CONTEXT_BYTES = 1 << 16;

const MAGIC = [0x89, 0x5a, 0x4b, 0x53, 0x0d, 0x0a, 0x1a, 0x0a];
const HEAD_BYTES = 12;
const SECRETS: Readonly<Record<string, string>> = {
  CMPL: "a compiled model (.zkc)",
  PKEY: "a proving key (.zkp)",
  SPKY: "a proving key (.zkp)",
  SEGK: "a proving key of a segment (.zks)",
  OPEN: "an opening (.zko)",
};

export type Kind = Part | "secret" | "unknown";

/** What the file is, by its first bytes or else by its name. Reads twelve bytes. */
export async function kindOf(file: File): Promise<{ kind: Kind; code: string }> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const code = MAGIC.every((byte, index) => head[index] === byte) ? String.fromCharCode(...head.subarray(8)) : "";
  if (code === "RCPT") return { kind: "receipt", code };
  if (code === "VKEY" || code === "SVKY") return { kind: "key", code };
  if (code in SECRETS) return { kind: "secret", code };
  if (/\.(zkr|cbor)$/i.test(file.name)) return { kind: "receipt", code };
  return { kind: /\.zkv$/i.test(file.name) ? "key" : "unknown", code };
}

/** Why a file is not read, if it is not. */
export function refusal(file: File, part: Part, found: { kind: Kind; code: string }): Failure | null {
  const what = part === "receipt" ? "receipt" : "verifying key";
  if (found.kind === "secret") {
    return {
      code: "WrongFileKind",
      message: `This is ${SECRETS[found.code] ?? "a secret file"}: it holds secrets, and is for its owner's eyes. Nothing of it was read.`,
      remedy: `Never give it to others. To verify, choose a ${what}.`,
      details: { got: found.code },
    };
  }
  if (file.size === 0) {
    return { code: "WrongLength", message: "The file is empty.", remedy: `Choose a ${what}.`, details: { got: 0 } };
  }
  if (file.size > LIMITS[part]) {
    return {
      code: "WrongLength",
      message: `The file has ${sizeOf(file.size)}; a ${what} has at most ${sizeOf(LIMITS[part])} here. Nothing of it was read.`,
      remedy:
        part === "receipt"
          ? "Check that it is a receipt."
          : "Check that it is a verifying key, or verify with the command line of zkseal.",
      details: { expected: LIMITS[part], got: file.size },
    };
  }
  return null;
}

/** Bytes for people. */
export function sizeOf(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
}
