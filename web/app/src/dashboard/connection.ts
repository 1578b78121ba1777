/** The connection to the service: kept up until it is closed, or until the service refuses the key. */

import { serverEvents } from "./events.js";
import { readSummary, type Summary } from "./summary.js";

export type State =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly seconds: number; readonly reason: string }
  /** It makes no sense to ask again with this key. */
  | { readonly kind: "refused"; readonly reason: string };

const FIRST_WAIT_S = 1;
const LONGEST_WAIT_S = 30;
/** The service sends a picture every second; a line that is silent for so long is dead. */
const SILENCE_MS = 15_000;

const REFUSALS: Readonly<Record<number, string>> = {
  401: "The service does not know this key, or it has expired or was revoked.",
  403: "This key may not see the dashboard: it needs the scope “operator”.",
  404: "There is no proving service behind this page.",
};

export class Connection {
  private readonly closing = new AbortController();

  constructor(
    private readonly address: URL,
    /** Kept here and nowhere else: not in the address, not in storage. */
    private readonly key: string,
    private readonly onSummary: (summary: Summary) => void,
    private readonly onState: (state: State) => void,
  ) {}

  close(): void {
    this.closing.abort();
  }

  /** Connects again and again; returns when it was closed or refused. */
  async run(): Promise<void> {
    let wait = FIRST_WAIT_S;
    while (!this.closing.signal.aborted) {
      this.onState({ kind: "connecting" });
      const { reason, told } = await this.listen();
      if (reason === null || this.closing.signal.aborted) return;
      wait = told ? FIRST_WAIT_S : Math.min(2 * wait, LONGEST_WAIT_S);
      // Many dashboards must not come back in the same moment.
      await this.pause(Math.ceil(wait * (0.75 + Math.random() / 2)), reason);
    }
  }

  /** One connection, until it ends: why, null if it was refused, and whether anything was told. */
  private async listen(): Promise<{ reason: string | null; told: boolean }> {
    const request = new AbortController();
    const signal = AbortSignal.any([request.signal, this.closing.signal]);
    let told = false;
    let watch = setTimeout(() => request.abort(), SILENCE_MS);
    try {
      const headers = { Authorization: `Bearer ${this.key}`, Accept: "text/event-stream" };
      const response = await fetch(this.address, {
        headers,
        signal,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
      });
      const refusal = REFUSALS[response.status];
      if (refusal !== undefined) {
        this.onState({ kind: "refused", reason: refusal });
        return { reason: null, told };
      }
      if (!response.ok || response.body === null) return { reason: `The service answered ${response.status}.`, told };
      for await (const event of serverEvents(response.body)) {
        clearTimeout(watch);
        watch = setTimeout(() => request.abort(), SILENCE_MS);
        if (event.name !== "summary") continue;
        this.onSummary(readSummary(event.data));
        if (!told) this.onState({ kind: "live" });
        told = true;
      }
      return { reason: "The service ended the connection.", told };
    } catch (error) {
      return { reason: this.reasonOf(error, request.signal.aborted), told };
    } finally {
      clearTimeout(watch);
      request.abort();
    }
  }

  private reasonOf(error: unknown, silent: boolean): string {
    if (silent) return "The service has been silent for too long.";
    if (error instanceof TypeError && /summary/.test(error.message))
      return "The service is of another release than this page.";
    return "The service cannot be reached.";
  }

  private async pause(seconds: number, reason: string): Promise<void> {
    for (let left = seconds; left > 0 && !this.closing.signal.aborted; left -= 1) {
      this.onState({ kind: "waiting", seconds: left, reason });
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
