/**
 * The interface of a proved program: what its inputs and outputs are called, and how integers stand for numbers.
 *
 * It stands in the annotation of the relation, so that it is part of the model id. `zkseal.pipeline.interface` in
 * TypeScript: whatever that refuses is refused here.
 */

import { ZksealError } from "./errors.js";
import { type Json, type JsonObject, parseCanonicalJson } from "./json.js";
import { ORDERS, type OrderName } from "./ordered.js";

export type Visibility = "private" | "public";

/** One input or output. A number is integer * 2^-(exponent + feature exponent of its last index). */
export interface Port {
  readonly name: string;
  /** Of the caller's array, in row-major order. */
  readonly shape: readonly number[];
  /** Type of the float model's value. Integers and booleans stand for themselves. */
  readonly dtype: string;
  readonly exponent: number;
  /** Bounds of the integers. */
  readonly lo: bigint;
  readonly hi: bigint;
  /** Whether a receipt shows the numbers, or a commitment that hides them. */
  readonly visibility: Visibility;
  /** Index in the relation. */
  readonly tensor: number;
  readonly featureExponents: readonly number[] | null;
  /** The integers are codes of the floats of this type, not multiples of a step. */
  readonly order: OrderName | null;
}

/** Inputs and outputs of a program, in order, and whether its weights are public. */
export interface Interface {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly weights: Visibility;
}

/** A tensor that statements hold, as the relation has it. */
export interface StatedTensor {
  readonly index: number;
  readonly column: "input" | "output" | "public";
  readonly shape: readonly number[];
  readonly lo: bigint;
  readonly hi: bigint;
}

const FORMAT = "zkseal program v1";
const MAX_EXPONENT = 1 << 10;
const MAX_NAME = 1024;
/** Of a caller's array: what numpy has. */
const MAX_AXES = 32;
const DTYPES: ReadonlySet<string> = new Set(
  "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 bool".split(" "),
);
// Python's str.isprintable: neither controls, formats, surrogates nor unassigned ones, no space but the usual one.
// Which characters are assigned is for the Unicode of each engine to say: an older one refuses names in newer characters.
const PRINTABLE = /^(?:[^\p{C}\p{Z}]| )*$/u;

/** The interface that an annotation describes. Throws `InvalidRelation` if it has another form, or does not fit. */
export function readInterface(annotation: Uint8Array, tensors: readonly StatedTensor[]): Interface {
  const found = parsed(annotation);
  for (const port of found.inputs) requireTensor(tensors, port, "input");
  for (const port of found.outputs) requireTensor(tensors, port, "output");
  requireComplete([...found.inputs, ...found.outputs], tensors);
  return found;
}

/** Entries of an array of this shape. */
export function sizeOf(shape: readonly number[]): bigint {
  return shape.reduce((size, axis) => size * BigInt(axis), 1n);
}

function parsed(annotation: Uint8Array): Interface {
  try {
    const document = object(parseCanonicalJson(annotation));
    if (document.get("format") !== FORMAT) throw new TypeError("another format");
    return {
      inputs: list(document.get("inputs")).map(readPort),
      outputs: list(document.get("outputs")).map(readPort),
      weights: required(document, "weights") === "public" ? "public" : "private",
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refused(`The relation's annotation does not describe a program (${reason}).`);
  }
}

function readPort(value: Json): Port {
  const entry = object(value);
  const shape = list(entry.get("shape")).map(exact);
  if (shape.length > MAX_AXES) throw new TypeError("an array has too many axes");
  const features = entry.has("feature_exponents") ? optionalList(entry.get("feature_exponents")) : null;
  const [exponent, tensor] = [exact(entry.get("exponent")), exact(entry.get("tensor"))];
  const [lo, hi] = [BigInt(integer(entry.get("lo"))), BigInt(integer(entry.get("hi")))];
  if (features !== null && features.length !== shape.at(-1)) throw new TypeError("other feature exponents than features");
  if ([exponent, ...(features ?? [])].some((number) => Math.abs(number) > MAX_EXPONENT)) {
    throw new TypeError("exponent out of range");
  }
  const visibility = entry.get("visibility");
  if (shape.some((axis) => axis < 1) || (visibility !== "private" && visibility !== "public")) {
    throw new TypeError("shape or visibility");
  }
  const order = entry.has("order") ? readOrder(entry, lo, hi, exponent, features) : null;
  const names = { name: readName(entry.get("name")), dtype: readDtype(entry.get("dtype")) };
  return { ...names, shape, exponent, lo, hi, visibility, tensor, featureExponents: features, order };
}

function readName(value: Json | undefined): string {
  if (typeof value !== "string" || [...value].length > MAX_NAME || !PRINTABLE.test(value)) {
    throw new TypeError("a name is not printable text");
  }
  return value;
}

function readDtype(value: Json | undefined): string {
  if (typeof value !== "string" || !DTYPES.has(value)) throw new TypeError("unknown dtype");
  return value;
}

function readOrder(
  entry: JsonObject,
  lo: bigint,
  hi: bigint,
  exponent: number,
  features: readonly number[] | null,
): OrderName {
  const name = entry.get("order");
  if (name !== "float32" && name !== "float64") throw new TypeError("unknown order");
  const order = ORDERS[name];
  if (lo !== order.lo || hi !== order.hi || exponent !== 0 || features !== null) {
    throw new TypeError("codes of floats with other bounds or with an exponent");
  }
  return name;
}

function requireTensor(tensors: readonly StatedTensor[], port: Port, hidden: "input" | "output"): void {
  const column = port.visibility === "public" ? "public" : hidden;
  const tensor = tensors.find((candidate) => candidate.index === port.tensor);
  if (tensor?.column !== column || sizeOf(tensor.shape) !== sizeOf(port.shape)) {
    throw refused(`The annotation gives '${port.name}' a tensor that is no ${column} tensor of its shape.`);
  }
  if (tensor.lo !== port.lo || tensor.hi !== port.hi) {
    throw refused(`The annotation gives '${port.name}' other bounds than its tensor has.`);
  }
}

/** Every tensor of a statement belongs to one port with a name of its own: nothing public goes unread. */
function requireComplete(ports: readonly Port[], tensors: readonly StatedTensor[]): void {
  if (new Set(ports.map((port) => port.name)).size !== ports.length) {
    throw refused("The annotation uses a name twice.");
  }
  const named = new Set(ports.map((port) => port.tensor));
  if (named.size !== ports.length || ports.length !== tensors.length) {
    throw refused("The annotation names other tensors than the relation's statement has.");
  }
}

function object(value: Json | undefined): JsonObject {
  if (value instanceof Map) return value;
  throw new TypeError("an object is missing");
}

function required(entry: JsonObject, name: string): Json {
  const value = entry.get(name);
  if (value === undefined) throw new TypeError(`'${name}' is missing`);
  return value;
}

function list(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value;
  throw new TypeError("a list is missing");
}

function optionalList(value: Json | undefined): number[] | null {
  return value === null ? null : list(value).map(exact);
}

function integer(value: Json | undefined): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new TypeError("an integer is missing");
}

function exact(value: Json | undefined): number {
  if (typeof value === "number") return value;
  throw new TypeError("an integer is missing, or too large");
}

function refused(message: string): ZksealError {
  return new ZksealError("InvalidRelation", message, { reason: "annotation" });
}
