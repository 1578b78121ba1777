/** A place for one file: its picker, its name, and what it turned out to be. */

import { byId, element } from "../page/element.js";
import { icon } from "../page/icons.js";
import type { Failure, KeyFound, Part, ReceiptFound } from "./exchange.js";
import { sizeOf } from "./limits.js";

const KINDS = {
  zk: "proof",
  "zk-segments": "proof in segments",
  tee: "signed answer",
  "tee-dev": "development answer",
} as const;

export class Slot<Found extends ReceiptFound | KeyFound> {
  found: Found | null = null;
  private readonly input: HTMLInputElement;
  private readonly state: HTMLElement;

  constructor(
    private readonly part: Part,
    chosen: (file: File) => Promise<void>,
    private readonly remove: () => Promise<void>,
  ) {
    this.input = byId(`${part}-file`, HTMLInputElement);
    this.state = byId(`${part}-state`, HTMLElement);
    this.input.addEventListener("change", () => {
      const file = this.input.files?.[0];
      // The same file can be chosen again, after it was made anew.
      this.input.value = "";
      if (file !== undefined) void chosen(file);
    });
  }

  clear(): void {
    this.found = null;
    this.state.replaceChildren();
  }

  reading(name: string): void {
    this.found = null;
    this.draw("reading", name, "Reading …");
  }

  ready(name: string, found: Found): void {
    this.found = found;
    const facts = found.part === "receipt" ? receiptFacts(found) : keyFacts(found);
    this.draw("ready", name, facts);
  }

  failed(name: string, failure: Failure): void {
    this.found = null;
    this.draw("failed", name, `${failure.message} ${failure.remedy}`);
  }

  private draw(state: "reading" | "ready" | "failed", name: string, facts: string): void {
    const picture = state === "failed" ? "fail" : this.part === "key" ? "key" : "file";
    const button = element(
      "button",
      { type: "button", class: "button plain remove", "aria-label": `Remove ${name}` },
      "Remove",
    );
    button.addEventListener("click", () => {
      this.input.focus();
      void this.remove();
    });
    this.state.replaceChildren(
      element(
        "div",
        { class: "chosen", "data-state": state },
        icon(picture),
        element("span", { class: "name" }, name),
        element("span", { class: "facts" }, facts),
        state === "ready" && button,
      ),
    );
  }
}

function receiptFacts(found: ReceiptFound): string {
  const kinds = found.evidence.map((piece) => KINDS[piece.type]).join(" and ");
  return `${sizeOf(found.bytes)}, with a ${kinds}, of model ${found.modelId.slice(0, 12)}…`;
}

function keyFacts(found: KeyFound): string {
  const setup = found.insecure
    ? "DEVELOPMENT setup"
    : found.origin === null
      ? "no trusted setup"
      : `ceremony ${found.origin}`;
  return `${sizeOf(found.bytes)}, ${setup}, of model ${found.modelId.slice(0, 12)}…`;
}
