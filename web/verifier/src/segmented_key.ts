/**
 * The verifying key of a model in segments: the keys of its segments, and how they are joined (docs/protocol/10-segments.md).
 *
 *     "ZKSV" u16(1)  u32(len) annotation  u32(count) segment*
 *     segment := u32(len) verifying key   u32(count) u32(statement tensor)*
 *
 * Statement tensors are numbered: those of the first segment's column input, those of the last one's column output, then
 * the public ones. A segment says which of them its public tensors are.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { compareBytes, concat } from "./cbor.js";
import { ZksealError } from "./errors.js";
import type { StatedTensor } from "./interface.js";
import type { LoadedKey } from "./keys.js";
import { requireSegmentCount } from "./receipt.js";

/** A segment's key, as the core loaded it, and the statement's numbers of its public tensors. */
export interface Segment {
  readonly encoding: Uint8Array;
  readonly told: LoadedKey;
  readonly numbers: readonly number[];
}

/** A key whose segments fit together. */
export interface SegmentedKey {
  readonly annotation: Uint8Array;
  readonly segments: readonly [Segment, ...Segment[]];
  /** What statements hold: indices are the statement's numbers. */
  readonly tensors: readonly StatedTensor[];
  readonly modelId: Uint8Array;
}

const MAGIC = ascii("ZKSV");
const VERSION = 1;
const MAX_ANNOTATION_BYTES = 1 << 20;
const MAX_PUBLIC = 1 << 16;
/** Of statement, boundaries and proofs: more than the longest receipt that is read has commitments. */
const MAX_ROWS = 1 << 22;

export function hasSegmentedMagic(data: Uint8Array): boolean {
  return compareBytes(data.subarray(0, MAGIC.length), MAGIC) === 0;
}

/** ASCII. */
export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Numbers of 32 bits, big-endian. */
export function words(numbers: readonly number[]): Uint8Array {
  const data = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((number, index) => data.setUint32(4 * index, number));
  return new Uint8Array(data.buffer);
}

/**
 * The key whose one encoding is `data`; `load` reads and checks the key of a segment.
 *
 * Throws errors of the family `DecodeError`, or `ModelProofRejected`; those of a segment say which one.
 */
export function decodeSegmentedKey(data: Uint8Array, load: (encoding: Uint8Array) => LoadedKey): SegmentedKey {
  const reader = new Reader(data);
  if (compareBytes(reader.take(MAGIC.length), MAGIC) !== 0) {
    throw new ZksealError("InvalidEncoding", "This is no verifying key of a model in segments.", { reason: "magic" });
  }
  const version = reader.number(2);
  if (version !== VERSION) {
    const message = `Verifying keys in segments of version ${version} are not known to this release, which reads ${VERSION}.`;
    throw new ZksealError("UnknownVersion", message, { got: version, expected: VERSION });
  }
  const annotation = reader.take(reader.number(4, MAX_ANNOTATION_BYTES));
  const count = reader.number(4);
  requireSegmentCount(count);
  let rows = 0;
  const read = (index: number): Segment => {
    const segment = inSegment(index, () => readSegment(reader, load));
    rows += segment.told.rows;
    // A few bytes name millions of rows, which a key keeps: their sum is bounded before the next one is read.
    if (rows > MAX_ROWS) throw tooManyRows(rows);
    return segment;
  };
  const segments: [Segment, ...Segment[]] = [read(0)];
  for (let index = 1; index < count; index++) segments.push(read(index));
  reader.finish();
  requireEqualParameters(segments);
  requirePositions(segments);
  requireBoundaries(segments);
  return { annotation, segments, tensors: statedTensors(segments), modelId: modelId(annotation, segments) };
}

/** Errors out of `work` name the segment. */
export function inSegment<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    throw new ZksealError(error.code, `Segment ${index}: ${error.message}`, { ...error.details, segment: index }, error.remedy);
  }
}

function readSegment(reader: Reader, load: (encoding: Uint8Array) => LoadedKey): Segment {
  const encoding = reader.take(reader.number(4));
  const told = load(encoding);
  const count = reader.number(4, MAX_PUBLIC);
  return { encoding, told, numbers: Array.from({ length: count }, () => reader.number(4)) };
}

function requireEqualParameters(segments: SegmentedKey["segments"]): void {
  const parameters = ({ told }: Segment): string => `${told.rowBits} ${told.lookupArgument} ${told.lanes}`;
  segments.forEach((segment, index) => {
    if (segment.told.opening === "ipa" && parameters(segment) === parameters(segments[0])) return;
    const message = `Segment ${index} opens by kzg, or has other parameters than the first: what crosses would lie otherwise.`;
    throw new ZksealError("InvalidParameters", message, { reason: "segments", segment: index });
  });
}

function requirePositions(segments: readonly Segment[]): void {
  segments.forEach(({ told }, index) => {
    const expected = concat([ascii("zkseal segment v1"), words([index, segments.length])]);
    if (compareBytes(told.annotation, expected) !== 0) throw misfit(index, "its relation is that of another place");
  });
}

function requireBoundaries(segments: readonly Segment[]): void {
  segments.forEach((segment, index) => {
    const next = segments[index + 1];
    if (next === undefined) return;
    const [leaving, entering] = [column(segment, "output"), column(next, "input")];
    const alike = leaving.length === entering.length && leaving.every((tensor, at) => isAlike(tensor, entering[at]));
    if (!alike) throw misfit(index, "what leaves it has another layout than what enters the next one");
  });
}

/** Public tensors of the statement: each in a segment, once in each, in order, and everywhere the same. */
function statedTensors(segments: SegmentedKey["segments"]): StatedTensor[] {
  const ends = [...column(segments[0], "input"), ...column(segments.at(-1) ?? segments[0], "output")];
  const committed = ends.map((tensor, number) => ({ ...tensor, index: number }));
  const found = new Map<number, StatedTensor>();
  segments.forEach((segment, index) => {
    const tensors = column(segment, "public");
    if (tensors.length !== segment.numbers.length || !ascends(segment.numbers)) {
      throw misfit(index, "its public tensors are not those of the statement, each once and in order");
    }
    segment.numbers.forEach((number, at) => {
      const tensor = tensors[at];
      const known = found.get(number) ?? tensor;
      if (tensor === undefined || number < committed.length || known === undefined || !isAlike(known, tensor)) {
        throw misfit(index, `tensor ${number} of the statement is another one for it`);
      }
      found.set(number, { ...known, index: number });
    });
  });
  const numbers = [...found.keys()].sort((left, right) => left - right);
  if (numbers.some((number, at) => number !== committed.length + at)) {
    throw misfit(segments.length - 1, "the public tensors of the statement are not numbered");
  }
  return [...committed, ...numbers.flatMap((number) => found.get(number) ?? [])];
}

/** Tensors of a column, in order of declaration. */
export function column({ told }: Segment, name: StatedTensor["column"]): StatedTensor[] {
  return told.tensors.filter((tensor) => tensor.column === name);
}

/** Equal shape and bounds: what decides where values lie, and what they mean. */
function isAlike(left: StatedTensor, right: StatedTensor | undefined): boolean {
  if (right === undefined || left.lo !== right.lo || left.hi !== right.hi) return false;
  return left.shape.length === right.shape.length && left.shape.every((axis, at) => axis === right.shape[at]);
}

function ascends(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => at === 0 || (numbers[at - 1] ?? number) < number);
}

function modelId(annotation: Uint8Array, segments: readonly Segment[]): Uint8Array {
  const parts = [ascii("zkseal segmented model id v1"), words([annotation.length]), annotation, words([segments.length])];
  for (const { told, numbers } of segments) parts.push(told.modelId, words([numbers.length]), words(numbers));
  return sha256(concat(parts));
}

function tooManyRows(rows: number): ZksealError {
  const message = `The model's segments have ${rows} committed rows; ${MAX_ROWS} are the most that a receipt has room for.`;
  return new ZksealError("InvalidParameters", message, { reason: "segments" });
}

function misfit(index: number, what: string): ZksealError {
  const message = `Segment ${index} does not fit its model: ${what}.`;
  const remedy = "Ask for the verifying key as setup wrote it.";
  return new ZksealError("InvalidRelation", message, { reason: "segments", segment: index }, remedy);
}

/** Takes bytes off the front; never past the end. */
class Reader {
  private at = 0;

  constructor(private readonly data: Uint8Array) {}

  take(count: number): Uint8Array {
    const end = this.at + count;
    if (end > this.data.length) {
      const message = `A verifying key of ${this.data.length} bytes is cut short.`;
      throw new ZksealError("WrongLength", message, { expected: end, got: this.data.length });
    }
    const taken = this.data.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  number(size: 2 | 4, most = Infinity): number {
    const value = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    if (value > most) {
      throw new ZksealError("InvalidEncoding", `A count of ${value} where ${most} is the most.`, { reason: "count" });
    }
    return value;
  }

  finish(): void {
    if (this.at === this.data.length) return;
    const message = `A verifying key has ${this.data.length - this.at} bytes after its end.`;
    throw new ZksealError("WrongLength", message, { expected: this.at, got: this.data.length });
  }
}
