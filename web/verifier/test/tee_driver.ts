/**
 * Answers requests of the conformance tests (tests/tee/web), one JSON object a line: what this package makes of evidence,
 * bundles, receipts and policies, to be compared with what Python makes of them. Arguments: the two WebAssembly modules.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { appraise } from "../src/appraisal/appraise.js";
import { describeAppraisal } from "../src/appraisal/describe.js";
import { receiptPolicyOf } from "../src/appraisal/policy.js";
import { ReceiptRefused } from "../src/appraisal/result.js";
import { ZksealError } from "../src/errors.js";
import { toHex } from "../src/hex.js";
import type { VerifyingKey } from "../src/keys.js";
import { readReceipt } from "../src/receipt.js";
import { appraiseEvidence, type EvidenceOptions } from "../src/tee/appraise.js";
import { appraiseBundle } from "../src/tee/attested.js";
import { readBundle } from "../src/tee/bundle.js";
import { decodeBase64 } from "../src/tee/bytes.js";
import { canonical, parse } from "../src/tee/canonical_xml.js";
import { bootClaims, parseEventLog, replay } from "../src/tee/event_log.js";
import type { Evidence } from "../src/tee/evidence.js";
import { readStandaloneEvidence } from "../src/tee/evidence_encoding.js";
import { asJson } from "../src/tee/json_text.js";
import { type CertificateInfo, loadAttest } from "../src/tee/native.js";
import { pemBlocks } from "../src/tee/pem.js";
import { type PolicyDocument, policyOf } from "../src/tee/policy.js";
import { readEvidence } from "../src/tee/read_evidence.js";
import { EvidenceRefused, type Platform } from "../src/tee/result.js";
import { pinnedRoots, type Roots } from "../src/tee/roots.js";
import { said } from "../src/tee/said.js";
import { loadVerifier, type Verifier } from "../src/verify.js";

type Format = "xml" | "json" | "pem" | "event-log";

interface Request {
  readonly kind: "evidence" | "files" | "bundle" | "receipt" | "policy" | "receipt-policy" | Format;
  readonly data?: string;
  readonly others?: readonly string[];
  readonly platform?: Platform;
  readonly index?: number;
  readonly policy: PolicyDocument;
  readonly now?: number;
  readonly nonce?: string;
  readonly context?: string;
  readonly key?: string;
  readonly roots?: Readonly<Record<string, readonly string[] | string>>;
}

function bytes(text: string | undefined): Uint8Array {
  const data = decodeBase64(text ?? "");
  if (data === undefined) throw new Error("no base64");
  return data;
}

function filesOf({ data, others = [], platform, index = 0 }: Request): Evidence {
  return readEvidence(bytes(data), others.map(bytes), { index, ...(platform === undefined ? {} : { platform }) });
}

function rootsOf(given: Request["roots"]): Roots {
  const entries = Object.entries(given ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : value.map(bytes)]);
  return { ...pinnedRoots(), ...Object.fromEntries(entries) };
}

function optionsOf({ now = 0, nonce, roots }: Request): EvidenceOptions {
  return { now, ...(nonce === undefined ? {} : { nonce: bytes(nonce) }), roots: rootsOf(roots) };
}

/** A verifying key that was read before is not read again. */
const keys = new Map<string, VerifyingKey>();

function keyOf({ key }: Request): { verifier?: Verifier; verifyingKey?: VerifyingKey } {
  if (key === undefined) return {};
  const verifyingKey = keys.get(key) ?? verifier.readVerifyingKey(bytes(key));
  keys.set(key, verifyingKey);
  return { verifier, verifyingKey };
}

function chainOf(path: readonly CertificateInfo[]): object[] {
  return path.map(({ subject, issuer, notBefore, notAfter, sha256, role, pinned }) => {
    return { subject, issuer, notBefore, notAfter, sha256: toHex(sha256), role, pinned };
  });
}

/** What a reader of a format finds. */
function readAs(format: Format, data: Uint8Array): unknown {
  switch (format) {
    case "xml":
      return new TextDecoder().decode(canonical(parse(data)));
    case "json":
      return said(asJson(data));
    case "pem":
      return pemBlocks(data).map(([label, der]) => [label, toHex(der)]);
    case "event-log": {
      const events = parseEventLog(data);
      const values = [...replay(events, "sha256")].map(([pcr, value]): [string, string] => [String(pcr), toHex(value)]);
      return { count: events.length, pcrs: Object.fromEntries(values), claims: Object.fromEntries(bootClaims(events)) };
    }
  }
}

function answer(request: Request): object {
  switch (request.kind) {
    case "xml":
    case "json":
    case "pem":
    case "event-log":
      return { result: readAs(request.kind, bytes(request.data)) };
    case "policy":
      return { result: policyOf(request.policy).policyId };
    case "receipt-policy":
      return { result: receiptPolicyOf(request.policy).policyId };
    case "files":
    case "evidence": {
      const evidence = request.kind === "files" ? filesOf(request) : readStandaloneEvidence(bytes(request.data));
      const found = appraiseEvidence(evidence, policyOf(request.policy), optionsOf(request));
      return { kind: found.constructor.name, result: found, chain: chainOf(found.chain) };
    }
    case "bundle": {
      const found = appraiseBundle(readBundle(bytes(request.data)), policyOf(request.policy), optionsOf(request));
      return { kind: found.constructor.name, result: found };
    }
    case "receipt": {
      const context = bytes(request.context);
      const options = { ...optionsOf(request), context, ...keyOf(request) };
      const found = appraise(readReceipt(bytes(request.data)), receiptPolicyOf(request.policy), options);
      return { kind: found.constructor.name, result: found, words: describeAppraisal(found) };
    }
  }
}

function refused(error: unknown): object {
  if (!(error instanceof ZksealError)) return { crash: String(error instanceof Error ? error.stack : error) };
  const { code, message, details } = error;
  const part = error instanceof EvidenceRefused ? error : null;
  const more = part === null ? {} : { result: part.result, ...(part.submodule === null ? {} : { submodule: part.submodule }) };
  const checks = error instanceof ReceiptRefused ? { checks: error.checks } : {};
  return { error: { code, message, check: details["check"] ?? null }, ...more, ...checks };
}

const [, , attest = "", proofs = ""] = process.argv;
const [, verifier] = await Promise.all([loadAttest(readFileSync(attest)), loadVerifier(readFileSync(proofs))]);
for await (const line of createInterface({ input: process.stdin })) {
  let made: object;
  try {
    made = answer(JSON.parse(line) as Request);
  } catch (error) {
    made = refused(error);
  }
  process.stdout.write(`${JSON.stringify(made)}\n`);
}
