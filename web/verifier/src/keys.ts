/** Verifying keys: everything that a verifier needs of a model. */

import { sha256 } from "@noble/hashes/sha2.js";

import type { Value } from "./cbor.js";
import { isContainer, readSection, VERIFYING_KEY } from "./container.js";
import { bytesOf, exactMap, integerOf, listOf, textOf } from "./fields.js";
import { type Interface, readInterface, type StatedTensor } from "./interface.js";

/** A ceremony whose powers of tau a key may rest on; `unknown` is none of the published ones. */
export type Origin = "hermez" | "aztec" | "ezkl" | "unknown";

/** A key whose model proof was checked: made by `Verifier.readVerifyingKey` and by nothing else. */
export interface VerifyingKey {
  /** The name of the model in statements: a digest of everything in the key, 32 bytes. */
  readonly modelId: Uint8Array;
  /** Names, shapes and scales of inputs and outputs, and what of them is public. */
  readonly interface: Interface;
  readonly opening: "ipa" | "kzg";
  readonly lookupArgument: "tree" | "helper";
  readonly lanes: number;
  /** Rows have 2^rowBits entries. */
  readonly rowBits: number;
  /** Digest of tau*G2, 32 bytes; null for ipa, which needs no setup. */
  readonly setupDigest: Uint8Array | null;
  /** The ceremony; null for ipa. */
  readonly origin: Origin | null;
  /** The powers of tau come from no published ceremony: whoever made them may know tau, and forge receipts. */
  readonly insecure: boolean;
  /** The key's bytes, without the container of a file. */
  readonly encoding: Uint8Array;
  /** SHA-256 of `encoding`. Not the model id. */
  readonly digest: Uint8Array;
}

/** What the core tells of a key that it holds. */
export interface LoadedKey {
  readonly handle: number;
  readonly modelId: Uint8Array;
  readonly annotation: Uint8Array;
  readonly tensors: readonly StatedTensor[];
  readonly opening: "ipa" | "kzg";
  readonly lookupArgument: "tree" | "helper";
  readonly lanes: number;
  readonly rowBits: number;
  readonly setupDigest: Uint8Array | null;
  readonly origin: Origin | null;
}

const MEMBERS = "annotation argument key lanes model_id opening origin row_bits setup_digest tensors".split(" ");
const COLUMNS = ["input", "output", "public"] as const;

/** The bytes of a key: those of a `.zkv` file, or as they are. Throws errors of the family `DecodeError`. */
export function keyEncoding(data: Uint8Array): Uint8Array {
  return isContainer(data) ? readSection(data, VERIFYING_KEY) : data;
}

/** What the core answered to `load_key`. */
export function decodeLoaded(value: Value): LoadedKey {
  const entries = exactMap(value, MEMBERS, "A loaded key");
  const text = (name: string): string => textOf(entries.get(name), name);
  const number = (name: string): number => Number(integerOf(entries.get(name), name));
  const setupDigest = entries.get("setup_digest");
  return {
    handle: number("key"),
    modelId: bytesOf(entries.get("model_id"), "model_id"),
    annotation: bytesOf(entries.get("annotation"), "annotation"),
    tensors: listOf(entries.get("tensors"), "tensors").map(decodeTensor),
    opening: text("opening") === "kzg" ? "kzg" : "ipa",
    lookupArgument: text("argument") === "helper" ? "helper" : "tree",
    lanes: number("lanes"),
    rowBits: number("row_bits"),
    setupDigest: setupDigest === null ? null : bytesOf(setupDigest, "setup_digest"),
    origin: entries.get("origin") === null ? null : (text("origin") as Origin),
  };
}

function decodeTensor(value: Value): StatedTensor {
  const [index, column, size, lo, hi] = listOf(value, "A tensor").map((entry) => integerOf(entry, "A tensor"));
  return {
    index: Number(index),
    column: COLUMNS[Number(column)] ?? "public",
    size: BigInt(size ?? 0),
    lo: BigInt(lo ?? 0),
    hi: BigInt(hi ?? 0),
  };
}

/** The key that users hold. Throws `InvalidRelation` if its annotation describes no program. */
export function verifyingKey(loaded: LoadedKey, encoding: Uint8Array): VerifyingKey {
  return Object.freeze({
    modelId: loaded.modelId,
    interface: readInterface(loaded.annotation, loaded.tensors),
    opening: loaded.opening,
    lookupArgument: loaded.lookupArgument,
    lanes: loaded.lanes,
    rowBits: loaded.rowBits,
    setupDigest: loaded.setupDigest,
    origin: loaded.origin,
    insecure: loaded.origin === "unknown",
    encoding,
    digest: sha256(encoding),
  });
}
