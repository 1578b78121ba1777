/**
 * Deterministic CBOR, the subset of RFC 8949 in which receipts are written: `zkseal.receipts.cbor` in TypeScript.
 *
 * There is one byte string for each value (section 4.2.1): shortest heads, definite lengths, keys in bytewise order of
 * their encodings, no tags, no floats. `decode` refuses every other form, so that a digest of the bytes is a digest of the
 * value.
 */

import { ZksealError } from "./errors.js";

/** Integers are numbers where those are exact, and bigints beyond; `[-2^64, 2^64)` is their range. */
export type Value = null | boolean | number | bigint | Uint8Array | string | Value[] | ValueMap;
export type ValueMap = Map<string, Value>;

/** Deepest nesting of lists and maps. */
export const MAX_DEPTH = 8;
/** Entries of all lists and maps together that are read, unless the caller says another number. */
export const MAX_ITEMS = 1 << 20;

const UINT = 0;
const NINT = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const SIMPLE = 7;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of `data`, which must be its one encoding and nothing more. Lists and maps have at most `maxItems` entries
 * together. Throws `WrongLength`, `InvalidEncoding`.
 */
export function decode(data: Uint8Array, maxBytes: number, maxItems: number = MAX_ITEMS): Value {
  if (data.length > maxBytes) {
    throw wrongLength(`${data.length} bytes where at most ${maxBytes} are read.`, maxBytes, data.length);
  }
  const reader = new Reader(data, maxItems);
  const value = reader.value(0);
  if (reader.offset !== data.length) {
    throw wrongLength(`${data.length - reader.offset} bytes follow the end of the value.`, reader.offset, data.length);
  }
  return value;
}

/** The one encoding of `value`. Throws `InvalidEncoding` for what the subset does not have. */
export function encode(value: Value): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts, 0);
  return concat(parts);
}

/** Byte strings, one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Order of byte strings: the first byte that differs, then the length. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Nothing is allocated for a length before that many bytes are known to be there. */
class Reader {
  offset = 0;
  private readonly view: DataView;

  constructor(
    private readonly data: Uint8Array,
    private items: number,
  ) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  value(depth: number): Value {
    const start = this.offset;
    if (depth > MAX_DEPTH) throw refused(start, "nested too deeply");
    const [major, argument] = this.head();
    switch (major) {
      case UINT:
        return argument;
      case NINT:
        return narrow(-1n - BigInt(argument));
      case BYTES:
        return this.take(argument);
      case TEXT:
        return this.text(start, argument);
      case ARRAY:
        return this.array(argument, depth);
      case MAP:
        return this.map(argument, depth);
      case SIMPLE:
        return simple(this.data[start], start);
      default:
        throw refused(start, "tag");
    }
  }

  /** Major type and argument. */
  private head(): [number, number | bigint] {
    const start = this.offset;
    const initial = this.byte();
    const major = initial >> 5;
    const low = initial & 31;
    if (low < 24) return [major, low];
    if (low > 27) throw refused(start, low === 31 ? "indefinite length" : "reserved head");
    const size = 1 << (low - 24);
    const at = this.offset;
    this.take(size);
    const argument = size === 8 ? narrow(this.view.getBigUint64(at)) : this.small(at, size);
    const least = size === 1 ? 24 : 2 ** (4 * size);
    if (major !== SIMPLE && argument < least) throw refused(start, "number not in its shortest form");
    return [major, argument];
  }

  private small(at: number, size: number): number {
    if (size === 1) return this.view.getUint8(at);
    return size === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }

  private byte(): number {
    return this.take(1)[0] ?? 0;
  }

  private take(count: number | bigint): Uint8Array {
    const end = this.offset + Number(count);
    if (end > this.data.length) {
      throw wrongLength(
        `The bytes end at ${this.data.length} inside a value that needs ${end}.`,
        end,
        this.data.length,
      );
    }
    const taken = this.data.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  private text(start: number, length: number | bigint): string {
    const taken = this.take(length);
    try {
      return UTF8.decode(taken);
    } catch {
      throw refused(start, "text that is not UTF-8");
    }
  }

  /** Every item takes at least one byte, so a count beyond the bytes that are left is refused at once. */
  private count(argument: number | bigint): number {
    const left = this.data.length - this.offset;
    const count = Number(argument);
    if (count > left) throw wrongLength(`${count} items where ${left} bytes are left.`, count, left);
    this.items -= count;
    if (this.items < 0) throw refused(this.offset, "too many items");
    return count;
  }

  private array(argument: number | bigint, depth: number): Value[] {
    const result: Value[] = [];
    for (let left = this.count(argument); left > 0; left--) result.push(this.value(depth + 1));
    return result;
  }

  private map(argument: number | bigint, depth: number): ValueMap {
    const result: ValueMap = new Map();
    let previous = new Uint8Array();
    for (let left = this.count(argument); left > 0; left--) {
      const start = this.offset;
      const [major, length] = this.head();
      if (major !== TEXT) throw refused(start, "key that is not text");
      const key = this.text(start, length);
      const encoded = this.data.subarray(start, this.offset);
      if (compareBytes(encoded, previous) <= 0) throw refused(start, "keys repeated or out of order");
      previous = encoded as Uint8Array<ArrayBuffer>;
      result.set(key, this.value(depth + 1));
    }
    return result;
  }
}

/** Simple values are compared as bytes: 0xf8 0x14, for one, is another spelling of false. */
function simple(initial: number | undefined, start: number): null | boolean {
  if (initial === FALSE) return false;
  if (initial === TRUE) return true;
  if (initial === NULL) return null;
  throw refused(start, "float or simple value");
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function write(value: Value, parts: Uint8Array[], depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`Values are nested deeper than ${MAX_DEPTH}.`, "depth");
  if (value === null) {
    parts.push(Uint8Array.of(NULL));
  } else if (typeof value === "boolean") {
    parts.push(Uint8Array.of(value ? TRUE : FALSE));
  } else if (typeof value === "number" || typeof value === "bigint") {
    parts.push(integer(value));
  } else if (typeof value === "string") {
    parts.push(text(value));
  } else if (value instanceof Uint8Array) {
    parts.push(head(BYTES, BigInt(value.length)), value);
  } else if (Array.isArray(value)) {
    parts.push(head(ARRAY, BigInt(value.length)));
    for (const item of value) write(item, parts, depth + 1);
  } else {
    parts.push(head(MAP, BigInt(value.size)));
    const entries = [...value].map(([key, item]): [Uint8Array, Value] => [text(key), item]);
    for (const [key, item] of entries.sort(([left], [right]) => compareBytes(left, right))) {
      parts.push(key);
      write(item, parts, depth + 1);
    }
  }
}

function integer(value: number | bigint): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw invalid("A number that is no exact integer has no encoding.", "type");
  }
  const exact = BigInt(value);
  return exact >= 0n ? head(UINT, exact) : head(NINT, -1n - exact);
}

function text(value: string): Uint8Array {
  if (!value.isWellFormed()) throw invalid("A text has a lone surrogate, which has no encoding.", "text");
  const encoded = new TextEncoder().encode(value);
  return concat([head(TEXT, BigInt(encoded.length)), encoded]);
}

function head(major: number, argument: bigint): Uint8Array {
  const initial = major << 5;
  if (argument < 24n) return Uint8Array.of(initial | Number(argument));
  for (const [extra, size] of [[24, 1], [25, 2], [26, 4], [27, 8]] as const) {
    if (argument >> BigInt(8 * size) === 0n) {
      const wide = new Uint8Array(8);
      new DataView(wide.buffer).setBigUint64(0, argument);
      return concat([Uint8Array.of(initial | extra), wide.subarray(8 - size)]);
    }
  }
  throw invalid("An integer does not fit in 64 bits.", "integer too large");
}

function refused(offset: number, reason: string): ZksealError {
  const message = `Not deterministic CBOR at byte ${offset}: ${reason}.`;
  return new ZksealError("InvalidEncoding", message, { reason, offset });
}

function invalid(message: string, reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", message, { reason });
}

function wrongLength(message: string, expected: number, got: number): ZksealError {
  return new ZksealError("WrongLength", message, { expected, got });
}
