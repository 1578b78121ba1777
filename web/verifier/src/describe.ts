/** What a verified receipt says, in words for people. A page shows them; it adds none of its own. */

import { toHex } from "./hex.js";
import type { VerifyingKey } from "./keys.js";
import { isProof, type Receipt } from "./receipt.js";
import type { ProvedStatement } from "./verify.js";

/** One sentence, and a stable name for programs that choose colours or translate. */
export interface Fact {
  readonly code: string;
  readonly text: string;
}

/** Three lists that together leave nothing out. */
export interface Description {
  /** What is shown, whoever made the receipt. */
  readonly proved: readonly Fact[];
  /** What the receipt keeps to itself. */
  readonly hidden: readonly Fact[];
  /** What nobody checked here, and a reader might take for checked. */
  readonly unchecked: readonly Fact[];
}

/** Words for what `verify` returned. */
export function describe(proved: ProvedStatement, key: VerifyingKey, receipt: Receipt): Description {
  return { proved: provedFacts(proved), hidden: hiddenFacts(proved, key), unchecked: uncheckedFacts(proved, receipt) };
}

function provedFacts({ modelId, inputs, outputs, context, inputCommitments, outputCommitments }: ProvedStatement): Fact[] {
  const hidden = inputCommitments.length + outputCommitments.length > 0;
  return [
    fact("model", `The model ${toHex(modelId).slice(0, 16)}… was run, with the weights that it was set up with.`),
    fact("run", "Every step of the run was computed as the model prescribes, in its integers, exactly."),
    ...when(inputs.size > 0, "inputs", `It was given the inputs that are shown: ${names(inputs.keys())}.`),
    ...when(outputs.size > 0, "outputs", `It answered with the outputs that are shown: ${names(outputs.keys())}.`),
    ...when(context.length > 0, "context", "The receipt was made for this context and for no other."),
    ...when(
      hidden,
      "commitments",
      "The hidden values are fixed by commitments: their owner can open them later, to nothing else.",
    ),
  ];
}

function hiddenFacts({ hiddenInputs, hiddenOutputs }: ProvedStatement, key: VerifyingKey): Fact[] {
  const weights = "The weights of the model. Its structure is public: it stands in the key.";
  return [
    ...when(hiddenInputs.length > 0, "inputs", `The values of the inputs ${names(hiddenInputs)}.`),
    ...when(hiddenOutputs.length > 0, "outputs", `The values of the outputs ${names(hiddenOutputs)}.`),
    ...when(key.interface.weights === "private", "weights", weights),
    fact("intermediate", "Everything that the model computed on the way."),
  ];
}

function uncheckedFacts({ context, insecure, origin }: ProvedStatement, receipt: Receipt): Fact[] {
  const forgeable = "That nobody can forge this receipt: its powers of tau come from no published ceremony.";
  const attested = receipt.evidence.some((evidence) => !isProof(evidence));
  return [
    ...when(insecure, "insecure", forgeable),
    fact("key", "That this key is that of the model which you mean: compare the model id with one that you trust."),
    fact("data", "That the inputs are true: a proof is about the computation, not about where its data came from."),
    fact("quality", "That the model is good, fair or accurate."),
    fact("time", "When the receipt was made. It does not expire by itself."),
    ...when(
      context.length === 0,
      "context",
      "What the receipt is for: it names no context, and can be shown to anybody.",
    ),
    ...when(
      origin !== null && !insecure,
      "setup",
      `That of the participants of the ceremony '${origin}' at least one was honest.`,
    ),
    ...when(attested, "attestation", "The answer of an enclave that the receipt also holds: an appraisal checks it."),
  ];
}

function names(list: Iterable<string>): string {
  return [...list].map((name) => `'${name}'`).join(", ");
}

function fact(code: string, text: string): Fact {
  return { code, text };
}

function when(applies: boolean, code: string, text: string): Fact[] {
  return applies ? [fact(code, text)] : [];
}
