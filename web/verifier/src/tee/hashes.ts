/** The hashes of PCR banks by the names of `hashlib`. */

import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";

const HASHES = { sha1, sha256, sha384, sha512 };
export type HashName = keyof typeof HASHES;

export const DIGEST_BYTES: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };

export function hash(name: HashName, data: Uint8Array): Uint8Array {
  return HASHES[name](data);
}
