/** Model ids as people type them. */

import { fromHex, toHex, ZksealError } from "@zkseal/verifier";

const MODEL_ID_BYTES = 32;

/** Lower-case digits; null for nothing typed. Throws `WrongLength` or `InvalidEncoding`. */
export function modelIdOf(text: string): string | null {
  const typed = text.trim();
  if (typed === "") return null;
  const bytes = fromHex(typed);
  if (bytes.length === MODEL_ID_BYTES) return toHex(bytes);
  const message = `A model id has ${2 * MODEL_ID_BYTES} hexadecimal digits; this one has ${2 * bytes.length}.`;
  throw new ZksealError("WrongLength", message, { expected: MODEL_ID_BYTES, got: bytes.length }, "Copy all of it.");
}
