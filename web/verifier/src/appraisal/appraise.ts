/** `appraise`: one receipt under one policy, check by check. No clock, no network. `zkseal.appraisal.appraise`. */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import type { Port } from "../interface.js";
import type { VerifyingKey } from "../keys.js";
import { type AttestedEvidence, attestedEvidence, isProof, type Receipt, zkEvidence } from "../receipt.js";
import { integersOf, type Statement } from "../statement.js";
import { type AnswerClaims, readAnswer, verifyAnswerSignature } from "../tee/answers.js";
import { appraiseBundle, type AttestedRuntime, DevAttestedRuntime } from "../tee/attested.js";
import { readBundle } from "../tee/bundle.js";
import { sameBytes } from "../tee/bytes.js";
import { denied, requireTime } from "../tee/context.js";
import { type Check, isProduction } from "../tee/result.js";
import type { Roots } from "../tee/roots.js";
import { decodeTensor, type Tensor } from "../tensors.js";
import type { ProvedStatement, Verifier } from "../verify.js";
import { checksOf, needsAnswer, needsProof, type ReceiptPolicy } from "./policy.js";
import { Appraisal, DevAppraisal, type Findings, ReceiptRefused } from "./result.js";

const CHECKS = [
  "context",
  "model",
  "zk.proof",
  "tee.attestation",
  "tee.kind",
  "tee.signature",
  "tee.statement",
  "tee.runtime",
  "tee.model-commitment",
  "tee.age",
  "tee.proof-digest",
  "deadline",
] as const;
type CheckName = (typeof CHECKS)[number];

export interface AppraiseOptions {
  /** The time of the appraisal, Unix seconds. */
  readonly now: number;
  /** Checks proofs; needed with a verifying key. */
  readonly verifier?: Verifier;
  /** The model's; needed for proofs, and for numbers by name. */
  readonly verifyingKey?: VerifyingKey;
  /** What the receipt has to be for. */
  readonly context?: Uint8Array;
  /** The challenge that the enclave's attestation has to answer, if the caller set one. */
  readonly nonce?: Uint8Array;
  /** Trust anchors of hardware evidence, by default those that zkseal pins. */
  readonly roots?: Roots;
}

/**
 * Appraises a receipt and returns what was checked. Where it holds an attestation, `loadAttest` has to be awaited before.
 *
 * Evidence that is there and can be checked is checked, also where the policy does not ask for it: a receipt with a proof
 * that does not hold is refused under every policy.
 *
 * Throws `ReceiptRefused`: the first check that failed. `WrongInput` if `now` is no time; `MissingDependency`,
 * `ResourceLimit` and `InternalError` of the machine.
 */
export function appraise(receipt: Receipt, policy: ReceiptPolicy, options: AppraiseOptions): Appraisal | DevAppraisal {
  requireTime(options.now);
  const work = new Work(receipt, policy, options);
  try {
    return work.run();
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    throw new ReceiptRefused(error, work.log(error));
  }
}

type Attested = AttestedRuntime | DevAttestedRuntime;

class Work {
  private readonly made = new Map<string, Check>();
  private current: CheckName = "context";

  constructor(
    private readonly receipt: Receipt,
    private readonly policy: ReceiptPolicy,
    private readonly options: AppraiseOptions,
  ) {}

  run(): Appraisal | DevAppraisal {
    this.checkStatement();
    const proved = this.checkProof();
    const [attested, claims] = this.checkAnswer();
    const pendingUntil = this.checkDeadline(proved, claims);
    const { statement } = this.receipt;
    const { inputs = [], outputs = [] } = this.options.verifyingKey?.interface ?? {};
    const found: Findings = {
      statement,
      mode: this.policy.mode,
      policyId: this.policy.policyId,
      now: this.options.now,
      checks: this.log(null),
      inputs: numbers(inputs, statement),
      outputs: numbers(outputs, statement),
      proved,
      attested,
      claims,
      pendingUntil,
    };
    this.requireChecks();
    const development = this.policy.development || proved?.insecure === true || attested instanceof DevAttestedRuntime;
    return development ? new DevAppraisal(found) : new Appraisal(found);
  }

  /** All checks: those not reached are `not_checked`, the one that failed is `fail`. */
  log(error: ZksealError | null): readonly Check[] {
    const made = new Map(this.made);
    if (error !== null) made.set(this.current, { name: this.current, outcome: "fail", detail: error.message });
    return CHECKS.map((name) => made.get(name) ?? { name, outcome: "not_checked", detail: "not reached" });
  }

  /** Nothing that the mode asks for stays unmade, unless the policy allows that by name. */
  private requireChecks(): void {
    for (const name of checksOf(this.policy.mode)) {
      this.current = name as CheckName;
      const made = this.made.get(name);
      if (made?.outcome === "pass") continue;
      if (made === undefined || !this.policy.fields.allow_not_checked.includes(name)) {
        const why = made === undefined ? "not reached" : made.detail;
        throw this.denied(`the check ${name} was not made (${why}), and the policy does not allow that`);
      }
    }
  }

  private pass(name: CheckName, detail = ""): void {
    this.made.set(name, { name, outcome: "pass", detail });
  }

  private skip(names: readonly CheckName[], detail: string): void {
    for (const name of names) this.made.set(name, { name, outcome: "not_checked", detail });
  }

  private denied(reason: string): ZksealError {
    return denied(this.current, reason);
  }

  private checkStatement(): void {
    const { context, modelId } = this.receipt.statement;
    const { verifyingKey } = this.options;
    const wanted = this.options.context ?? new Uint8Array();
    this.current = "context";
    if (!sameBytes(context, wanted)) {
      const text = "The receipt was made for another context. Appraise it under the one that it was asked for.";
      throw new ZksealError("WrongContext", text, { expected: toHex(wanted), got: toHex(context) });
    }
    this.pass("context");
    this.current = "model";
    const model = toHex(modelId);
    const { models } = this.policy.fields;
    if (models.length > 0 && !models.includes(model)) throw this.denied(`the policy does not list the model ${model}`);
    if (verifyingKey !== undefined && !sameBytes(verifyingKey.modelId, modelId)) {
      const details = { expected: toHex(verifyingKey.modelId), got: model };
      throw new ZksealError("WrongModel", "The receipt is about another model than the verifying key.", details);
    }
    if (verifyingKey === undefined && models.length === 0) {
      this.skip(["model"], "neither a verifying key nor a list of models was given");
    } else {
      this.pass("model", model);
    }
  }

  private checkProof(): ProvedStatement | null {
    const { mode } = this.policy;
    const { verifier, verifyingKey, context } = this.options;
    this.current = "zk.proof";
    if (!isProved(this.receipt)) {
      if (needsProof(mode)) throw this.denied(`the policy asks for ${mode}, and the receipt has no proof`);
      this.skip(["zk.proof"], "the receipt has no proof");
      return null;
    }
    if (verifyingKey === undefined) {
      if (mode !== "tee") throw missingInput("verifyingKey", "A proof is checked with the model's verifying key. Give it.");
      this.skip(["zk.proof"], "no verifying key was given, and the policy asks for no proof");
      return null;
    }
    if (verifier === undefined) {
      throw missingInput("verifier", "A proof is checked by a verifier. Give the one that read the key.");
    }
    const insecureSrs = this.policy.fields.allow_insecure_setup;
    const proved = verifier.verify(this.receipt, verifyingKey, { ...(context === undefined ? {} : { context }), insecureSrs });
    this.pass("zk.proof", proved.insecure ? "of no published ceremony" : (proved.origin ?? "no trusted setup"));
    return proved;
  }

  private checkAnswer(): [Attested | null, AnswerClaims | null] {
    const { mode } = this.policy;
    const { attestation } = this.policy.fields;
    const names = CHECKS.filter((name) => name.startsWith("tee."));
    this.current = "tee.attestation";
    const evidence = attestedEvidence(this.receipt);
    const missing = evidence === null ? "the receipt has no signed answer" : "the policy says nothing of attestations";
    if (evidence === null || attestation === null) {
      if (needsAnswer(mode)) throw this.denied(`the policy asks for ${mode}, and ${missing}`);
      this.skip(names, missing);
      return [null, null];
    }
    const { now, nonce, roots } = this.options;
    const given = { now, ...(nonce === undefined ? {} : { nonce }), ...(roots === undefined ? {} : { roots }) };
    const attested = appraiseBundle(readBundle(evidence.attestation), attestation, given);
    const { assurance } = attested.result;
    this.pass("tee.attestation", `assurance ${assurance}`);
    this.current = "tee.kind";
    if (isProduction(assurance) === (evidence.type === "tee-dev")) {
      throw this.denied("the answer and its attestation are not both of production, or both of development");
    }
    this.pass("tee.kind", evidence.type);
    return [attested, this.checkClaims(evidence, attested)];
  }

  private checkClaims(evidence: AttestedEvidence, attested: Attested): AnswerClaims {
    const { statement } = this.receipt;
    const { runtimeData } = attested;
    const answer = readAnswer(evidence.answer, evidence.type === "tee" ? "production" : "development");
    const { claims } = answer;
    this.current = "tee.signature";
    verifyAnswerSignature(runtimeData, answer);
    this.pass("tee.signature", "ES256K by the attested key");
    this.current = "tee.statement";
    if (!sameBytes(claims.statementDigest, statement.digest)) {
      const text = "The enclave signed another statement than the receipt's.";
      throw new ZksealError("StatementMismatch", text, { column: "statement" });
    }
    this.pass("tee.statement");
    this.current = "tee.runtime";
    if (!sameBytes(claims.runtimeDigest, runtimeData.digest) || !sameBytes(claims.bootEpoch, runtimeData.get("boot_epoch"))) {
      const text = "The answer is of another start of the enclave than its attestation.";
      throw new ZksealError("SignatureRejected", text, { reason: "runtime" });
    }
    this.pass("tee.runtime");
    this.current = "tee.model-commitment";
    const commitment = runtimeData.get("zk_model_commitment");
    if (!sameBytes(commitment, statement.modelId)) {
      const details = { expected: toHex(statement.modelId), got: toHex(commitment) };
      throw new ZksealError("WrongModel", "The enclave is attested for another model than the statement's.", details);
    }
    this.pass("tee.model-commitment", "the model id of proofs");
    this.checkAge(claims);
    this.checkProofDigest(claims);
    return claims;
  }

  private checkAge(claims: AnswerClaims): void {
    const { now } = this.options;
    const { clock_skew_s: skew, max_age_s: most } = this.policy.fields;
    this.current = "tee.age";
    const age = now - claims.issuedAt;
    const expired = (text: string): ZksealError => new ZksealError("Expired", text, { reason: "age", now });
    if (age < -skew) throw expired(`The answer says to be made ${-age} seconds from now.`);
    if (most === 0) {
      this.skip(["tee.age"], "the policy sets no age");
      return;
    }
    if (age > most) throw expired(`The answer is ${age} seconds old; the policy accepts ${most}.`);
    this.pass("tee.age", `${age} s`);
  }

  private checkProofDigest(claims: AnswerClaims): void {
    const inside = this.policy.mode === "zk_in_tee";
    this.current = "tee.proof-digest";
    if (claims.proofDigest === null) {
      if (inside) throw this.denied("the enclave did not sign a proof of its own");
      this.skip(["tee.proof-digest"], "the enclave made no proof");
      return;
    }
    if (!isProved(this.receipt)) {
      if (inside) throw this.denied("the proof that the enclave signed is not there");
      this.skip(["tee.proof-digest"], "the proof that the enclave signed is not in the receipt");
      return;
    }
    if (!sameBytes(claims.proofDigest, sha256(zkEvidence(this.receipt).proof))) {
      const text = "The proof is not the one that the enclave made.";
      throw new ZksealError("SignatureRejected", text, { reason: "proof digest" });
    }
    this.pass("tee.proof-digest", "the enclave made the proof");
  }

  private checkDeadline(proved: ProvedStatement | null, claims: AnswerClaims | null): number | null {
    const { now } = this.options;
    this.current = "deadline";
    if (this.policy.mode !== "tee_then_zk" || claims === null) {
      this.skip(["deadline"], "the policy sets none");
      return null;
    }
    const until = claims.issuedAt + this.policy.fields.proof_deadline_s;
    if (proved !== null) {
      this.pass("deadline", "the proof is there");
      return null;
    }
    if (now > until) {
      const text = `The proof of this answer is overdue by ${now - until} seconds. Without it the answer is void.`;
      throw new ZksealError("Expired", text, { reason: "proof deadline", now });
    }
    this.pass("deadline", `the proof may come within ${until - now} s`);
    return until;
  }
}

/** Public numbers by name, for those of the ports whose integers are there. */
function numbers(ports: readonly Port[], { input, output }: Statement): ReadonlyMap<string, Tensor> {
  const values = new Map([...input.values, ...output.values]);
  const found = new Map<string, Tensor>();
  for (const port of ports) {
    const data = values.get(port.tensor);
    if (data !== undefined) found.set(port.name, decodeTensor(port, integersOf(data)));
  }
  return found;
}

function missingInput(name: string, text: string): ZksealError {
  return new ZksealError("WrongInput", text, { name, expected: name, got: null });
}

/** Whether there is a zero-knowledge proof, checked or not. */
function isProved(receipt: Receipt): boolean {
  return receipt.evidence.some(isProof);
}
