/**
 * JSON of others, as `zkseal.json_text` reads it: of at most 100 levels, without half surrogate pairs.
 *
 * `JSON.parse` cannot tell 1 from 1.0, rounds integers, and orders members that look like numbers first. Tokens are
 * compared by their claims, so each value keeps its type here: integers are numbers or bigints, floats are `Float`s.
 */

/** A number with a fraction or an exponent. */
export class Float {
  constructor(readonly value: number) {}
}

export type Json = null | boolean | number | bigint | Float | string | Json[] | JsonObject;
export type JsonObject = Map<string, Json>;

const MAX_DEPTH = 100;
/** Longer integers are refused, as Python refuses them. */
const MAX_DIGITS = 4300;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BLANKS = /[ \t\n\r]*/y;
const TOKEN = /(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|(null|true|false|NaN|-?Infinity|[[\]{},:])/y;
/** Where a text ends, or something is escaped in it. Texts have megabytes: no expression matches one as a whole. */
const MARK = /["\\]/g;
const CONSTANTS = new Map<string, Json>([
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", new Float(NaN)],
  ["Infinity", new Float(Infinity)],
  ["-Infinity", new Float(-Infinity)],
]);

export interface JsonOptions {
  /** Refuse objects that hold a name twice; otherwise the last one counts. */
  readonly distinct?: boolean;
}

/** The value of a document. Throws `SyntaxError`, or `TypeError` for bytes that are not UTF-8. */
export function parseJson(data: Uint8Array | string, options: JsonOptions = {}): Json {
  const text = typeof data === "string" ? data : UTF8.decode(data);
  return new Parser(text, options.distinct ?? false).document();
}

/** The value of a document, or undefined where it is none. */
export function asJson(data: Uint8Array): Json | undefined {
  try {
    return parseJson(data);
  } catch {
    return undefined;
  }
}

/** Whether a value is an integer: a boolean or a float is none. */
export function isInteger(value: Json | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

class Parser {
  private offset = 0;
  private number: string | undefined;
  private text: string | undefined;
  private mark: string | undefined;

  constructor(
    private readonly source: string,
    private readonly distinct: boolean,
  ) {}

  document(): Json {
    const value = this.value(0);
    if (/[^ \t\n\r]/.test(this.source.slice(this.offset))) throw new SyntaxError("text behind the document");
    return value;
  }

  private next(): void {
    BLANKS.lastIndex = this.offset;
    BLANKS.exec(this.source);
    const start = BLANKS.lastIndex;
    [this.number, this.text, this.mark] = [undefined, undefined, undefined];
    if (this.source[start] === '"') {
      this.offset = endOfText(this.source, start);
      this.text = this.source.slice(start, this.offset);
      return;
    }
    TOKEN.lastIndex = start;
    const found = TOKEN.exec(this.source);
    if (found === null) throw new SyntaxError(`no JSON at ${start}`);
    [, this.number, this.mark] = found;
    this.offset = TOKEN.lastIndex;
  }

  private value(depth: number): Json {
    this.next();
    return this.current(depth);
  }

  /** The value that begins with the token that was read. */
  private current(depth: number): Json {
    if (this.number !== undefined) return numberOf(this.number);
    if (this.text !== undefined) return textOf(this.text);
    const mark = this.mark ?? "";
    const constant = CONSTANTS.get(mark);
    if (constant !== undefined) return constant;
    if (depth >= MAX_DEPTH) throw new SyntaxError("nested too deeply");
    if (mark === "[") return this.list(depth + 1);
    if (mark === "{") return this.object(depth + 1);
    throw new SyntaxError(`no value before ${this.offset}`);
  }

  private list(depth: number): Json[] {
    const found: Json[] = [];
    this.next();
    if (this.mark === "]") return found;
    for (;;) {
      found.push(this.current(depth));
      this.next();
      if (this.mark === "]") return found;
      this.expect(",");
      this.next();
    }
  }

  private object(depth: number): JsonObject {
    const found: JsonObject = new Map();
    this.next();
    if (this.mark === "}") return found;
    for (;;) {
      if (this.text === undefined) throw new SyntaxError(`a name is no text before ${this.offset}`);
      const name = textOf(this.text);
      if (this.distinct && found.has(name)) throw new SyntaxError("a name stands twice");
      this.next();
      this.expect(":");
      found.set(name, this.value(depth));
      this.next();
      if (this.mark === "}") return found;
      this.expect(",");
      this.next();
    }
  }

  private expect(mark: string): void {
    if (this.mark !== mark) throw new SyntaxError(`'${mark}' is missing before ${this.offset}`);
  }
}

/** The offset behind the text that begins at `start`. */
function endOfText(source: string, start: number): number {
  MARK.lastIndex = start + 1;
  for (let found = MARK.exec(source); found !== null; found = MARK.exec(source)) {
    if (found[0] === '"') return MARK.lastIndex;
    MARK.lastIndex += 1;
  }
  throw new SyntaxError(`the text at ${start} has no end`);
}

function numberOf(token: string): Json {
  if (/[.eE]/.test(token)) return new Float(Number(token));
  if (token.length > MAX_DIGITS) throw new SyntaxError("an integer is too long");
  const number = Number(token);
  return Number.isSafeInteger(number) ? number : BigInt(token);
}

function textOf(token: string): string {
  const text = JSON.parse(token) as string;
  if (!text.isWellFormed()) throw new SyntaxError("a text with a lone surrogate");
  return text;
}

/** Whether two values are equal; the order of members does not matter. */
export function sameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left instanceof Float || right instanceof Float) {
    return left instanceof Float && right instanceof Float && left.value === right.value;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  }
  if (left instanceof Map && right instanceof Map) {
    return left.size === right.size && [...left].every(([name, item]) => right.has(name) && sameJson(item, right.get(name)));
  }
  return left === right;
}
