/**
 * What a bundle is worth, part by part under one policy: as much as its worst part. `zkseal.tee.attested` in TypeScript.
 *
 * Which evidence can be of a machine and which of a device is fixed here, whatever a policy lists. An `AttestedRuntime` is
 * of production roots and under a policy of production; all else that is accepted is a `DevAttestedRuntime`.
 */

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { appraiseEvidence, type EvidenceOptions } from "./appraise.js";
import { sameBytes } from "./bytes.js";
import { type AttestationBundle, DEV_MEDIA_TYPE, MEDIA_TYPE } from "./bundle.js";
import { denied } from "./context.js";
import type { Evidence } from "./evidence.js";
import type { AppraisalPolicy } from "./policy.js";
import {
  type AttestationResult,
  type Check,
  DEV_PROFILE,
  DevAttestationResult,
  type Ear,
  EvidenceRefused,
  levelOf,
  type Platform,
} from "./result.js";
import type { RuntimeData } from "./runtime_data.js";

/** Evidence that says what runs on a machine, or in a process of it. */
const MACHINES: readonly Platform[] = [
  "sgx",
  "tdx",
  "snp",
  "nitro",
  "azure_snp",
  "azure_tdx",
  "gcp_confidential_space",
  "tpm",
  "sandbox",
];
/** Evidence of a device that answered a nonce itself. */
const DEVICES: readonly Platform[] = ["nvidia"];

type Result = AttestationResult | DevAttestationResult;

/** The EAR of a bundle: a submodule for each part. */
export type BundleEar = Ear & { readonly runtime_data: Record<string, string>; readonly media_type: string };

abstract class Attested {
  abstract readonly development: boolean;
  abstract readonly result: Result;
  abstract readonly submodules: ReadonlyMap<string, Result>;

  constructor(
    readonly runtimeData: RuntimeData,
    /** Of the bundle; those of its parts are in the results. */
    readonly checks: readonly Check[],
  ) {}

  /** An EAR with a submodule for each part. */
  toJSON(): BundleEar {
    const ear = this.result.toJSON();
    const submods = { ...ear.submods };
    const checks = [...ear.checks];
    for (const [name, part] of this.submodules) {
      const inner = part.toJSON();
      for (const appraisal of Object.values(inner.submods)) submods[name] = appraisal;
      checks.push(...inner.checks.map((check) => ({ ...check, name: `${name}.${check.name}` })));
    }
    return {
      ...ear,
      eat_profile: this.development ? DEV_PROFILE : ear.eat_profile,
      submods,
      checks: [...checks, ...this.checks],
      runtime_data: this.runtimeData.toJSON(),
      media_type: this.development ? DEV_MEDIA_TYPE : MEDIA_TYPE,
    };
  }
}

/** A production root vouches for it, under a policy of production: its answers count. */
export class AttestedRuntime extends Attested {
  readonly development = false;
  readonly result: AttestationResult;
  readonly submodules: ReadonlyMap<string, AttestationResult>;

  constructor(runtimeData: RuntimeData, checks: readonly Check[], result: Result, parts: ReadonlyMap<string, Result>) {
    super(runtimeData, checks);
    const production = new Map<string, AttestationResult>();
    for (const [name, part] of parts) {
      if (part instanceof DevAttestationResult) throw ofDevelopment("a submodule is of a development root, the machine is not");
      production.set(name, part);
    }
    if (result instanceof DevAttestationResult) throw ofDevelopment("a part of the attestation is of no production root");
    this.result = result;
    this.submodules = production;
  }
}

/** Of a development root, or under a policy that is not for keys. */
export class DevAttestedRuntime extends Attested {
  readonly development = true;

  constructor(
    runtimeData: RuntimeData,
    checks: readonly Check[],
    readonly result: Result,
    readonly submodules: ReadonlyMap<string, Result>,
  ) {
    super(runtimeData, checks);
  }
}

function ofDevelopment(reason: string): ZksealError {
  return denied("assurance", reason);
}

/**
 * Appraises all parts of a bundle, and that each is bound to the runtime data. `options.nonce` is the challenge that the
 * runtime data has to hold; without it the check `challenge` is not made, which a policy has to allow.
 *
 * Throws as `appraiseEvidence`; further checks are `challenge`, `machine`, `device`, `runtime-data`, `ceiling` and `gpus`.
 */
export function appraiseBundle(
  bundle: AttestationBundle,
  policy: AppraisalPolicy,
  options: EvidenceOptions,
): AttestedRuntime | DevAttestedRuntime {
  const { runtimeData } = bundle;
  const checks = [challengeCheck(runtimeData, options.nonce, policy)];
  const result = bound("machine", bundle.evidence, MACHINES, runtimeData, policy, options);
  checks.push(passed("runtime-data", "the evidence is bound to it"));
  if (levelOf(result.assurance) > levelOf(runtimeData.ceiling)) {
    throw denied("ceiling", `the runtime data says ${runtimeData.ceiling} at most, the evidence shows more`);
  }
  checks.push(passed("ceiling", runtimeData.ceiling));
  const submodules = new Map<string, Result>();
  for (const [name, part] of bundle.submodules) {
    submodules.set(name, submodule(name, () => bound("device", part, DEVICES, runtimeData, policy, options)));
  }
  checks.push(gpuCheck([...submodules.values()], policy));
  if (result instanceof DevAttestationResult || !policy.production) {
    return new DevAttestedRuntime(runtimeData, checks, result, submodules);
  }
  return new AttestedRuntime(runtimeData, checks, result, submodules);
}

function passed(name: string, detail = ""): Check {
  return { name, outcome: "pass", detail };
}

function challengeCheck(runtime: RuntimeData, nonce: Uint8Array | undefined, policy: AppraisalPolicy): Check {
  if (nonce !== undefined) {
    if (!sameBytes(nonce, runtime.get("nonce"))) {
      const details = { check: "challenge", expected: toHex(nonce), got: toHex(runtime.get("nonce")) };
      throw new ZksealError("NonceMismatch", "The attestation answers another challenge. Ask for a new one.", details);
    }
    return passed("challenge");
  }
  const detail = "the caller gave no nonce";
  if (!policy.fields.allow_not_checked.includes("challenge")) {
    throw denied("challenge", `the check challenge was not made (${detail}), and the policy does not allow that`);
  }
  return { name: "challenge", outcome: "not_checked", detail };
}

/** The result of one part, which is of a kind that can be a `role` and whose nonce is that of the runtime data. */
function bound(
  role: "machine" | "device",
  part: Evidence,
  platforms: readonly Platform[],
  runtime: RuntimeData,
  policy: AppraisalPolicy,
  options: EvidenceOptions,
): Result {
  if (!platforms.includes(part.platform)) throw denied(role, `evidence of ${part.platform} is not of a ${role}`);
  const result = appraiseEvidence(part, policy, { ...options, nonce: runtime.binding(part.platform, part.index) });
  // A policy may allow that the nonce is not checked, and a verifier may not know of one: here it has to be.
  if (result.checks.find((check) => check.name === "nonce")?.outcome !== "pass") {
    throw denied("runtime-data", "the evidence is not bound to the runtime data");
  }
  return result;
}

function submodule(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvidenceRefused) throw new EvidenceRefused(error, error.result, name);
    if (!(error instanceof ZksealError)) throw error;
    throw new ZksealError(error.code, error.message, { ...error.details, submodule: name }, error.remedy);
  }
}

/** Each GPU once: one that answers under two names, with a nonce for each, has one key. */
function gpuCheck(submodules: readonly Result[], policy: AppraisalPolicy): Check {
  const gpus = submodules.filter((part) => part.platform === "nvidia");
  const keys = new Set(gpus.map((part) => part.claims.get("device_key_sha256")));
  if (keys.size !== gpus.length) throw denied("gpus", "one GPU is there under two names");
  const wanted = policy.fields.composite_gpus;
  if (gpus.length < wanted) throw denied("gpus", `${gpus.length} GPUs are attested, the policy wants ${wanted}`);
  return passed("gpus", String(gpus.length));
}
