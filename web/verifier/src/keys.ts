/** Verifying keys: everything that a verifier needs of a model. */

import { sha256 } from "@noble/hashes/sha2.js";

import type { Value } from "./cbor.js";
import { isContainer, isKind, readSection, SEGMENTED_VERIFYING_KEY, VERIFYING_KEY } from "./container.js";
import { bytesOf, exactMap, integerOf, listOf, textOf } from "./fields.js";
import { type Interface, readInterface, type StatedTensor } from "./interface.js";
import { hasSegmentedMagic, type SegmentedKey } from "./segmented_key.js";

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
  /** How many pieces the model is proved in. */
  readonly segments: number;
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
  /** Rows that are committed to for each proof: those of statement and proof. */
  readonly rows: number;
  readonly setupDigest: Uint8Array | null;
  readonly origin: Origin | null;
}

const MEMBERS = "annotation argument key lanes model_id opening origin row_bits rows setup_digest tensors".split(" ");
const COLUMNS = ["input", "output", "public"] as const;

/** The bytes of a key, those of a `.zkv` file or as they are, and whether it is one of a model in segments. */
export function keyEncoding(data: Uint8Array): { encoding: Uint8Array; segmented: boolean } {
  if (isKind(data, SEGMENTED_VERIFYING_KEY)) return { encoding: readSection(data, SEGMENTED_VERIFYING_KEY), segmented: true };
  if (isContainer(data)) return { encoding: readSection(data, VERIFYING_KEY), segmented: false };
  return { encoding: data, segmented: hasSegmentedMagic(data) };
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
    rows: number("rows"),
    setupDigest: setupDigest === null ? null : bytesOf(setupDigest, "setup_digest"),
    origin: entries.get("origin") === null ? null : (text("origin") as Origin),
  };
}

function decodeTensor(value: Value): StatedTensor {
  const [index, column, shape, lo, hi] = listOf(value, "A tensor");
  return {
    index: Number(integerOf(index, "An index")),
    column: COLUMNS[Number(integerOf(column, "A column"))] ?? "public",
    shape: listOf(shape, "A shape").map((axis) => Number(integerOf(axis, "An axis"))),
    lo: BigInt(integerOf(lo, "A bound")),
    hi: BigInt(integerOf(hi, "A bound")),
  };
}

/** The key that users hold, of a model in one piece. Throws `InvalidRelation` if its annotation describes no program. */
export function wholeKey(told: LoadedKey, encoding: Uint8Array): VerifyingKey {
  const described = readInterface(told.annotation, told.tensors);
  return key(told, { modelId: told.modelId, interface: described, segments: 1, encoding });
}

/** The same of a model in segments. */
export function joinedKey(joined: SegmentedKey, encoding: Uint8Array): VerifyingKey {
  const described = readInterface(joined.annotation, joined.tensors);
  const { modelId, segments } = joined;
  return key(segments[0].told, { modelId, interface: described, segments: segments.length, encoding });
}

type Own = Pick<VerifyingKey, "modelId" | "interface" | "segments" | "encoding">;

function key(told: LoadedKey, own: Own): VerifyingKey {
  const { opening, lookupArgument, lanes, rowBits, setupDigest, origin } = told;
  const parameters = { opening, lookupArgument, lanes, rowBits, setupDigest, origin };
  return Object.freeze({ ...parameters, ...own, insecure: origin === "unknown", digest: sha256(own.encoding) });
}
