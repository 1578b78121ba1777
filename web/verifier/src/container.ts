/**
 * The container of every zkseal file: named sections behind one table of digests (`zkseal.files.container`).
 *
 *     file    := magic(8) kind(4) u16 version  u16 count  entry*count  sha256(all bytes before)  section*
 *     entry   := name(16, ASCII, padded with zeros)  u64 offset  u64 length  sha256(32)
 *     section := zeros up to the next multiple of 64, then its bytes
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { compareBytes } from "./cbor.js";
import { ZksealError } from "./errors.js";

/** One kind of file: its code, its version, its only section. Files with secrets are none of a verifier's business. */
export interface FileKind {
  readonly code: string;
  readonly name: string;
  readonly version: number;
  readonly section: string;
}

export const RECEIPT: FileKind = { code: "RCPT", name: "receipt", version: 1, section: "receipt" };
export const VERIFYING_KEY: FileKind = { code: "VKEY", name: "verifying key", version: 1, section: "verifying key" };
export const SEGMENTED_VERIFYING_KEY: FileKind = {
  code: "SVKY",
  name: "verifying key in segments",
  version: 1,
  section: "verifying key",
};

const MAGIC = Uint8Array.of(0x89, 0x5a, 0x4b, 0x53, 0x0d, 0x0a, 0x1a, 0x0a);
const HEAD_BYTES = 16;
const ENTRY_BYTES = 64;
const NAME_BYTES = 16;
const DIGEST_BYTES = 32;
const ALIGNMENT = 64;
const MAX_SECTIONS = 16;

/** Whether the bytes begin as a zkseal file does. */
export function isContainer(data: Uint8Array): boolean {
  return compareBytes(data.subarray(0, MAGIC.length), MAGIC) === 0;
}

/** Whether the bytes begin as a file of this kind does. */
export function isKind(data: Uint8Array, kind: FileKind): boolean {
  return isContainer(data) && ascii(data.subarray(8, 12)) === kind.code;
}

/**
 * The one section of a file of this kind, after all digests have been checked.
 *
 * Throws `WrongFileKind`, `UnknownVersion`, `WrongLength`, `DigestMismatch` or `InvalidEncoding`.
 */
export function readSection(data: Uint8Array, kind: FileKind): Uint8Array {
  if (data.length < HEAD_BYTES || !isKind(data, kind)) throw wrongKind(data, kind);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const version = view.getUint16(12);
  if (version !== kind.version) {
    const message = `The file is a ${kind.name} of format ${version}; this release reads ${kind.version}.`;
    throw new ZksealError("UnknownVersion", message, { got: version, expected: kind.version });
  }
  requireTable(data, kind, view.getUint16(14));
  const entry = HEAD_BYTES;
  const tableEnd = HEAD_BYTES + ENTRY_BYTES + DIGEST_BYTES;
  const offset = Math.ceil(tableEnd / ALIGNMENT) * ALIGNMENT;
  const padding = data.subarray(tableEnd, offset);
  if (view.getBigUint64(entry + NAME_BYTES) !== BigInt(offset) || padding.some((byte) => byte !== 0)) {
    throw new ZksealError("InvalidEncoding", `Section '${kind.section}' is misplaced.`, { reason: "offset" });
  }
  const end = offset + Number(view.getBigUint64(entry + NAME_BYTES + 8));
  if (end > data.length) throw cut(end, data.length);
  const section = data.subarray(offset, end);
  const digest = data.subarray(entry + NAME_BYTES + 16, entry + ENTRY_BYTES);
  if (compareBytes(sha256(section), digest) !== 0) throw damaged(`section '${kind.section}'`);
  if (end !== data.length) {
    throw wrongLength(`The file has ${data.length - end} bytes after its end.`, end, data.length);
  }
  return section;
}

/** The table has its digest, and names the one section. */
function requireTable(data: Uint8Array, kind: FileKind, count: number): void {
  const end = HEAD_BYTES + ENTRY_BYTES * Math.min(count, MAX_SECTIONS);
  if (data.length < end + DIGEST_BYTES) throw cut(end + DIGEST_BYTES, data.length);
  if (compareBytes(sha256(data.subarray(0, end)), data.subarray(end, end + DIGEST_BYTES)) !== 0) throw damaged("the head");
  const name = ascii(data.subarray(HEAD_BYTES, HEAD_BYTES + NAME_BYTES));
  if (count !== 1 || name !== kind.section.padEnd(NAME_BYTES, "\0")) {
    throw new ZksealError("InvalidEncoding", `The file has other sections than a ${kind.name}.`, { reason: "names" });
  }
}

/** One character for each byte. */
function ascii(data: Uint8Array): string {
  return String.fromCharCode(...data);
}

function wrongKind(data: Uint8Array, kind: FileKind): ZksealError {
  const code = isContainer(data) ? ascii(data.subarray(8, 12)) : "";
  const got = /^[A-Z]{4}$/.test(code) ? code : "none";
  const message = `This is ${got === "none" ? "no zkseal file" : `a zkseal file of kind ${got}`}; a ${kind.name} is needed.`;
  return new ZksealError("WrongFileKind", message, { expected: kind.name, got });
}

function cut(expected: number, got: number): ZksealError {
  return wrongLength(`The file ends after ${got} bytes where at least ${expected} are needed.`, expected, got);
}

function damaged(where: string): ZksealError {
  return new ZksealError("DigestMismatch", `The file was damaged or changed: ${where} does not match its digest.`, { where });
}

function wrongLength(message: string, expected: number, got: number): ZksealError {
  return new ZksealError("WrongLength", message, { expected, got });
}
