/** Pinned roots, and certificates of vendors' authorities between them and chips. `zkseal.tee.roots` in TypeScript. */

import { ZksealError } from "../errors.js";
import { decodeBase64 } from "./bytes.js";
import { PINNED_CERTIFICATES } from "./roots.generated.js";

type Certificates = readonly Uint8Array[];

/** Trust anchors in DER, by vendor. `amdAuthorities` are no anchors: they lead from chips to an ARK. */
export interface Roots {
  readonly amd: Certificates;
  readonly amdAuthorities: Certificates;
  readonly intel: Certificates;
  readonly nitro: Certificates;
  readonly nvidiaDevice: Certificates;
  readonly nvidiaRim: Certificates;
  readonly confidentialSpace: Certificates;
  readonly tpm: Certificates;
  /** The JSON Web Key Set of NRAS. None is pinned: the service publishes it on line and changes its keys. */
  readonly nrasJwks: string | null;
}

const PRODUCTS = ["milan", "genoa", "turin"];

function certificate(name: string): Uint8Array {
  const der = decodeBase64(PINNED_CERTIFICATES[name] ?? "");
  if (der === undefined || der.length === 0) throw new ZksealError("InternalError", `There is no root ${name}.`);
  return der;
}

let pinned: Roots | undefined;

/** The roots that this release trusts in production. None of them is a development root. */
export function pinnedRoots(): Roots {
  pinned ??= Object.freeze({
    amd: PRODUCTS.map((product) => certificate(`amd-${product}-ark`)),
    amdAuthorities: [...PRODUCTS.map((product) => certificate(`amd-${product}-ask`)), certificate("amd-milan-asvk")],
    intel: [certificate("intel-sgx")],
    nitro: [certificate("aws-nitro-g1")],
    nvidiaDevice: [certificate("nvidia-device")],
    nvidiaRim: [certificate("nvidia-rim")],
    confidentialSpace: [certificate("gcp-confidential-space")],
    tpm: [certificate("gcp-ek-ak")],
    nrasJwks: null,
  });
  return pinned;
}
