/** One receipt under one expectation, check by check: runs in the worker, knows no page. */

import {
  type AttestedEvidence,
  type Description,
  describe,
  type Receipt,
  toHex,
  type Verifier,
  type VerifyingKey,
  ZksealError,
} from "@zkseal/verifier";

import type { AppraiseAnswer } from "./attestation.js";
import {
  type AttestationFound,
  type Expectation,
  type Failure,
  isProof,
  type KeyFound,
  type ProofFound,
  type ReceiptFound,
  type Stage,
  type Verification,
} from "./exchange.js";
import { portFound } from "./found.js";

/** What is to be verified, as it was read. */
export interface Evidence {
  readonly receipt: Receipt;
  readonly found: ReceiptFound;
  readonly key: { readonly read: VerifyingKey; readonly found: KeyFound } | null;
}

/** What does the work. */
export interface Verifiers {
  readonly verifier: Verifier;
  readonly appraiseAnswer: AppraiseAnswer;
}

/** Everything that can be checked is checked, up to the first thing that does not hold. */
export async function verification(
  evidence: Evidence,
  expectation: Expectation,
  verifiers: Verifiers,
): Promise<Verification> {
  const work = new Work(evidence, expectation, verifiers);
  try {
    await work.run();
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    work.failure = { ...failure(error), stage: work.stage };
  }
  return work.result();
}

/** An error as plain data, for the page, which shows sentences. */
export function failure(error: ZksealError): Failure {
  const { message, ...others } = error.toJSON();
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return { ...others, message: /[.!?]$/.test(sentence) ? sentence : `${sentence}.` };
}

class Work {
  stage: Stage = "model";
  failure: Verification["failure"] = null;
  private words: Description | null = null;
  private proof: ProofFound | null = null;
  private attestation: AttestationFound | null = null;

  constructor(
    private readonly evidence: Evidence,
    private readonly expectation: Expectation,
    private readonly verifiers: Verifiers,
  ) {}

  async run(): Promise<void> {
    this.checkModel();
    this.checkContext();
    this.checkEvidence();
    this.checkProof();
    await this.checkAnswer();
  }

  result(): Verification {
    const { found, key } = this.evidence;
    const { inputs, outputs } = key?.read.interface ?? { inputs: [], outputs: [] };
    const { statement } = this.evidence.receipt;
    const holds = this.failure === null && (this.proof !== null || this.attestation !== null);
    return {
      part: "verification",
      receipt: found,
      key: key?.found ?? null,
      expectation: this.expectation,
      inputs: inputs.map((port) => portFound(port, holds ? statement.input : null)),
      outputs: outputs.map((port) => portFound(port, holds ? statement.output : null)),
      words: this.words,
      proof: this.proof,
      attestation: this.attestation,
      failure: this.failure,
    };
  }

  private checkModel(): void {
    this.stage = "model";
    const { found, key } = this.evidence;
    const wanted = this.expectation.model;
    if (wanted !== null && wanted !== found.modelId) {
      throw new ZksealError(
        "WrongModel",
        "The receipt is about another model than the one that you trust.",
        { expected: wanted, got: found.modelId },
        "Do not take this answer for one of your model. Ask for a receipt under its model id.",
      );
    }
    if (key !== null && key.found.modelId !== found.modelId) {
      const details = { expected: key.found.modelId, got: found.modelId };
      throw new ZksealError("WrongModel", "The receipt is about another model than the key.", details);
    }
  }

  private checkContext(): void {
    this.stage = "context";
    const wanted = this.expectation.context;
    const got = this.evidence.receipt.statement.context;
    if (wanted === null || toHex(wanted) === toHex(got)) return;
    const details = { expected: toHex(wanted), got: toHex(got) };
    throw new ZksealError(
      "WrongContext",
      "The receipt was made for another context than the one that you expect.",
      details,
    );
  }

  /** What was asked for has to be there. */
  private checkEvidence(): void {
    this.stage = "evidence";
    const pieces = this.evidence.found.evidence;
    const asked = this.expectation.evidence;
    if ((asked === "zk" || asked === "both") && !pieces.some(isProof)) throw missing("zero-knowledge proof");
    if ((asked === "tee" || asked === "both") && pieces.every(isProof))
      throw missing("signed answer of attested hardware");
  }

  private checkProof(): void {
    this.stage = "proof";
    const { receipt, found, key } = this.evidence;
    const piece = found.evidence.find(isProof);
    if (piece === undefined || key === null) return;
    const start = performance.now();
    const options = { context: receipt.statement.context, insecureSrs: this.expectation.policy === "development" };
    const proved = this.verifiers.verifier.verify(receipt, key.read, options);
    const took = performance.now() - start;
    this.words = describe(proved, key.read, receipt);
    const { bytes, segments } = piece;
    this.proof = { opening: key.read.opening, origin: proved.origin, insecure: proved.insecure, bytes, segments, took };
  }

  private async checkAnswer(): Promise<void> {
    this.stage = "attestation";
    const answer = this.evidence.receipt.evidence.find((piece): piece is AttestedEvidence => !isProof(piece));
    if (answer === undefined) return;
    const { evidence, policy } = this.expectation;
    if (answer.type === "tee-dev" && policy !== "development") {
      // A proof stands by itself; an answer of a development enclave adds nothing to it, and alone it is nothing.
      if (this.proof !== null && (evidence === "any" || evidence === "zk")) return;
      if (evidence === "any" && this.evidence.found.evidence.some(isProof)) return;
      throw new ZksealError(
        "PolicyDenied",
        "The receipt rests on a development enclave: it proves nothing to whoever does not trust its operator.",
        { type: answer.type },
        "Ask for an answer of production hardware, or for a proof. To see what this one says, tick “Look at development receipts too”.",
      );
    }
    const start = performance.now();
    const appraised = await this.verifiers.appraiseAnswer(this.evidence.receipt, answer, this.expectation);
    this.attestation = { ...appraised.found, took: performance.now() - start };
    if (appraised.error === null) return;
    // A proof stands by itself where hardware was not asked for, and only lacks what would make it count.
    const asked = evidence === "tee" || evidence === "both";
    if (asked || this.proof === null || appraised.found.lacking === null) throw appraised.error;
  }
}

function missing(what: string): ZksealError {
  return new ZksealError(
    "PolicyDenied",
    `You ask for a ${what}, and the receipt holds none.`,
    { missing: what },
    "Ask whoever made the receipt for one that holds it, or ask for less.",
  );
}
