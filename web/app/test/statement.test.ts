/** Numbers as people read them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { shortNumber } from "../src/verifier/statement.js";

test("a number that is shown shorter says so, and no other does", () => {
  assert.equal(shortNumber("0.4999999701976776"), "≈ 0.5");
  assert.equal(shortNumber("1234567.59375"), "≈ 1234570");
  for (const exact of ["0.25", "-3", "9223372036854775807", "1e+21", "NaN"]) assert.equal(shortNumber(exact), exact);
});
