/** The verifier's page: what was chosen and what is expected on the left, what came out on the right. */

import { byId } from "../page/element.js";
import { TaskFailed, TaskStopped, VerificationClient } from "./client.js";
import { onDrop } from "./drop.js";
import type { Failure, KeyFound, Part, ReceiptFound, Verification } from "./exchange.js";
import { ExpectationForm } from "./expectation.js";
import { kindOf, refusal } from "./limits.js";
import { KeyLookup } from "./lookup.js";
import { workerPlaces } from "./places.js";
import { emptyView, failedView, staleView, workingView } from "./progress.js";
import { Slot } from "./slot.js";
import { verdictOf } from "./verdict.js";
import { resultView } from "./view.js";

/** After this long the page says that it is still at work. */
const PATIENCE_MS = 150;
/** Share of the screen's height beyond which a result that begins there is not seen. */
const NOT_SEEN_FROM = 0.75;

class Page {
  private readonly client: VerificationClient;
  private readonly result = byId("result", HTMLElement);
  private readonly announcer = byId("announcer", HTMLElement);
  private readonly verifyButton = byId("verify", HTMLButtonElement);
  private readonly stopButton = byId("stop", HTMLButtonElement);
  private readonly goHint = byId("go-hint", HTMLElement);
  private readonly expectation = new ExpectationForm(() => this.expectationChanged());
  private readonly slots = {
    receipt: new Slot<ReceiptFound>(
      "receipt",
      (file) => this.choose(file, "receipt"),
      () => this.remove("receipt"),
    ),
    key: new Slot<KeyFound>(
      "key",
      (file) => this.choose(file, "key"),
      () => this.remove("key"),
    ),
  };
  private readonly lookup = new KeyLookup((file) => this.choose(file, "key"));
  /** Counts verifications: an older one that ends late is not shown. */
  private run = 0;
  private shown = false;

  constructor() {
    const { script, modules } = workerPlaces();
    this.client = new VerificationClient(script, modules);
    byId("form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.verify();
    });
    this.stopButton.addEventListener("click", () => void this.stop());
    onDrop(byId("dropping", HTMLElement), (files) => void this.dropped(files));
    this.result.replaceChildren(emptyView());
    this.draw();
    this.client.start().catch((error: unknown) => this.failed(error));
  }

  /** Files find their places by what they are. Without a sign they fill the first empty one. */
  private async dropped(files: readonly File[]): Promise<void> {
    for (const file of files) {
      const { kind } = await kindOf(file).catch(() => ({ kind: "unknown" as const }));
      const part: Part =
        kind === "receipt" || kind === "key" ? kind : this.slots.receipt.found === null ? "receipt" : "key";
      await this.choose(file, part);
    }
  }

  private async choose(file: File, part: Part): Promise<void> {
    const slot = this.slots[part];
    this.run += 1;
    const refused = refusal(file, part, await kindOf(file).catch(() => ({ kind: "unknown" as const, code: "" })));
    if (refused !== null) {
      await this.client.forget(part).catch(() => undefined);
      this.refused(slot, file.name, refused);
      return;
    }
    slot.reading(file.name);
    this.announce(`Reading ${file.name}.`);
    try {
      await this.patiently(async () => {
        if (part === "receipt") this.slots.receipt.ready(file.name, await this.client.read("receipt", file));
        else this.slots.key.ready(file.name, await this.client.read("key", file));
      });
    } catch (error) {
      if (error instanceof TaskStopped) slot.clear();
      else if (error instanceof TaskFailed) this.refused(slot, file.name, error.failure);
      else throw error;
      this.draw();
      return;
    }
    this.draw();
    await this.verify();
  }

  private refused(slot: Slot<ReceiptFound> | Slot<KeyFound>, name: string, failure: Failure): void {
    slot.failed(name, failure);
    this.shown = false;
    this.result.replaceChildren(this.slots.receipt.found === null ? emptyView() : failedView(failure));
    this.announce(`${name}: ${failure.message} ${failure.remedy}`);
    this.draw();
  }

  private async remove(part: Part): Promise<void> {
    this.run += 1;
    this.slots[part].clear();
    await this.client.forget(part).catch(() => undefined);
    this.shown = false;
    this.result.replaceChildren(emptyView());
    this.draw();
    if (part === "key" && this.slots.receipt.found !== null) await this.verify();
  }

  private async verify(): Promise<void> {
    const expectation = this.slots.receipt.found === null ? null : this.expectation.read();
    if (expectation === null) return;
    const run = ++this.run;
    this.result.setAttribute("aria-busy", "true");
    try {
      const found = await this.patiently(() => this.client.verify(expectation));
      if (run === this.run) this.show(found);
    } catch (error) {
      if (run === this.run) this.failed(error);
    } finally {
      this.result.removeAttribute("aria-busy");
    }
  }

  private show(found: Verification): void {
    this.result.replaceChildren(...resultView(found));
    this.shown = true;
    const { level, word, lead, remedy } = verdictOf(found);
    if (level !== "unverified") this.bringIntoView();
    this.announce(`${word}. ${lead} ${remedy ?? ""}`);
  }

  /** On a narrow screen results are below what was asked: where nothing of one would be seen, the page moves to it. */
  private bringIntoView(): void {
    if (this.result.getBoundingClientRect().top < innerHeight * NOT_SEEN_FROM) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.result.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  /** Awaits the worker; if that takes long, says so and offers to stop it, and then puts back what was there. */
  private async patiently<T>(work: () => Promise<T>): Promise<T> {
    const { run } = this;
    const before = [...this.result.childNodes];
    const working = workingView();
    const patience = setTimeout(() => {
      if (run !== this.run) return;
      this.stopButton.hidden = false;
      this.result.replaceChildren(working);
    }, PATIENCE_MS);
    try {
      return await work();
    } finally {
      clearTimeout(patience);
      if (run === this.run) this.stopButton.hidden = true;
      if (working.isConnected) this.result.replaceChildren(...before);
    }
  }

  private async stop(): Promise<void> {
    this.run += 1;
    this.stopButton.hidden = true;
    this.shown = false;
    this.result.replaceChildren(emptyView());
    (this.verifyButton.disabled ? this.result : this.verifyButton).focus();
    this.announce("Stopped.");
    await this.client.stop().catch((error: unknown) => this.failed(error));
  }

  private failed(error: unknown): void {
    if (error instanceof TaskStopped) return;
    if (!(error instanceof TaskFailed)) throw error;
    this.shown = false;
    this.result.replaceChildren(failedView(error.failure));
    this.announce(`${error.failure.message} ${error.failure.remedy}`);
  }

  /** A result belongs to what was expected when it was made. */
  private expectationChanged(): void {
    if (!this.shown) return;
    this.shown = false;
    this.result.prepend(staleView(() => void this.verify()));
  }

  private draw(): void {
    const { receipt, key } = this.slots;
    this.verifyButton.disabled = receipt.found === null;
    this.goHint.textContent =
      receipt.found === null
        ? "Choose a receipt first."
        : key.found === null
          ? "Without a key, proofs stay unchecked."
          : "";
    this.lookup.draw(receipt.found?.modelId ?? null, key.found?.modelId ?? null);
  }

  private announce(text: string): void {
    this.announcer.textContent = text;
  }
}

new Page();
