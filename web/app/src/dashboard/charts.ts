/** Charts as SVG, drawn at the width that they get. Colours come with shapes and words; a table says the same. */

import { svg } from "../page/element.js";
import { clock, count, steps } from "./words.js";

const [HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [196, 40, 10, 12, 24];
const MIN_LABEL_WIDTH = 24;
const HATCHES = ["none", "diagonal", "dots"] as const;

/** One kind of thing in a chart. `tone` is its colour: `series-1` to `series-9`, `good`, `warn` or `bad`. */
export interface Series {
  readonly name: string;
  readonly tone: string;
  readonly values: readonly number[];
}

interface Frame {
  readonly width: number;
  readonly most: number;
  readonly ticks: readonly number[];
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
}

function frameOf(width: number, points: number, most: number, centred: boolean): Frame {
  const ticks = steps(most, true);
  const top = ticks.at(-1) ?? 1;
  const [across, up] = [width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const slots = centred ? points : Math.max(1, points - 1);
  return {
    width,
    most: top,
    ticks,
    x: (index) => LEFT + (across * (index + (centred ? 0.5 : 0))) / slots,
    y: (value) => TOP + up * (1 - value / top),
  };
}

/** Lines over time: the latest at the right. */
export function lines(
  width: number,
  title: string,
  times: readonly number[],
  series: readonly Series[],
): SVGSVGElement {
  const most = Math.max(1, ...series.flatMap(({ values }) => values));
  const frame = frameOf(width, times.length, most, false);
  const drawn = series.flatMap(({ tone, values }, index) => {
    const points = values.map((value, at) => `${frame.x(at).toFixed(1)},${frame.y(value).toFixed(1)}`);
    const floor = frame.y(0).toFixed(1);
    const area = `${frame.x(0).toFixed(1)},${floor} ${points.join(" ")} ${frame.x(values.length - 1).toFixed(1)},${floor}`;
    return [
      index === 0 ? svg("polygon", { class: `area ${tone}`, points: area }) : null,
      svg("polyline", {
        class: `line ${tone}`,
        points: points.join(" "),
        "stroke-dasharray": index === 0 ? null : "6 4",
      }),
    ];
  });
  return picture(width, HEIGHT, title, ...axes(frame, times), ...drawn);
}

/** Columns over time, kinds on top of each other. */
export function columns(
  width: number,
  title: string,
  times: readonly number[],
  series: readonly Series[],
): SVGSVGElement {
  const totals = times.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const frame = frameOf(width, times.length, Math.max(1, ...totals), true);
  const size = Math.max(1.5, Math.min(26, ((width - LEFT - RIGHT) / Math.max(1, times.length)) * 0.72));
  const drawn = times.flatMap((_, index) => {
    let below = 0;
    return series.map(({ tone, values }, kind) => {
      const value = values[index] ?? 0;
      if (value === 0) return null;
      const [top, bottom] = [frame.y(below + value), frame.y(below)];
      below += value;
      const box = {
        x: (frame.x(index) - size / 2).toFixed(1),
        y: top.toFixed(1),
        width: size.toFixed(1),
        height: (bottom - top).toFixed(1),
      };
      return svg("g", {}, svg("rect", { ...box, class: `fill ${tone}` }), hatch(kind, box));
    });
  });
  return picture(width, HEIGHT, title, patterns(), ...axes(frame, times), ...drawn);
}

/** One bar in parts, each with its number where there is room; the legend has the same numbers. */
export function parts(
  width: number,
  title: string,
  series: readonly { readonly tone: string; readonly value: number }[],
): SVGSVGElement {
  const total = series.reduce((sum, { value }) => sum + value, 0) || 1;
  const height = 54;
  let left = 0;
  const drawn = series.flatMap(({ tone, value }, index) => {
    const size = ((width - 2) * value) / total;
    const box = { x: (left + 1).toFixed(1), y: 3, width: Math.max(0, size - 2).toFixed(1), height: height - 6, rx: 4 };
    const middle = left + size / 2;
    left += size;
    return [
      svg("rect", { ...box, class: `fill ${tone}` }),
      size >= MIN_LABEL_WIDTH &&
        svg(
          "text",
          { class: "inside", x: middle.toFixed(1), y: height / 2 + 5, "text-anchor": "middle" },
          String(index + 1),
        ),
    ];
  });
  return picture(width, height, title, ...drawn);
}

function axes(frame: Frame, times: readonly number[]): SVGElement[] {
  const grid = frame.ticks.flatMap((tick) => {
    const y = frame.y(tick);
    return [
      svg("path", { class: "grid", d: `M${LEFT} ${y.toFixed(1)}H${frame.width - RIGHT}` }),
      svg("text", { x: LEFT - 8, y: (y + 4).toFixed(1), "text-anchor": "end" }, count(tick)),
    ];
  });
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return grid;
  const seconds = last - first < 10 * 60_000;
  const y = HEIGHT - 5;
  return [
    ...grid,
    svg("text", { x: LEFT, y }, clock(first, seconds)),
    svg("text", { x: frame.width - RIGHT, y, "text-anchor": "end" }, clock(last, seconds)),
  ];
}

/** Kinds differ by more than colour. */
function hatch(kind: number, box: Readonly<Record<string, string>>): SVGElement | null {
  const name = HATCHES[kind % HATCHES.length];
  return name === "none" || name === undefined ? null : svg("rect", { ...box, fill: `url(#hatch-${name})` });
}

function patterns(): SVGElement {
  const tile = { width: 6, height: 6, patternUnits: "userSpaceOnUse" };
  return svg(
    "defs",
    {},
    svg("pattern", { id: "hatch-diagonal", ...tile }, svg("path", { class: "hatch", d: "M-1 7 7-1M-1 1 1-1M5 7 7 5" })),
    svg("pattern", { id: "hatch-dots", ...tile }, svg("circle", { class: "hatch-dot", cx: 3, cy: 3, r: 1.3 })),
  );
}

function picture(
  width: number,
  height: number,
  title: string,
  ...content: (SVGElement | null | false)[]
): SVGSVGElement {
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title }, ...content);
}
