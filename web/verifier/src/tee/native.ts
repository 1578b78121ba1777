/**
 * The door to the Rust verifiers of evidence (`crates/zkseal-attest-wasm`), a module of its own that is loaded when it is
 * first needed: most receipts hold no attestation.
 */

import { encode, type Value, type ValueMap } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { bytesOf, integerOf, listOf, textOf } from "../fields.js";
import { compile, Instance, type WasmSource } from "../wasm.js";

/** What the names of the module's exports begin with. */
const NAME = "attest";
const FILE = "zkseal_attest.wasm.gz";

/** A certificate of a chain. */
export interface CertificateInfo {
  /** RFC 4514. */
  readonly subject: string;
  readonly issuer: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Of its DER. */
  readonly sha256: Uint8Array;
  readonly role: "leaf" | "authority" | "root";
  /** It is one of the roots that the caller trusts: by default those that zkseal pins. */
  readonly pinned: boolean;
}

/** A checked path from a leaf to a root. */
export interface Chain {
  readonly path: readonly CertificateInfo[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** For each certificate below the root, whether a revocation list of its issuer was at hand. */
  readonly revocationChecked: readonly boolean[];
  /** SubjectPublicKeyInfo of the leaf. */
  readonly publicKey: Uint8Array;
  readonly serial: Uint8Array;
  /** Of the leaf, by dotted object identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** What a chain ends in, and when. */
export interface Trust {
  readonly intermediates: readonly Uint8Array[];
  readonly roots: readonly Uint8Array[];
  readonly revocationLists: readonly Uint8Array[];
  readonly now: number;
}

/** What a verifier found: what the evidence says, and its chain. */
export interface Verified {
  readonly claims: ValueMap;
  readonly chain: Chain;
}

let loading: Promise<void> | undefined;
let compiled: WebAssembly.Module | undefined;
let instance: Instance | undefined;

/**
 * Compiles the module, once. Without an argument the file beside this one is taken.
 *
 * Throws `FileUnavailable`, or `MissingDependency` where there is no WebAssembly.
 */
export async function loadAttest(wasm?: WasmSource | Promise<WasmSource>): Promise<void> {
  loading ??= load(wasm).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  await loading;
}

async function load(wasm?: WasmSource | Promise<WasmSource>): Promise<void> {
  compiled = await compile((await wasm) ?? new URL(`./${FILE}`, import.meta.url));
}

function call(name: string, given: Readonly<Record<string, Value>>): Value {
  if (compiled === undefined) {
    const remedy = "Await `loadAttest()` once before the first appraisal.";
    throw new ZksealError("MissingDependency", "The verifiers of evidence are not loaded.", {}, remedy);
  }
  if (instance === undefined || instance.broken) instance = new Instance(compiled, NAME);
  return instance.call("call", encode(new Map<string, Value>([["call", name], ...Object.entries(given)])));
}

function trusting(trust: Trust): Record<string, Value> {
  return {
    intermediates: [...trust.intermediates],
    roots: [...trust.roots],
    revocation_lists: [...trust.revocationLists],
    now: trust.now,
  };
}

function mapOf(value: Value | undefined, what: string): ValueMap {
  if (value instanceof Map) return value;
  throw new ZksealError("InternalError", `${what} is no map.`, { what });
}

function numberOf(value: Value | undefined, what: string): number {
  return Number(integerOf(value, what));
}

type Description = Omit<CertificateInfo, "role" | "pinned">;

function certificateOf(value: Value): Description {
  const entries = mapOf(value, "A certificate");
  return {
    subject: textOf(entries.get("subject"), "A subject"),
    issuer: textOf(entries.get("issuer"), "An issuer"),
    notBefore: numberOf(entries.get("not_before"), "A time"),
    notAfter: numberOf(entries.get("not_after"), "A time"),
    sha256: bytesOf(entries.get("sha256"), "A digest"),
  };
}

/** Of a checked path the last one is a root that was given. */
function pathOf(value: Value | undefined): CertificateInfo[] {
  const path = listOf(value, "A path").map(certificateOf);
  return path.map((certificate, index) => {
    const root = index === path.length - 1;
    return { ...certificate, role: root ? "root" : index === 0 ? "leaf" : "authority", pinned: root };
  });
}

function chainOf(value: Value | undefined): Chain {
  const entries = mapOf(value, "A chain");
  const extensions = mapOf(entries.get("extensions"), "The extensions");
  return {
    path: pathOf(entries.get("path")),
    notBefore: numberOf(entries.get("not_before"), "A time"),
    notAfter: numberOf(entries.get("not_after"), "A time"),
    revocationChecked: listOf(entries.get("revocation_checked"), "Revocation").map((made) => made === true),
    publicKey: bytesOf(entries.get("public_key"), "A key"),
    serial: bytesOf(entries.get("serial"), "A serial number"),
    extensions: new Map([...extensions].map(([oid, bytes]) => [oid, bytesOf(bytes, "An extension")])),
  };
}

function verifiedOf(value: Value): Verified {
  const entries = mapOf(value, "A reply");
  return { claims: mapOf(entries.get("claims"), "The claims"), chain: chainOf(entries.get("chain")) };
}

/** The path of `leaf` to a root. Throws what the path is refused for. */
export function attestChain(leaf: Uint8Array, trust: Trust): Chain {
  return chainOf(call("chain", { leaf, ...trusting(trust) }));
}

/** Certificates as they stand, for a picture. Throws `InvalidEncoding`. */
export function describeCertificates(certificates: readonly Uint8Array[]): readonly Description[] {
  return listOf(call("certificates", { certificates: [...certificates] }), "Certificates").map(certificateOf);
}

/** Throws unless a signature holds under a SubjectPublicKeyInfo; schemes have the names of RFC 7518. */
export function attestSignature(
  publicKey: Uint8Array,
  scheme: string,
  message: Uint8Array,
  signature: Uint8Array,
  what: string,
): void {
  call("signature", { public_key: publicKey, scheme, message, signature, what });
}

/** Throws unless an ES256K signature (RFC 8812) holds under a compressed point. */
export function es256kVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  call("es256k", { public_key: publicKey, message, signature });
}

/** An AMD SEV-SNP report under its VCEK or VLEK. */
export function attestSnp(report: Uint8Array, leaf: Uint8Array, trust: Trust): Verified {
  return verifiedOf(call("snp", { report, leaf, ...trusting(trust) }));
}

/** An AWS Nitro attestation document. */
export function attestNitro(document: Uint8Array, trust: Trust): Verified {
  return verifiedOf(call("nitro", { document, ...trusting(trust) }));
}

/** A report of an NVIDIA GPU or switch; its certificates, leaf first, are the intermediates. */
export function attestSpdm(report: Uint8Array, trust: Trust): Verified {
  return verifiedOf(call("spdm", { report, ...trusting(trust) }));
}

/** An Intel SGX or TDX quote under collateral in JSON; `root` is DER. */
export function attestIntel(
  quote: Uint8Array,
  collateral: string,
  root: Uint8Array,
  now: number,
): { readonly claims: ValueMap; readonly path: readonly Description[] } {
  const entries = mapOf(call("intel", { quote, collateral, root, now }), "A reply");
  const path = listOf(entries.get("path"), "A path").map(certificateOf);
  return { claims: mapOf(entries.get("claims"), "The claims"), path };
}
