/** One module for each kind of evidence: `ANNOUNCED`, the checks that it makes, and `verify(context, found)`. */

import type { Verifier } from "../context.js";
import type { Platform } from "../result.js";
import * as azure from "./azure.js";
import * as confidentialSpace from "./confidential_space.js";
import * as intel from "./intel.js";
import * as nitro from "./nitro.js";
import * as nras from "./nras.js";
import * as nvidia from "./nvidia.js";
import * as rim from "./rim.js";
import * as sandbox from "./sandbox.js";
import * as snp from "./snp.js";
import * as tpm from "./tpm.js";

export const VERIFIERS: Readonly<Record<Platform, Verifier>> = {
  sgx: intel,
  tdx: intel,
  snp,
  nitro,
  nvidia,
  nvidia_rim: rim,
  nvidia_nras: nras,
  azure_snp: azure,
  azure_tdx: azure,
  gcp_confidential_space: confidentialSpace,
  tpm,
  sandbox,
};
