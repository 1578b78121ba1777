/**
 * NVIDIA's reference integrity manifests: SWID tags (ISO/IEC 19770-2) under an enveloped XML signature.
 * `zkseal.tee.verifiers.rim` in TypeScript.
 *
 * Sources: XML Signature 1.1 (W3C), 3.2 and 4.4; TCG Reference Integrity Manifest Information Model; NVIDIA/nvtrust,
 * `local_gpu_verifier/src/verifier/rim`. One form of signature is accepted, the one that NVIDIA makes.
 */

import { sha384 } from "@noble/hashes/sha2.js";

import { ZksealError } from "../../errors.js";
import { base64Bytes, sameBytes } from "../bytes.js";
import { canonical, type Element, parse } from "../canonical_xml.js";
import { addClaims } from "../claims.js";
import { checkRevocation, type Context, CORE, type Finding, noChip } from "../context.js";
import { attestChain, attestSignature, type Chain } from "../native.js";

const OWN = [...CORE, "digest"] as const;
export const ANNOUNCED = [...OWN, "debug", "chips"];

const XMLDSIG = "http://www.w3.org/2000/09/xmldsig#";
const C14N = "http://www.w3.org/2006/12/xml-c14n11";
const SIGNATURE_METHOD = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
const DIGEST_METHOD = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const TRANSFORMS = [`${XMLDSIG}enveloped-signature`, C14N];
const MAX_ALTERNATIVES = 64;

/** A manifest. */
export interface Rim {
  /** The chip, such as GH100. */
  readonly product: string;
  /** Of the driver or VBIOS. */
  readonly version: string;
  /** For each active measurement, by index, its accepted values in hexadecimal. */
  readonly measurements: ReadonlyMap<string, readonly string[]>;
}

/** Verifies a manifest by itself. */
export function verify(context: Context, found: Finding): void {
  const { checks } = found;
  const [rim, chain] = checks.core(OWN, () => authenticate(context, context.evidence.payload));
  found.chain = chain.path;
  checkRevocation(checks, chain.revocationChecked);
  checks.skipped("debug", "a manifest is of firmware, not of a device");
  noChip(checks, context, "a manifest is of no chip");
  found.assurance = "hardware";
  addClaims(found.claims, [
    ["product", rim.product],
    ["version", rim.version],
    ["measurements", rim.measurements.size],
    ["certificate_window", [chain.notBefore, chain.notAfter]],
  ]);
}

/** The manifest and the chain of its signer: chain, window, revocation, signature, digest, in this order. */
export function authenticate(context: Context, document: Uint8Array): [Rim, Chain] {
  const root = parse(document);
  const signature = root.only("Signature", XMLDSIG);
  const signedInfo = signature.only("SignedInfo", XMLDSIG);
  const reference = checkForm(signedInfo);
  const data = signature.only("KeyInfo").only("X509Data");
  const texts = data.children("X509Certificate").map((certificate) => certificate.text());
  const certificates = (texts.length > 0 ? texts : [""]).map((text) => packed(text, "certificate"));
  const [leaf = new Uint8Array(), ...intermediates] = certificates;
  const value = packed(signature.only("SignatureValue").text(), "signature");
  const chain = attestChain(leaf, {
    intermediates,
    roots: context.roots.nvidiaRim,
    revocationLists: context.evidence.endorsements.revocationLists,
    now: context.now,
  });
  attestSignature(chain.publicKey, "ES384", canonical(signedInfo), value, "manifest");
  const wanted = packed(reference.only("DigestValue").text(), "digest");
  // The signature covers the digest, the digest the document.
  if (!sameBytes(sha384(canonical(root, signature)), wanted)) {
    const text = "The manifest was changed after it was signed.";
    throw new ZksealError("SignatureRejected", text, { reason: "digest", check: "digest" });
  }
  return [contentOf(root), chain];
}

/** Base64 with blanks in it, of any alphabet that Python takes for blank. */
function packed(text: string, what: string): Uint8Array {
  return base64Bytes(text.replace(/[\s\x1c-\x1f\x85]/g, ""), what);
}

/** The one reference of the signature, to the whole document. */
function checkForm(signedInfo: Element): Element {
  const reference = signedInfo.only("Reference", XMLDSIG);
  const methods: [Element, string][] = [
    [signedInfo.only("CanonicalizationMethod"), C14N],
    [signedInfo.only("SignatureMethod"), SIGNATURE_METHOD],
    [reference.only("DigestMethod"), DIGEST_METHOD],
  ];
  const transforms = reference.only("Transforms").children("Transform").map((transform) => transform.attribute("Algorithm"));
  const right = methods.every(([method, algorithm]) => method.attribute("Algorithm") === algorithm);
  const whole = transforms.length === TRANSFORMS.length && transforms.every((name, index) => name === TRANSFORMS[index]);
  if (!right || !whole || reference.attributes.get("URI") !== "") {
    throw new ZksealError("InvalidEncoding", "The signature has another form than NVIDIA's.", { reason: "XML signature" });
  }
  return reference;
}

function contentOf(root: Element): Rim {
  const metas = root.children("Meta");
  if (metas.length > 1) throw new TypeError("the manifest has several elements Meta");
  const measurements = new Map<string, readonly string[]>();
  for (const resource of root.only("Payload").children("Resource")) {
    if (resource.attribute("active") !== "True" || resource.attribute("type") !== "Measurement") continue;
    const [count, index] = [resource.attribute("alternatives"), resource.attribute("index")];
    if (!isNumber(count) || !isNumber(index) || BigInt(count) > MAX_ALTERNATIVES) {
      throw new ZksealError("InvalidEncoding", "A measurement of the manifest has no index or count.", { reason: "RIM" });
    }
    const name = BigInt(index).toString();
    const values = Array.from({ length: Number(count) }, (_, at) => resource.attribute(`Hash${at}`));
    if (values.length === 0 || values.includes(undefined) || measurements.has(name)) {
      throw new ZksealError("InvalidEncoding", "A measurement of the manifest is not complete.", { reason: "RIM" });
    }
    measurements.set(name, values.map((value) => (value ?? "").toLowerCase()));
  }
  const [meta] = metas;
  return {
    product: meta?.attribute("product") ?? "",
    version: meta?.attribute("colloquialVersion") ?? "",
    measurements,
  };
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^[0-9]+$/.test(text);
}
