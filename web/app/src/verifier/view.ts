/** The right side of the page: a verification as elements. What the words are is decided in `verdict`. */

import { type Child, element } from "../page/element.js";
import { type Icon, icon } from "../page/icons.js";
import { chainFigure } from "./chain.js";
import { copyButton } from "./copy.js";
import type { Verification } from "./exchange.js";
import { evidenceCard } from "./evidence.js";
import { fact, milliseconds, points } from "./facts.js";
import { resultJson } from "./result.js";
import { statementCard } from "./statement.js";
import { hiddenOf, type Level, uncheckedOf, type Verdict, verdictOf } from "./verdict.js";

const ICONS: Readonly<Record<Level, Icon>> = {
  proved: "proved",
  attested: "attested",
  authentic: "open",
  development: "development",
  rejected: "rejected",
  unverified: "unverified",
};

/** Everything that is shown of a verification, the verdict first. */
export function resultView(found: Verification): Node[] {
  const verdict = verdictOf(found);
  const cards: Child[] = [verdictCard(verdict, found)];
  if (verdict.level !== "rejected") {
    cards.push(statementCard(found));
    cards.push(...proofCards(found), ...hardwareCards(found));
  }
  if (verdict.level === "rejected") cards.push(rejectedCard(found));
  cards.push(evidenceCard(found));
  if (found.attestation !== null) cards.push(chainFigure(found.attestation.chain, found.attestation.development));
  if (verdict.level !== "rejected") {
    const hidden = points("What stays hidden", "hidden", hiddenOf(found), "quiet");
    cards.push(
      element("div", { class: "pair" }, hidden, points("What was not checked", "open", uncheckedOf(found), "open")),
    );
  }
  cards.push(jsonCard(found));
  return cards.filter((card): card is Node => card instanceof Node);
}

/** What a proof shows; of one that anybody may have forged it is never called proved. */
function proofCards({ proof, words }: Verification): HTMLElement[] {
  if (words === null) return [];
  if (proof?.insecure === true)
    return [points("What it says, and does not prove", "development", words.proved, "open")];
  return [points("What is proved", "proved", words.proved, "pass")];
}

/** What hardware shows, and what development evidence only says: two cards, that nobody takes one for the other. */
function hardwareCards({ attestation }: Verification): HTMLElement[] {
  const { shown, development } = attestation?.words ?? { shown: [], development: [] };
  return [
    ...(shown.length === 0 ? [] : [points("What its hardware shows", "attested", shown, "pass")]),
    ...(development.length === 0
      ? []
      : [points("What it says, and does not show", "development", development, "open")]),
  ];
}

function verdictCard(verdict: Verdict, found: Verification): HTMLElement {
  const took = (found.proof?.took ?? 0) + (found.attestation?.took ?? 0);
  const checked = found.proof !== null || found.attestation !== null;
  return element(
    "article",
    { class: "verdict", "data-level": verdict.level, "aria-labelledby": "verdict" },
    element(
      "div",
      { class: "head" },
      icon(ICONS[verdict.level]),
      element("h2", { class: "word", id: "verdict" }, verdict.word),
      element("p", { class: "lead" }, verdict.lead),
    ),
    element(
      "div",
      { class: "more" },
      verdict.remedy !== null && element("p", { class: "remedy" }, verdict.remedy),
      checked && element("p", { class: "took" }, `Checked on this device in ${milliseconds(took)}.`),
    ),
  );
}

/** What was refused, for whoever has to find out why. */
function rejectedCard({ failure, receipt }: Verification): HTMLElement | null {
  if (failure === null) return null;
  const facts = Object.entries(failure.details).filter(([, value]) => value !== null && typeof value !== "object");
  return element(
    "section",
    { class: "card", "aria-labelledby": "refused-title" },
    element("h2", { id: "refused-title" }, icon("rejected"), "What failed"),
    element(
      "dl",
      { class: "facts-list" },
      ...fact("Error", element("code", {}, failure.code)),
      ...facts.flatMap(([name, value]) => fact(name, element("code", {}, String(value)))),
      ...fact("Receipt", element("code", {}, receipt.digest)),
    ),
    element(
      "p",
      { class: "hint" },
      "Nothing that this receipt says is shown: a statement that does not hold is worth nothing.",
    ),
  );
}

function jsonCard(found: Verification): HTMLElement {
  const text = JSON.stringify(resultJson(found), null, 2);
  return element(
    "details",
    { class: "card" },
    element("summary", {}, "This result as JSON"),
    element("div", { class: "row" }, copyButton("Copy the result", text)),
    element("pre", { class: "json", tabindex: "0", role: "region", "aria-label": "The result as JSON" }, text),
  );
}
