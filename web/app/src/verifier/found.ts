/** Receipts, keys and their numbers as the page shows them: plain data. */

import { integersOf, type Port, type Receipt, type Side, toHex, type VerifyingKey } from "@zkseal/verifier";
import { decodeTensor } from "@zkseal/verifier/tensors.js";

import type { EvidenceFound, KeyFound, PortFound, ReceiptFound } from "./exchange.js";

/** Numbers of a tensor that are shown; the rest is counted. */
const MAX_SHOWN_VALUES = 256;

/** `side`: of the statement, if something vouches for it. */
export function portFound(port: Port, side: Side | null): PortFound {
  const data = side?.values.get(port.tensor);
  const tensor = data === undefined ? null : decodeTensor(port, integersOf(data));
  const values = tensor === null ? null : Array.from(tensor.values.subarray(0, MAX_SHOWN_VALUES), String);
  return { name: port.name, shape: port.shape, dtype: port.dtype, public: port.visibility === "public", values };
}

/** The receipt as the page shows it. */
export function receiptFound(receipt: Receipt, bytes: number): ReceiptFound {
  const { statement, evidence } = receipt;
  return {
    part: "receipt",
    digest: toHex(receipt.digest),
    modelId: toHex(statement.modelId),
    context: statement.context,
    bytes,
    evidence: evidence.map(evidenceFound),
    commitments: { input: statement.input.commitments.length, output: statement.output.commitments.length },
  };
}

function evidenceFound(piece: Receipt["evidence"][number]): EvidenceFound {
  const sizes =
    piece.type === "zk"
      ? [piece.proof]
      : piece.type === "zk-segments"
        ? piece.proofs
        : [piece.answer, piece.attestation];
  const bytes = sizes.reduce((sum, part) => sum + part.length, 0);
  return { type: piece.type, bytes, segments: piece.type === "zk-segments" ? piece.proofs.length : 1 };
}

/** The key as the page shows it. */
export function keyFound(key: VerifyingKey, bytes: number, took: number): KeyFound {
  return {
    part: "key",
    modelId: toHex(key.modelId),
    opening: key.opening,
    origin: key.origin,
    insecure: key.insecure,
    weights: key.interface.weights,
    bytes,
    took,
  };
}
