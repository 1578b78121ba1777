/**
 * Evidence from the bytes of its file and of files that come with it, whose kinds are told by their content. For people; a
 * program names the platform. `read_evidence` of `zkseal.tee.evidence` in TypeScript.
 */

import { ZksealError } from "../errors.js";
import { ascii, indexOf, littleEndian, startsWith } from "./bytes.js";
import { type Endorsements, type Evidence, evidenceOf, NO_ENDORSEMENTS } from "./evidence.js";
import { asJson, type Json } from "./json_text.js";
import { isPem, pemBlocks, trimStart } from "./pem.js";
import type { Platform } from "./result.js";

const SNP_REPORT_BYTES = 0x4a0;
const TPM_QUOTE = Uint8Array.of(0xff, 0x54, 0x43, 0x47, 0x80, 0x18);
const TDX_TYPE = 0x81;
/** A list of revoked certificates begins, inside, with a version as an integer; a certificate with [0]. */
const LIST_VERSION = Uint8Array.of(2, 1, 1);
const EVENT_LOG = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0);

export interface ReadOptions {
  /** Which kind of evidence it is; told by its content if left out. */
  readonly platform?: Platform;
  /** Picks a device of a list. */
  readonly index?: number;
}

/** Throws `InvalidEncoding`: nothing known looks like this. */
export function readEvidence(payload: Uint8Array, others: readonly Uint8Array[] = [], options: ReadOptions = {}): Evidence {
  const platform = options.platform ?? platformOf(payload);
  if (platform === undefined) {
    throw invalid("No evidence that is known here looks like this. Name the platform.", "platform");
  }
  return evidenceOf(platform, payload, others.reduce(added, NO_ENDORSEMENTS), options.index ?? 0);
}

function platformOfJson(document: Json | undefined): Platform | undefined {
  if (Array.isArray(document)) {
    const [first] = document;
    if (Array.isArray(first) && first[0] === "JWT") return "nvidia_nras";
    return first instanceof Map && first.has("evidence") ? "nvidia" : undefined;
  }
  if (!(document instanceof Map)) return undefined;
  const inner = document.has("evidence") ? document.get("evidence") : document;
  if (!(inner instanceof Map) || !(inner.has("tpm_quote") || inner.has("quote"))) return undefined;
  return inner.has("td_quote") ? "azure_tdx" : "azure_snp";
}

function platformOf(payload: Uint8Array): Platform | undefined {
  const found = platformOfJson(asJson(payload));
  if (found !== undefined) return found;
  const text = trimStart(payload);
  const [first, second, third, fourth] = payload;
  if (isToken(text)) return "gcp_confidential_space";
  if (text[0] === 0x3c && indexOf(text.subarray(0, 2000), ascii("SoftwareIdentity")) >= 0) return "nvidia_rim";
  if ((first === 0x11 && second === 0xe0) || (first === 0x31 && second === 0x31)) return "nvidia";
  if (startsWith(payload, TPM_QUOTE) || first === 0x0a) return "tpm";
  if (payload.length === SNP_REPORT_BYTES && first !== undefined && first >= 2 && first < 6) return "snp";
  if (first !== undefined && first >= 3 && first <= 5 && second === 0 && third === 2 && fourth === 0) {
    return littleEndian(payload.subarray(4, 8)) === TDX_TYPE ? "tdx" : "sgx";
  }
  return first === 0x84 || first === 0xd2 ? "nitro" : undefined;
}

/** Three parts of base64url. */
function isToken(text: Uint8Array): boolean {
  return text.every((byte) => byte < 0x80) && /^[\w-]+\.[\w-]+\.[\w-]+\s*$/.test(new TextDecoder().decode(text));
}

/** `found` with one more file. */
function added(found: Endorsements, data: Uint8Array): Endorsements {
  if (isPem(data)) return pemBlocks(data).reduce(withBlock, found);
  const document = asJson(data);
  if (document instanceof Map && document.has("tcb_info")) {
    return { ...found, collateral: new TextDecoder().decode(data) };
  }
  if (document instanceof Map && document.has("keys")) {
    const text = "A key set is a trust anchor, which does not come with evidence: give it as `Roots.nrasJwks`.";
    throw invalid(text, "JWKS");
  }
  if (trimStart(data)[0] === 0x3c) return { ...found, rims: [...found.rims, data] };
  if (data[0] === 0x30) return withDer(found, data);
  if ([0x18, 0x14].some((kind) => startsWith(data, Uint8Array.of(0, kind, 0, 0x0b)))) return { ...found, signature: data };
  if (startsWith(data, EVENT_LOG)) return { ...found, eventLog: data };
  if (data[4] === 0x0b && data[5] === 0) return { ...found, pcrs: pcrValues(data) };
  throw invalid("A file that comes with the evidence is of no kind that is known here.", "endorsement");
}

function withBlock(found: Endorsements, [label, der]: [string, Uint8Array]): Endorsements {
  if (label === "CERTIFICATE") return { ...found, certificates: [...found.certificates, der] };
  if (label === "X509 CRL") return { ...found, revocationLists: [...found.revocationLists, der] };
  return label === "PUBLIC KEY" ? { ...found, publicKey: der } : found;
}

function withDer(found: Endorsements, data: Uint8Array): Endorsements {
  const isList = startsWith(data, LIST_VERSION, 8) || startsWith(data, LIST_VERSION, 6);
  return withBlock(found, [isList ? "X509 CRL" : "CERTIFICATE", data]);
}

/**
 * Values of a file that tpm2-tools 5 writes: TPML_PCR_SELECTION of 16 entries, then lists of digests.
 *
 * Structures have their size in memory, little-endian: selections of 8 bytes, TPML_DIGEST of 8 digests of 66 bytes.
 */
function pcrValues(data: Uint8Array): readonly Uint8Array[] {
  const number = (at: number, size: number): number => littleEndian(data.subarray(at, at + size));
  if (number(0, 4) > 16) throw invalid("The PCR file selects more banks than there can be.", "pcrs");
  const start = 4 + 16 * 8;
  const values: Uint8Array[] = [];
  for (let list = 0; list < Math.min(number(start, 4), 16); list++) {
    const at = start + 4 + list * (4 + 66 * 8);
    for (let index = 0; index < Math.min(number(at, 4), 8); index++) {
      const digest = at + 4 + 66 * index;
      values.push(data.subarray(digest + 2, digest + 2 + number(digest, 2)));
    }
  }
  return values;
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
