/** Where models are listed: the service that serves this page, if one does, and a registry on a chain, if one is named. */

import { element } from "../page/element.js";
import { MAX_KEY_BYTES } from "./limits.js";

/** A key could not be had; the message is for people. */
export class LookupFailed extends Error {}

/** Only a web server can have a service beside it. */
export function hasService(): boolean {
  return location.protocol === "http:" || location.protocol === "https:";
}

/**
 * The verifying key of a model, from the service on this origin. Called only when the user asks for it.
 *
 * Throws `LookupFailed`.
 */
export async function fetchKey(modelId: string, signal: AbortSignal): Promise<File> {
  const address = new URL(`v1/models/${modelId}/verifying-key`, document.baseURI);
  let response: Response;
  try {
    response = await fetch(address, { signal, credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" });
  } catch {
    throw new LookupFailed("This site did not answer. Check the connection, or choose the key's file.");
  }
  if (response.status === 404) throw new LookupFailed("This site has no key of this model. Choose the key's file.");
  if (!response.ok) throw new LookupFailed(`This site refused (${response.status}). Choose the key's file.`);
  return new File([await bounded(response)], `${modelId.slice(0, 16)}.zkv`);
}

/** What is larger than any key is not read to its end. */
async function bounded(response: Response): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const read = await reader?.read();
    if (read === undefined || read.done) return new Blob(parts);
    size += read.value.length;
    if (size > MAX_KEY_BYTES) {
      await reader?.cancel();
      throw new LookupFailed("What this site sent is larger than any verifying key. Choose the key's file.");
    }
    parts.push(read.value);
  }
}

/** A link to the model's entry on a chain, where whoever serves the page has named a registry. */
export function registryLink(modelId: string): HTMLElement | null {
  const named = document.querySelector<HTMLMetaElement>('meta[name="zkseal-registry"]');
  const template = named?.content ?? "";
  if (!template.startsWith("https://")) return null;
  const text = `Look it up in ${named?.dataset["name"] || "the registry"} (opens another site)`;
  const attributes = {
    href: template.replaceAll("{model}", `0x${modelId}`),
    rel: "noopener noreferrer",
    target: "_blank",
  };
  return element("p", {}, element("a", attributes, text));
}
