/** The numbers that an operator looks at first. */

import { element } from "../page/element.js";
import type { Summary } from "./summary.js";
import { count, duration } from "./words.js";

interface Tile {
  readonly title: string;
  readonly number: string;
  readonly words: string;
  readonly tone: "" | "warn" | "bad";
}

/** A job that waits so long says that workers are too few. */
const LONG_WAIT_MS = 60_000;

function tilesOf(summary: Summary): readonly Tile[] {
  const { queue, throughput, workers, receipts, verifications, minutes } = summary;
  const capacity = workers.reduce((sum, worker) => sum + worker.capacity, 0);
  const succeeded = throughput.reduce((sum, minute) => sum + minute.succeeded, 0);
  const failed = throughput.reduce((sum, minute) => sum + minute.failed, 0);
  // The minute that runs is not over: the one before is the last that can be compared.
  const last = throughput.at(-2)?.succeeded ?? throughput.at(-1)?.succeeded ?? 0;
  const oldest = queue.oldest_queued_ms;
  return [
    {
      title: "Waiting",
      number: count(queue.queued),
      words: oldest === null ? "no job waits" : `the longest for ${duration(oldest)}`,
      tone: oldest !== null && oldest > LONG_WAIT_MS ? "warn" : "",
    },
    {
      title: "Running",
      number: count(queue.running),
      words: capacity === 0 ? "no worker is there" : `of ${count(capacity)} at a time`,
      tone: capacity === 0 ? "bad" : "",
    },
    { title: "Receipts a minute", number: count(last), words: `${count(succeeded)} in ${minutes} minutes`, tone: "" },
    {
      title: "Failed",
      number: count(failed),
      words: failed === 0 ? `none in ${minutes} minutes` : `in ${minutes} minutes`,
      tone: failed > 0 ? "bad" : "",
    },
    {
      title: "Receipts kept",
      number: count(receipts.count),
      words: `${count(queue.succeeded)} jobs succeeded`,
      tone: "",
    },
    {
      title: "Verifications",
      number: count(verifications.proved),
      words: `${count(verifications.rejected)} rejected, ${count(verifications.refused)} refused for load`,
      tone: "",
    },
  ];
}

export function drawTiles(place: HTMLElement, summary: Summary): void {
  const tiles = tilesOf(summary).map(({ title, number, words, tone }) =>
    element(
      "div",
      { class: `tile ${tone}` },
      element("dt", {}, title),
      element("dd", {}, element("span", { class: "figure" }, number), element("span", { class: "words" }, words)),
    ),
  );
  place.replaceChildren(...tiles);
}
