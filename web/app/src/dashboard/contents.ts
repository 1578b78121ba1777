/** What each panel shows of a summary. Pure: a summary in, charts and tables out. */

import { element } from "../page/element.js";
import { columns, lines, parts } from "./charts.js";
import type { Content } from "./panel.js";
import type { Summary } from "./summary.js";
import { clock, count, duration, short } from "./words.js";

const TONES = Array.from({ length: 9 }, (_, index) => `series-${index + 1}`);

/** Phases are named by the prover, whose last word is `done`: what comes then is the service's own work. */
function phaseWords(phase: string): string {
  return phase === "done" ? "verify and store" : phase;
}

/** The queue at moments since this page was opened. */
export interface Moment {
  readonly at: number;
  readonly queued: number;
  readonly running: number;
}

export function queueContent(moments: readonly Moment[]): Content {
  const times = moments.map(({ at }) => at);
  const series = [
    { name: "waiting", tone: "series-1", values: moments.map(({ queued }) => queued) },
    { name: "running", tone: "series-3", values: moments.map(({ running }) => running) },
  ];
  const last = moments.at(-1);
  const title = `Jobs over time: ${last?.queued ?? 0} waiting and ${last?.running ?? 0} running now`;
  return {
    chart: (width) => lines(width, title, times, series),
    legend: [
      ["series-1", "waiting"],
      ["series-3 dashed", "running"],
    ],
    table: {
      columns: ["Time", "Waiting", "Running"],
      numbers: [1, 2],
      rows: moments
        .slice(-60)
        .reverse()
        .map(({ at, queued, running }) => [clock(at), count(queued), count(running)]),
    },
    empty: "Nothing yet.",
  };
}

export function throughputContent({ throughput, minutes }: Summary): Content {
  const kinds = ["succeeded", "failed", "cancelled"] as const;
  const tones = ["good", "bad", "neutral"];
  const series = kinds.map((name, index) => ({
    name,
    tone: tones[index] ?? "",
    values: throughput.map((minute) => minute[name]),
  }));
  const sum = (name: (typeof kinds)[number]): number => throughput.reduce((total, minute) => total + minute[name], 0);
  const title = `Jobs ended in each of the last ${minutes} minutes: ${kinds.map((name) => `${sum(name)} ${name}`).join(", ")}`;
  const ended = throughput.filter((minute) => kinds.some((name) => minute[name] > 0));
  return {
    chart: (width) =>
      columns(
        width,
        title,
        throughput.map(({ minute }) => minute),
        series,
      ),
    legend: kinds.map((name, index) => [`${tones[index] ?? ""} hatch-${index}`, `${name} ${count(sum(name))}`]),
    table: {
      columns: ["Minute", "Succeeded", "Failed", "Cancelled"],
      numbers: [1, 2, 3],
      rows: ended.reverse().map((minute) => [clock(minute.minute, false), ...kinds.map((name) => count(minute[name]))]),
    },
    empty: `No job has ended in the last ${minutes} minutes.`,
  };
}

export function phasesContent({ phases, minutes }: Summary): Content {
  const total = phases.reduce((sum, { total_ms }) => sum + total_ms, 0);
  const share = (ms: number): string => `${((100 * ms) / (total || 1)).toFixed(1)} %`;
  const series = phases.map(({ total_ms }, index) => ({ tone: TONES[index % TONES.length] ?? "", value: total_ms }));
  const title = `Where the time of jobs goes: ${phases.map(({ phase, total_ms }) => `${phaseWords(phase)} ${share(total_ms)}`).join(", ")}`;
  return {
    chart: (width) => parts(width, title, series),
    legend: phases.map(({ phase, mean_ms, total_ms }, index) => [
      `${TONES[index % TONES.length] ?? ""} numbered`,
      `${index + 1}. ${phaseWords(phase)}: ${share(total_ms)}, ${duration(mean_ms)} a job`,
    ]),
    table: {
      columns: ["Phase", "Jobs", "Mean", "95 % within", "Share"],
      numbers: [1, 2, 3, 4],
      rows: phases.map(({ phase, jobs, mean_ms, p95_ms, total_ms }) => [
        phaseWords(phase),
        count(jobs),
        duration(mean_ms),
        duration(p95_ms),
        share(total_ms),
      ]),
    },
    empty: `No job has succeeded in the last ${minutes} minutes.`,
  };
}

export function failuresContent({ failures, minutes }: Summary): Content {
  const most = Math.max(1, ...failures.map((line) => line.count));
  return {
    chart: () =>
      bars(
        failures.map((line) => ({ name: line.code, share: line.count / most, words: count(line.count), tone: "bad" })),
      ),
    legend: [],
    table: {
      columns: ["Code", "Jobs", "Last"],
      numbers: [1],
      rows: failures.map((line) => [element("code", {}, line.code), count(line.count), clock(line.last_at)]),
    },
    empty: `No job has failed in the last ${minutes} minutes.`,
  };
}

export function costContent({ models, minutes }: Summary): Content {
  const costs = models.filter((model) => model.mean_ms !== null);
  const most = Math.max(1, ...costs.map((model) => model.mean_ms ?? 0));
  const named = (model: (typeof models)[number]): string => model.name ?? `${short(model.model_id)} (deleted)`;
  return {
    chart: () =>
      bars(
        costs.map((model) => ({
          name: named(model),
          share: (model.mean_ms ?? 0) / most,
          words: duration(model.mean_ms ?? 0),
          tone: "series-1",
        })),
      ),
    legend: [],
    table: {
      columns: ["Model", "Id", "Tenant", "Receipts", "Failed", "Each", "In all"],
      numbers: [3, 4, 5, 6],
      rows: models.map((model) => [
        named(model),
        element("code", { title: model.model_id }, short(model.model_id)),
        model.tenant ?? "",
        count(model.succeeded),
        count(model.failed),
        model.mean_ms === null ? "none yet" : duration(model.mean_ms),
        duration(model.busy_ms),
      ]),
    },
    empty: `No model was used in the last ${minutes} minutes.`,
  };
}

export function runningContent({ running }: Summary): Content {
  return {
    chart: null,
    legend: [],
    table: {
      columns: ["Job", "Progress", "Phase", "Model", "Kind", "Since", "Attempt"],
      numbers: [5, 6],
      rows: running.map((job) => [
        element("code", { title: job.id }, short(job.id)),
        progressBar(job.progress, `job ${short(job.id)}`),
        job.phase === null ? "starts" : phaseWords(job.phase),
        element("code", { title: job.model_id }, short(job.model_id)),
        job.kind,
        duration(job.running_ms),
        String(job.attempt),
      ]),
    },
    empty: "No job is running.",
  };
}

export function workersContent({ workers }: Summary): Content {
  return {
    chart: null,
    legend: [],
    table: {
      columns: ["Worker", "Jobs at a time", "Since", "Heard of"],
      numbers: [1, 3],
      rows: workers.map((worker) => [
        element("code", { title: worker.id }, short(worker.id, 20)),
        count(worker.capacity),
        clock(worker.started_at),
        `${duration(worker.seen_ms_ago)} ago`,
      ]),
    },
    empty: "No worker is there: jobs wait until one is started.",
  };
}

export function receiptsContent({ receipts }: Summary): Content {
  return {
    chart: null,
    legend: [],
    table: {
      columns: ["Receipt", "Model", "Made"],
      numbers: [],
      rows: receipts.newest.map((receipt) => [
        element("code", { title: receipt.digest }, short(receipt.digest, 20)),
        element("code", { title: receipt.model_id }, short(receipt.model_id)),
        clock(receipt.created_at),
      ]),
    },
    empty: "No receipt is kept.",
  };
}

interface Bar {
  readonly name: string;
  /** Of the longest one, 0 to 1. */
  readonly share: number;
  readonly words: string;
  readonly tone: string;
}

/** Bars with their names and numbers as text: a list that needs no picture. */
function bars(list: readonly Bar[]): HTMLElement {
  const items = list.map(({ name, share, words, tone }) => {
    const fill = element("span", { class: `bar-fill ${tone}` });
    fill.style.inlineSize = `${(100 * share).toFixed(1)}%`;
    return element(
      "li",
      {},
      element("span", { class: "bar-name" }, name),
      element("span", { class: "bar-track", "aria-hidden": "true" }, fill),
      element("span", { class: "number" }, words),
    );
  });
  return element("ul", { class: "bars" }, ...items);
}

function progressBar(share: number, name: string): HTMLElement {
  const percent = Math.round(100 * Math.min(1, Math.max(0, share)));
  return element(
    "span",
    { class: "progress" },
    element("progress", { max: 100, value: percent, "aria-label": `Progress of ${name}` }),
    element("span", { class: "number" }, `${percent} %`),
  );
}
