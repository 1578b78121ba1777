/** The attestation chain as a picture: who vouches for whom, from the vendor's root down to the statement. */

import { element, svg } from "../page/element.js";
import { icon } from "../page/icons.js";
import type { LinkFound, Outcome } from "./exchange.js";

const [WIDTH, HEIGHT, GAP, LEFT] = [480, 58, 34, 1];
const DETAIL_CHARACTERS = 58;
const MARKS: Readonly<Record<Outcome, string>> = {
  pass: "m0 6 4 4 8-9",
  fail: "M1 1l9 9M10 1 1 10",
  not_checked: "M0 6h11",
};
const WORDS: Readonly<Record<Outcome, string>> = { pass: "holds", fail: "does not hold", not_checked: "not checked" };

/**
 * A figure with the picture, and with the same as a list for whoever cannot see it. Under `development` no link looks as
 * one of production does: they hold together, and hang on nothing.
 */
export function chainFigure(chain: readonly LinkFound[], development: boolean): HTMLElement {
  const height = chain.length * (HEIGHT + GAP) - GAP + 2;
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-labelledby": "chain-picture" },
    svg(
      "title",
      { id: "chain-picture" },
      `Chain of ${chain.length} links${development ? " that hangs on nothing" : ""}: ${chain.map(linkWords).join("; ")}`,
    ),
    ...chain.flatMap((link, index) => [index > 0 ? arrow(index) : null, node(link, index)]),
  );
  const list = element(
    "ol",
    { class: "unseen" },
    ...chain.map((link) => element("li", {}, `${linkWords(link)}. ${link.detail}`)),
  );
  return element(
    "section",
    { class: "card", "aria-labelledby": "chain-title" },
    element("h2", { id: "chain-title" }, icon("chain"), "Who vouches for whom"),
    development &&
      element(
        "p",
        { class: "hint" },
        "Development only: the links hold each other, and the first one hangs on nothing.",
      ),
    element("figure", { class: development ? "chain development" : "chain" }, picture, list),
  );
}

function linkWords(link: LinkFound): string {
  return `${link.title} (${WORDS[link.outcome]})`;
}

function node(link: LinkFound, index: number): SVGGElement {
  const top = 1 + index * (HEIGHT + GAP);
  const detail =
    link.detail.length > DETAIL_CHARACTERS ? `${link.detail.slice(0, DETAIL_CHARACTERS - 1)}…` : link.detail;
  return svg(
    "g",
    { class: link.outcome },
    svg("rect", { class: "node", x: LEFT, y: top, width: WIDTH - 2 * LEFT, height: HEIGHT, rx: 9 }),
    svg("path", { class: "mark", d: MARKS[link.outcome], transform: `translate(17 ${top + HEIGHT / 2 - 6})` }),
    svg("text", { class: "what", x: 44, y: top + (detail === "" ? 34 : 25) }, link.title),
    detail !== "" && svg("text", { class: "who", x: 44, y: top + 44 }, detail),
  );
}

function arrow(index: number): SVGGElement {
  const bottom = 1 + index * (HEIGHT + GAP);
  const top = bottom - GAP;
  return svg(
    "g",
    {},
    svg("path", { class: "arrow", d: `M23 ${top}V${bottom - 6}` }),
    svg("path", { class: "arrow-head", d: `M18.500 ${bottom - 8}h9l-4.500 8z` }),
    svg("text", { class: "edge-word", x: 44, y: top + GAP / 2 + 4 }, "vouches for"),
  );
}
