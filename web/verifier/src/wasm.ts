/**
 * The door to a WebAssembly module of zkseal: the verifier (`crates/zkseal-wasm`), or another one of the same form.
 *
 * One request is in flight at a time: its bytes are written where `<name>_request(length)` says, an operation runs and
 * returns the length of its reply, which lies at `<name>_reply()`. A reply is `{"ok": ..}` or `{"error": {"class",
 * "fields", "message"}}` in deterministic CBOR. The modules import nothing.
 */

import { decode, type Value, type ValueMap } from "./cbor.js";
import { type Details, isErrorCode, ZksealError } from "./errors.js";
import { exactMap, textOf } from "./fields.js";

/** Bytes of the module, its address, or the answer to a request for it. */
export type WasmSource = BufferSource | URL | string | Response;

const MAX_REPLY_BYTES = 1 << 26;
/** More memory than this, in bytes, is taken as the cause of a trap: the module has at most 4 GiB. */
const NEARLY_ALL_MEMORY = 3 * 2 ** 30;

/** Compiles the module. Throws `FileUnavailable`, or `MissingDependency` where there is no WebAssembly. */
export async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === "undefined") {
    throw new ZksealError("MissingDependency", "WebAssembly is switched off here.", {}, "Use a browser that has it.");
  }
  const bytes = await fetched(source);
  try {
    return await WebAssembly.compile(await unpacked(bytes));
  } catch (error) {
    throw new ZksealError("FileUnavailable", `The module does not load: ${String(error)}.`);
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
    throw new ZksealError("FileUnavailable", `The module cannot be fetched: ${String(error)}.`);
  }
}

/** A module may be packed by gzip: then it is as small on a disk, or from a plain server, as it is on its way. */
async function unpacked(bytes: BufferSource): Promise<BufferSource> {
  const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, 2) : new Uint8Array(bytes, 0, 2);
  if (view[0] !== 0x1f || view[1] !== 0x8b) return bytes;
  const packed = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(packed).arrayBuffer();
}

/** node fetches no files; there, and only there, they are read. */
function readFile(url: URL): BufferSource | undefined {
  const host = globalThis as { process?: { getBuiltinModule?: (name: string) => typeof import("node:fs") | undefined } };
  return host.process?.getBuiltinModule?.("node:fs")?.readFileSync(url);
}

/** One instance of a module. After a trap it is not used again. */
export class Instance {
  private readonly exports: WebAssembly.Exports;
  private readonly memory: WebAssembly.Memory;
  private trapped = false;

  /** `name` begins the names of the module's exports. */
  constructor(
    module: WebAssembly.Module,
    private readonly name: string,
  ) {
    this.exports = instantiate(module).exports;
    const memory = this.exports["memory"];
    if (!(memory instanceof WebAssembly.Memory)) throw unknownModule();
    this.memory = memory;
  }

  /** Whether a call ended in a trap: memory ran out, or the module has a fault. */
  get broken(): boolean {
    return this.trapped;
  }

  /** The answer to a request. Throws what the module refuses, and `ResourceLimit` or `InternalError` after a trap. */
  call(operation: string, request: Uint8Array): Value {
    const reply = decode(this.replyTo(operation, request), MAX_REPLY_BYTES);
    if (!(reply instanceof Map)) throw unknownModule();
    const [answer, error] = [reply.get("ok"), reply.get("error")];
    if (error !== undefined) throw refusal(error);
    if (answer === undefined) throw unknownModule();
    return answer;
  }

  private replyTo(operation: string, request: Uint8Array): Uint8Array {
    const run = (name: string, ...values: number[]): number => {
      const called = this.exports[`${this.name}_${name}`];
      if (typeof called !== "function") throw unknownModule();
      return Number(called(...values)) >>> 0;
    };
    try {
      const at = run("request", request.length);
      if (at === 0) throw memoryError();
      new Uint8Array(this.memory.buffer, at, request.length).set(request);
      const length = run(operation);
      return new Uint8Array(this.memory.buffer, run("reply"), length).slice();
    } catch (error) {
      if (error instanceof ZksealError) throw error;
      this.trapped = true;
      if (error instanceof RangeError || this.memory.buffer.byteLength > NEARLY_ALL_MEMORY) throw memoryError();
      const message = `The module ${this.name} failed in ${operation}: ${String(error)}.`;
      throw new ZksealError("InternalError", message, { what: operation });
    }
  }
}

function instantiate(module: WebAssembly.Module): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, {});
  } catch (error) {
    throw new ZksealError("ResourceLimit", `The module cannot be started: ${String(error)}.`);
  }
}

function refusal(value: Value): ZksealError {
  const entries = exactMap(value, ["class", "fields", "message"], "A refusal");
  const code = textOf(entries.get("class"), "A class");
  const message = textOf(entries.get("message"), "A message");
  const fields = entries.get("fields");
  const details = fields instanceof Map ? detailsOf(fields) : {};
  return new ZksealError(isErrorCode(code) ? code : "InternalError", message, details);
}

function detailsOf(fields: ValueMap): Details {
  return Object.fromEntries([...fields].map(([name, value]) => [name, typeof value === "number" ? value : String(value)]));
}

function memoryError(): ZksealError {
  return new ZksealError("ResourceLimit", "There is not enough memory for these files.", { resource: "memory" });
}

function unknownModule(): ZksealError {
  const remedy = "Serve the module that this release was published with.";
  return new ZksealError("FileUnavailable", "The module is not that of this release.", {}, remedy);
}
