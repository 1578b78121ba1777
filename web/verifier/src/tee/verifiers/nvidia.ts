/**
 * NVIDIA GPUs and NVSwitches: the SPDM report, its driver and VBIOS, and measurements against manifests.
 * `zkseal.tee.verifiers.nvidia` in TypeScript.
 *
 * Evidence is a report as bytes or hexadecimal with its certificates, or the JSON list of NVIDIA/attestation-sdk with one
 * entry for each device. Fields of the opaque data: NVIDIA/nvtrust, `spdm_msrt_resp_msg.py`.
 *
 * A report does not say on which machine the GPU is: bind its nonce to the CPU's report data.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import type { ValueMap } from "../../cbor.js";
import { ZksealError } from "../../errors.js";
import { bytesOf, listOf } from "../../fields.js";
import { toHex } from "../../hex.js";
import { base64Bytes, hexOrUndefined, indexOf, startsWith } from "../bytes.js";
import { addClaims } from "../claims.js";
import {
  checkChip,
  checkNonce,
  checkReferences,
  checkRevocation,
  type Context,
  CORE,
  denied,
  type Finding,
} from "../context.js";
import { asJson } from "../json_text.js";
import { attestSpdm, type Chain } from "../native.js";
import { certificates } from "../pem.js";
import { numbered } from "./nitro.js";
import { authenticate, type Rim } from "./rim.js";

export const ANNOUNCED = [
  ...CORE,
  "firmware-id",
  "debug",
  "driver",
  "gpu-count",
  "rim",
  "nonce",
  "reference-values",
  "chips",
];

const GET_MEASUREMENTS = Uint8Array.of(0x11, 0xe0);
const DRIVER = "3";
const VBIOS = "6";
const FIRMWARE_ID = "20";
/** DiceTcbInfo and MultiTcbInfo (TCG DICE Attestation Architecture, 6.1): hold the digest of the firmware with the key. */
const DICE_TCB_INFO = ["2.23.133.5.4.1", "2.23.133.5.4.1.1"];

/** Verifies and appraises one report. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const { report, chain, count } = checks.core(CORE, () => authenticateReport(context));
  found.chain = chain.path;
  checkRevocation(checks, chain.revocationChecked, "no revocation list was given; NVIDIA revokes by OCSP");
  found.assurance = "hardware";
  const opaque = fieldsOf(report);
  const driver = textOf(opaque.get(DRIVER));
  const vbios = vbiosOf(opaque.get(VBIOS) ?? new Uint8Array());
  const nonce = bytesOf(report.get("nonce"), "A nonce");
  const measurements = numbered(report.get("measurements"));
  const measured = new Map([...measurements].map(([index, value]) => [index, toHex(value)]));
  const leaf = chain.path[0]?.subject ?? "";
  addClaims(found.claims, [
    ["nonce", toHex(nonce)],
    ["measurements", new Map(measured)],
    ["driver", driver],
    ["vbios", vbios],
    ["leaf", leaf],
    ["device_key_sha256", toHex(sha256(chain.publicKey))],
  ]);
  checkFirmware(found, chain, opaque.get(FIRMWARE_ID) ?? new Uint8Array());
  checks.skipped("debug", "a report does not say whether its device is in development mode; ask the driver");
  checkDriver(context, found, driver);
  const wanted = context.policy.fields.nvidia_gpu_count;
  const other = denied("gpu-count", `${count} devices instead of ${wanted}`);
  checks.require("gpu-count", wanted === 0 || wanted === count, other, String(count));
  checkRims(context, found, driver, vbios, measured);
  checkNonce(checks, context, nonce);
  const values = new Map([["driver", driver], ["vbios", vbios.toLowerCase()], ...measured]);
  checkReferences(checks, context, "nvidia", values);
  checkChip(checks, context, [toHex(chain.serial), leaf]);
}

function authenticateReport(context: Context): { report: ValueMap; chain: Chain; count: number } {
  const [bytes, intermediates, count] = decode(context);
  const { claims, chain } = attestSpdm(bytes, {
    intermediates,
    roots: context.roots.nvidiaDevice,
    revocationLists: context.evidence.endorsements.revocationLists,
    now: context.now,
  });
  return { report: claims, chain, count };
}

/** Opaque fields by kind; of several of one kind the first. */
function fieldsOf(report: ValueMap): ReadonlyMap<string, Uint8Array> {
  return numbered([...listOf(report.get("opaque"), "Opaque fields")].reverse());
}

/** ASCII without zeros behind it; other bytes become U+FFFD. */
function textOf(value: Uint8Array | undefined): string {
  const bytes = value ?? new Uint8Array();
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return Array.from(bytes.subarray(0, end), (byte) => (byte < 0x80 ? String.fromCharCode(byte) : "\ufffd")).join("");
}

/** As NVIDIA writes it, such as 96.00.A5.00.01: four bytes backwards, then the next. A switch sends it as text. */
function vbiosOf(value: Uint8Array): string {
  if (value.length > 8) return textOf(value);
  const bytes = [...value.slice(0, 4).reverse(), ...value.slice(4, 5)];
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(".");
}

/** Report, certificates leaf first, and how many devices the evidence has. */
function decode(context: Context): [Uint8Array, readonly Uint8Array[], number] {
  const { payload, index, endorsements } = context.evidence;
  const document = asJson(payload);
  if (Array.isArray(document)) {
    const entry = document[index];
    if (!(entry instanceof Map)) {
      const text = `The evidence has ${document.length} devices, not one of index ${index}.`;
      throw new ZksealError("InvalidEncoding", text, { reason: "index" });
    }
    const chain = certificates(base64Bytes(entry.get("certificate"), "certificate chain"));
    return [base64Bytes(entry.get("evidence"), "report"), chain, document.length];
  }
  if (startsWith(payload, GET_MEASUREMENTS)) return [payload, endorsements.certificates, 1];
  const ascii = payload.every((byte) => byte < 0x80);
  const report = ascii ? hexOrUndefined(new TextDecoder().decode(payload).trim()) : undefined;
  if (report === undefined) {
    throw new ZksealError("InvalidEncoding", "The report is neither bytes nor hexadecimal.", { reason: "report" });
  }
  return [report, endorsements.certificates, 1];
}

function checkFirmware(found: Finding, chain: Chain, firmware: Uint8Array): void {
  if (firmware.length === 0) {
    found.checks.skipped("firmware-id", "the report names no firmware");
    return;
  }
  const certified = DICE_TCB_INFO.some((oid) => indexOf(chain.extensions.get(oid) ?? new Uint8Array(), firmware) >= 0);
  const text = "The certificate is of another firmware than the report names.";
  found.checks.require("firmware-id", certified, new ZksealError("UntrustedRoot", text, { reason: "firmware" }));
}

function checkDriver(context: Context, found: Finding, driver: string): void {
  const least = context.policy.fields.nvidia_min_driver;
  if (driver === "") {
    found.checks.skipped("driver", "the report names no driver");
    return;
  }
  const recent = compareVersions(driver, least) >= 0;
  found.checks.require("driver", recent, denied("driver", `driver ${driver} is below ${least}`), driver);
}

/** Part by part; a part that is no number is zero, and a version that goes on is the later one. */
function compareVersions(left: string, right: string): number {
  const parts = (text: string): bigint[] => text.split(".").map((part) => (/^[0-9]+$/.test(part) ? BigInt(part) : 0n));
  const [a, b] = [parts(left), parts(right)];
  for (const [index, part] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}

/** `rim`: every active measurement of the manifests has one of its values, and both firmwares have a manifest. */
function checkRims(
  context: Context,
  found: Finding,
  driver: string,
  vbios: string,
  measured: ReadonlyMap<string, string>,
): void {
  const { checks } = found;
  const { rims } = context.evidence.endorsements;
  if (rims.length === 0) {
    checks.skipped("rim", "no manifest (RIM) was given");
    return;
  }
  let manifests: readonly Rim[];
  try {
    manifests = rims.map((document) => authenticate(context, document)[0]);
    for (const rim of manifests) compare(rim, [driver, vbios], measured);
  } catch (error) {
    if (!(error instanceof ZksealError)) throw error;
    checks.failed("rim", error);
    return;
  }
  const missing = [driver, vbios].filter((version) => version !== "" && !manifests.some((rim) => rim.version === version));
  if (missing.length > 0) checks.skipped("rim", `no manifest of ${missing.join(", ")} was given`);
  else checks.passed("rim", manifests.map((rim) => `${rim.product} ${rim.version}`).join(", "));
}

/** Compares measurements with a manifest of the running firmware. Throws `MeasurementMismatch`. */
function compare(rim: Rim, versions: readonly string[], measured: ReadonlyMap<string, string>): void {
  if (!versions.includes(rim.version)) {
    const text = `The manifest is of ${rim.version}, which does not run.`;
    throw new ZksealError("MeasurementMismatch", text, { claim: "version", got: rim.version });
  }
  for (const [index, accepted] of rim.measurements) {
    const got = measured.get(index) ?? "";
    if (accepted.includes(got)) continue;
    const text = `Measurement ${index} is none of the values of ${rim.product} ${rim.version}.`;
    throw new ZksealError("MeasurementMismatch", text, { claim: index, got });
  }
}
