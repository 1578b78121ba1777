/** Verification: a receipt and a key in, what is proved out, or an error. There is no flag to forget. */

import { compareBytes, type Value } from "./cbor.js";
import { ZksealError } from "./errors.js";
import { toHex } from "./hex.js";
import type { Port } from "./interface.js";
import { decodeLoaded, keyEncoding, type LoadedKey, type Origin, type VerifyingKey, verifyingKey } from "./keys.js";
import { type Receipt, type ZkEvidence, zkEvidence } from "./receipt.js";
import { integersOf, type Side, type Statement } from "./statement.js";
import { decodeTensor, type Tensor } from "./tensors.js";
import { compile, Instance, request, type WasmSource } from "./wasm.js";

export interface VerifyOptions {
  /** What the receipt has to be for; nothing, if left out. */
  readonly context?: Uint8Array;
  /** Accept keys whose powers of tau come from no published ceremony. For tests alone. */
  readonly insecureSrs?: boolean;
}

/** What a receipt was verified to say: numbers by name for everything public, commitments for the rest. */
export interface ProvedStatement {
  readonly kind: "proved";
  readonly statement: Statement;
  readonly modelId: Uint8Array;
  readonly context: Uint8Array;
  /** Public inputs by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Public outputs by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Names of what the receipt hides. */
  readonly hiddenInputs: readonly string[];
  readonly hiddenOutputs: readonly string[];
  readonly inputCommitments: readonly Uint8Array[];
  readonly outputCommitments: readonly Uint8Array[];
  /** The ceremony of the powers of tau that the proof rests on; null without a trusted setup. */
  readonly origin: Origin | null;
  /** They come from no published ceremony, and the caller accepted that: nothing is proved to others. */
  readonly insecure: boolean;
}

/** What the names of the module's exports begin with. */
const NAME = "zkseal";
/** Keys that an instance holds at a time; the oldest is dropped. */
const MAX_HELD_KEYS = 8;

/** Compiles the verifier once; keep what it returns. Without an argument the module beside this file is taken. */
export async function loadVerifier(wasm?: WasmSource | Promise<WasmSource>): Promise<Verifier> {
  const source = wasm ?? new URL("./zkseal_verifier.wasm.gz", import.meta.url);
  return new Verifier(await compile(await source));
}

/** The Rust verifier. It keeps no receipt, and of keys what verifying again needs. */
export class Verifier {
  private instance: Instance;
  private held = new Map<VerifyingKey, number>();
  private readonly read = new WeakSet<VerifyingKey>();

  constructor(private readonly module: WebAssembly.Module) {
    this.instance = new Instance(module, NAME);
  }

  /**
   * Reads a verifying key, a `.zkv` file or the bytes in it, and checks its model proof: a key that exists is a good key.
   *
   * Throws errors of the family `DecodeError`, or `ModelProofRejected`.
   */
  readVerifyingKey(data: Uint8Array): VerifyingKey {
    const encoding = keyEncoding(data).slice();
    const loaded = this.load(encoding);
    try {
      const key = verifyingKey(loaded, encoding);
      this.read.add(key);
      this.hold(key, loaded.handle);
      return key;
    } catch (error) {
      this.call("drop_key", request(loaded.handle));
      throw error;
    }
  }

  /**
   * What the receipt proves under the key. Checks are made in the order of `zkseal.verify`.
   *
   * Throws `WrongContext`, `WrongModel`, `InsecureSetup`, `StatementMismatch`, and whatever the proof is refused for.
   */
  verify(receipt: Receipt, verifyingKey: VerifyingKey, options: VerifyOptions = {}): ProvedStatement {
    // An object of the caller's making is no checked key: its bytes decide, not what it says of itself.
    const key = this.read.has(verifyingKey) ? verifyingKey : this.readVerifyingKey(verifyingKey.encoding);
    const evidence = requireAbout(receipt, key, options);
    const { input, output } = receipt.statement;
    requireSides(key, input, output);
    this.call("verify", request(this.handle(key), ...parts(receipt.statement), evidence.proof));
    return proved(receipt.statement, key);
  }

  private load(encoding: Uint8Array): LoadedKey {
    return decodeLoaded(this.call("load_key", encoding));
  }

  /** The handle of a key in this instance, which may be another one than it was read by. */
  private handle(key: VerifyingKey): number {
    const held = this.instance.broken ? undefined : this.held.get(key);
    if (held !== undefined) return held;
    const { handle } = this.load(key.encoding);
    this.hold(key, handle);
    return handle;
  }

  private hold(key: VerifyingKey, handle: number): void {
    this.held.set(key, handle);
    const [oldest] = this.held;
    if (oldest === undefined || this.held.size <= MAX_HELD_KEYS) return;
    this.held.delete(oldest[0]);
    this.call("drop_key", request(oldest[1]));
  }

  private call(operation: "load_key" | "drop_key" | "verify", bytes: Uint8Array): Value {
    if (this.instance.broken) {
      this.instance = new Instance(this.module, NAME);
      this.held.clear();
    }
    return this.instance.call(operation, bytes);
  }
}

/** The checks that need no proof: context, model, setup. */
function requireAbout(receipt: Receipt, key: VerifyingKey, options: VerifyOptions): ZkEvidence {
  const { context, modelId } = receipt.statement;
  const wanted = options.context ?? new Uint8Array();
  if (compareBytes(context, wanted) !== 0) {
    const details = { expected: toHex(wanted), got: toHex(context) };
    throw new ZksealError("WrongContext", "The receipt was made for another context.", details);
  }
  if (compareBytes(modelId, key.modelId) !== 0) {
    const details = { expected: toHex(key.modelId), got: toHex(modelId) };
    throw new ZksealError("WrongModel", "The receipt is about another model than the key.", details);
  }
  if (key.insecure && options.insecureSrs !== true) {
    const message = "The key's powers of tau come from no published ceremony: whoever made them may forge receipts.";
    throw new ZksealError("InsecureSetup", message, { setupDigest: toHex(key.setupDigest ?? new Uint8Array()) });
  }
  const evidence = zkEvidence(receipt);
  const [named, own] = [evidence.setupDigest, key.setupDigest];
  if ((named === null) !== (own === null) || (named !== null && own !== null && compareBytes(named, own) !== 0)) {
    throw new ZksealError("StatementMismatch", "The receipt names another setup than its key has.", { column: "evidence" });
  }
  return evidence;
}

/** Public inputs stand among the inputs, and nothing else does. */
function requireSides(key: VerifyingKey, input: Side, output: Side): void {
  const inputs = new Set(key.interface.inputs.filter(isPublic).map((port) => port.tensor));
  const misplaced = [
    ...[...input.values.keys()].filter((index) => !inputs.has(index)),
    ...[...output.values.keys()].filter((index) => inputs.has(index)),
  ];
  if (misplaced.length === 0) return;
  const tensor = Math.min(...misplaced);
  const message = `Public tensor ${tensor} stands on the wrong side of the statement.`;
  throw new ZksealError("StatementMismatch", message, { tensor });
}

/** Of a request: context, public values, commitments. */
function parts({ context, input, output }: Statement): Value[] {
  const values = [...input.values, ...output.values].map((pair): Value => pair);
  return [context, values, [...input.commitments], [...output.commitments]];
}

function proved(statement: Statement, key: VerifyingKey): ProvedStatement {
  const { inputs, outputs } = key.interface;
  return {
    kind: "proved",
    statement,
    modelId: statement.modelId,
    context: statement.context,
    inputs: numbers(inputs, statement.input),
    outputs: numbers(outputs, statement.output),
    hiddenInputs: inputs.filter((port) => !isPublic(port)).map((port) => port.name),
    hiddenOutputs: outputs.filter((port) => !isPublic(port)).map((port) => port.name),
    inputCommitments: statement.input.commitments,
    outputCommitments: statement.output.commitments,
    origin: key.origin,
    insecure: key.insecure,
  };
}

function numbers(ports: readonly Port[], side: Side): ReadonlyMap<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const port of ports) {
    const data = side.values.get(port.tensor);
    if (data !== undefined) found.set(port.name, decodeTensor(port, integersOf(data)));
  }
  return found;
}

function isPublic(port: Port): boolean {
  return port.visibility === "public";
}
