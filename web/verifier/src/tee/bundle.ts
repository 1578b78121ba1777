/**
 * Evidence of a whole machine in one value: its main evidence, its GPUs, and the runtime data that all are bound to.
 * `zkseal.tee.bundle` in TypeScript; `attested.appraiseBundle` says what it is worth.
 */

import { decode, type Value } from "../cbor.js";
import { ZksealError } from "../errors.js";
import type { Evidence } from "./evidence.js";
import { decodeEvidence, hasExactly, requireExactVersion } from "./evidence_encoding.js";
import { isPlatform, isProduction } from "./result.js";
import { MAX_RUNTIME_DATA_BYTES, RuntimeData } from "./runtime_data.js";

export const MEDIA_TYPE = "application/vnd.zkseal.evidence+cbor";
export const DEV_MEDIA_TYPE = "application/vnd.zkseal.evidence-dev+cbor";
const VERSION = 1;
const MAX_BUNDLE_BYTES = 1 << 23;
const MAX_BUNDLE_ITEMS = 1 << 13;
const MAX_SUBMODULES = 16;
const NAME = /^[a-z][a-z0-9]{0,15}$/;

/** What an enclave shows. */
export interface AttestationBundle {
  readonly runtimeData: RuntimeData;
  /** Of the machine or the process. */
  readonly evidence: Evidence;
  /** Of its devices, by name: `gpu0`, `gpu1`. */
  readonly submodules: ReadonlyMap<string, Evidence>;
  /** Another one for evidence that can show no production assurance: by its ceiling, or because of a sandbox. */
  readonly mediaType: typeof MEDIA_TYPE | typeof DEV_MEDIA_TYPE;
}

/** Throws errors of the family `DecodeError`: not the one encoding of a bundle, or of the other media type. */
export function readBundle(data: Uint8Array): AttestationBundle {
  const value = decode(data, MAX_BUNDLE_BYTES, MAX_BUNDLE_ITEMS);
  if (!hasExactly(value, ["bundle", "evidence", "media_type", "runtime", "submodules"])) {
    throw invalid("The attestation has missing or unknown entries.", "bundle");
  }
  requireExactVersion(value.get("bundle"), VERSION, "An attestation");
  const runtime = value.get("runtime");
  const submodules = value.get("submodules");
  if (!(runtime instanceof Uint8Array) || runtime.length > MAX_RUNTIME_DATA_BYTES || !(submodules instanceof Map)) {
    throw invalid("The attestation's runtime data or submodules are none.", "bundle");
  }
  const runtimeData = RuntimeData.decode(runtime);
  const evidence = decodeEvidence(value.get("evidence"));
  const production = isProduction(runtimeData.ceiling) && evidence.platform !== "sandbox";
  const mediaType = production ? MEDIA_TYPE : DEV_MEDIA_TYPE;
  const bundle = { runtimeData, evidence, submodules: submodulesOf(submodules), mediaType } as const;
  const said = value.get("media_type");
  if (said !== mediaType) {
    throw invalid(`The attestation says to be '${String(said)}', but what it holds makes it ${mediaType}.`, "media type");
  }
  return bundle;
}

function submodulesOf(value: ReadonlyMap<string, Value>): ReadonlyMap<string, Evidence> {
  const decoded = [...value].map(([name, entry]): [string, Evidence] => [name, decodeEvidence(entry)]);
  if (decoded.length > MAX_SUBMODULES) throw invalid(`${decoded.length} submodules are too many.`, "submodules");
  for (const [name] of decoded) {
    if (!NAME.test(name) || isPlatform(name)) throw invalid(`'${name}' is no name of a submodule; gpu0 is one.`, "submodules");
  }
  return new Map(decoded);
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
