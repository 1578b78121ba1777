/** Lists of sentences and of facts, as all cards of the page have them. */

import { type Child, element } from "../page/element.js";
import { type Icon, icon } from "../page/icons.js";
import type { Point } from "./verdict.js";

/** A card with a list of sentences. */
export function points(
  title: string,
  picture: Icon,
  list: readonly Point[],
  tone: "pass" | "open" | "quiet",
): HTMLElement {
  const id = `${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}-title`;
  const mark: Icon = tone === "pass" ? "pass" : tone === "open" ? "not_checked" : "hidden";
  const items = list.map((point) =>
    element("li", { class: tone, "data-code": point.code }, icon(mark), element("span", {}, point.text)),
  );
  const content =
    items.length > 0 ? element("ul", { class: "points" }, ...items) : element("p", { class: "quiet" }, "Nothing.");
  return element(
    "section",
    { class: "card", "aria-labelledby": id },
    element("h2", { id }, icon(picture), title),
    content,
  );
}

/** A term and what it is, for a list of facts. */
export function fact(term: string, ...description: Child[]): [HTMLElement, HTMLElement] {
  return [element("dt", {}, term), element("dd", {}, ...description)];
}

/** For people: 0.8 ms, 23 ms, 1.4 s. */
export function milliseconds(duration: number): string {
  if (duration >= 1000) return `${(duration / 1000).toFixed(1)} s`;
  return `${duration < 10 ? duration.toFixed(1) : duration.toFixed(0)} ms`;
}
