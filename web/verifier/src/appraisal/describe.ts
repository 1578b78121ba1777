/**
 * What an appraisal found, in words for people. A page shows them; it adds none of its own.
 *
 * Three lists that together leave nothing out: each check is in one of them, or in a refusal. What rests on development is
 * never among what is shown.
 */

import type { Fact } from "../describe.js";
import type { AttestedRuntime, DevAttestedRuntime } from "../tee/attested.js";
import type { Check, Platform } from "../tee/result.js";
import type { Appraisal, DevAppraisal } from "./result.js";

export interface AppraisalDescription {
  /** What production hardware, or mathematics, shows. Empty for what rests on development alone. */
  readonly shown: readonly Fact[];
  /** What rests on development: it holds together, and proves nothing to anybody who does not trust its operator. */
  readonly development: readonly Fact[];
  /** What nobody checked here, and a reader might take for checked. */
  readonly unchecked: readonly Fact[];
}

const MACHINES: Readonly<Record<Platform, string>> = {
  sgx: "an enclave of Intel SGX",
  tdx: "a virtual machine of Intel TDX",
  snp: "a virtual machine of AMD SEV-SNP",
  nitro: "an enclave of AWS Nitro",
  nvidia: "a GPU of NVIDIA",
  nvidia_rim: "a manifest of NVIDIA",
  nvidia_nras: "NVIDIA's attestation service",
  azure_snp: "a confidential virtual machine of Azure on AMD SEV-SNP",
  azure_tdx: "a confidential virtual machine of Azure on Intel TDX",
  gcp_confidential_space: "a Confidential Space of Google",
  tpm: "a machine with a TPM",
  sandbox: "a sandbox, which is a process like any other",
};

/** Checks of an attestation that people ask about, where they were made. */
const MADE: Readonly<Record<string, string>> = {
  chain: "Certificates lead from what signed the evidence to a root of its vendor that this release pins.",
  revocation: "The vendor took none of the certificates back.",
  tcb: "Its firmware is of a level that the policy accepts.",
  debug: "Nobody can look into it by debugging.",
  "reference-values": "The code that runs there is one that the policy names.",
  challenge: "It answered the challenge that was set: the attestation is not one of another time.",
  rim: "What its firmware measured is what the vendor published for it.",
};

/** The same where the machine says so itself, and nobody else does. */
const SAID: Readonly<Record<string, string>> = {
  "reference-values": "It says that it runs code which the policy names.",
  debug: "It says that nobody debugs it.",
};

/** Checks that were not made: what nobody knows because of that. */
const UNMADE: Readonly<Record<string, string>> = {
  model: "Which model it is: no model id was given to compare.",
  challenge: "How old the attestation is: nobody set it a challenge.",
  nonce: "Whether the evidence was made for this use, or is a copy.",
  "reference-values": "Whose code runs there: the policy names no measurement of it. It may be any code.",
  revocation: "Whether the vendor took a certificate back since: no list was there for every one of them.",
  chips: "Which chip it is. Who has a chip in hand can break into it.",
  debug: "Whether somebody debugs it: the evidence does not say.",
  tcb: "Whether its firmware is up to date.",
  "tcb-floor": "Whether its firmware is new enough: the policy sets no least level.",
  rim: "Whether its firmware is the vendor's: no manifest was there to compare.",
  "event-log": "What was booted, beyond the values that the TPM signed.",
  "ak-certificate": "Whose TPM it is: nobody that is trusted certified its key.",
  issuer: "Who vouches for the development evidence.",
  validity: "Until when the key that signed is valid.",
  "firmware-id": "Whether its certificate is of the firmware that runs: the report names none.",
  driver: "Which driver it runs: the report does not say.",
  audience: "Whether the token was made for this reader: the policy names no audience.",
  advisories: "Which of the vendor's advisories apply to it.",
  smt: "Whether hyperthreading is on.",
  "pcr-digest": "What was booted: the values of the TPM's registers were not given.",
  "tee.age": "How old the answer is: the policy sets no age.",
  "tee.proof-digest": "Whether the enclave itself made the proof.",
};

/** docs/guides/attestation.md: no check of a quote can tell. */
const BROKEN_HARDWARE =
  "Whether somebody broke into the hardware. Who holds a machine in hand can: keys of Intel's and AMD's were read out that way.";

const UNPROVED = "Whether the model computes this: no proof was checked, so whoever vouches for the machine has to be trusted.";
const PROOF = "A proof shows that the model with this id maps the inputs to the outputs. Nobody has to be trusted for that.";
const INSECURE_PROOF = "A proof that rests on powers of tau of no published ceremony: whoever made them may forge it.";

/** Words for what `appraise` returned. */
export function describeAppraisal(appraisal: Appraisal | DevAppraisal): AppraisalDescription {
  const { proved, attested } = appraisal;
  const shown: Fact[] = [];
  const development: Fact[] = [];
  if (proved !== null) {
    if (proved.insecure) development.push(fact("zk.proof", INSECURE_PROOF));
    else shown.push(fact("zk.proof", PROOF));
  }
  if (attested !== null) (attested.development ? development : shown).push(...attestedFacts(appraisal, attested));
  if (appraisal.development && development.length === 0) {
    development.push(fact("policy", "The policy accepts evidence of development, so nothing that it finds is for production."));
  }
  return { shown, development, unchecked: uncheckedFacts(appraisal) };
}

function attestedFacts(appraisal: Appraisal | DevAppraisal, attested: AttestedRuntime | DevAttestedRuntime): Fact[] {
  const { result } = attested;
  const genuine = result.development ? "says that it is" : "is";
  const machine = `What answered ${genuine} ${MACHINES[result.platform]} (assurance: ${result.assurance}).`;
  const facts = [fact("tee.attestation", machine)];
  if (result.development) {
    facts.push(fact("assurance", "No root that this release trusts vouches for that. Its operator can look into it, and imitate it."));
  } else if (attested.development) {
    facts.push(fact("assurance", "Its root is genuine, but the policy is one that is not for production."));
  }
  const made = [...result.checks, ...attested.checks].filter((check) => check.outcome === "pass");
  const words = result.development ? { ...MADE, ...SAID } : MADE;
  facts.push(...made.flatMap(({ name }) => (words[name] === undefined ? [] : [fact(name, words[name])])));
  const devices = [...attested.submodules.values()];
  if (devices.length > 0) {
    const gpus = devices.length === 1 ? "A GPU answers" : `${devices.length} GPUs answer`;
    facts.push(fact("gpus", `${gpus} the same challenge. In which machine a GPU is, its report does not say.`));
  }
  return [...facts, ...answerFacts(appraisal)];
}

function answerFacts({ checks, claims, pendingUntil }: Appraisal | DevAppraisal): Fact[] {
  if (claims === null) return [];
  const facts = [
    fact("tee.signature", "The key that is bound to that signed exactly this statement."),
    fact("tee.model-commitment", "It was attested for the model of the statement: the one that proofs speak of."),
  ];
  if (checks.some((check) => check.name === "tee.proof-digest" && check.outcome === "pass")) {
    const inside = "The enclave made the proof itself: whoever runs it saw neither weights nor inputs for that.";
    facts.push(fact("tee.proof-digest", inside));
  }
  if (pendingUntil !== null) {
    const until = new Date(1000 * pendingUntil).toISOString().slice(0, 19).replace("T", " ");
    facts.push(fact("deadline", `Its proof is still missing, and may come until ${until} UTC. Without it the answer is void.`));
  }
  return facts;
}

/** Checks that were not made, those of parts with the part's name; none is told twice. */
function uncheckedFacts({ checks, attested, claims, proved }: Appraisal | DevAppraisal): Fact[] {
  const facts: Fact[] = [];
  if (proved === null) facts.push(fact("zk.proof", UNPROVED));
  if (attested === null) facts.push(fact("tee.attestation", "Where the model ran."));
  const answer = checks.filter(({ name }) => claims !== null && name !== "deadline" && name !== "zk.proof");
  facts.push(...answer.flatMap((check) => unmade(check)));
  if (attested === null) return facts;
  facts.push(...[...attested.result.checks, ...attested.checks].flatMap((check) => unmade(check)));
  for (const [name, part] of attested.submodules) facts.push(...part.checks.flatMap((check) => unmade(check, `${name}.`)));
  if (!attested.result.development) facts.push(fact("hardware", BROKEN_HARDWARE));
  return facts;
}

function unmade({ name, outcome, detail }: Check, prefix = ""): Fact[] {
  if (outcome !== "not_checked") return [];
  const known = UNMADE[name] ?? UNMADE[name.replace(/^cpu\./, "")];
  const text = known ?? `${name}: ${detail}.`;
  return [fact(prefix + name, prefix === "" ? text : `${prefix.slice(0, -1)}: ${text}`)];
}

function fact(code: string, text: string): Fact {
  return { code, text };
}
