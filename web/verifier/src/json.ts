/**
 * Canonical JSON: what `json.dumps(.., sort_keys=True, separators=(",", ":"), ensure_ascii=True)` of Python writes.
 *
 * `JSON.parse` rounds integers above 2^53 and takes the last of two members with one name. The annotation of a relation
 * decides how public integers are read, so each document has to have one byte string here, and one meaning. Numbers are
 * integers: no annotation holds another one.
 */

import { compareBytes } from "./cbor.js";

export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
export type JsonObject = Map<string, Json>;

/** Deeper than any annotation. */
const MAX_DEPTH = 100;

/** Of an integer of 64 bits, with its sign: all that an annotation holds. */
const MAX_DIGITS = 20;

/** All tokens but texts: for each repetition of a group an expression takes stack, and texts may be long. */
const TOKEN = /-?[0-9]+|null|true|false|[[\]{},:]/y;

/** The document of these bytes. Throws `SyntaxError` unless they are its canonical form. */
export function parseCanonicalJson(data: Uint8Array): Json {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  const value = new Parser(text).document();
  if (canonical(value) !== text) throw new SyntaxError("the JSON is not canonical");
  return value;
}

/** Reads a little more than canonical JSON: what comes out is written again and compared. */
class Parser {
  private offset = 0;
  private token = "";

  constructor(private readonly text: string) {}

  document(): Json {
    this.advance();
    const value = this.value(0);
    if (this.token !== "") throw new SyntaxError(`text behind the document, at ${this.offset}`);
    return value;
  }

  /** The next token; empty at the end. */
  private advance(): string {
    const token = this.token;
    TOKEN.lastIndex = this.offset;
    this.token = this.text[this.offset] === '"' ? this.quoted() : (TOKEN.exec(this.text)?.[0] ?? "");
    if (this.token === "" && this.offset < this.text.length) throw new SyntaxError(`no JSON at ${this.offset}`);
    this.offset += this.token.length;
    return token;
  }

  /** The text that begins here, with its quotation marks; empty if it does not end. */
  private quoted(): string {
    for (let at = this.offset + 1; at < this.text.length; at++) {
      if (this.text[at] === '"') return this.text.slice(this.offset, at + 1);
      if (this.text[at] === "\\") at++;
    }
    return "";
  }

  private expect(token: string): void {
    if (this.advance() !== token) throw new SyntaxError(`'${token}' is missing before ${this.offset}`);
  }

  private value(depth: number): Json {
    const token = this.advance();
    if (depth >= MAX_DEPTH && (token === "[" || token === "{")) throw new SyntaxError("nested too deeply");
    if (token === "[") return this.list(depth);
    if (token === "{") return this.object(depth);
    if (token === "null") return null;
    if (token === "true" || token === "false") return token === "true";
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (!/^-?[0-9]/.test(token)) throw new SyntaxError(`no value before ${this.offset}`);
    if (token.length > MAX_DIGITS) throw new SyntaxError("no integer of 64 bits");
    return Number.isSafeInteger(Number(token)) ? Number(token) : BigInt(token);
  }

  private list(depth: number): Json[] {
    const found: Json[] = [];
    while (this.token !== "]") {
      if (found.length > 0) this.expect(",");
      found.push(this.value(depth + 1));
    }
    this.advance();
    return found;
  }

  private object(depth: number): JsonObject {
    const found: JsonObject = new Map();
    while (this.token !== "}") {
      if (found.size > 0) this.expect(",");
      const name = this.value(depth + 1);
      if (typeof name !== "string") throw new SyntaxError(`a name is no text before ${this.offset}`);
      this.expect(":");
      found.set(name, this.value(depth + 1));
    }
    this.advance();
    return found;
  }
}

function canonical(value: Json): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!(value instanceof Map)) return Object.is(value, -0) ? "0" : String(value);
  const members = [...value].sort(([left], [right]) => compareBytes(utf8(left), utf8(right)));
  return `{${members.map(([name, member]) => `${quoted(name)}:${canonical(member)}`).join(",")}}`;
}

/** In ASCII, with Python's choice of escapes. */
function quoted(text: string): string {
  if (!text.isWellFormed()) throw new SyntaxError("a text with a lone surrogate");
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[^ -~]/g, escape);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
