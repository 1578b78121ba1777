/** The links of a picture: what vouches for what, from the root that is trusted down to the receipt's statement. */

import { toHex } from "@zkseal/verifier";
import type { CertificateInfo } from "@zkseal/verifier/tee/native.js";

import type { CheckFound, LinkFound, Outcome } from "./exchange.js";

const VENDORS: Readonly<Record<string, string>> = {
  sgx: "Intel SGX",
  tdx: "Intel TDX",
  snp: "AMD SEV-SNP",
  nitro: "AWS Nitro",
  nvidia: "NVIDIA GPU",
  azure_snp: "Azure confidential VM on AMD SEV-SNP",
  azure_tdx: "Azure confidential VM on Intel TDX",
  gcp_confidential_space: "Google Confidential Space",
  tpm: "TPM",
  sandbox: "a sandbox",
};

/** Words for a kind of hardware. */
export function hardwareWords(platform: string): string {
  return VENDORS[platform] ?? platform;
}

/** `path`: checked certificates, leaf first; empty where there are none, or where they do not hold. */
export function linksOf(
  platform: string,
  path: readonly CertificateInfo[],
  checks: readonly CheckFound[],
): readonly LinkFound[] {
  const outcome = (...names: string[]): Outcome => worst(checks.filter((check) => names.includes(check.name)));
  const detail = (name: string): string => checks.find((check) => check.name === name)?.detail ?? "";
  return [
    ...rootLinks(platform, path, outcome("chain")),
    {
      title: `Report of ${hardwareWords(platform)}`,
      detail: detail("signature") || detail("format"),
      outcome: outcome("format", "signature", "nonce"),
    },
    { title: "The code that runs", detail: detail("reference-values"), outcome: outcome("reference-values") },
    { title: "Keys of this start of the enclave", detail: detail("runtime-data"), outcome: outcome("tee.attestation") },
    { title: "The signed answer", detail: detail("tee.signature"), outcome: outcome("tee.signature", "tee.runtime") },
    {
      title: "The receipt’s statement",
      detail: detail("tee.model-commitment"),
      outcome: outcome("tee.statement", "tee.model-commitment"),
    },
  ];
}

function rootLinks(platform: string, path: readonly CertificateInfo[], chained: Outcome): LinkFound[] {
  if (platform === "sandbox") {
    return [
      { title: "Nobody", detail: "a sandbox has no vendor: its operator signs for himself", outcome: "not_checked" },
    ];
  }
  if (path.length === 0) {
    const title = chained === "pass" ? "Root that this release trusts" : "No root that this release trusts";
    return [{ title, detail: "", outcome: chained }];
  }
  return [...path].reverse().map((certificate) => ({
    title:
      certificate.role === "root"
        ? "Root, pinned in this release"
        : certificate.role === "leaf"
          ? "Certificate of this machine"
          : "Authority",
    detail: commonName(certificate.subject) || toHex(certificate.sha256),
    outcome: "pass",
  }));
}

function commonName(subject: string): string {
  return /(?:^|,)CN=((?:\\.|[^,\\])+)/.exec(subject)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? subject;
}

/** As good as the worst of them; nothing is as good as unchecked. */
function worst(checks: readonly CheckFound[]): Outcome {
  if (checks.some((check) => check.outcome === "fail")) return "fail";
  return checks.length > 0 && checks.every((check) => check.outcome === "pass") ? "pass" : "not_checked";
}
