/** Asks the service of this site for the key of a model: only on a click, and never believed more than a file. */

import { byId, element } from "../page/element.js";
import { icon } from "../page/icons.js";
import { fetchKey, hasService, LookupFailed } from "./registry.js";

export class KeyLookup {
  private readonly place = byId("lookup", HTMLElement);
  private request: AbortController | null = null;
  /** The model whose key is being asked for. */
  private asked: string | null = null;

  constructor(private readonly found: (file: File) => Promise<void>) {}

  /** Offers the lookup where it makes sense: a receipt without the key of its model. */
  draw(receiptModel: string | null, keyModel: string | null): void {
    const wanted = receiptModel !== keyModel && hasService() ? receiptModel : null;
    // Another receipt of the same model needs the same key: the answer is on its way.
    if (wanted !== null && wanted === this.asked) return;
    this.request?.abort();
    this.asked = null;
    this.place.replaceChildren();
    if (wanted === null) return;
    const said = element(
      "p",
      { class: "hint", role: "status" },
      "The key is only as good as its model id: compare it with one that you trust.",
    );
    const button = element(
      "button",
      { type: "button", class: "button" },
      icon("download"),
      "Ask this site for the key",
    );
    button.addEventListener("click", () => void this.ask(wanted, button, said));
    this.place.append(button, said);
  }

  private async ask(modelId: string, button: HTMLButtonElement, said: HTMLElement): Promise<void> {
    const request = (this.request = new AbortController());
    this.asked = modelId;
    button.disabled = true;
    said.textContent = "Asking …";
    try {
      await this.found(await fetchKey(modelId, request.signal));
    } catch (error) {
      if (request.signal.aborted) return;
      if (!(error instanceof LookupFailed)) throw error;
      said.textContent = error.message;
    } finally {
      if (this.request === request) this.asked = null;
      button.disabled = false;
    }
  }
}
