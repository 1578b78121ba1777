/**
 * Verifies zkseal receipts in browsers and in node.
 *
 *     const verifier = await loadVerifier();
 *     const key = verifier.readVerifyingKey(keyBytes);
 *     const proved = verifier.verify(readReceipt(receiptBytes), key, { context });
 *
 * | module | content |
 * | --- | --- |
 * | `receipt`, `statement` | what receipts hold, read strictly |
 * | `keys`, `interface` | verifying keys, and what they say of inputs and outputs |
 * | `segmented_key`, `segments` | the same of models in segments |
 * | `verify`, `core`, `wasm` | the verifier: Rust, compiled to WebAssembly |
 * | `describe` | words for people |
 * | `errors` | `ZksealError`, with the codes of the Python package |
 * | `cbor`, `container`, `json`, `hex` | encodings |
 */

export { describe, type Description, type Fact } from "./describe.js";
export { type Details, ERROR_CODES, type ErrorCode, type ErrorFamily, isErrorCode, ZksealError } from "./errors.js";
export { fromHex, toHex } from "./hex.js";
export type { Interface, Port, Visibility } from "./interface.js";
export type { Origin, VerifyingKey } from "./keys.js";
export {
  type AttestedEvidence,
  attestedEvidence,
  type Evidence,
  isProof,
  type ProofEvidence,
  proofEvidence,
  readReceipt,
  type Receipt,
  type SegmentedEvidence,
  segmentedEvidence,
  type ZkEvidence,
  zkEvidence,
} from "./receipt.js";
export { integersOf, type Side, type Statement } from "./statement.js";
export type { Tensor } from "./tensors.js";
export { loadVerifier, type ProvedStatement, Verifier, type VerifyOptions } from "./verify.js";
export type { WasmSource } from "./wasm.js";
