import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, encode, MAX_DEPTH, type Value } from "../src/cbor.js";
import { ZksealError } from "../src/errors.js";
import { fromHex, toHex } from "../src/hex.js";

const LIMIT = 1 << 16;

function code(hex: string, maxItems?: number): string {
  try {
    decode(fromHex(hex), LIMIT, maxItems);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof ZksealError);
    return error.code;
  }
}

/** RFC 8949, appendix A, as far as the subset goes. */
const EXAMPLES: readonly (readonly [Value, string])[] = [
  [0, "00"],
  [23, "17"],
  [24, "1818"],
  [1000000000000, "1b000000e8d4a51000"],
  [18446744073709551615n, "1bffffffffffffffff"],
  [-18446744073709551616n, "3bffffffffffffffff"],
  [-1, "20"],
  [-1000, "3903e7"],
  [false, "f4"],
  [null, "f6"],
  [fromHex("01020304"), "4401020304"],
  ["\u6c34", "63e6b0b4"],
  [[1, [2, 3]], "8201820203"],
  [new Map<string, Value>([["b", [2, 3]], ["a", 1]]), "a26161016162820203"],
];

test("values have the encodings of RFC 8949, and are read from them", () => {
  for (const [value, hex] of EXAMPLES) {
    assert.equal(toHex(encode(value)), hex);
    assert.deepEqual(decode(fromHex(hex), LIMIT), value);
  }
});

test("numbers are numbers where those are exact, and bigints beyond", () => {
  assert.equal(decode(encode(Number.MAX_SAFE_INTEGER), LIMIT), Number.MAX_SAFE_INTEGER);
  assert.equal(decode(encode(BigInt(Number.MAX_SAFE_INTEGER) + 1n), LIMIT), 2n ** 53n);
  assert.equal(decode(encode(-(2n ** 53n)), LIMIT), -(2n ** 53n));
});

const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
  nothing: ["", "WrongLength"],
  "a tail": ["0000", "WrongLength"],
  "bytes that are cut": ["4401", "WrongLength"],
  "a list longer than its bytes": ["9affffffff", "WrongLength"],
  "a list of 2^63 items": ["9b8000000000000000", "WrongLength"],
  "a number that is not in its shortest form": ["1817", "InvalidEncoding"],
  "a length that is not in its shortest form": ["580100", "InvalidEncoding"],
  "an indefinite list": ["9fff", "InvalidEncoding"],
  "an indefinite text": ["7f61616162ff", "InvalidEncoding"],
  "a reserved head": ["1c", "InvalidEncoding"],
  "a tag": ["c000", "InvalidEncoding"],
  "a float": ["f93c00", "InvalidEncoding"],
  undefined: ["f7", "InvalidEncoding"],
  "another spelling of false": ["f814", "InvalidEncoding"],
  "text that is not UTF-8": ["61ff", "InvalidEncoding"],
  "half a surrogate pair": ["63eda080", "InvalidEncoding"],
  "keys out of order": ["a2616200616100", "InvalidEncoding"],
  "a key twice": ["a2616100616100", "InvalidEncoding"],
  "a key that is no text": ["a10000", "InvalidEncoding"],
  "lists nested too deeply": [`${"81".repeat(MAX_DEPTH + 1)}00`, "InvalidEncoding"],
};

for (const [name, [hex, expected]] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, () => assert.equal(code(hex), expected));
}

test("more bytes or items than are asked for are refused", () => {
  assert.equal(code("83010203", 2), "InvalidEncoding");
  assert.equal(code("83010203", 3), "accepted");
  assert.throws(() => decode(new Uint8Array(9), 8), { code: "WrongLength" });
});

test("what has no encoding is refused", () => {
  for (const value of [1.5, NaN, 2 ** 53, 2n ** 64n, -(2n ** 64n) - 1n, "\ud800"]) {
    assert.throws(() => encode(value), { code: "InvalidEncoding" });
  }
});
