/**
 * Azure confidential VMs: a vTPM whose key the hardware report vouches for (paravisor, "HCL"). `zkseal.tee.verifiers.azure`.
 *
 * The report of SNP or TDX was made at boot by the paravisor. Its report data is the hash of runtime claims, a JSON that
 * holds the vTPM's attestation key; this key signs a quote with the caller's nonce. So hardware vouches for the key, and the
 * key for PCRs and nonce. For TDX the paravisor's report becomes a quote on request, beside it.
 */

import { ZksealError } from "../../errors.js";
import { padEnd, sameBytes } from "../bytes.js";
import { checkChip, checkNonce, checkReferences, type Context, type Finding, newFinding } from "../context.js";
import { Checks, Rejected } from "../result.js";
import { said } from "../said.js";
import { type Attest, decodeAttest } from "../tpm_structures.js";
import { type AzureBundle, decodeBundle } from "./azure_bundle.js";
import * as intel from "./intel.js";
import * as snp from "./snp.js";
import { checkQuote, quotedPcrs } from "./tpm.js";

const CPU = "cpu.";
const OWN = ["nonce", "reference-values", "chips"];
/** Checks of the hardware report that the bundle repeats as its own. */
const OF_HARDWARE = ["chain", "validity", "revocation", "debug"];
export const ANNOUNCED = [
  "format",
  "hcl-binding",
  "signature",
  "pcr-digest",
  ...OF_HARDWARE,
  "nonce",
  "reference-values",
  "chips",
];

/** Verifies and appraises a bundle. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const [bundle, attest] = checks.core(["format"], (): [AzureBundle, Attest] => {
    const decoded = decodeBundle(context.evidence);
    return [decoded, decodeAttest(decoded.message)];
  });
  if (!sameBytes(padEnd(bundle.claimsHash, 64), bundle.reportData)) {
    const text = "The hardware report vouches for another vTPM key.";
    checks.failed("hcl-binding", new ZksealError("SignatureRejected", text, { reason: "runtime claims" }));
    throw new Rejected();
  }
  checks.passed("hcl-binding");
  const signature = { scheme: "RS256", value: bundle.signature };
  checkQuote(found, bundle.key, bundle.message, signature, attest, bundle.pcrs);
  const cpu = newFinding(new Checks(announcedOfCpu(context), CPU));
  let chips: readonly string[];
  try {
    chips = verifyHardware(context, cpu, bundle);
  } finally {
    checks.absorb(cpu.checks);
    found.claims.set("cpu", cpu.claims);
    found.chain = cpu.chain;
  }
  found.assurance = cpu.assurance;
  // The hardware report closes the chain of the key.
  for (const name of OF_HARDWARE) {
    if (cpu.checks.outcome(name) === "pass") checks.passed(name, "as the hardware report");
    else checks.skipped(name, "not passed for the hardware report");
  }
  checkNonce(checks, context, attest.extraData);
  checkMeasurements(context, found, cpu);
  checkChip(checks, context, chips);
}

/** `reference-values`: PCRs count only under a known paravisor. Any guest can carry a vTPM of its owner's making. */
function checkMeasurements(context: Context, found: Finding, cpu: Finding): void {
  const { checks } = found;
  const { platform } = context.evidence;
  const values = quotedPcrs(found);
  for (const [name, value] of cpu.claims) values.set(CPU + name, said(value));
  checkReferences(checks, context, platform, values);
  // What the hardware measured at the start of the guest: the paravisor, whose word the vTPM is.
  const needed = `${platform}.${platform === "azure_snp" ? "cpu.measurement" : "cpu.mr_td"}`;
  if (checks.outcome("reference-values") === "pass" && !Object.hasOwn(context.policy.fields.references, needed)) {
    checks.skipped("reference-values", `the policy has no ${needed}, without which PCRs are anybody's`);
  }
}

function announcedOfCpu(context: Context): readonly string[] {
  const verifier = context.evidence.platform === "azure_snp" ? snp : intel;
  return verifier.ANNOUNCED.filter((name) => !OWN.includes(name));
}

/** Authenticates the hardware report and returns identifiers of its chip. */
function verifyHardware(context: Context, cpu: Finding, bundle: AzureBundle): readonly string[] {
  const { platform, endorsements } = context.evidence;
  if (platform === "azure_snp") {
    const certificates = [...bundle.vcek, ...endorsements.certificates];
    return [snp.chipOf(snp.authenticate(context, cpu, bundle.hardwareReport, certificates))];
  }
  const quote = intel.authenticate(context, cpu, bundle.tdQuote, endorsements.collateral);
  if (!sameBytes(intel.reportDataOf(quote), bundle.reportData)) {
    const text = "The quote is of another report.";
    cpu.checks.failed("signature", new ZksealError("SignatureRejected", text, { reason: "report data" }));
    throw new Rejected();
  }
  return quote.chips;
}
