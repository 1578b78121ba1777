/**
 * JSON Web Signatures in compact form (RFC 7515), under a certificate chain or a key set; no other algorithms.
 * `zkseal.tee.jws` in TypeScript.
 */

import { ZksealError } from "../errors.js";
import { ascii, base64Bytes } from "./bytes.js";
import { type Json, type JsonObject, parseJson, sameJson } from "./json_text.js";
import { attestSignature } from "./native.js";
import { ecPublicKey, rsaPublicKey } from "./pem.js";
import { said } from "./said.js";

/** Signature algorithm -> type of key that it needs. */
const ALGORITHMS: ReadonlyMap<Json | undefined, string> = new Map([
  ["ES256", "EC"],
  ["ES384", "EC"],
  ["RS256", "RSA"],
  ["RS384", "RSA"],
  ["RS512", "RSA"],
]);

/** A token whose signature has not been checked yet. */
export class Token {
  constructor(
    readonly header: JsonObject,
    readonly claims: JsonObject,
    private readonly signed: Uint8Array,
    private readonly signature: Uint8Array,
  ) {}

  /** `alg`, if it is one of those that are accepted. */
  get algorithm(): string {
    const name = this.header.get("alg");
    if (typeof name === "string" && ALGORITHMS.has(name)) return name;
    throw invalid(`The token's algorithm ${said(name)} is not accepted.`, "alg");
  }

  /** DER of `x5c`, leaf first. */
  certificates(): Uint8Array[] {
    const chain = this.header.get("x5c");
    if (!Array.isArray(chain) || chain.length === 0) throw invalid("The token carries no certificates.", "x5c");
    return chain.map((entry) => base64Bytes(entry, "certificate of the token"));
  }

  /** Throws `SignatureRejected`. */
  check(publicKey: Uint8Array): void {
    attestSignature(publicKey, this.algorithm, this.signed, this.signature, "token");
  }
}

/** Throws `InvalidEncoding`: not three parts of base64url, or no JSON objects. */
export function decodeToken(text: string): Token {
  const parts = text.trim().split(".");
  if (parts.length !== 3) throw invalid("The token has not three parts.", "token");
  const [header, claims, signature] = parts.map((part) => base64Bytes(part, "token", { url: true }));
  let decoded: Json[];
  try {
    decoded = [header, claims].map((part) => parseJson(part ?? "", { distinct: true }));
  } catch {
    throw invalid("A part of the token is no JSON.", "token");
  }
  const [first, second] = decoded;
  if (!(first instanceof Map) || !(second instanceof Map) || first.has("crit")) {
    throw invalid("A part of the token is no object, or it asks for extensions.", "token");
  }
  return new Token(first, second, ascii(`${parts[0]}.${parts[1]}`), signature ?? new Uint8Array());
}

/** SubjectPublicKeyInfo of an RSA key in JWK form. */
export function rsaOfJwk(key: JsonObject): Uint8Array {
  const exponent = base64Bytes(key.get("e"), "exponent", { url: true });
  return rsaPublicKey(base64Bytes(key.get("n"), "modulus", { url: true }), exponent);
}

/** SubjectPublicKeyInfo of the key of a set that the token names. Throws `UntrustedRoot`, `InvalidEncoding`. */
export function keyOf(jwks: string, token: Token): Uint8Array {
  const kind = ALGORITHMS.get(token.algorithm);
  const wanted = token.header.get("kid") ?? null;
  const named = keysOf(jwks).filter((key) => sameJson(key.get("kid") ?? null, wanted) && key.get("kty") === kind);
  const [key] = named;
  if (key === undefined || named.length !== 1) {
    const details = { reason: "JWKS", check: "chain" };
    throw new ZksealError("UntrustedRoot", `The key set has no key ${said(token.header.get("kid"))}.`, details);
  }
  if (kind === "RSA") return rsaOfJwk(key);
  const [x, y] = ["x", "y"].map((name) => base64Bytes(key.get(name), "coordinate", { url: true }));
  return ecPublicKey(said(key.get("crv")), x ?? new Uint8Array(), y ?? new Uint8Array());
}

function keysOf(jwks: string): JsonObject[] {
  let document: Json;
  try {
    document = parseJson(jwks, { distinct: true });
  } catch {
    throw invalid("The JSON Web Key Set is none.", "JWKS");
  }
  const keys = document instanceof Map ? document.get("keys") : undefined;
  if (!Array.isArray(keys)) throw invalid("The JSON Web Key Set is none.", "JWKS");
  return keys.map((key) => {
    if (!(key instanceof Map)) throw invalid("The JSON Web Key Set is none.", "JWKS");
    return key;
  });
}

function invalid(text: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason });
}
