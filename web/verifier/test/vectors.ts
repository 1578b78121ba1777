/**
 * The shared vectors, for `tests/conformance`: reads a line of JSON for each vector, writes one with the verdict.
 *
 *     {"area": "proof", "arguments": {..}}  ->  {"result": "accepted", "value": {..}}
 *                                               {"result": "rejected", "error": "OpeningRejected"}
 *
 * Started with two modules: the verifier, which answers the areas `key` and `proof`, and the one of feature `vectors`.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { encode, type Value } from "../src/cbor.js";
import { Core } from "../src/core.js";
import { ZksealError } from "../src/errors.js";
import { fromHex, toHex } from "../src/hex.js";
import { decodeLoaded } from "../src/keys.js";
import { requireSegments } from "../src/receipt.js";
import { decodeSegmentedKey } from "../src/segmented_key.js";
import { verifySegments } from "../src/segments.js";
import { decodeStatement } from "../src/statement.js";
import { Instance } from "../src/wasm.js";

interface Arguments {
  readonly [name: string]: unknown;
}

const [verifierPath, vectorsPath] = process.argv.slice(2);
const verifier = instance(verifierPath);
const vectors = instance(vectorsPath);

const core = new Core(moduleAt(verifierPath));

function moduleAt(path: string | undefined): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(path ?? ""));
}

function instance(path: string | undefined): Instance {
  return new Instance(moduleAt(path), "zkseal");
}

function request(...parts: Value[]): Uint8Array {
  return encode(parts);
}

/** Handles by the key's bytes: most proofs are about few keys. */
const handles = new Map<string, number>();

function keyOf(hex: string): number {
  const known = handles.get(hex);
  if (known !== undefined) return known;
  const { handle } = decodeLoaded(verifier.call("load_key", fromHex(hex)));
  handles.set(hex, handle);
  return handle;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("a vector's argument is no text");
  return value;
}

function bytesList(value: unknown): Value[] {
  return (value as string[]).map(fromHex);
}

/** Tensors by index; integers are written as text, which JSON of node does not round. */
function tensors(value: unknown): Value[] {
  return Object.entries(value as Record<string, string[]>).map(([index, integers]) => {
    const data = new DataView(new ArrayBuffer(8 * integers.length));
    integers.forEach((integer, position) => data.setBigInt64(8 * position, BigInt(integer)));
    return [Number(index), new Uint8Array(data.buffer)];
  });
}

/** A side of a statement, as receipts encode it. */
function side(value: unknown): Value {
  const { values, commitments } = value as { values: Record<string, string[]>; commitments: string[] };
  return new Map<string, Value>([["values", tensors(values)], ["commitments", bytesList(commitments)]]);
}

const COLUMNS = ["model", "table", "input", "output", "witness", "helper"];

function layout(value: Value): object | null {
  if (value === null) return null;
  const [n, n2, rowVariables, maskLength, proofBytes, ...rows] = value as number[];
  const named = Object.fromEntries(rows.map((count, index) => [COLUMNS[index], count]));
  return { n, n2, row_variables: rowVariables, mask_length: maskLength, proof_bytes: proofBytes, rows: named };
}

function one(...parts: Value[]): string {
  const [bytes] = vectors.call("vector", request(...parts)) as Uint8Array[];
  return toHex(bytes ?? new Uint8Array());
}

const OPERATIONS: Readonly<Record<string, (found: Arguments) => object>> = {
  key: ({ key }) => {
    const loaded = decodeLoaded(verifier.call("load_key", fromHex(text(key))));
    verifier.call("drop_key", request(loaded.handle));
    return { model_id: toHex(loaded.modelId) };
  },
  proof: (found) => {
    const [context, proof] = [fromHex(text(found["context"])), fromHex(text(found["proof"]))];
    const commitments = [bytesList(found["inputs"]), bytesList(found["outputs"])];
    verifier.call("verify", request(keyOf(text(found["key"])), context, tensors(found["public"]), ...commitments, proof));
    return {};
  },
  segmented_key: ({ key }) => {
    const joined = decodeSegmentedKey(fromHex(text(key)), (bytes) => core.load(bytes));
    return { model_id: toHex(joined.modelId) };
  },
  segmented: (found) => {
    const key = decodeSegmentedKey(fromHex(text(found["key"])), (bytes) => core.load(bytes));
    const [input, output] = [side(found["input"]), side(found["output"])];
    const head: [string, Value][] = [["version", 1], ["model", key.modelId], ["context", fromHex(text(found["context"]))]];
    const statement = decodeStatement(new Map<string, Value>([...head, ["input", input], ["output", output]]));
    const boundaries = (found["boundaries"] as string[][]).map((boundary) => boundary.map(fromHex));
    const proofs = (found["proofs"] as string[]).map(fromHex);
    const evidence = requireSegments({ type: "zk-segments", version: 1, boundaries, proofs });
    verifySegments(core, key, statement, evidence, new Set(statement.input.values.keys()));
    return {};
  },
  keccak: ({ data }) => ({ digest: one("keccak", fromHex(text(data))) }),
  scalar: ({ data }) => {
    if (one("scalar", fromHex(text(data))) !== data) throw new Error("an accepted encoding is the only one");
    return {};
  },
  point: ({ data }) => ({ point: one("point", fromHex(text(data))) }),
  generator: ({ label, index }) => ({ point: one("generator", text(label), Number(index)) }),
  transcript: ({ steps }) => {
    const wanted = (steps as string[][]).map(([operation, label, ...data]): Value => [
      operation ?? "",
      label ?? "",
      fromHex(data.join("")),
    ]);
    const drawn = vectors.call("vector", request("transcript", wanted)) as Uint8Array[];
    return { challenges: drawn.map(toHex) };
  },
  relation: (found) => {
    const scheme = [text(found["argument"] ?? "tree"), Number(found["lanes"] ?? 1), text(found["opening"] ?? "ipa")];
    const parts: Value[] = [fromHex(text(found["relation"])), Number(found["c"]), ...scheme];
    const [digest, figures, model] = vectors.call("vector", request("relation", ...parts)) as Value[];
    return { ...layout(figures ?? null), digest: toHex(digest as Uint8Array), model: layout(model ?? null) };
  },
};

function answer(line: string): object {
  const found = JSON.parse(line) as { area: string; arguments: Arguments };
  const operation = OPERATIONS[found.area];
  if (operation === undefined) throw new Error(`no operation for the area ${found.area}`);
  try {
    return { result: "accepted", value: operation(found.arguments) };
  } catch (error) {
    if (error instanceof ZksealError) return { result: "rejected", error: error.code };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
