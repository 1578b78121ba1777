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

function provedFacts(proved: ProvedStatement): Fact[] {
  const facts: Fact[] = [
    fact("model", `The model ${toHex(proved.modelId).slice(0, 16)}… was run, with the weights that it was set up with.`),
    fact("run", "Every step of the run was computed as the model prescribes, in its integers, exactly."),
  ];
  if (proved.inputs.size > 0) facts.push(fact("inputs", `It was given the inputs that are shown: ${names(proved.inputs.keys())}.`));
  if (proved.outputs.size > 0) facts.push(fact("outputs", `It answered with the outputs that are shown: ${names(proved.outputs.keys())}.`));
  if (proved.context.length > 0) facts.push(fact("context", "The receipt was made for this context and for no other."));
  if (proved.inputCommitments.length + proved.outputCommitments.length > 0) {
    facts.push(fact("commitments", "The hidden values are fixed by commitments: their owner can open them later, to nothing else."));
  }
  return facts;
}

function hiddenFacts(proved: ProvedStatement, key: VerifyingKey): Fact[] {
  const facts: Fact[] = [];
  if (proved.hiddenInputs.length > 0) facts.push(fact("inputs", `The values of the inputs ${names(proved.hiddenInputs)}.`));
  if (proved.hiddenOutputs.length > 0) facts.push(fact("outputs", `The values of the outputs ${names(proved.hiddenOutputs)}.`));
  if (key.interface.weights === "private") facts.push(fact("weights", "The weights of the model. Its structure is public: it stands in the key."));
  facts.push(fact("intermediate", "Everything that the model computed on the way."));
  return facts;
}

function uncheckedFacts(proved: ProvedStatement, receipt: Receipt): Fact[] {
  const facts: Fact[] = [
    fact("key", "That this key is that of the model which you mean: compare the model id with one that you trust."),
    fact("data", "That the inputs are true: a proof is about the computation, not about where its data came from."),
    fact("quality", "That the model is good, fair or accurate."),
    fact("time", "When the receipt was made. It does not expire by itself."),
  ];
  if (proved.context.length === 0) facts.push(fact("context", "What the receipt is for: it names no context, and can be shown to anybody."));
  if (proved.insecure) facts.unshift(fact("insecure", "That nobody can forge this receipt: its powers of tau come from no published ceremony."));
  else if (proved.origin !== null) facts.push(fact("setup", `That of the participants of the ceremony '${proved.origin}' at least one was honest.`));
  if (receipt.evidence.some((evidence) => !isProof(evidence))) facts.push(fact("attestation", "The answer of an enclave that the receipt also holds: an appraisal checks it."));
  return facts;
}

function names(list: Iterable<string>): string {
  return [...list].map((name) => `'${name}'`).join(", ");
}

function fact(code: string, text: string): Fact {
  return { code, text };
}
