/**
 * What an enclave binds into its attestation: its keys, the model that it serves, the policy, and who asked.
 * `zkseal.tee.runtime_data` in TypeScript.
 */

import { sha256, sha512 } from "@noble/hashes/sha2.js";

import { concat, decode } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { ascii } from "./bytes.js";
import { hasExactly, requireExactVersion } from "./evidence_encoding.js";
import { type Assurance, ASSURANCES, type Platform } from "./result.js";

export const MAX_RUNTIME_DATA_BYTES = 1024;
const DOMAIN = ascii("zkseal/rd/v1");
const VERSION = 1;
const QUOTED_BY_TPM: readonly Platform[] = ["tpm", "azure_snp", "azure_tdx", "gcp_confidential_space"];

/** Bytes of each field, and what it is. */
const SIZES = {
  /** X25519: requests and keys are encrypted to it. */
  hpke_public_key: 32,
  /** secp256k1, compressed: answers are signed by it. */
  signing_public_key: 33,
  /** SHA-256 of the sealed model's header. */
  model_digest: 32,
  /** Model id of the verifying key, to whose committed weights proofs speak. */
  zk_model_commitment: 32,
  /** Of the policy under which the key of the model is released. */
  policy_digest: 32,
  /** Random bytes of this start of the enclave. */
  boot_epoch: 16,
  /** The challenge of whoever asked for the attestation. */
  nonce: 32,
} as const;
type Field = keyof typeof SIZES;
const FIELDS = Object.keys(SIZES) as Field[];

/** What is bound. All fields are public. */
export class RuntimeData {
  /** SHA-256 of the encoding: names this start of the enclave in receipts. */
  readonly digest: Uint8Array;

  private constructor(
    readonly encoding: Uint8Array,
    /** Most that evidence of this kind can show. */
    readonly ceiling: Assurance,
    private readonly fields: ReadonlyMap<Field, Uint8Array>,
  ) {
    this.digest = sha256(encoding);
  }

  /** One of the bound values. */
  get(field: Field): Uint8Array {
    return this.fields.get(field) ?? new Uint8Array();
  }

  /** Throws errors of the family `DecodeError`: not the one encoding of runtime data of this version. */
  static decode(data: Uint8Array): RuntimeData {
    const value = decode(data, MAX_RUNTIME_DATA_BYTES);
    if (!hasExactly(value, ["runtime", "ceiling", ...FIELDS])) {
      throw invalid("The runtime data has missing or unknown entries.", "runtime data");
    }
    requireExactVersion(value.get("runtime"), VERSION, "Runtime data");
    const ceiling = value.get("ceiling");
    const assurance = typeof ceiling === "number" ? ASSURANCES[ceiling] : undefined;
    if (assurance === undefined) throw invalid("The runtime data names an assurance that there is not.", "ceiling");
    const fields = new Map<Field, Uint8Array>();
    for (const name of FIELDS) {
      const bytes = value.get(name);
      if (!(bytes instanceof Uint8Array)) throw invalid("A field of the runtime data holds no bytes.", "runtime data");
      fields.set(name, bytes);
    }
    for (const [name, bytes] of fields) requireSize(name, bytes);
    return new RuntimeData(data.slice(), assurance, fields);
  }

  /** SHA-512, domain separated: 64 bytes for quotes and reports. */
  reportData(): Uint8Array {
    return sha512(concat([DOMAIN, this.encoding]));
  }

  /** The bytes that evidence of a platform has to carry, as its nonce or report data; each GPU has its own. */
  binding(platform: Platform, index = 0): Uint8Array {
    if (QUOTED_BY_TPM.includes(platform)) return sha256(concat([DOMAIN, this.encoding]));
    if (platform !== "nvidia") return this.reportData();
    return sha256(concat([this.reportData(), Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index)]));
  }

  /** JSON view. */
  toJSON(): Record<string, string> {
    const fields = [...this.fields].map(([name, bytes]): [string, string] => [name, toHex(bytes)]);
    return Object.fromEntries([["ceiling", this.ceiling], ...fields]);
  }
}

function requireSize(name: Field, bytes: Uint8Array): void {
  const expected = SIZES[name];
  if (bytes.length === expected) return;
  const text = `The runtime data's ${name} has ${bytes.length} bytes instead of ${expected}.`;
  throw new ZksealError("WrongLength", text, { expected, got: bytes.length });
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
