/** The Rust verifier behind its door: keys are held by their bytes, and loaded again after a trap. */

import { encode, type Value } from "./cbor.js";
import { decodeLoaded, type LoadedKey } from "./keys.js";
import { Instance } from "./wasm.js";

/** What the names of the module's exports begin with. */
const NAME = "zkseal";
/** Keys that an instance holds at a time: those of the longest model in segments, and a few. The oldest is dropped. */
const MAX_HELD_KEYS = 264;

/** What one proof shows under one key. */
export interface Claim {
  readonly context: Uint8Array;
  /** Index in the key's relation, and integers of 8 bytes each. */
  readonly values: readonly (readonly [tensor: number, integers: Uint8Array])[];
  readonly input: readonly Uint8Array[];
  readonly output: readonly Uint8Array[];
  readonly proof: Uint8Array;
}

export class Core {
  private instance: Instance;
  /** Numbers of keys in the instance, by the very bytes that they were loaded from. */
  private readonly held = new Map<Uint8Array, number>();

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly most = MAX_HELD_KEYS,
  ) {
    this.instance = new Instance(module, NAME);
  }

  /** Reads a key and checks its model proof. Throws errors of the family `DecodeError`, or `ModelProofRejected`. */
  load(encoding: Uint8Array): LoadedKey {
    const told = decodeLoaded(this.call("load_key", encoding));
    this.held.set(encoding, told.handle);
    const [oldest] = this.held;
    if (oldest !== undefined && this.held.size > this.most) {
      this.held.delete(oldest[0]);
      this.call("drop_key", encode([oldest[1]]));
    }
    return told;
  }

  /** Checks a claim under a key that was loaded. Throws what the proof is refused for. */
  verify(encoding: Uint8Array, { context, values, input, output, proof }: Claim): void {
    if (this.instance.broken) this.restart();
    const handle = this.held.get(encoding) ?? this.load(encoding).handle;
    const pairs = values.map(([tensor, integers]): Value => [tensor, integers]);
    this.call("verify", encode([handle, context, pairs, [...input], [...output], proof]));
  }

  private call(operation: "load_key" | "drop_key" | "verify", request: Uint8Array): Value {
    if (this.instance.broken) this.restart();
    return this.instance.call(operation, request);
  }

  private restart(): void {
    this.instance = new Instance(this.module, NAME);
    this.held.clear();
  }
}
