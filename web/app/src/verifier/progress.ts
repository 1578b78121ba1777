/** What the right side shows when there is no result: nothing chosen yet, at work, a file that is none, an old result. */

import { element } from "../page/element.js";
import { type Icon, icon } from "../page/icons.js";
import type { Failure } from "./exchange.js";

const STEPS: readonly (readonly [Icon, string, string])[] = [
  ["file", "A receipt", "Whoever ran the model gives it to you. It says what was answered, and holds the evidence."],
  [
    "key",
    "A verifying key",
    "It names the model and what is public. Take it from the model’s author, its auditor or a registry, not from whoever wants to be believed.",
  ],
  [
    "proved",
    "What comes out",
    "In words: what is proved and by what, for which model, what stays hidden, and what nobody checked.",
  ],
];

export function emptyView(): HTMLElement {
  const items = STEPS.map(([picture, title, text]) =>
    element("li", {}, icon(picture), element("div", {}, element("h3", {}, title), element("p", {}, text))),
  );
  return element(
    "div",
    { class: "empty" },
    element("h2", {}, "What you need, and what you get"),
    element("ol", {}, ...items),
  );
}

export function workingView(): HTMLElement {
  return element(
    "div",
    { class: "card working" },
    element("span", { class: "spinner", "aria-hidden": "true" }),
    element("p", {}, "Verifying. Large models take a while; this page stays usable."),
  );
}

/** A file could not be read, or the verifier could not run: there is no verdict. */
export function failedView(failure: Failure): HTMLElement {
  return element(
    "article",
    { class: "verdict", "data-level": "rejected", "aria-labelledby": "verdict" },
    element(
      "div",
      { class: "head" },
      icon("rejected"),
      element("h2", { class: "word", id: "verdict" }, "Cannot be verified"),
      element("p", { class: "lead" }, failure.message),
    ),
    element(
      "div",
      { class: "more" },
      element("p", { class: "remedy" }, failure.remedy),
      element("p", { class: "took" }, "Error: ", element("code", {}, failure.code)),
    ),
  );
}

export function staleView(again: () => void): HTMLElement {
  const button = element("button", { type: "button", class: "button" }, "Verify again");
  button.addEventListener("click", again);
  return element(
    "div",
    { class: "stale" },
    element("p", {}, "You changed what you expect. What is below is of before."),
    button,
  );
}
