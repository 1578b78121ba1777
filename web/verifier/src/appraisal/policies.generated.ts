// Made by scripts/web_tables.py from src/zkseal/appraisal/policies. Do not edit.

import type { PolicyDocument } from "../tee/policy.js";

export const SHIPPED_RECEIPT_POLICIES: Readonly<Record<string, PolicyDocument>> = {
  "development": {
    "name": "development",
    "description": "an answer of a development enclave; for tests",
    "mode": "tee",
    "allow_not_checked": [
      "model",
      "tee.age"
    ],
    "attestation": {
      "extends": "development"
    }
  },
  "tee-and-zk": {
    "name": "tee-and-zk",
    "description": "a proof and an attested answer of the same statement",
    "mode": "tee_and_zk",
    "allow_not_checked": [
      "tee.age"
    ],
    "attestation": {
      "extends": "production"
    }
  },
  "tee-then-zk": {
    "name": "tee-then-zk",
    "description": "an attested answer now, its proof within a day",
    "mode": "tee_then_zk",
    "proof_deadline_s": 86400,
    "allow_not_checked": [
      "tee.age"
    ],
    "attestation": {
      "extends": "production"
    }
  },
  "tee": {
    "name": "tee",
    "description": "a fresh answer of an enclave on production hardware",
    "mode": "tee",
    "max_age_s": 300,
    "attestation": {
      "extends": "production"
    }
  },
  "zk-in-tee": {
    "name": "zk-in-tee",
    "description": "a proof made inside of an attested enclave",
    "mode": "zk_in_tee",
    "allow_not_checked": [
      "tee.age"
    ],
    "attestation": {
      "extends": "production"
    }
  },
  "zk": {
    "name": "zk",
    "description": "a zero-knowledge proof without a trusted setup, or under a published ceremony",
    "mode": "zk"
  }
};
