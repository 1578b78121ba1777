/**
 * XML 1.0 (fifth edition) without a DTD: elements, attributes and text, as expat reports them without namespace processing.
 *
 * Comments, processing instructions and declarations of a document type are refused. The parsers of browsers are no
 * alternative: they are not in workers nor in node, and do not tell text from references.
 */

import { ZksealError } from "../errors.js";

/** What is called in the order of the document. */
export interface Handler {
  start(name: string, attributes: ReadonlyMap<string, string>): void;
  end(name: string): void;
  text(text: string): void;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const NAME_START =
  String.raw`:A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff` +
  String.raw`\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd`;
const NAME = String.raw`[${NAME_START}][${NAME_START}\-.0-9\u00b7\u0300-\u036f\u203f\u2040]*`;
const EQUALS = String.raw`[ \t\n]*=[ \t\n]*`;
const DECLARATION = new RegExp(
  String.raw`^<\?xml[ \t\n]+version${EQUALS}(?:"[\w.:-]+"|'[\w.:-]+')` +
    String.raw`(?:[ \t\n]+encoding${EQUALS}(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?` +
    String.raw`(?:[ \t\n]+standalone${EQUALS}(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>`,
);
const START = new RegExp(`<(${NAME})`, "y");
const ATTRIBUTE = new RegExp(`[ \\t\\n]+(${NAME})${EQUALS}(?:"([^<"]*)"|'([^<']*)')`, "y");
const CLOSE = /[ \t\n]*(\/?)>/y;
const END = new RegExp(`</(${NAME})[ \\t\\n]*>`, "y");
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));/y;
const CDATA = "<![CDATA[";
// Nothing but these stands in a document (2.2); the rest is refused before anything is read.
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads a document. Throws `InvalidEncoding`, and what the handler throws. */
export function readXml(document: Uint8Array, handler: Handler): void {
  let text: string;
  try {
    text = UTF8.decode(document);
  } catch {
    throw malformed("not well-formed (invalid token)");
  }
  if (FORBIDDEN.test(text)) throw malformed("not well-formed (invalid token)");
  new Reader(text.replaceAll("\r\n", "\n").replaceAll("\r", "\n"), handler).document();
}

function malformed(reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", `The document is no XML: ${reason}.`, { reason: "XML" });
}

class Reader {
  private at = 0;
  private readonly open: string[] = [];

  constructor(
    private readonly source: string,
    private readonly handler: Handler,
  ) {}

  document(): void {
    this.at = DECLARATION.exec(this.source)?.[0].length ?? 0;
    this.blanks();
    this.element();
    while (this.open.length > 0) this.content();
    this.blanks();
    if (this.at < this.source.length) {
      this.refuseOthers();
      throw malformed("junk after document element");
    }
  }

  private blanks(): void {
    while (/[ \t\n]/.test(this.source.charAt(this.at))) this.at += 1;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (found !== null) this.at = pattern.lastIndex;
    return found;
  }

  /** What a manifest does not hold. */
  private refuseOthers(): void {
    const rest = (mark: string): boolean => this.source.startsWith(mark, this.at);
    if (rest("<!--") || rest("<?") || rest("<!DOCTYPE")) {
      const text = "The document holds what a manifest does not: a DTD, comment or instruction.";
      throw new ZksealError("InvalidEncoding", text, { reason: "XML" });
    }
  }

  private element(): void {
    this.refuseOthers();
    const name = this.match(START)?.[1];
    if (name === undefined) throw malformed("syntax error");
    const attributes = new Map<string, string>();
    for (let found = this.match(ATTRIBUTE); found !== null; found = this.match(ATTRIBUTE)) {
      const [, attribute = "", double, single = ""] = found;
      if (attributes.has(attribute)) throw malformed("duplicate attribute");
      attributes.set(attribute, this.dereferenced((double ?? single).replace(/[\t\n]/g, " ")));
    }
    const close = this.match(CLOSE);
    if (close === null) throw malformed("not well-formed (invalid token)");
    this.handler.start(name, attributes);
    if (close[1] === "/") this.handler.end(name);
    else this.open.push(name);
  }

  /** One piece of what is inside an element. */
  private content(): void {
    if (this.source.startsWith(CDATA, this.at)) return this.cdata();
    if (this.source.startsWith("</", this.at)) return this.close();
    if (this.source.startsWith("<", this.at)) return this.element();
    const next = this.source.indexOf("<", this.at);
    if (next < 0) throw malformed("no element found");
    const text = this.source.slice(this.at, next);
    if (text.includes("]]>")) throw malformed("not well-formed (invalid token)");
    this.at = next;
    this.handler.text(this.dereferenced(text));
  }

  private close(): void {
    const name = this.match(END)?.[1];
    if (name === undefined || name !== this.open.pop()) throw malformed("mismatched tag");
    this.handler.end(name);
  }

  private cdata(): void {
    const start = this.at + CDATA.length;
    const end = this.source.indexOf("]]>", start);
    if (end < 0) throw malformed("unclosed CDATA section");
    this.at = end + "]]>".length;
    this.handler.text(this.source.slice(start, end));
  }

  /** Text with what its references stand for. */
  private dereferenced(text: string): string {
    const parts: string[] = [];
    let from = 0;
    for (let at = text.indexOf("&"); at >= 0; at = text.indexOf("&", from)) {
      REFERENCE.lastIndex = at;
      const found = REFERENCE.exec(text);
      if (found === null) throw malformed("undefined entity");
      parts.push(text.slice(from, at), characterOf(found));
      from = REFERENCE.lastIndex;
    }
    return [...parts, text.slice(from)].join("");
  }
}

function characterOf([, entity, decimal, hexadecimal = ""]: RegExpExecArray): string {
  if (entity !== undefined) return ENTITIES[entity] ?? "";
  const code = decimal === undefined ? parseInt(hexadecimal, 16) : parseInt(decimal, 10);
  const surrogate = code >= 0xd800 && code < 0xe000;
  const character = code <= 0x10ffff && !surrogate ? String.fromCodePoint(code) : "\0";
  if (FORBIDDEN.test(character)) throw malformed("reference to invalid character number");
  return character;
}
