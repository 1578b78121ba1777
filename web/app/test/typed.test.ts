/** What people type: reference values, policies, model ids; and numbers that are shown to them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ZksealError } from "@zkseal/verifier";

import { duration, steps } from "../src/dashboard/words.js";
import { sizeOf } from "../src/verifier/limits.js";
import { ownPolicyOf, referencesOf } from "../src/verifier/references.js";
import { modelIdOf } from "../src/verifier/typed_hex.js";

const ID = "ab".repeat(32);

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ZksealError) return error.code;
    throw error;
  }
  return "none";
}

test("reference values are read as in policy files", () => {
  const text =
    '# of release 3\n[references]\n"snp.measurement" = ["AB01", "cd02"]\nsnp.measurement = ef03\ntpm.sha256.pcr4: 0x12\n\n';
  assert.deepEqual(referencesOf(text), { "snp.measurement": ["ab01", "cd02", "ef03"], "tpm.sha256.pcr4": ["12"] });
  assert.deepEqual(referencesOf(" \n"), {});
});

test("a line that is no reference value is named", () => {
  for (const line of ["snp.measurement", "snp.measurement =", "snp.measurement = 12,", "= 12", "a = xyz", "a = 123"]) {
    assert.throws(() => referencesOf(`a = 12\n${line}`), /Line 2/);
  }
});

test("a policy of one's own is checked when it is typed", () => {
  assert.deepEqual(ownPolicyOf('{"extends": "production"}'), { name: "own", extends: "production" });
  for (const text of ["", "[]", "null", "{", '{"extends": "none"}', '{"extends": "production", "more": 1}']) {
    assert.equal(
      code(() => ownPolicyOf(text)),
      "InvalidEncoding",
      text,
    );
  }
});

test("model ids have 64 digits, with or without 0x", () => {
  assert.equal(modelIdOf(` 0x${ID.toUpperCase()} `), ID);
  assert.equal(modelIdOf("  "), null);
  assert.equal(
    code(() => modelIdOf("abc")),
    "InvalidEncoding",
  );
  assert.equal(
    code(() => modelIdOf(ID.slice(2))),
    "WrongLength",
  );
});

test("numbers are shown in the unit that fits", () => {
  assert.deepEqual([0, 340, 2400, 200_000, 7_500_000].map(duration), [
    "0 ms",
    "340 ms",
    "2.40 s",
    "3 min 20 s",
    "2 h 5 min",
  ]);
  assert.deepEqual([12, 8400, 1 << 26, 5e9].map(sizeOf), ["12 bytes", "8.4 kB", "67 MB", "5.0 GB"]);
});

test("axes reach what they show, in few round steps", () => {
  for (const most of [0, 1, 3, 7, 20, 99, 1234]) {
    const found = steps(most, true);
    assert.ok((found.at(-1) ?? 0) >= Math.max(1, most) && found.length <= 6, `${most}: ${found.join()}`);
    assert.ok(found.every(Number.isInteger));
  }
});
