/** Where the worker and the WebAssembly modules are: beside the page, or inside of it (the single-file verifier). */

import type { Modules } from "./exchange.js";

export interface Places {
  readonly script: string;
  readonly modules: () => Modules;
}

/** The build writes the names of the files, which hold their digests, into the element that runs this program. */
const named = document.currentScript?.dataset ?? {};

/** Data blocks of the single-file page are text of these elements; browsers run nothing of them. */
const EMBEDDED = { worker: "embedded-worker", verifier: "embedded-verifier", attest: "embedded-attest" } as const;

export function workerPlaces(): Places {
  if (document.getElementById(EMBEDDED.worker) === null) {
    const address = (name: string): string => new URL(named[name] ?? "", document.baseURI).href;
    const modules = { verifier: address("verifier"), attest: address("attest") };
    return { script: address("worker"), modules: () => modules };
  }
  const script = URL.createObjectURL(new Blob([embedded(EMBEDDED.worker)], { type: "text/javascript" }));
  return { script, modules: () => ({ verifier: decoded(EMBEDDED.verifier), attest: decoded(EMBEDDED.attest) }) };
}

function embedded(id: string): string {
  return document.getElementById(id)?.textContent ?? "";
}

function decoded(id: string): ArrayBuffer {
  const text = atob(embedded(id).trim());
  return Uint8Array.from(text, (character) => character.charCodeAt(0)).buffer;
}
