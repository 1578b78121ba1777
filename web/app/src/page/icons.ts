/** Icons: one path each on a grid of 24, in the colour of the text around them. Words always stand beside them. */

import { svg } from "./element.js";

const PATHS = {
  proved: "M12 2l8 3v6.200c0 5-3.300 8.500-8 10.500-4.700-2-8-5.500-8-10.500V5zM8.200 12l2.700 2.700 5-5.700",
  attested:
    "M7 7h10v10H7zM10 10h4v4h-4zM9.500 3v4M14.500 3v4M9.500 17v4M14.500 17v4M3 9.500h4M3 14.500h4M17 9.500h4M17 14.500h4",
  rejected: "M8.300 2.500h7.400l5.800 5.800v7.400l-5.800 5.800H8.300l-5.800-5.800V8.300zM9 9l6 6M15 9l-6 6",
  development:
    "M9 3h6M10 3v6.500L4.500 19a1.400 1.400 0 0 0 1.200 2h12.600a1.400 1.400 0 0 0 1.200-2L14 9.500V3M7.500 15h9",
  unverified:
    "M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19zM9.300 9.300a2.800 2.800 0 1 1 4 2.600c-.9.4-1.300 1-1.300 1.900M12 17.200v.1",
  pass: "M4.500 12.500l5 5 10-11",
  fail: "M6 6l12 12M18 6L6 18",
  not_checked: "M5 12h14",
  file: "M6 2.500h8l5 5v14H6zM14 2.500v5h5",
  key: "M14.500 9.500a4.500 4.500 0 1 0-3.200 4.300l1.700 1.700h2v2h2v2h3.500v-3.300l-6.200-6.200c.1-.2.2-.3.2-.5zM9 8.500v.1",
  hidden:
    "M3 3l18 18M10.600 6.200A9 9 0 0 1 21.500 12a13 13 0 0 1-2.300 3.100M6.500 7.200A12.500 12.500 0 0 0 2.500 12a10 10 0 0 0 13.300 5.300M10 10.200a2.800 2.800 0 0 0 3.900 3.900",
  statement: "M5 3h14v18H5zM8.500 8h7M8.500 12h7M8.500 16h4",
  chain:
    "M10 14a4 4 0 0 0 5.700 0l3.500-3.500a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.500 3.500a4 4 0 0 0 5.700 5.700L12 17.700",
  copy: "M8 8h12v12H8zM16 8V4H4v12h4",
  download: "M12 3v12M7 10.500l5 5 5-5M4 20.500h16",
  open: "M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19zM12 7v6M12 16.500v.1",
  light:
    "M12 7.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM12 1.500v3M12 19.500v3M1.500 12h3M19.500 12h3M4.600 4.600l2.100 2.100M17.300 17.300l2.100 2.100M4.600 19.400l2.100-2.100M17.300 6.700l2.100-2.100",
  dark: "M20.500 14.500A9 9 0 0 1 9.500 3.500a9 9 0 1 0 11 11z",
  live: "M3 12h4l3-8 4 16 3-8h4",
} as const;

export type Icon = keyof typeof PATHS;

/** The icon, hidden from screen readers. */
export function icon(name: Icon): SVGSVGElement {
  const attributes = {
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.8,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", ...attributes }, svg("path", { d: PATHS[name] }));
}
