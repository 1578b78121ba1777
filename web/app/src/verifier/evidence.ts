/** The evidence as a card: each piece of it, and every check that was made or not. */

import { element } from "../page/element.js";
import { type Icon, icon } from "../page/icons.js";
import { hardwareWords } from "./chain_links.js";
import {
  type AttestationFound,
  type CheckFound,
  type EvidenceFound,
  isProof,
  type Outcome,
  type ProofFound,
  type Verification,
} from "./exchange.js";
import { sizeOf } from "./limits.js";
import { fact, milliseconds } from "./facts.js";

const ICONS: Readonly<Record<Outcome, Icon>> = { pass: "pass", fail: "fail", not_checked: "not_checked" };
const WORDS: Readonly<Record<Outcome, string>> = { pass: "holds", fail: "fails", not_checked: "not checked" };
const KINDS: Readonly<Record<EvidenceFound["type"], string>> = {
  zk: "Zero-knowledge proof",
  "zk-segments": "Zero-knowledge proof in segments",
  tee: "Answer signed in attested hardware",
  "tee-dev": "Answer signed in a development enclave",
};
const CEREMONIES: Readonly<Record<string, string>> = {
  hermez: "the Perpetual Powers of Tau, as Hermez published them",
  aztec: "the Aztec Ignition ceremony",
  ezkl: "the powers of tau that ezkl published",
};

export function evidenceCard(found: Verification): HTMLElement {
  const items = found.receipt.evidence.map((piece) =>
    isProof(piece) ? proofItem(piece, found) : attestationItem(piece, found),
  );
  return element(
    "section",
    { class: "card", "aria-labelledby": "evidence-title" },
    element("h2", { id: "evidence-title" }, icon("proved"), "By which evidence"),
    element("ul", { class: "evidence-list" }, ...items),
  );
}

function proofItem(piece: EvidenceFound, { proof, failure, key }: Verification): HTMLElement {
  const failed = failure?.stage === "proof";
  const badge = proof !== null ? (proof.insecure ? DEVELOPMENT : HOLDS) : failed ? FAILS : UNCHECKED;
  const scheme = proof?.opening ?? key?.opening;
  return element(
    "li",
    {},
    element("h3", {}, KINDS[piece.type], badge()),
    element(
      "dl",
      { class: "facts-list" },
      ...(scheme === undefined ? [] : fact("Scheme", schemeWords(scheme))),
      ...(proof === null ? [] : fact("Setup", setupWords(proof))),
      ...(piece.segments === 1
        ? []
        : fact("Segments", `${piece.segments}, joined by commitments to what crosses between them`)),
      ...fact("Size", sizeOf(piece.bytes)),
      ...(proof === null ? [] : fact("Checked in", milliseconds(proof.took))),
    ),
  );
}

function schemeWords(opening: "ipa" | "kzg"): string {
  return opening === "ipa"
    ? "inner-product argument on BN254 (IPA)"
    : "polynomial commitments with pairings on BN254 (KZG)";
}

function setupWords(proof: ProofFound): string {
  if (proof.insecure) return "of no published ceremony: development only";
  return proof.origin === null ? "none is needed" : (CEREMONIES[proof.origin] ?? proof.origin);
}

function attestationItem(piece: EvidenceFound, { attestation, failure }: Verification): HTMLElement {
  return element(
    "li",
    {},
    element("h3", {}, KINDS[piece.type], attestationBadge(attestation, failure?.stage === "attestation")),
    element(
      "dl",
      { class: "facts-list" },
      ...(attestation === null ? [] : attestationFacts(attestation)),
      ...fact("Size", sizeOf(piece.bytes)),
    ),
    attestation !== null && attestation.checks.length > 0 && checksTable(attestation.checks),
  );
}

function attestationBadge(attestation: AttestationFound | null, failed: boolean): HTMLElement {
  if (failed) return FAILS();
  if (attestation === null) return UNCHECKED();
  if (attestation.development) return DEVELOPMENT();
  return attestation.lacking === null ? HOLDS() : NOT_COUNTED();
}

function attestationFacts(attestation: AttestationFound): HTMLElement[] {
  const signed = attestation.issuedAt;
  return [
    ...fact("Hardware", hardwareWords(attestation.platform)),
    ...fact("Assurance", attestation.assurance),
    ...(signed === null
      ? []
      : fact(
          "Signed",
          `${new Date(signed * 1000).toISOString().replace("T", " ").slice(0, 19)} UTC, by the clock of its operator`,
        )),
    ...(attestation.policy === null ? [] : fact("Policy", element("code", {}, attestation.policy))),
    ...fact("Checked in", milliseconds(attestation.took)),
  ];
}

function checksTable(checks: readonly CheckFound[]): HTMLElement {
  const made = checks.filter((check) => check.outcome !== "not_checked").length;
  const rows = checks.map((check) =>
    element(
      "tr",
      {},
      element("td", {}, element("code", {}, check.name)),
      element("td", { class: `outcome ${check.outcome}` }, icon(ICONS[check.outcome]), WORDS[check.outcome]),
      element("td", { class: "quiet" }, check.detail),
    ),
  );
  const head = ["Check", "Outcome", "Why"].map((title) => element("th", { scope: "col" }, title));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
  return element(
    "details",
    { class: "checks", open: checks.some((check) => check.outcome === "fail") },
    element("summary", {}, `${made} of ${checks.length} checks were made`),
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Checks" }, table),
  );
}

const HOLDS = (): HTMLElement => element("span", { class: "badge good" }, "holds");
const FAILS = (): HTMLElement => element("span", { class: "badge bad" }, "does not hold");
const UNCHECKED = (): HTMLElement => element("span", { class: "badge" }, "not checked");
const NOT_COUNTED = (): HTMLElement => element("span", { class: "badge" }, "not counted");
const DEVELOPMENT = (): HTMLElement => element("span", { class: "badge warn" }, "development only");
