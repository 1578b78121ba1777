/** Evidence and what comes with it: values in, nothing is fetched. `zkseal.tee.evidence` in TypeScript. */

import { ZksealError } from "../errors.js";
import type { Platform } from "./result.js";

const MAX_PAYLOAD_BYTES = 1 << 22;

/** What others say about the platform, and signatures that stand apart from what they sign. */
export interface Endorsements {
  /** DER, leaf first where there is an order. Given authorities replace those that come with zkseal. */
  readonly certificates: readonly Uint8Array[];
  /** Intel's, JSON in the form of dcap-qvl's `QuoteCollateralV3`. */
  readonly collateral: string | null;
  /** DER. */
  readonly revocationLists: readonly Uint8Array[];
  /** NVIDIA's reference integrity manifests, XML. */
  readonly rims: readonly Uint8Array[];
  /** SubjectPublicKeyInfo of a TPM's attestation key. */
  readonly publicKey: Uint8Array | null;
  /** TPMT_SIGNATURE of a TPM quote. */
  readonly signature: Uint8Array | null;
  /** PCR values of a TPM quote, in the order of its selection. */
  readonly pcrs: readonly Uint8Array[] | null;
  /** What firmware and boot loader extended into the PCRs. */
  readonly eventLog: Uint8Array | null;
}

export const NO_ENDORSEMENTS: Endorsements = Object.freeze({
  certificates: [],
  collateral: null,
  revocationLists: [],
  rims: [],
  publicKey: null,
  signature: null,
  pcrs: null,
  eventLog: null,
});

/** One piece of evidence. `index` picks a device of a list; only NVIDIA's has one. */
export interface Evidence {
  readonly platform: Platform;
  readonly payload: Uint8Array;
  readonly endorsements: Endorsements;
  readonly index: number;
}

/** Evidence of these parts. Throws `InvalidEncoding`. */
export function evidenceOf(
  platform: Platform,
  payload: Uint8Array,
  endorsements: Endorsements = NO_ENDORSEMENTS,
  index = 0,
): Evidence {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new ZksealError("InvalidEncoding", `${payload.length} bytes are more than any evidence has.`, { reason: "size" });
  }
  if (index !== 0 && platform !== "nvidia") {
    throw new ZksealError("InvalidEncoding", `Evidence of ${platform} is no list of devices.`, { reason: "index" });
  }
  return { platform, payload, endorsements, index };
}
