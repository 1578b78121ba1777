/** The statement: everything public that a receipt asserts. `zkseal.receipts.statement` in TypeScript. */

import { sha256 } from "@noble/hashes/sha2.js";

import { encode, type Value } from "./cbor.js";
import { ZksealError } from "./errors.js";
import { bytesOf, exactMap, integerOf, listOf, requireLength, requireVersion } from "./fields.js";

export const STATEMENT_VERSION = 1;
export const MAX_CONTEXT_BYTES = 1 << 16;
const MAX_TENSORS = 1 << 16;
const DIGEST_BYTES = 32;
const VALUE_BYTES = 8;

/** Input or output. */
export interface Side {
  /** Integers of each public tensor by its index in the relation: 8 bytes each, big-endian, two's complement. */
  readonly values: ReadonlyMap<number, Uint8Array>;
  /** Compressed points, 32 bytes each, that hide the private tensors. */
  readonly commitments: readonly Uint8Array[];
}

/** The model maps this input to this output, said for this context. */
export interface Statement {
  /** Digest of the verifying key, 32 bytes. */
  readonly modelId: Uint8Array;
  readonly input: Side;
  readonly output: Side;
  /** What the receipt is for. It is worthless for anything else. */
  readonly context: Uint8Array;
  /** SHA-256 of the encoding: what enclaves sign. */
  readonly digest: Uint8Array;
}

/** Public integers, in row-major order. */
export function integersOf(data: Uint8Array): BigInt64Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return BigInt64Array.from({ length: data.length / VALUE_BYTES }, (_, index) => view.getBigInt64(VALUE_BYTES * index));
}

/** Public inputs stand among the inputs, and nothing else does. Throws `StatementMismatch`. */
export function requireSides({ input, output }: Statement, publicInputs: ReadonlySet<number>): void {
  const misplaced = [
    ...[...input.values.keys()].filter((index) => !publicInputs.has(index)),
    ...[...output.values.keys()].filter((index) => publicInputs.has(index)),
  ];
  if (misplaced.length === 0) return;
  const tensor = misplaced.reduce((least, index) => Math.min(least, index));
  const message = `Public tensor ${tensor} stands on the wrong side of the statement.`;
  throw new ZksealError("StatementMismatch", message, { tensor });
}

/** Reads a statement; refuses all but its one encoding. */
export function decodeStatement(value: Value | undefined): Statement {
  if (value instanceof Map) requireVersion(value.get("version"), [STATEMENT_VERSION], "Statement");
  const entries = exactMap(value, ["context", "input", "model", "output", "version"], "A statement");
  integerOf(entries.get("version"), "The statement's version");
  const modelId = bytesOf(entries.get("model"), "The model id");
  const input = decodeSide(entries.get("input"));
  const output = decodeSide(entries.get("output"));
  const context = bytesOf(entries.get("context"), "The context");
  requireLength(modelId, DIGEST_BYTES, "The model id");
  if (context.length > MAX_CONTEXT_BYTES) {
    throw new ZksealError("WrongLength", `The context has ${context.length} bytes; at most ${MAX_CONTEXT_BYTES} are allowed.`, {
      expected: MAX_CONTEXT_BYTES,
      got: context.length,
    });
  }
  return { modelId, input, output, context, digest: sha256(encode(entries)) };
}

function decodeSide(value: Value | undefined): Side {
  const entries = exactMap(value, ["commitments", "values"], "A side of the statement");
  const pairs = listOf(entries.get("values"), "The public values");
  if (pairs.length > MAX_TENSORS) throw invalid("A side has more public tensors than a relation may have.", "values");
  const found = new Map<number | bigint, Uint8Array>();
  let last: number | bigint = -1;
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw invalid("A public tensor is not a pair of index and values.", "values");
    }
    const index = integerOf(pair[0], "A tensor index");
    const data = bytesOf(pair[1], "Public values");
    if (index <= last) throw invalid("Public tensors are repeated or out of order.", "tensor order");
    found.set(index, data);
    last = index;
  }
  const commitments = listOf(entries.get("commitments"), "The commitments").map((commitment) =>
    bytesOf(commitment, "A commitment"),
  );
  const values = new Map<number, Uint8Array>();
  for (const [index, data] of found) {
    if (index >= 2 ** 32) throw invalid(`${index} is no tensor index.`, "tensor index");
    requireIntegers(Number(index), data);
    values.set(Number(index), data);
  }
  for (const commitment of commitments) requireLength(commitment, DIGEST_BYTES, "A commitment");
  return { values, commitments };
}

function requireIntegers(index: number, data: Uint8Array): void {
  if (data.length > 0 && data.length % VALUE_BYTES === 0) return;
  const message = `The values of tensor ${index} take ${data.length} bytes, which is no positive multiple of 8.`;
  throw new ZksealError("WrongLength", message, { expected: VALUE_BYTES, got: data.length });
}

function invalid(message: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", message, { reason });
}
