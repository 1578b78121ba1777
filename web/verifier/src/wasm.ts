/**
 * The door to the Rust verifier, compiled to WebAssembly (`crates/zkseal-wasm`).
 *
 * One request is in flight at a time: its bytes are written where `input(length)` says, a function runs, and leaves a
 * status and bytes at `output()`. Status 0 is an answer, 1 a refusal with its code; both are deterministic CBOR.
 */

import { decode, encode, type Value, type ValueMap } from "./cbor.js";
import { type Details, isErrorCode, ZksealError } from "./errors.js";
import { exactMap, textOf } from "./fields.js";

/** Bytes of the module, its address, or the answer to a request for it. */
export type WasmSource = BufferSource | URL | string | Response;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly input: (length: number) => number;
  readonly output: () => number;
  readonly output_length: () => number;
  readonly load_key: () => number;
  readonly drop_key: () => number;
  readonly verify: () => number;
}

export type Operation = "load_key" | "drop_key" | "verify";

const FUNCTIONS = ["input", "output", "output_length", "load_key", "drop_key", "verify"] as const;
const MAX_OUTPUT_BYTES = 1 << 26;
const ANSWERED = 0;
const REFUSED = 1;

/** Compiles the module. Throws `FileUnavailable`, or `MissingDependency` where there is no WebAssembly. */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") {
    throw new ZksealError("MissingDependency", "WebAssembly is switched off here.", {}, "Use a browser that has it.");
  }
  const bytes = await fetched(source);
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new ZksealError("FileUnavailable", `The verifier's module does not load: ${String(error)}.`);
  }
}

async function fetched(source: WasmSource): Promise<BufferSource> {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return source as BufferSource;
  const local = source instanceof URL && source.protocol === "file:" ? readFile(source) : undefined;
  if (local !== undefined) return local;
  try {
    const response = source instanceof Response ? source : await fetch(source);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.arrayBuffer();
  } catch (error) {
    throw new ZksealError("FileUnavailable", `The verifier's module cannot be fetched: ${String(error)}.`);
  }
}

/** node fetches no files; there, and only there, they are read. */
function readFile(url: URL): BufferSource | undefined {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => typeof import("node:fs") | undefined } };
  return host.process?.getBuiltinModule?.("node:fs")?.readFileSync(url);
}

/** One instance of the module. After a trap it is not used again. */
export class Instance {
  private readonly exports: Exports;
  /** Set by a trap: memory ran out, or the verifier has a fault. */
  broken = false;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, {});
    const missing = FUNCTIONS.filter((name) => typeof exports[name] !== "function");
    if (missing.length > 0 || !(exports["memory"] instanceof WebAssembly.Memory)) {
      throw new ZksealError("FileUnavailable", "The module is not the verifier of this release.");
    }
    this.exports = exports as unknown as Exports;
  }

  /** The answer to a request. Throws what the verifier refuses, and `ResourceLimit` or `InternalError` after a trap. */
  call(operation: Operation, request: Uint8Array): Value {
    let status: number;
    let answer: Uint8Array;
    try {
      const at = this.exports.input(request.length) >>> 0;
      if (at === 0) throw memoryError();
      new Uint8Array(this.exports.memory.buffer, at, request.length).set(request);
      status = this.exports[operation]();
      const start = this.exports.output() >>> 0;
      answer = new Uint8Array(this.exports.memory.buffer, start, this.exports.output_length()).slice();
    } catch (error) {
      this.broken = true;
      throw error instanceof ZksealError ? error : trapped(error, operation);
    }
    const value = decode(answer, MAX_OUTPUT_BYTES);
    if (status === ANSWERED) return value;
    throw status === REFUSED ? refusal(value) : new ZksealError("InternalError", `The verifier answered ${status}.`);
  }
}

/** A request of several parts. */
export function request(...parts: Value[]): Uint8Array {
  return encode(parts);
}

function refusal(value: Value): ZksealError {
  const entries = exactMap(value, ["code", "details", "message"], "A refusal");
  const code = textOf(entries.get("code"), "A code");
  const message = textOf(entries.get("message"), "A message");
  const found = entries.get("details");
  const details = found instanceof Map ? detailsOf(found) : {};
  return new ZksealError(isErrorCode(code) ? code : "InternalError", message, details);
}

function detailsOf(found: ValueMap): Details {
  return Object.fromEntries([...found].map(([name, value]) => [name, typeof value === "number" ? value : String(value)]));
}

function memoryError(): ZksealError {
  return new ZksealError("ResourceLimit", "There is not enough memory for these files.", { resource: "memory" });
}

/** A trap is a fault of the verifier, unless its memory has grown so far that this was the reason. */
function trapped(error: unknown, operation: Operation): ZksealError {
  if (error instanceof RangeError) return memoryError();
  return new ZksealError("InternalError", `The verifier failed in ${operation}: ${String(error)}.`, { what: operation });
}

