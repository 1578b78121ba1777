/** What people write of a policy: reference values, `name = value, value`, one a line; or a whole one as JSON. */

import { fromHex, toHex, ZksealError } from "@zkseal/verifier";
import { type PolicyDocument, policyOf } from "@zkseal/verifier/tee/policy.js";

const LINE = /^"?([a-z0-9_.-]+)"?\s*[=:]\s*\[?\s*(.*?)\s*\]?$/i;

/** Accepted values by name. Throws `InvalidEncoding` that names the line. */
export function referencesOf(text: string): Record<string, string[]> {
  const found = new Map<string, string[]>();
  text.split("\n").forEach((written, index) => {
    const line = written.replace(/#.*/, "").trim();
    if (line === "" || line === "[references]") return;
    const [, name, values] = LINE.exec(line) ?? [];
    if (name === undefined || values === undefined || values === "") throw wrong(index);
    const own = values.split(",").map((value) => hexadecimal(value.trim().replace(/^"(.*)"$/, "$1"), index));
    found.set(name, [...(found.get(name) ?? []), ...own]);
  });
  return Object.fromEntries(found);
}

function hexadecimal(value: string, index: number): string {
  try {
    if (value !== "") return toHex(fromHex(value));
  } catch {
    // Said with the line below.
  }
  throw wrong(index);
}

function wrong(index: number): ZksealError {
  const message = `Line ${index + 1} is no name with hexadecimal values.`;
  return new ZksealError("InvalidEncoding", message, { line: index + 1 }, "Write it as: snp.measurement = 5fee…");
}

/** A policy of hardware evidence. Throws `InvalidEncoding` for what is none. */
export function ownPolicyOf(text: string): PolicyDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    document = null;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    const message = "This is no policy: a JSON object is needed.";
    throw new ZksealError("InvalidEncoding", message, { reason: "JSON" }, "Write what the TOML file holds, as JSON.");
  }
  const named = { name: "own", ...(document as PolicyDocument) };
  policyOf(named);
  return named;
}
