/**
 * Answers requests of `tests/web`, one JSON object a line: what this package makes of bytes, to be compared with what
 * Python makes of them. Argument: the verifier's module.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { decode, encode } from "../src/cbor.js";
import { ZksealError } from "../src/errors.js";
import { fromHex, toHex } from "../src/hex.js";
import { type Port, readInterface, type StatedTensor } from "../src/interface.js";
import { loadVerifier, readReceipt } from "../src/index.js";
import { type Tensor, decodeTensor } from "../src/tensors.js";

type Given = Readonly<Record<string, unknown>>;

const verifier = await loadVerifier(readFileSync(process.argv[2] ?? ""));

const bytes = (value: unknown): Uint8Array => fromHex(String(value));

/** Numbers as the hexadecimal digits of their bits: equal floats are equal texts, and NaN is one. */
function bits({ values }: Tensor): string[] {
  if (values instanceof BigInt64Array) return Array.from(values, String);
  return Array.from(values, (value) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return toHex(new Uint8Array(view.buffer));
  });
}

const named = (tensors: ReadonlyMap<string, Tensor>): object =>
  Object.fromEntries([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, bits: bits(tensor) }]));

function stated(value: unknown): StatedTensor[] {
  return (value as Record<string, string>[]).map((tensor) => ({
    index: Number(tensor["index"]),
    column: tensor["column"] as StatedTensor["column"],
    shape: [Number(tensor["size"])],
    lo: BigInt(tensor["lo"] ?? 0),
    hi: BigInt(tensor["hi"] ?? 0),
  }));
}

const OPERATIONS: Readonly<Record<string, (given: Given) => unknown>> = {
  cbor: ({ data }) => toHex(encode(decode(bytes(data), 1 << 20))),
  receipt: ({ data }) => {
    const { statement, evidence, digest } = readReceipt(bytes(data));
    return { digest: toHex(digest), statement: toHex(statement.digest), evidence: evidence.map(({ type }) => type) };
  },
  key: ({ data }) => {
    const key = verifier.readVerifyingKey(bytes(data));
    return { model: toHex(key.modelId), origin: key.origin, insecure: key.insecure, opening: key.opening, segments: key.segments };
  },
  verify: ({ receipt, key, context, insecure }) => {
    const read = verifier.readVerifyingKey(bytes(key));
    const options = { context: bytes(context), insecureSrs: insecure === true };
    const proved = verifier.verify(readReceipt(bytes(receipt)), read, options);
    return { model: toHex(proved.modelId), inputs: named(proved.inputs), outputs: named(proved.outputs) };
  },
  interface: ({ annotation, tensors }) => {
    const { inputs, outputs, weights } = readInterface(bytes(annotation), stated(tensors));
    return { inputs: inputs.map(({ name }) => name), outputs: outputs.map(({ name }) => name), weights };
  },
  numbers: ({ port, integers }) => {
    const { exponent, features, order, size } = port as Given;
    const wanted: Port = {
      name: "x",
      shape: [Number(size)],
      dtype: "float32",
      exponent: Number(exponent),
      lo: 0n,
      hi: 0n,
      visibility: "public",
      tensor: 0,
      featureExponents: features as number[] | null,
      order: order as Port["order"],
    };
    return bits(decodeTensor(wanted, BigInt64Array.from((integers as string[]).map(BigInt))));
  },
};

function answer(line: string): object {
  const given = JSON.parse(line) as Given;
  const operation = OPERATIONS[String(given["operation"])];
  if (operation === undefined) throw new Error("no such operation");
  try {
    return { ok: operation(given) };
  } catch (error) {
    // Anything but a `ZksealError` is a fault: it ends this process, and the test.
    if (error instanceof ZksealError) return { error: error.toJSON() };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`);
}
