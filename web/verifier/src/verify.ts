/** Verification: a receipt and a key in, what is proved out, or an error. There is no flag to forget. */

import { compareBytes } from "./cbor.js";
import { type Claim, Core } from "./core.js";
import { ZksealError } from "./errors.js";
import { copyOf } from "./fields.js";
import { toHex } from "./hex.js";
import type { Port } from "./interface.js";
import { joinedKey, keyEncoding, type Origin, type VerifyingKey, wholeKey } from "./keys.js";
import { type Receipt, segmentedEvidence, zkEvidence } from "./receipt.js";
import { decodeSegmentedKey, type SegmentedKey } from "./segmented_key.js";
import { verifySegments } from "./segments.js";
import { integersOf, requireSides, type Side, type Statement } from "./statement.js";
import { decodeTensor, type Tensor } from "./tensors.js";
import { compile, type WasmSource } from "./wasm.js";

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

/** Compiles the verifier once; keep what it returns. Without an argument the module beside this file is taken. */
export async function loadVerifier(wasm?: WasmSource | Promise<WasmSource>): Promise<Verifier> {
  const source = wasm ?? new URL("./zkseal_verifier.wasm.gz", import.meta.url);
  return new Verifier(await compile(await source));
}

/** The Rust verifier. It keeps no receipt, and of keys what verifying again needs. */
export class Verifier {
  private readonly core: Core;
  /** Keys that this verifier read, and how those of models in segments are joined. */
  private readonly read = new WeakMap<VerifyingKey, SegmentedKey | null>();

  constructor(module: WebAssembly.Module) {
    this.core = new Core(module);
  }

  /**
   * Reads a verifying key, a `.zkv` file or the bytes in it, and checks its model proof: a key that exists is a good key.
   * That of a model in segments is read alike.
   *
   * Throws errors of the family `DecodeError`, or `ModelProofRejected`.
   */
  readVerifyingKey(data: Uint8Array): VerifyingKey {
    const { encoding, segmented } = keyEncoding(copyOf(data));
    const joined = segmented ? decodeSegmentedKey(encoding, (bytes) => this.core.load(bytes)) : null;
    const key = joined === null ? wholeKey(this.core.load(encoding), encoding) : joinedKey(joined, encoding);
    this.read.set(key, joined);
    return key;
  }

  /**
   * What the receipt proves under the key. Checks are made in the order of `zkseal.verify`.
   *
   * Throws `WrongContext`, `WrongModel`, `InsecureSetup`, `StatementMismatch`, and whatever the proof is refused for.
   */
  verify(receipt: Receipt, verifyingKey: VerifyingKey, options: VerifyOptions = {}): ProvedStatement {
    // An object of the caller's making is no checked key: its bytes decide, not what it says of itself.
    const key = this.read.has(verifyingKey) ? verifyingKey : this.readVerifyingKey(verifyingKey.encoding);
    requireAbout(receipt.statement, key, options);
    const publicInputs = new Set(key.interface.inputs.filter(isPublic).map((port) => port.tensor));
    const joined = this.read.get(key) ?? null;
    if (joined === null) this.core.verify(key.encoding, claimOf(receipt, key, publicInputs));
    else verifySegments(this.core, joined, receipt.statement, segmentedEvidence(receipt), publicInputs);
    return proved(receipt.statement, key);
  }
}

/** The checks that need no proof: context, model, setup. */
function requireAbout({ context, modelId }: Statement, key: VerifyingKey, options: VerifyOptions): void {
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
}

/** What the one proof of a receipt shows. */
function claimOf(receipt: Receipt, key: VerifyingKey, publicInputs: ReadonlySet<number>): Claim {
  const { context, input, output } = receipt.statement;
  const { proof, setupDigest } = zkEvidence(receipt);
  const own = key.setupDigest;
  const equal = setupDigest === null || own === null ? setupDigest === own : compareBytes(setupDigest, own) === 0;
  if (!equal) {
    throw new ZksealError("StatementMismatch", "The receipt names another setup than its key has.", { column: "evidence" });
  }
  requireSides(receipt.statement, publicInputs);
  return { context, values: [...input.values, ...output.values], input: input.commitments, output: output.commitments, proof };
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
