/** What the user expects of a receipt: read from the form, with what is wrong said beside the field. */

import { ZksealError } from "@zkseal/verifier";

import { byId } from "../page/element.js";
import type { Expectation, PolicyName } from "./exchange.js";
import { MAX_CONTEXT_BYTES, sizeOf } from "./limits.js";
import { ownPolicyOf, referencesOf } from "./references.js";
import { modelIdOf, typedHex } from "./typed_hex.js";

const POLICIES: Readonly<Record<PolicyName, string>> = {
  production:
    "Proofs without a trusted setup or of a published ceremony. Hardware of a vendor, up to date, not debuggable, running code that you name below.",
  "evidence-only": "Hardware of a vendor, not debuggable. Whose code runs is not checked: rely on it for nothing.",
  own: "What your policy says of hardware evidence. Proofs as under “Production”.",
  development:
    "Accepts sandboxes, software TPMs and setups without a ceremony. They prove nothing to you, and the result says so.",
};

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export class ExpectationForm {
  private readonly model = byId("expected-model", HTMLInputElement);
  private readonly contextKind = byId("context-kind", HTMLSelectElement);
  private readonly contextValue = byId("context-value", HTMLInputElement);
  private readonly contextFile = byId("context-file", HTMLInputElement);
  private readonly contextState = byId("context-state", HTMLElement);
  private readonly evidence = byId("evidence", HTMLSelectElement);
  private readonly policy = byId("policy", HTMLSelectElement);
  private readonly references = byId("references", HTMLTextAreaElement);
  private readonly own = byId("own-policy", HTMLTextAreaElement);
  private readonly challenge = byId("challenge", HTMLInputElement);
  private readonly time = byId("time", HTMLSelectElement);
  private fileContext: Uint8Array | null = null;

  constructor(private readonly changed: () => void) {
    const plain = [this.model, this.contextValue, this.evidence, this.references, this.own, this.challenge, this.time];
    for (const field of plain) field.addEventListener("input", changed);
    for (const field of [this.contextKind, this.policy]) {
      field.addEventListener("input", () => {
        this.draw();
        changed();
      });
    }
    this.contextFile.addEventListener("change", () => void this.readContext());
    this.draw();
  }

  /** What is expected; null if a field is wrong, which then says so and has the focus. */
  read(): Expectation | null {
    const model = this.checked(this.model, "expected-model-error", () => modelIdOf(this.model.value));
    const field = this.contextKind.value === "file" ? this.contextFile : this.contextValue;
    const context = this.checked(field, "context-error", () => this.context());
    const references = this.checked(this.references, "references-error", () => referencesOf(this.references.value));
    const policy = this.policy.value as PolicyName;
    const own = this.checked(this.own, "own-policy-error", () =>
      policy === "own" ? ownPolicyOf(this.own.value) : null,
    );
    const challenge = this.checked(this.challenge, "challenge-error", () => this.challengeBytes());
    if (
      model === undefined ||
      context === undefined ||
      references === undefined ||
      own === undefined ||
      challenge === undefined
    )
      return null;
    return {
      model,
      context,
      evidence: this.evidence.value as Expectation["evidence"],
      policy,
      references,
      own,
      challenge,
      time: this.time.value as Expectation["time"],
      now: Math.floor(Date.now() / 1000),
    };
  }

  private context(): Uint8Array | null {
    switch (this.contextKind.value) {
      case "none":
        return null;
      case "file":
        if (this.fileContext === null)
          throw new ZksealError("FileUnavailable", "No file was chosen.", {}, "Choose one.");
        return this.fileContext;
      case "hex":
        return typedHex(this.contextValue.value);
      default:
        return new TextEncoder().encode(this.contextValue.value);
    }
  }

  private challengeBytes(): Uint8Array | null {
    const typed = this.challenge.value.trim();
    return typed === "" ? null : typedHex(typed);
  }

  private async readContext(): Promise<void> {
    const file = this.contextFile.files?.[0];
    if (file === undefined) return;
    const fits = file.size <= MAX_CONTEXT_BYTES;
    this.fileContext = fits ? new Uint8Array(await file.arrayBuffer()) : null;
    const size = sizeOf(file.size);
    this.contextState.textContent = fits
      ? `${file.name}, ${size}`
      : `${file.name} has ${size}; a context has at most 64 KiB.`;
    this.changed();
  }

  /** Runs `read`; undefined after an error, which is written under the field. */
  private checked<T>(field: Field, errorId: string, read: () => T): T | undefined {
    const place = byId(errorId, HTMLElement);
    try {
      const value = read();
      place.hidden = true;
      field.removeAttribute("aria-invalid");
      return value;
    } catch (error) {
      if (!(error instanceof ZksealError)) throw error;
      place.textContent = `${error.message} ${error.remedy}`;
      place.hidden = false;
      field.setAttribute("aria-invalid", "true");
      field.closest("details")?.setAttribute("open", "");
      field.focus();
      return undefined;
    }
  }

  private draw(): void {
    const kind = this.contextKind.value;
    byId("context-typed", HTMLElement).hidden = kind !== "text" && kind !== "hex";
    byId("context-label", HTMLElement).textContent = kind === "hex" ? "Context, in hexadecimal" : "Context, exactly";
    byId("context-chosen", HTMLElement).hidden = kind !== "file";
    const own = this.policy.value === "own";
    byId("own-policy-box", HTMLElement).hidden = !own;
    byId("references-box", HTMLElement).hidden = own;
    byId("policy-hint", HTMLElement).textContent = POLICIES[this.policy.value as PolicyName];
  }
}
