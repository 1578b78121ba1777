/**
 * AMD SEV-SNP: the report, and what a policy says of guest policy, levels and privilege. `zkseal.tee.verifiers.snp`.
 *
 * Sources: SEV-SNP Firmware ABI 56860 (guest policy, table 10; report, table 23).
 */

import type { Value, ValueMap } from "../../cbor.js";
import { ZksealError } from "../../errors.js";
import { bytesOf, integerOf } from "../../fields.js";
import { toHex } from "../../hex.js";
import { addClaims, hexadecimal } from "../claims.js";
import { checkChip, checkNonce, checkReferences, checkRevocation, type Context, CORE, denied, type Finding } from "../context.js";
import { attestSnp } from "../native.js";
import type { Checks } from "../result.js";

export const ANNOUNCED = [
  ...CORE,
  "tcb",
  "debug",
  "migration",
  "vmpl",
  "tcb-floor",
  "tcb-committed",
  "nonce",
  "reference-values",
  "chips",
];

const MIGRATION_AGENT_BIT = 18n;
const DEBUG_BIT = 19n;

/** Verifies and appraises a report; the leaf is the first certificate given. */
export function verify(context: Context, found: Finding): void {
  const { payload, endorsements } = context.evidence;
  const report = authenticate(context, found, payload, endorsements.certificates);
  checkNonce(found.checks, context, bytesOf(report.get("report_data"), "Report data"), 64);
  const claims = [...report].flatMap(([name, value]): [string, string][] =>
    value instanceof Uint8Array ? [[name, toHex(value)]] : [],
  );
  checkReferences(found.checks, context, "snp", new Map(claims));
  checkChip(found.checks, context, [chipOf(report)]);
}

/** The identifier of the chip, in hexadecimal. */
export function chipOf(report: ValueMap): string {
  return toHex(bytesOf(report.get("chip_id"), "A chip"));
}

/** All but nonce, references and chips, for Azure's bundles too. */
export function authenticate(
  context: Context,
  found: Finding,
  payload: Uint8Array,
  certificates: readonly Uint8Array[],
): ValueMap {
  const { checks } = found;
  const { fields: policy } = context.policy;
  const { claims: report, chain } = checks.core([...CORE, "tcb"], () => {
    const [leaf, ...others] = certificates;
    if (leaf === undefined) {
      const text = "An SNP report comes with its VCEK or VLEK certificate; give it.";
      throw new ZksealError("InvalidEncoding", text, { reason: "leaf" });
    }
    return attestSnp(payload, leaf, {
      intermediates: others.length > 0 ? others : context.roots.amdAuthorities,
      roots: context.roots.amd,
      revocationLists: context.evidence.endorsements.revocationLists,
      now: context.now,
    });
  });
  found.chain = chain.path;
  checkRevocation(checks, [report.get("revocation_checked") === true], "no revocation list of the ARK was given");
  found.assurance = "hardware";
  addClaims(found.claims, [...report].map(([name, value]) => [name, hexadecimal(value)]));
  const guest = BigInt(integerOf(report.get("policy"), "A guest policy"));
  const debug = ((guest >> DEBUG_BIT) & 1n) === 1n;
  found.claims.set("debug", debug);
  found.claims.set("certificate_window", [chain.notBefore, chain.notAfter]);

  checks.require("debug", !debug, denied("debug", "the guest policy allows debugging (bit 19)"));
  const migrates = ((guest >> MIGRATION_AGENT_BIT) & 1n) === 1n && !policy.snp_allow_migration_agent;
  checks.require("migration", !migrates, denied("migration", "the guest policy allows a migration agent (bit 18)"));
  const vmpl = Number(integerOf(report.get("vmpl"), "A privilege level"));
  const text = `the report is of privilege level ${vmpl}, the policy accepts ${policy.snp_max_vmpl}`;
  checks.require("vmpl", vmpl <= policy.snp_max_vmpl, denied("vmpl", text), String(vmpl));
  checkFloor(checks, context, report);
  checkCommitted(checks, context, report);
  return report;
}

/** Levels of a TCB by part; a part that this product does not have is null. */
function levels(report: ValueMap, which: "reported" | "committed" | "launch"): ReadonlyMap<string, Value> {
  const tcb = report.get(`${which}_tcb`);
  return tcb instanceof Map ? tcb : new Map<string, Value>();
}

function checkFloor(checks: Checks, context: Context, report: ValueMap): void {
  const [product = ""] = String(report.get("product")).split("-");
  const floors = context.policy.fields.snp_min_tcb;
  const name = product.toLowerCase();
  const floor = Object.entries(Object.hasOwn(floors, name) ? (floors[name] ?? {}) : {});
  if (floor.length === 0) {
    checks.skipped("tcb-floor", `the policy has no levels for ${name === "" ? "this product" : name}`);
    return;
  }
  const low = (["reported", "launch"] as const).flatMap((which) =>
    floor
      .filter(([part, least]) => Number(levels(report, which).get(part) ?? 0) < least)
      .map(([part, least]) => {
        const level = levels(report, which).get(part) ?? "None";
        return `${part} of the ${which} TCB is ${String(level)}, the policy wants ${least}`;
      }),
  );
  checks.require("tcb-floor", low.length === 0, denied("tcb-floor", low.join("; ") || "-"));
}

/** Firmware can go back to what is committed: the reported TCB then says nothing of tomorrow. */
function checkCommitted(checks: Checks, context: Context, report: ValueMap): void {
  const committed = levels(report, "committed");
  const behind = PARTS.filter((part) => Number(committed.get(part) ?? 0) < Number(levels(report, "reported").get(part) ?? 0));
  const text = `the platform can go back below its reported TCB in ${behind.join(", ")}`;
  const allowed = behind.length === 0 || context.policy.fields.snp_allow_provisional;
  checks.require("tcb-committed", allowed, denied("tcb-committed", text), behind.length > 0 ? text : "");
}

/** In the order of the certificate's extensions. */
const PARTS = ["boot_loader", "tee", "snp", "microcode", "fmc"];
