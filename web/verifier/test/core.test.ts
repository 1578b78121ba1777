import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Core } from "../src/core.js";
import { ERROR_CODES, isErrorCode, ZksealError } from "../src/errors.js";
import { compareBytes, concat } from "../src/cbor.js";
import { fromHex, toHex } from "../src/hex.js";
import { compile, Instance } from "../src/wasm.js";

const MODULE = new WebAssembly.Module(readFileSync(new URL("../../wasm/zkseal_verifier.wasm", import.meta.url)));
const VECTORS = new URL("../../../../vectors/", import.meta.url);

interface Vector {
  readonly result: string;
  readonly arguments: { readonly key: string; readonly context: string; readonly proof: string } & {
    readonly public: Readonly<Record<string, readonly number[]>>;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  };
}

const FILE = JSON.parse(readFileSync(new URL("proof/proof.json", VECTORS), "utf8")) as {
  readonly keys: Readonly<Record<string, string>>;
  readonly vectors: readonly Vector[];
};
const ACCEPTED = FILE.vectors.find((vector) => vector.result === "accepted");
assert.ok(ACCEPTED);
const KEY = fromHex(FILE.keys[ACCEPTED.arguments.key] ?? "");
const CLAIM = {
  context: fromHex(ACCEPTED.arguments.context),
  values: Object.entries(ACCEPTED.arguments.public).map(([tensor, integers]): [number, Uint8Array] => {
    const data = new DataView(new ArrayBuffer(8 * integers.length));
    integers.forEach((integer, at) => data.setBigInt64(8 * at, BigInt(integer)));
    return [Number(tensor), new Uint8Array(data.buffer)];
  }),
  input: ACCEPTED.arguments.inputs.map(fromHex),
  output: ACCEPTED.arguments.outputs.map(fromHex),
  proof: fromHex(ACCEPTED.arguments.proof),
};

/** A module of two pages of memory, whose operation `fail` ends in a trap, and whose request lies at 64. */
function trapping(): WebAssembly.Module {
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const exported = [
    [...name("memory"), 2, 0],
    [...name("zkseal_request"), 0, 0],
    [...name("zkseal_load_key"), 0, 1],
    [...name("zkseal_verify"), 0, 1],
  ];
  const section = (id: number, content: number[]): number[] => [id, content.length, ...content];
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f]),
      ...section(3, [2, 0, 1]),
      ...section(5, [1, 0, 2]),
      ...section(7, [exported.length, ...exported.flat()]),
      ...section(10, [2, 5, 0, 0x41, 0xc0, 0, 0x0b, 3, 0, 0, 0x0b]),
    ]),
  );
}

test("a proof holds under its key, and no other key is asked for again", () => {
  const core = new Core(MODULE);
  core.load(KEY);
  core.verify(KEY, CLAIM);
  assert.throws(() => core.verify(KEY, { ...CLAIM, context: fromHex("00") }), { code: "LinearClaimRejected" });
  core.verify(KEY, CLAIM);
});

test("a key that was never loaded is loaded before its proof is checked", () => {
  new Core(MODULE).verify(KEY, CLAIM);
  assert.throws(() => new Core(MODULE).verify(KEY.subarray(1), CLAIM), { code: "InvalidEncoding" });
});

test("more keys than are held at a time are all verified under", () => {
  const core = new Core(MODULE, 2);
  const copies = Array.from({ length: 4 }, () => KEY.slice());
  for (const key of copies) core.load(key);
  for (const key of copies) core.verify(key, CLAIM);
});

test("a trap is an InternalError, and ends the instance", () => {
  const instance = new Instance(trapping(), "zkseal");
  assert.throws(() => instance.call("load_key", KEY.subarray(0, 8)), { code: "InternalError" });
  assert.ok(instance.broken);
});

test("a request that does not fit into memory is a ResourceLimit", () => {
  const instance = new Instance(trapping(), "zkseal");
  assert.throws(() => instance.call("load_key", new Uint8Array(1 << 20)), { code: "ResourceLimit" });
});

test("a request that no host makes is refused, and the instance goes on", () => {
  const instance = new Instance(MODULE, "zkseal");
  for (const request of ["", "00", "80", "8600", "8700404040404000", "8100", "ff"]) {
    assert.throws(() => instance.call("verify", fromHex(request)), { code: "InternalError" }, request);
  }
  assert.throws(() => instance.call("sign", new Uint8Array()), { code: "FileUnavailable" });
  assert.ok(!instance.broken);
  new Core(MODULE).verify(KEY, CLAIM);
});

test("what is no module, or another one, is refused", async () => {
  await assert.rejects(compile(new Uint8Array([0, 1, 2])), { code: "FileUnavailable" });
  await assert.rejects(compile(new Uint8Array([0x1f, 0x8b, 0])), { code: "FileUnavailable" });
  await assert.rejects(compile(new Response("", { status: 404 })), { code: "FileUnavailable" });
  await assert.rejects(compile("http://127.0.0.1:1/none.wasm"), { code: "FileUnavailable" });
  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  assert.throws(() => new Instance(empty, "zkseal"), { code: "FileUnavailable" });
});

test("the module asks its host for nothing", () => {
  assert.deepEqual(WebAssembly.Module.imports(MODULE), []);
});

test("every code has a family and a remedy, and survives a message", () => {
  for (const code of ERROR_CODES) {
    const error = new ZksealError(code, "A sentence.", { got: 1 });
    assert.ok(error.remedy.length > 10 && isErrorCode(error.family), code);
    const sent = ZksealError.fromJSON(structuredClone(error.toJSON()));
    assert.deepEqual([sent.code, sent.message, sent.remedy, sent.details], [code, "A sentence.", error.remedy, { got: 1 }]);
  }
  assert.ok(!isErrorCode("toString"));
});

/** ITERATIONS=20000 npm test: longer than in every run. */
test("keys and proofs that were changed end in an error of this package, whatever they are", () => {
  const core = new Core(MODULE);
  let state = 1;
  const chance = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below;
  const moved = (data: Uint8Array): Uint8Array => {
    const [at, length] = [chance(data.length), 1 + chance(32)];
    const noise = Uint8Array.from({ length }, () => chance(256));
    switch (chance(4)) {
      case 0:
        return concat([data.subarray(0, at), noise, data.subarray(at + length)]);
      case 1:
        return concat([data.subarray(0, at), noise, data.subarray(at)]);
      case 2:
        return data.subarray(0, at);
      default:
        return Uint8Array.from(data, (byte, index) => (index === at ? byte ^ (1 << chance(8)) : byte));
    }
  };
  const changed = (data: Uint8Array): Uint8Array => {
    const next = moved(data);
    return compareBytes(next, data) === 0 ? changed(data) : next;
  };
  const parts = (list: readonly Uint8Array[]): Uint8Array[] => list.map((part) => (chance(2) === 0 ? changed(part) : part));
  const own = toHex(core.load(KEY).modelId);
  const accepted = new Set<string>();
  for (let turn = Number(process.env["ITERATIONS"] ?? 300); turn > 0; turn--) {
    try {
      // Some changed keys are keys of another model: those with another annotation.
      if (turn % 2 === 0) accepted.add(toHex(core.load(changed(KEY)).modelId));
      else core.verify(KEY, { ...CLAIM, input: parts(CLAIM.input), output: parts(CLAIM.output), proof: changed(CLAIM.proof) });
      if (turn % 2 === 1) accepted.add("a changed proof");
    } catch (error) {
      assert.ok(error instanceof ZksealError, String(error));
      assert.notEqual(error.code, "InternalError");
      assert.notEqual(error.code, "ResourceLimit");
    }
  }
  core.verify(KEY, CLAIM);
  assert.ok(!accepted.has(own) && !accepted.has("a changed proof"), [...accepted].join(" "));
});
