/** The result for programs: one JSON document, with everything that the page shows. */

import { toHex } from "@zkseal/verifier";

import type { PortFound, Verification } from "./exchange.js";
import { hiddenOf, uncheckedOf, verdictOf } from "./verdict.js";

const FORMAT = "zkseal verification v1";

export function resultJson(found: Verification): Record<string, unknown> {
  const { level, word, lead } = verdictOf(found);
  const { receipt, key, expectation, proof, attestation, failure } = found;
  const rejected = failure !== null;
  return {
    format: FORMAT,
    verdict: level,
    words: `${word}. ${lead}`,
    receipt: {
      digest: receipt.digest,
      model: receipt.modelId,
      context: toHex(receipt.context),
      evidence: receipt.evidence,
    },
    key: key === null ? null : { model: key.modelId, opening: key.opening, origin: key.origin, insecure: key.insecure },
    expected: {
      ...expectation,
      context: expectation.context === null ? null : toHex(expectation.context),
      challenge: expectation.challenge === null ? null : toHex(expectation.challenge),
    },
    // What a rejected receipt says is not repeated.
    inputs: rejected ? null : portsJson(found.inputs),
    outputs: rejected ? null : portsJson(found.outputs),
    proof,
    attestation,
    hidden: rejected ? null : hiddenOf(found),
    not_checked: rejected ? null : uncheckedOf(found),
    error: failure,
  };
}

function portsJson(ports: readonly PortFound[]): unknown[] {
  return ports.map(({ name, shape, dtype, public: shown, values }) => ({ name, shape, dtype, public: shown, values }));
}
