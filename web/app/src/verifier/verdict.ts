/** What came out, in words: which of six levels it is, and what a reader must not take for checked. No page in here. */

import { toHex } from "@zkseal/verifier";

import { type AttestationFound, type Failure, isProof, type Stage, type Verification } from "./exchange.js";

/**
 * | level | what stands |
 * | --- | --- |
 * | `proved` | a proof of no setup, or of a published ceremony; with an answer of attested hardware or without |
 * | `attested` | an answer of production hardware that runs code which the user named |
 * | `authentic` | the same, but whose code it was stayed unchecked |
 * | `development` | something rests on development: nothing is proved to others |
 * | `rejected` | something does not hold |
 * | `unverified` | nothing was checked that proves anything |
 */
export type Level = "proved" | "attested" | "authentic" | "development" | "rejected" | "unverified";

export interface Verdict {
  readonly level: Level;
  /** One to three words, the same for each level: what people remember. */
  readonly word: string;
  readonly lead: string;
  /** What to do, for a rejection or where something is missing. */
  readonly remedy: string | null;
}

const LIFTED: Readonly<Record<Stage, string>> = {
  model: "It is about another model.",
  context: "It was made for something else.",
  evidence: "It does not hold the evidence that you ask for.",
  proof: "Its proof does not hold.",
  attestation: "What is said of its hardware does not hold.",
};

/** The verdict of a verification. */
export function verdictOf(found: Verification): Verdict {
  const { failure, proof, attestation } = found;
  if (failure !== null) {
    if (failure.code === "InsecureSetup") return insecure(failure);
    if (attestation !== null && attestation.lacking !== null) return lacking(attestation.lacking);
    const lead = `${LIFTED[failure.stage]} ${failure.message}`;
    return { level: "rejected", word: "Rejected", lead, remedy: failure.remedy };
  }
  if (isDevelopment(found)) return development(found);
  if (proof !== null && attestation?.sufficient === true) {
    const lead = "A proof shows it, and attested hardware signed the same statement: neither alone has to be trusted.";
    return { level: "proved", word: "Proved and attested", lead, remedy: null };
  }
  if (proof !== null) {
    const lead =
      "This is what the model with this id answers. A proof shows it: whoever ran the model need not be trusted.";
    return { level: "proved", word: "Proved", lead, remedy: null };
  }
  if (attestation !== null) return attested(attestation);
  const lead = "The receipt can be read, and nothing of it was checked. It may say anything.";
  return {
    level: "unverified",
    word: "Not verified",
    lead,
    remedy: "Choose the verifying key of the model that you mean.",
  };
}

/** Not a proof that fails, but one that shows nothing: the package's remedy is for programs, this one for people. */
function insecure({ message }: Failure): Verdict {
  const remedy =
    "Ask for a key from a published ceremony. To see what this receipt says, choose “Development” under “Evidence and policy”.";
  return { level: "rejected", word: "Rejected", lead: `It is a development receipt. ${message}`, remedy };
}

/** Nothing of the hardware's evidence is wrong, but the policy asks for more than it shows. */
function lacking(reason: string): Verdict {
  const remedy =
    "Say what you accept under “Evidence and policy”: the code that you expect, or a policy of your own. Its publisher knows both. Or ask for a proof.";
  return {
    level: "rejected",
    word: "Rejected",
    lead: `Its hardware shows less than the policy asks for. ${reason}`,
    remedy,
  };
}

function isDevelopment(found: Verification): boolean {
  return found.proof?.insecure === true || found.attestation?.development === true;
}

function development({ proof, attestation }: Verification): Verdict {
  const why = [
    proof?.insecure === true ? "its setup comes from no published ceremony, so its maker may forge receipts" : null,
    attestation?.development === true
      ? "its enclave is a development one, which its operator can look into and imitate"
      : null,
  ].filter((reason) => reason !== null);
  const genuine =
    proof !== null && !proof.insecure
      ? " Its proof holds by itself: choose the policy “Production” to see that alone."
      : "";
  return {
    level: "development",
    word: "DEVELOPMENT ONLY",
    lead: `All of it holds together, and that proves nothing to you: ${why.join(", and ")}.${genuine}`,
    remedy: "Use it for tests. Rely on nothing that it says.",
  };
}

function attested({ sufficient }: AttestationFound): Verdict {
  if (sufficient) {
    const lead =
      "Hardware of a vendor vouches for the code that you named, and that code signed this answer. There is no proof: trust the vendor, or ask for one.";
    return { level: "attested", word: "Attested", lead, remedy: null };
  }
  const lead = "Genuine hardware signed this answer. That is all: under this policy it may have run any code.";
  return {
    level: "authentic",
    word: "Authentic, code unchecked",
    lead,
    remedy: "Name the code that you expect, below “Policy”, and choose “Production”.",
  };
}

export interface Point {
  readonly code: string;
  readonly text: string;
}

/** What nobody checked here: the verifier's own words, and what this expectation left open. */
export function uncheckedOf(found: Verification): readonly Point[] {
  const { expectation, receipt } = found;
  const points: Point[] = [];
  if (expectation.model === null && found.key !== null) {
    points.push({ code: "model", text: "Whether this is the model that you mean: you named no model id to compare." });
  }
  if (expectation.context === null && receipt.context.length > 0) {
    points.push({
      code: "context",
      text: `Whether it was made for you: it is for ${contextWords(receipt.context)}, and you named no context.`,
    });
  }
  points.push(...evidenceLeft(found));
  const own = found.words?.unchecked ?? [];
  // The page says more exactly whether the key was compared, and what became of an enclave's answer.
  points.push(...own.filter(({ code }) => code !== "key" && code !== "attestation"));
  return points;
}

function evidenceLeft({ receipt, key, proof, attestation, expectation }: Verification): Point[] {
  const points: Point[] = [];
  const types = receipt.evidence.map((piece) => piece.type);
  if (receipt.evidence.some(isProof) && proof === null && key === null) {
    points.push({ code: "proof", text: "The proof: that takes the verifying key of the model." });
  }
  if (types.includes("tee") && attestation === null)
    points.push({ code: "attestation", text: "The answer signed in hardware." });
  if (types.includes("tee-dev") && attestation === null) {
    points.push({
      code: "attestation",
      text: "The answer of a development enclave that the receipt also holds: it counts for nothing under this policy.",
    });
  }
  if (attestation !== null && attestation.lacking !== null) {
    points.push({
      code: "attestation",
      text: `Whether its hardware is to be trusted, which the receipt does not need. ${attestation.lacking}`,
    });
  }
  if (attestation !== null && expectation.time === "signed") {
    points.push({
      code: "time-of-appraisal",
      text: "Whether the hardware is trusted today: it was appraised as of the time that the answer names, by its operator’s clock.",
    });
  }
  // The model is compared by this page, and so is the proof: what the appraisal of the answer alone says of them is not said twice.
  const said = proof === null ? ["model"] : ["model", "zk.proof"];
  points.push(...(attestation?.words?.unchecked ?? []).filter(({ code }) => !said.includes(code)));
  return points;
}

/** What stays hidden, also where no proof was checked. */
export function hiddenOf(found: Verification): readonly Point[] {
  if (found.words !== null) return found.words.hidden;
  const { receipt, inputs, outputs } = found;
  const hidden = [...inputs, ...outputs].filter((port) => !port.public).map((port) => `‘${port.name}’`);
  if (hidden.length > 0) return [{ code: "values", text: `The values of ${hidden.join(", ")}.` }];
  if (receipt.commitments.input + receipt.commitments.output === 0) return [];
  return [
    { code: "values", text: "Values of inputs or outputs: the receipt holds commitments to them, not the values." },
  ];
}

/** Text if it is text, otherwise hexadecimal. */
export function contextWords(context: Uint8Array): string {
  if (context.length === 0) return "no context";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(context);
    if (/^[^\p{C}]+$/u.test(text)) return `“${text.length > 200 ? `${text.slice(0, 200)}…` : text}”`;
  } catch {
    // No text.
  }
  const hex = toHex(context.subarray(0, 100));
  return `0x${hex}${context.length > 100 ? "…" : ""}`;
}
