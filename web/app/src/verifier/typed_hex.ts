/** Hexadecimal as people type it. */

import { fromHex, toHex, ZksealError } from "@zkseal/verifier";

const MODEL_ID_BYTES = 32;

/** Bytes of what was typed into a field. Throws `InvalidEncoding`, with a remedy for whoever types. */
export function typedHex(text: string): Uint8Array {
  try {
    return fromHex(text.trim());
  } catch {
    const remedy = "Use the digits 0 to 9 and a to f, in pairs.";
    throw new ZksealError("InvalidEncoding", "This is not hexadecimal.", { reason: "hexadecimal" }, remedy);
  }
}

/** Lower-case digits; null for nothing typed. Throws `WrongLength` or `InvalidEncoding`. */
export function modelIdOf(text: string): string | null {
  const typed = text.trim();
  if (typed === "") return null;
  const bytes = typedHex(typed);
  if (bytes.length === MODEL_ID_BYTES) return toHex(bytes);
  const message = `A model id has ${2 * MODEL_ID_BYTES} hexadecimal digits; this one has ${2 * bytes.length}.`;
  throw new ZksealError("WrongLength", message, { expected: MODEL_ID_BYTES, got: bytes.length }, "Copy all of it.");
}
