/**
 * Policies: what of a vendor's evidence is enough. `zkseal.tee.policy` in TypeScript; a document is what the TOML holds, as
 * JSON, and may extend a shipped policy. Equal policies have equal digests in both languages.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { utf8 } from "./bytes.js";
import { SHIPPED_POLICIES } from "./policies.generated.js";
import { type Assurance, isAssurance, isPlatform, isProduction, type Platform } from "./result.js";

const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "TDRelaunchAdvised",
  "TDRelaunchAdvisedConfigurationNeeded",
];
const SNP_PARTS = ["boot_loader", "tee", "snp", "microcode", "fmc"];

type Texts = readonly string[];
type Levels = Readonly<Record<string, number>>;

/** The fields of a policy, with the names of the TOML file. `zkseal/tee/policies/schema.json` describes each. */
interface Fields {
  name: string;
  description: string;
  platforms: Texts;
  min_assurance: string;
  allow_development_roots: boolean;
  /** Checks, by name, that may stay unmade; `platform.check` for one platform only. */
  allow_not_checked: Texts;
  max_age_s: number;
  clock_skew_s: number;
  /** For each claim (`snp.measurement`, `nitro.pcr0`) the accepted values. */
  references: Readonly<Record<string, Texts>>;
  chips: Texts;
  intel_tcb_statuses: Texts;
  intel_reject_advisories: Texts;
  intel_min_tcb_evaluation: number;
  intel_allow_service_td: boolean;
  intel_allow_smt: boolean;
  snp_min_tcb: Readonly<Record<string, Levels>>;
  snp_max_vmpl: number;
  snp_allow_migration_agent: boolean;
  snp_allow_provisional: boolean;
  azure_allow_sept_ve: boolean;
  nvidia_min_driver: string;
  nvidia_gpu_count: number;
  confidential_space_audience: string;
  composite_gpus: number;
  sandbox_issuers: Texts;
  tpm_trusted_keys: Readonly<Record<string, string>>;
}

/** The strictest values: what a policy that extends none begins with. */
const STRICTEST: Readonly<Fields> = {
  name: "",
  description: "",
  platforms: [],
  min_assurance: "vtpm_cloud",
  allow_development_roots: false,
  allow_not_checked: [],
  max_age_s: 300,
  clock_skew_s: 60,
  references: {},
  chips: [],
  intel_tcb_statuses: ["UpToDate"],
  intel_reject_advisories: [],
  intel_min_tcb_evaluation: 0,
  intel_allow_service_td: false,
  intel_allow_smt: true,
  snp_min_tcb: {},
  snp_max_vmpl: 0,
  snp_allow_migration_agent: false,
  snp_allow_provisional: false,
  azure_allow_sept_ve: false,
  nvidia_min_driver: "0",
  nvidia_gpu_count: 0,
  confidential_space_audience: "",
  composite_gpus: 0,
  sandbox_issuers: [],
  tpm_trusted_keys: {},
};

// Tables of the file; keys inside `[intel]` are the fields `intel_...`.
const TABLES = ["intel", "snp", "azure", "nvidia", "confidential_space", "tpm", "composite", "sandbox"];

export type PolicyValue = null | boolean | number | string | readonly PolicyValue[] | { readonly [name: string]: PolicyValue };
export type PolicyDocument = { readonly [name: string]: PolicyValue };

/** A policy that was read. `policyOf` and `loadPolicy` make them, and nothing else. */
export class AppraisalPolicy {
  /** SHA-256 of the policy's content in one canonical JSON form. */
  readonly digest: Uint8Array;

  readonly fields: Readonly<Fields>;

  private constructor(fields: Fields) {
    // The digest stays that of the fields: a policy is nobody's to change, nor are the lists that it shares with others.
    this.fields = frozen(structuredClone(fields));
    this.digest = sha256(utf8(canonicalJson(this.fields as unknown as PolicyValue)));
    Object.freeze(this);
  }

  get name(): string {
    return this.fields.name;
  }

  /** The least assurance that is enough. */
  get minAssurance(): Assurance {
    return this.fields.min_assurance.toLowerCase() as Assurance;
  }

  /** Whether keys may follow from what it accepts. */
  get production(): boolean {
    return isProduction(this.minAssurance) && !this.fields.allow_development_roots;
  }

  /** Name and digest. */
  get policyId(): string {
    return `${this.name}@sha256:${toHex(this.digest)}`;
  }

  /** Whether `check` may be `not_checked`. */
  allowsUnmade(platform: Platform, check: string): boolean {
    return this.fields.allow_not_checked.some((name) => name === check || name === `${platform}.${check}`);
  }

  /** A policy of what TOML holds. Throws `InvalidEncoding`; nothing is guessed. */
  static of(document: PolicyDocument): AppraisalPolicy {
    const { extends: base, ...own } = document;
    const values: Fields = { ...(base === undefined ? STRICTEST : baseOf(base).fields) };
    for (const [name, value] of flattened(own)) {
      if (!Object.hasOwn(STRICTEST, name)) throw fail(`there is no key ${name}`);
      const key = name as keyof Fields;
      Object.assign(values, { [key]: converted(key, value) });
    }
    if (!Object.hasOwn(own, "name")) throw fail("it has no name");
    check(values);
    return new AppraisalPolicy(values);
  }
}

/** A policy from what TOML holds, as JSON. Throws `InvalidEncoding`. */
export function policyOf(document: PolicyDocument): AppraisalPolicy {
  return AppraisalPolicy.of(document);
}

/** Names of the policies that come with zkseal. */
export function shippedPolicies(): readonly string[] {
  return Object.keys(SHIPPED_POLICIES).sort();
}

/** A policy that comes with zkseal. Throws `InvalidEncoding` for another name. */
export function loadPolicy(name = "production"): AppraisalPolicy {
  return baseOf(name);
}

function baseOf(name: PolicyValue): AppraisalPolicy {
  const document = typeof name === "string" && Object.hasOwn(SHIPPED_POLICIES, name) ? SHIPPED_POLICIES[name] : undefined;
  if (document === undefined) throw fail(`it extends '${String(name)}'; shipped are ${shippedPolicies().join(", ")}`);
  return AppraisalPolicy.of(document);
}

function fail(reason: string): ZksealError {
  const remedy = "Compare it with `zkseal/tee/policies/schema.json`.";
  return new ZksealError("InvalidEncoding", `The policy is not accepted: ${reason}.`, { reason }, remedy);
}

/** Whether a value is a table of TOML. */
export function isTable(value: PolicyValue | undefined): value is { readonly [name: string]: PolicyValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: PolicyValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isLevel(value: PolicyValue | undefined): boolean {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

function* flattened(document: PolicyDocument): Generator<[string, PolicyValue]> {
  for (const [key, value] of Object.entries(document)) {
    if (TABLES.includes(key)) {
      if (!isTable(value)) throw fail(`${key} is no table`);
      for (const [inner, entry] of Object.entries(value)) yield [`${key}_${inner}`, entry];
    } else if (TABLES.some((table) => key.startsWith(`${table}_`))) {
      throw fail(`${key} belongs into a table`);
    } else {
      yield [key, value];
    }
  }
}

/** `value` in the type that the field has. */
function converted(name: keyof Fields, value: PolicyValue): PolicyValue {
  const kind: PolicyValue = STRICTEST[name];
  if (typeof kind === "boolean" || typeof kind === "string") {
    if (typeof value !== typeof kind) throw fail(`${name} is no ${typeof kind === "string" ? "text" : "bool"}`);
    return value;
  }
  if (typeof kind === "number") {
    if (!isLevel(value) || Number(value) < 0) throw fail(`${name} is no int`);
    return value;
  }
  if (Array.isArray(kind)) {
    if (!isTexts(value)) throw fail(`${name} is no list of texts`);
    return value;
  }
  if (!isTable(value)) throw fail(`${name} is no table`);
  if (name === "references") return lowered(value);
  if (name === "snp_min_tcb") checkLevels(value);
  return value;
}

function lowered(references: PolicyDocument): PolicyDocument {
  const entries = Object.entries(references).map(([claim, accepted]): [string, PolicyValue] => {
    if (!isTexts(accepted)) throw fail("a reference has no list of texts");
    return [claim, accepted.map((text) => text.toLowerCase())];
  });
  return Object.fromEntries(entries);
}

function checkLevels(floors: PolicyDocument): void {
  for (const floor of Object.values(floors)) {
    if (!isTable(floor) || !Object.values(floor).every(isLevel)) {
      throw fail("snp.min_tcb is no table of tables of levels");
    }
    if (Object.keys(floor).some((part) => !SNP_PARTS.includes(part))) throw fail("snp.min_tcb names a part that there is not");
  }
}

function check(policy: Fields): void {
  for (const accepted of Object.values(policy.references)) {
    // A claim that is absent reads as an empty text.
    if (accepted.length === 0 || accepted.includes("")) {
      throw fail("a reference is no tuple of texts, or one of them is empty");
    }
  }
  if (!Object.values(policy.tpm_trusted_keys).every((level) => typeof level === "string" && isAssurance(level.toLowerCase()))) {
    throw fail("tpm.trusted_keys names an assurance that there is not");
  }
  if (!isAssurance(policy.min_assurance.toLowerCase())) throw fail(`there is no assurance ${policy.min_assurance}`);
  refuseUnknown("platforms", policy.platforms, isPlatform);
  refuseUnknown("TCB statuses", policy.intel_tcb_statuses, (status) => TCB_STATUSES.includes(status));
}

function refuseUnknown(what: string, names: Texts, known: (name: string) => boolean): void {
  const unknown = [...new Set(names)].filter((name) => !known(name)).sort();
  if (unknown.length > 0) throw fail(`there are no ${what} [${unknown.map((name) => `'${name}'`).join(", ")}]`);
}

/** What `json.dumps(.., sort_keys=True, separators=(",", ":"))` of Python writes of texts, integers, lists and tables. */
export function canonicalJson(value: PolicyValue): string {
  if (typeof value === "string") return asciiJson(value);
  if (Array.isArray(value)) return `[${value.map((item: PolicyValue) => canonicalJson(item)).join(",")}]`;
  if (!isTable(value)) return String(value);
  const names = Object.keys(value).sort(byCodePoint);
  return `{${names.map((name) => `${asciiJson(name)}:${canonicalJson(value[name] ?? null)}`).join(",")}}`;
}

function asciiJson(text: string): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[^ -~]/g, escape);
}

/** Python orders texts by code points, JavaScript by halves of them. */
function byCodePoint(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  const at = a.findIndex((character, index) => character !== b[index]);
  if (at < 0) return a.length - b.length;
  return (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? -1);
}
