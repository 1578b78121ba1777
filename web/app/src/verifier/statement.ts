/** The statement as a card: which model, for what, which numbers. */

import { element } from "../page/element.js";
import { icon } from "../page/icons.js";
import { copyButton } from "./copy.js";
import type { PortFound, Verification } from "./exchange.js";
import { registryLink } from "./registry.js";
import { contextWords } from "./verdict.js";
import { fact } from "./facts.js";

export function statementCard(found: Verification): HTMLElement {
  const { receipt, expectation, inputs, outputs } = found;
  const checked = found.proof !== null || found.attestation !== null;
  return element(
    "section",
    { class: "card", "aria-labelledby": "statement-title" },
    element(
      "h2",
      { id: "statement-title" },
      icon("statement"),
      checked ? "The statement" : "What the receipt says of itself",
    ),
    element(
      "dl",
      { class: "facts-list" },
      ...fact("Model", copyable(receipt.modelId, "Copy the model id"), modelNote(found), registryLink(receipt.modelId)),
      ...fact(
        "Context",
        element("p", {}, contextWords(receipt.context)),
        contextNote(expectation.context, receipt.context),
      ),
      ...portFacts("Inputs", inputs, receipt.commitments.input),
      ...portFacts("Outputs", outputs, receipt.commitments.output),
      ...fact("Receipt", copyable(receipt.digest, "Copy the receipt's digest")),
    ),
  );
}

/** A long name, and a button beside it. */
function copyable(text: string, label: string): HTMLElement {
  return element("div", { class: "copied" }, element("code", {}, text), copyButton(label, text));
}

function modelNote({ expectation, key }: Verification): HTMLElement {
  if (expectation.model !== null) return badge("good", "the one that you trust");
  return badge(null, key === null ? "not compared" : "that of the key; compare it with one that you trust");
}

function contextNote(wanted: Uint8Array | null, got: Uint8Array): HTMLElement {
  if (wanted !== null) return badge("good", "the one that you expect");
  return badge(null, got.length === 0 ? "for nothing in particular" : "not compared");
}

function badge(tone: "good" | null, text: string): HTMLElement {
  return element("span", { class: tone === null ? "badge" : `badge ${tone}` }, text);
}

function portFacts(term: string, ports: readonly PortFound[], commitments: number): HTMLElement[] {
  if (ports.length === 0) {
    const words =
      commitments > 0 ? `hidden behind ${commitments} commitments` : "public; their names and scales are in the key";
    return fact(term, words);
  }
  const rows = ports.map((port) =>
    element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element("code", {}, port.name),
        " ",
        element("span", { class: "quiet small" }, shapeWords(port)),
      ),
      element("td", {}, ...valueCell(port)),
    ),
  );
  const head = element("tr", {}, element("th", { scope: "col" }, "Name"), element("th", { scope: "col" }, "Value"));
  const table = element(
    "table",
    { "aria-label": term },
    element("thead", { class: "unseen" }, head),
    element("tbody", {}, ...rows),
  );
  return fact(
    term,
    element("div", { class: "tensors scroll", tabindex: "0", role: "region", "aria-label": term }, table),
  );
}

function shapeWords(port: PortFound): string {
  return `${port.dtype} ${port.shape.join(" × ")}`;
}

function valueCell(port: PortFound): Node[] {
  if (!port.public) return [badge(null, "hidden"), element("span", { class: "quiet small" }, " fixed by a commitment")];
  if (port.values === null) return [element("span", { class: "quiet" }, "stated; shown when something vouches for it")];
  const count = port.shape.reduce((product, axis) => product * axis, 1);
  const more = count > port.values.length ? ` … and ${count - port.values.length} more` : "";
  return [element("span", { class: "values" }, port.values.map(shortNumber).join(", ") + more)];
}

/** Six digits are enough to read, and it is said where there are more; the JSON has all of them. */
export function shortNumber(value: string): string {
  const number = Number(value);
  if (value.length <= 10 || Number.isInteger(number)) return value;
  return `≈ ${Number(number.toPrecision(6))}`;
}
