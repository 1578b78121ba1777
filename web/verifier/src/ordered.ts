/**
 * Floats as integers of the same order: `zkseal.quantize.ordered` in TypeScript, the reading half.
 *
 * | order | floats | code of x >= 0 (the code of -x is minus that of x) | range |
 * | --- | --- | --- | --- |
 * | `float32` | all finite | its bits as an unsigned integer | [-2^31, 2^31) |
 * | `float64` | 0 and 2^-255 <= abs(x) < 2^256 | its bits, less those of 2^-255, plus 1; 0 for 0 | [-2^61, 2^61) |
 *
 * NaN has the largest code of the range.
 */

export type OrderName = "float32" | "float64";

/** One row of the table. */
export interface Order {
  /** Subtracted from the bits of a positive float. */
  readonly base: bigint;
  readonly lo: bigint;
  readonly hi: bigint;
  /** All codes of numbers are smaller than this one in magnitude. */
  readonly infinity: bigint;
}

const view = new DataView(new ArrayBuffer(8));

function bits32(value: number): bigint {
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function bits64(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

const SMALLEST = bits64(2 ** -255) - 1n;

export const ORDERS: Readonly<Record<OrderName, Order>> = {
  float32: { base: 0n, lo: -(1n << 31n), hi: (1n << 31n) - 1n, infinity: bits32(Infinity) },
  float64: { base: SMALLEST, lo: -(1n << 61n), hi: (1n << 61n) - 1n, infinity: bits64(2 ** 256) - SMALLEST },
};

/** The float of a code; NaN for codes that no number has. */
export function decodeOrdered(name: OrderName, code: bigint): number {
  const { base, infinity } = ORDERS[name];
  const magnitude = code < 0n ? -code : code;
  if (magnitude >= infinity) return NaN;
  const bits = magnitude > 0n ? magnitude + base : 0n;
  let value: number;
  if (name === "float32") {
    view.setUint32(0, Number(bits));
    value = view.getFloat32(0);
  } else {
    view.setBigUint64(0, bits);
    value = view.getFloat64(0);
  }
  return code < 0n ? -value : value;
}
