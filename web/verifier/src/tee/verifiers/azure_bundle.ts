/**
 * The bundle of an Azure confidential VM, taken apart: `_decode` of `zkseal.tee.verifiers.azure`.
 *
 * Sources: learn.microsoft.com/azure/confidential-computing/guest-attestation-confidential-virtual-machines-design;
 * Azure/azure-cvm-tooling, az-cvm-vtpm/src/hcl/mod.rs (layout).
 */

import { ZksealError } from "../../errors.js";
import { ascii, base64Bytes, hexOrUndefined, isZero, littleEndian, sameBytes, utf8, withoutPadding } from "../bytes.js";
import type { Evidence } from "../evidence.js";
import { hash, type HashName } from "../hashes.js";
import { asJson, type Json, type JsonObject } from "../json_text.js";
import { rsaOfJwk } from "../jws.js";
import { certificates, isPem } from "../pem.js";

const HCL_MAGIC = ascii("HCLA");
const HCL_HEADER_BYTES = 32;
const HARDWARE_REPORT_BYTES = 1184;
/** Kind of hardware report: its size, and where its report data stands. */
const KINDS = {
  azure_snp: { number: 2, bytes: 1184, from: 0x50, to: 0x90 },
  azure_tdx: { number: 4, bytes: 1024, from: 128, to: 192 },
} as const;
const HASHES: ReadonlyMap<number, HashName> = new Map([
  [1, "sha256"],
  [2, "sha384"],
  [3, "sha512"],
]);
const ATTESTATION_KEY = "HCLAkPub";

/** One bundle. */
export interface AzureBundle {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: readonly Uint8Array[];
  readonly hardwareReport: Uint8Array;
  readonly reportData: Uint8Array;
  readonly claimsHash: Uint8Array;
  /** SubjectPublicKeyInfo of the vTPM's attestation key. */
  readonly key: Uint8Array;
  readonly vcek: readonly Uint8Array[];
  readonly tdQuote: Uint8Array;
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}

/** Bytes of a list of numbers, of hexadecimal, or of base64 in either alphabet, as bundles have them. */
function octets(value: Json | undefined, what: string): Uint8Array {
  if (Array.isArray(value) && value.every((item): item is number => typeof item === "number" && item >= 0 && item < 256)) {
    return Uint8Array.from(value);
  }
  if (typeof value !== "string") throw invalid(`The bundle's ${what} is missing or has another form.`, what);
  const text = withoutPadding(value).replaceAll("+", "-").replaceAll("/", "_");
  return hexOrUndefined(value) ?? base64Bytes(text, what, { url: true });
}

/** An entry under one of two names; a name that is there counts, whatever it holds. */
function either(object: JsonObject, first: string, second: string): Json | undefined {
  return object.has(first) ? object.get(first) : object.get(second);
}

/** Throws `InvalidEncoding`. */
export function decodeBundle(evidence: Evidence): AzureBundle {
  const document = asJson(evidence.payload);
  const inner = document instanceof Map && document.has("evidence") ? document.get("evidence") : document;
  const quote = inner instanceof Map ? either(inner, "tpm_quote", "quote") : undefined;
  const pcrs = quote instanceof Map ? quote.get("pcrs") : undefined;
  if (!(inner instanceof Map) || !(quote instanceof Map) || !Array.isArray(pcrs)) {
    throw invalid("This is no bundle of an Azure VM.", "bundle");
  }
  const hcl = octets(either(inner, "hcl_report", "report"), "HCL report");
  const decoded = decodeHcl(hcl, evidence.platform === "azure_tdx" ? "azure_tdx" : "azure_snp");
  return {
    message: octets(quote.get("message"), "quote"),
    signature: octets(quote.get("signature"), "signature"),
    pcrs: pcrs.map((value) => octets(value, "PCR")),
    ...decoded,
    vcek: leafOf(inner.get("vcek")),
    tdQuote: inner.has("td_quote") ? octets(inner.get("td_quote"), "TD quote") : new Uint8Array(),
  };
}

function leafOf(vcek: Json | undefined): readonly Uint8Array[] {
  if (typeof vcek === "string" && isPem(utf8(vcek))) return certificates(utf8(vcek));
  // What Python takes for false stands for nothing.
  if (isEmpty(vcek)) return [];
  const leaf = octets(vcek, "VCEK");
  return leaf.length > 0 ? certificates(leaf) : [];
}

function isEmpty(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value instanceof Map ? value.size === 0 : !value;
}

/** Hardware report, its report data, and hash and key of the runtime claims. */
function decodeHcl(
  hcl: Uint8Array,
  platform: keyof typeof KINDS,
): Pick<AzureBundle, "hardwareReport" | "reportData" | "claimsHash" | "key"> {
  const expected = KINDS[platform];
  const hardware = hcl.subarray(HCL_HEADER_BYTES, HCL_HEADER_BYTES + HARDWARE_REPORT_BYTES);
  if (!sameBytes(hcl.subarray(0, 4), HCL_MAGIC) || hardware.length !== HARDWARE_REPORT_BYTES) {
    throw invalid("The HCL report does not begin as one.", "HCL report");
  }
  const tail = hcl.subarray(HCL_HEADER_BYTES + HARDWARE_REPORT_BYTES);
  const [kind = 0, hashType = 0, size = 0] = [2, 3, 4].map((index) => littleEndian(tail.subarray(4 * index, 4 * index + 4)));
  const claims = tail.subarray(20, 20 + size);
  const name = HASHES.get(hashType);
  if (kind !== expected.number || name === undefined || claims.length !== size || !isZero(tail.subarray(20 + size))) {
    throw invalid("The HCL report is of another kind, or not complete.", "HCL report");
  }
  const hardwareReport = hardware.subarray(0, expected.bytes);
  return {
    hardwareReport,
    reportData: hardwareReport.subarray(expected.from, expected.to),
    claimsHash: hash(name, claims),
    key: attestationKey(claims),
  };
}

function attestationKey(claims: Uint8Array): Uint8Array {
  const document = asJson(claims);
  const keys = document instanceof Map ? document.get("keys") : undefined;
  const named = (Array.isArray(keys) ? keys : []).filter((key): key is JsonObject => {
    return key instanceof Map && key.get("kid") === ATTESTATION_KEY;
  });
  const [key] = named;
  if (key === undefined || named.length !== 1 || key.get("kty") !== "RSA") {
    throw invalid("The runtime claims hold no attestation key.", ATTESTATION_KEY);
  }
  return rsaOfJwk(key);
}
