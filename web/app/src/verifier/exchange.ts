/** What the page and its worker say to each other. Files travel as handles: only the worker reads them. */

import type { Description, Origin } from "@zkseal/verifier";
import type { AppraisalDescription } from "@zkseal/verifier/appraisal/describe.js";
import type { PolicyDocument } from "@zkseal/verifier/tee/policy.js";

/** What the user asks of a receipt. */
export interface Expectation {
  /** Model id in hexadecimal; null if nothing is to be compared. */
  readonly model: string | null;
  /** What the receipt has to be for; null if nothing is to be compared. */
  readonly context: Uint8Array | null;
  readonly evidence: "any" | "zk" | "tee" | "both";
  /** What evidence of hardware has to show. `development` looks at development setups and enclaves, and names them so. */
  readonly policy: PolicyName;
  /** Accepted values of what hardware measures, by the names of policy files. */
  readonly references: Readonly<Record<string, readonly string[]>>;
  /** The policy of hardware evidence that the user wrote; for `own`. */
  readonly own: PolicyDocument | null;
  /** What the enclave had to answer; null if the user set no challenge. */
  readonly challenge: Uint8Array | null;
  /** Appraised as of now, or as of the time that the answer names. */
  readonly time: "now" | "signed";
  /** Unix seconds. */
  readonly now: number;
}

/** Policies for evidence of hardware: those that are shipped, or one that the user wrote. */
export type PolicyName = "production" | "evidence-only" | "development" | "own";

export type Part = "receipt" | "key";

export type Task =
  | { readonly kind: "start"; readonly modules: Modules }
  | { readonly kind: "read"; readonly part: Part; readonly file: Blob }
  | { readonly kind: "forget"; readonly part: Part }
  | { readonly kind: "verify"; readonly expectation: Expectation };

/** Where the WebAssembly modules are: an address, or their bytes. */
export interface Modules {
  readonly verifier: string | ArrayBuffer;
  readonly attest: string | ArrayBuffer;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An input or output of the model. */
export interface PortFound {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly public: boolean;
  /** The first numbers, as text, of a public one in a receipt. */
  readonly values: readonly string[] | null;
}

export interface EvidenceFound {
  readonly type: "zk" | "zk-segments" | "tee" | "tee-dev";
  readonly bytes: number;
  /** Proofs of a model in segments; 1 for all other evidence. */
  readonly segments: number;
}

/** Whether it is a zero-knowledge proof, in one piece or in segments. */
export function isProof({ type }: Pick<EvidenceFound, "type">): boolean {
  return type === "zk" || type === "zk-segments";
}

/** A receipt as it was read: nothing of it is verified. */
export interface ReceiptFound {
  readonly part: "receipt";
  readonly digest: string;
  readonly modelId: string;
  readonly context: Uint8Array;
  readonly bytes: number;
  readonly evidence: readonly EvidenceFound[];
  readonly commitments: { readonly input: number; readonly output: number };
}

/** A key whose model proof holds. */
export interface KeyFound {
  readonly part: "key";
  readonly modelId: string;
  readonly opening: "ipa" | "kzg";
  readonly origin: Origin | null;
  readonly insecure: boolean;
  readonly weights: "private" | "public";
  readonly bytes: number;
  /** Milliseconds that reading and checking took. */
  readonly took: number;
}

export type Outcome = "pass" | "fail" | "not_checked";

export interface CheckFound {
  readonly name: string;
  readonly outcome: Outcome;
  readonly detail: string;
}

/** One link of what vouches for what, from the root of a vendor to the statement. */
export interface LinkFound {
  readonly title: string;
  readonly detail: string;
  readonly outcome: Outcome;
}

export interface ProofFound {
  readonly opening: "ipa" | "kzg";
  readonly origin: Origin | null;
  readonly insecure: boolean;
  readonly bytes: number;
  readonly segments: number;
  readonly took: number;
}

export interface AttestationFound {
  /** No production root vouches for it. */
  readonly development: boolean;
  /** It satisfies a policy of production: answers may be relied on. */
  readonly sufficient: boolean;
  /** Why the policy does not take it, if it does not: nothing of it is wrong, but something was not shown. */
  readonly lacking: string | null;
  readonly platform: string;
  readonly assurance: string;
  readonly issuedAt: number | null;
  readonly checks: readonly CheckFound[];
  readonly chain: readonly LinkFound[];
  /** Name and digest; null where evidence was refused. */
  readonly policy: string | null;
  /** What it shows, in words; null where it was refused. */
  readonly words: AppraisalDescription | null;
  readonly took: number;
}

/** What came out for a receipt under an expectation. */
export interface Verification {
  readonly part: "verification";
  readonly receipt: ReceiptFound;
  readonly key: KeyFound | null;
  readonly expectation: Expectation;
  readonly inputs: readonly PortFound[];
  readonly outputs: readonly PortFound[];
  /** Words for the proof; null without one that holds. */
  readonly words: Description | null;
  /** Null where it was not made, or where it failed. */
  readonly proof: ProofFound | null;
  readonly attestation: AttestationFound | null;
  /** The first thing that does not hold, and which part of the work found it. */
  readonly failure: (Failure & { readonly stage: Stage }) | null;
}

export type Stage = "model" | "context" | "evidence" | "proof" | "attestation";

export type Answer =
  | { readonly task: number; readonly found: ReceiptFound | KeyFound | Verification | null }
  | { readonly task: number; readonly failure: Failure };
