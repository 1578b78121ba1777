/** The dashboard of a proving service: asks for a key, listens, draws what comes. */

import { byId } from "../page/element.js";
import { Connection, type State } from "./connection.js";
import * as contents from "./contents.js";
import { type Content, Panel } from "./panel.js";
import type { Summary } from "./summary.js";
import { drawTiles } from "./tiles.js";
import { clock } from "./words.js";

/** Pictures that are kept for the line of the queue: ten minutes of them. */
const MAX_MOMENTS = 600;

const PANELS: readonly (readonly [Panel, (summary: Summary, moments: readonly contents.Moment[]) => Content])[] = [
  [
    new Panel("queue", "Queue", "Jobs that wait and that run, since this page was opened."),
    (_, moments) => contents.queueContent(moments),
  ],
  [new Panel("throughput", "Throughput", "Jobs that ended, minute by minute."), contents.throughputContent],
  [
    new Panel("phases", "Time by phase", "Where the time of jobs goes that succeeded.", { wide: true }),
    contents.phasesContent,
  ],
  [
    new Panel("running", "Running now", "Progress as workers tell it.", { plain: true, wide: true }),
    contents.runningContent,
  ],
  [new Panel("cost", "Cost by model", "Time of workers for each receipt."), contents.costContent],
  [
    new Panel("failures", "Failures by code", "The code is that of the error that the job’s owner got."),
    contents.failuresContent,
  ],
  [new Panel("workers", "Workers", "Processes that work on jobs.", { plain: true }), contents.workersContent],
  [
    new Panel("receipts", "Newest receipts", "Their digests: nobody’s data is shown here.", { plain: true }),
    contents.receiptsContent,
  ],
];

class Dashboard {
  private connection: Connection | null = null;
  private moments: contents.Moment[] = [];
  private readonly form = byId("sign-in", HTMLFormElement);
  private readonly key = byId("api-key", HTMLInputElement);
  private readonly error = byId("sign-in-error", HTMLElement);
  private readonly board = byId("board", HTMLElement);
  private readonly status = byId("status", HTMLElement);
  private readonly words = byId("status-words", HTMLElement);
  private readonly countdown = byId("countdown", HTMLElement);
  private readonly leave = byId("leave", HTMLButtonElement);
  private readonly updated = byId("updated", HTMLElement);

  constructor() {
    byId("panels", HTMLElement).append(...PANELS.map(([panel]) => panel.element));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.enter(this.key.value.trim());
    });
    this.leave.addEventListener("click", () => {
      this.signIn(null);
      this.key.focus();
    });
  }

  private enter(key: string): void {
    if (!/^[\x21-\x7e]+$/.test(key)) {
      this.refuse(key === "" ? "Enter the API key." : "This is no API key: it begins with zks_.");
      return;
    }
    // The field forgets it at once: from here on it is in the connection's memory only.
    this.key.value = "";
    this.error.hidden = true;
    this.key.removeAttribute("aria-invalid");
    const address = new URL("../v1/operator/events", document.baseURI);
    this.moments = [];
    this.connection = new Connection(
      address,
      key,
      (summary) => this.draw(summary),
      (state) => this.say(state),
    );
    this.form.setAttribute("aria-busy", "true");
    void this.connection.run();
  }

  private refuse(reason: string): void {
    this.error.textContent = reason;
    this.error.hidden = false;
    this.key.setAttribute("aria-invalid", "true");
    this.key.focus();
  }

  /** Back to the key; `reason` is why, if it was not the user's wish. */
  private signIn(reason: string | null): void {
    this.connection?.close();
    this.connection = null;
    this.board.hidden = true;
    this.form.hidden = false;
    this.form.removeAttribute("aria-busy");
    this.leave.hidden = true;
    this.status.hidden = true;
    if (reason !== null) this.refuse(reason);
  }

  private say(state: State): void {
    if (state.kind === "refused") {
      this.signIn(state.reason);
      return;
    }
    this.status.hidden = false;
    this.status.dataset["kind"] = state.kind;
    const words = { connecting: "Connecting …", live: "Live", waiting: state.kind === "waiting" ? state.reason : "" }[
      state.kind
    ];
    // Said aloud once; the seconds that run down are for the eye.
    if (this.words.textContent !== words) this.words.textContent = words;
    this.countdown.textContent = state.kind === "waiting" ? `Next try in ${state.seconds} s.` : "";
    this.board.classList.toggle("old", state.kind === "waiting");
  }

  private draw(summary: Summary): void {
    if (this.board.hidden) {
      this.form.hidden = true;
      this.form.removeAttribute("aria-busy");
      this.board.hidden = false;
      this.leave.hidden = false;
      byId("board-title", HTMLElement).focus();
    }
    const { queued, running } = summary.queue;
    this.moments = [...this.moments, { at: summary.at, queued, running }].slice(-MAX_MOMENTS);
    drawTiles(byId("tiles", HTMLElement), summary);
    for (const [panel, content] of PANELS) panel.show(content(summary, this.moments));
    this.updated.textContent = `zkseal ${summary.version} · ${clock(summary.at)}`;
  }
}

new Dashboard();
