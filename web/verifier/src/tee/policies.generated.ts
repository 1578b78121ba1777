// Made by scripts/web_tables.py from src/zkseal/tee/policies. Do not edit.

import type { PolicyDocument } from "./policy.js";

export const SHIPPED_POLICIES: Readonly<Record<string, PolicyDocument>> = {
  "development": {
    "extends": "evidence-only",
    "name": "development",
    "description": "development roots; results are contraindicated",
    "platforms": [
      "sgx",
      "tdx",
      "snp",
      "nitro",
      "nvidia",
      "nvidia_rim",
      "nvidia_nras",
      "azure_snp",
      "azure_tdx",
      "gcp_confidential_space",
      "tpm",
      "sandbox"
    ],
    "min_assurance": "sandbox",
    "allow_development_roots": true,
    "allow_not_checked": [
      "nonce",
      "reference-values",
      "revocation",
      "cpu.revocation",
      "rim",
      "chips",
      "audience",
      "tcb-floor",
      "cpu.tcb-floor",
      "tpm.ak-certificate",
      "tpm.event-log",
      "nvidia.debug",
      "firmware-id",
      "driver",
      "azure_tdx.cpu.tcb",
      "azure_tdx.cpu.advisories",
      "azure_tdx.cpu.smt",
      "tpm.debug",
      "tpm.validity",
      "nvidia_rim.debug",
      "nvidia_nras.validity",
      "challenge",
      "event-log",
      "sandbox.issuer",
      "sandbox.validity",
      "sandbox.debug"
    ]
  },
  "evidence-only": {
    "name": "evidence-only",
    "description": "authentic and not debuggable; not for keys",
    "platforms": [
      "sgx",
      "tdx",
      "snp",
      "nitro",
      "nvidia",
      "nvidia_rim",
      "nvidia_nras",
      "azure_snp",
      "azure_tdx",
      "gcp_confidential_space",
      "tpm"
    ],
    "min_assurance": "simulated",
    "allow_development_roots": false,
    "max_age_s": 86400,
    "clock_skew_s": 60,
    "allow_not_checked": [
      "nonce",
      "reference-values",
      "revocation",
      "cpu.revocation",
      "rim",
      "chips",
      "audience",
      "tcb-floor",
      "cpu.tcb-floor",
      "tpm.ak-certificate",
      "tpm.event-log",
      "nvidia.debug",
      "firmware-id",
      "driver",
      "azure_tdx.cpu.tcb",
      "azure_tdx.cpu.advisories",
      "azure_tdx.cpu.smt",
      "tpm.debug",
      "tpm.validity",
      "nvidia_rim.debug",
      "nvidia_nras.validity"
    ],
    "intel": {
      "tcb_statuses": [
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded"
      ],
      "allow_service_td": false,
      "allow_smt": true
    },
    "snp": {
      "max_vmpl": 3,
      "allow_provisional": true
    },
    "azure": {
      "allow_sept_ve": true
    }
  },
  "production": {
    "name": "production",
    "description": "keys may be released under it, once reference values are added",
    "platforms": [
      "sgx",
      "tdx",
      "snp",
      "nitro",
      "nvidia",
      "azure_snp",
      "azure_tdx",
      "gcp_confidential_space",
      "tpm"
    ],
    "min_assurance": "vtpm_cloud",
    "allow_development_roots": false,
    "max_age_s": 300,
    "clock_skew_s": 60,
    "allow_not_checked": [
      "chips",
      "nitro.revocation",
      "gcp_confidential_space.revocation",
      "tpm.event-log",
      "nvidia.debug",
      "tpm.debug",
      "tpm.revocation",
      "tpm.validity"
    ],
    "intel": {
      "tcb_statuses": [
        "UpToDate"
      ],
      "reject_advisories": [],
      "min_tcb_evaluation": 0,
      "allow_service_td": false,
      "allow_smt": true
    },
    "snp": {
      "max_vmpl": 0,
      "allow_migration_agent": false,
      "allow_provisional": false
    },
    "azure": {
      "allow_sept_ve": false
    }
  }
};
