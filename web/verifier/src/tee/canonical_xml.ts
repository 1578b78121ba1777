/**
 * Canonical XML 1.1 (W3C, 2008) of small documents without a DTD, as XML signatures need it. `zkseal.tee.canonical_xml`.
 *
 * What canonical XML says of `xml:` attributes, comments and processing instructions is refused instead: signed manifests
 * have none.
 */

import { ZksealError } from "../errors.js";
import { utf8 } from "./bytes.js";
import { type Handler, readXml } from "./xml_reader.js";

// A manifest of NVIDIA has 21 kB, a hundred elements, five hundred attributes, and six declarations of namespaces.
const MAX_BYTES = 1 << 20;
const MAX_DEPTH = 64;
const LIMITS = { elements: 1 << 14, attributes: 1 << 16, namespaces: 64 };

type Scope = ReadonlyMap<string, string>;

/** Text before and behind the last colon. */
function split(name: string): [prefix: string, local: string] {
  const at = name.lastIndexOf(":");
  return [name.slice(0, Math.max(at, 0)), name.slice(at + 1)];
}

function isDeclaration(name: string): boolean {
  return name === "xmlns" || name.startsWith("xmlns:");
}

function invalid(text: string): ZksealError {
  return new ZksealError("InvalidEncoding", text, { reason: "XML" });
}

/** An element with its prefix, attributes in order of the document, and content of texts and elements. */
export class Element {
  readonly content: (Element | string)[] = [];

  constructor(
    readonly name: string,
    readonly attributes: ReadonlyMap<string, string>,
    /** Namespaces by prefix. */
    readonly scope: Scope,
  ) {}

  private get namespace(): string {
    return this.scope.get(split(this.name)[0]) ?? "";
  }

  /** Child elements of this local name. */
  children(local: string, namespace?: string): Element[] {
    return this.content.filter((child): child is Element => {
      if (typeof child === "string" || split(child.name)[1] !== local) return false;
      return namespace === undefined || child.namespace === namespace;
    });
  }

  /** The one child of this name. Throws `InvalidEncoding` if there is none, or several. */
  only(local: string, namespace?: string): Element {
    const found = this.children(local, namespace);
    const [child] = found;
    if (child === undefined || found.length !== 1) {
      throw invalid(`${this.name} has ${found.length} elements ${local} instead of one.`);
    }
    return child;
  }

  /** Its own text, without that of its elements. */
  text(): string {
    return this.content.filter((part) => typeof part === "string").join("");
  }

  /** An attribute by its local name. */
  attribute(local: string): string | undefined {
    const named = [...this.attributes].filter(([name]) => split(name)[1] === local);
    return named.length === 1 ? named[0]?.[1] : undefined;
  }
}

/** Makes a tree of what the reader finds, within bounds. */
class Builder implements Handler {
  private readonly top = new Element("", new Map(), new Map([["", ""], ["xml", "http://www.w3.org/XML/1998/namespace"]]));
  private readonly stack = [this.top];
  private readonly left = { ...LIMITS };

  get root(): Element {
    const [root] = this.top.content;
    if (root instanceof Element) return root;
    throw invalid("The document is no XML: no element found.");
  }

  start(name: string, attributes: ReadonlyMap<string, string>): void {
    const parent = this.stack.at(-1) ?? this.top;
    const declared = [...attributes].filter(([other]) => isDeclaration(other));
    this.count("elements", 1);
    this.count("attributes", attributes.size);
    this.count("namespaces", declared.length);
    // Shared with the parent where nothing is declared: a copy for each element would grow with both numbers.
    const own = declared.map(([other, uri]): [string, string] => [other.slice("xmlns:".length), uri]);
    const scope = own.length > 0 ? new Map([...parent.scope, ...own]) : parent.scope;
    const names = [name, ...attributes.keys()].filter((other) => other.includes(":") && !other.startsWith("xmlns:"));
    const prefixes = names.map((other) => split(other)[0]);
    if (prefixes.some((prefix) => !scope.has(prefix) || prefix === "xml") || this.stack.length > MAX_DEPTH) {
      throw invalid("The document has undeclared prefixes, or is nested too deeply.");
    }
    const element = new Element(name, attributes, scope);
    parent.content.push(element);
    this.stack.push(element);
  }

  end(): void {
    this.stack.pop();
  }

  text(text: string): void {
    this.stack.at(-1)?.content.push(text);
  }

  private count(kind: keyof typeof LIMITS, count: number): void {
    this.left[kind] -= count;
    if (this.left[kind] < 0) throw invalid(`The document has more ${kind} than any manifest.`);
  }
}

/**
 * The root element. Throws `InvalidEncoding`: not XML in UTF-8, or with a DTD, comments, processing instructions, or undeclared
 * prefixes; or larger than any manifest. All of it is read before a signature is checked, so memory and time have bounds.
 */
export function parse(document: Uint8Array): Element {
  if (document.length > MAX_BYTES) throw invalid("The document is larger than any manifest.");
  const builder = new Builder();
  readXml(document, builder);
  return builder.root;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\r", "&#xD;");
}

function escapedText(text: string): string {
  return escaped(text).replaceAll(">", "&gt;");
}

function escapedAttribute(text: string): string {
  return escaped(text).replaceAll('"', "&quot;").replaceAll("\t", "&#x9;").replaceAll("\n", "&#xA;");
}

/**
 * The canonical form of `element` and what is below it, except `without`.
 *
 * As the apex, the element carries all namespaces in scope (Canonical XML 1.1, 2.3).
 */
export function canonical(element: Element, without?: Element): Uint8Array {
  const parts: string[] = [];
  write(element, new Map([["", ""]]), parts, without);
  return utf8(parts.join(""));
}

function write(element: Element, rendered: Scope, parts: string[], without: Element | undefined): void {
  const visible = new Map([...element.scope].filter(([prefix]) => prefix !== "xml"));
  const added = [...visible].filter(([prefix, uri]) => rendered.get(prefix) !== uri);
  parts.push(`<${element.name}`);
  for (const [prefix, uri] of added.sort(([left], [right]) => order(left, right))) {
    parts.push(` ${prefix === "" ? "xmlns" : `xmlns:${prefix}`}="${escapedAttribute(uri)}"`);
  }
  const key = (name: string): [string, string] => {
    const [prefix, local] = split(name);
    return [prefix === "" ? "" : (element.scope.get(prefix) ?? ""), local];
  };
  const plain = [...element.attributes].filter(([name]) => !isDeclaration(name));
  const keyed = plain.map(([name, value]) => [key(name), name, value] as const);
  const sorted = keyed.sort(([[a, b]], [[c, d]]) => order(a, c) || order(b, d));
  for (const [, name, value] of sorted) parts.push(` ${name}="${escapedAttribute(value)}"`);
  parts.push(">");
  for (const child of element.content) {
    if (typeof child === "string") parts.push(escapedText(child));
    else if (child !== without) write(child, visible, parts, without);
  }
  parts.push(`</${element.name}>`);
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
