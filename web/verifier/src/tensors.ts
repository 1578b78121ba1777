/** Public integers as the numbers that they stand for. */

import { ZksealError } from "./errors.js";
import { type Port, sizeOf } from "./interface.js";
import { decodeOrdered } from "./ordered.js";

/** A public input or output. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** As the statement holds them, in row-major order. */
  readonly integers: BigInt64Array;
  /** The numbers that they stand for: floats for a float model's value, else the integers themselves. */
  readonly values: Float64Array | BigInt64Array;
}

/** The numbers of one port. Throws `StatementMismatch` for another number of them than its shape has. */
export function decodeTensor(port: Port, integers: BigInt64Array): Tensor {
  const expected = sizeOf(port.shape);
  if (BigInt(integers.length) !== expected) {
    const message = `'${port.name}' has ${expected} entries; the statement holds ${integers.length}.`;
    throw new ZksealError("StatementMismatch", message, { tensor: port.tensor });
  }
  return { name: port.name, shape: port.shape, dtype: port.dtype, integers, values: numbers(port, integers) };
}

function numbers(port: Port, integers: BigInt64Array): Float64Array | BigInt64Array {
  const { order, featureExponents, exponent } = port;
  if (order !== null) return Float64Array.from(integers, (code) => decodeOrdered(order, code));
  if (!port.dtype.startsWith("float")) return integers;
  const features = featureExponents ?? [0];
  return Float64Array.from(integers, (integer, index) => {
    const shift = exponent + (features[index % features.length] ?? 0);
    return scaled(Number(integer), -shift);
  });
}

/** `value * 2^exponent` as C's ldexp rounds it: once, also where a power of two alone would leave the range of floats. */
function scaled(value: number, exponent: number): number {
  const step = Math.max(-1000, Math.min(1000, exponent));
  const rest = exponent - step;
  return rest < 0 ? value * 2 ** rest * 2 ** step : value * 2 ** step * 2 ** rest;
}
