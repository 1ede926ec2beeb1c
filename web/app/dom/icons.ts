/** The page's icons: 20 by 20 units, strokes of one width in the colour of the text around them. */

import { svg } from "./dom.ts";

const PATHS = {
  check: "M4 10.5 8.2 14.7 16 5.6",
  cross: "M5 5 15 15M15 5 5 15",
  question: "M7 7.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1-1.4 2.1M10 15.2v.1",
  warning: "M10 3 18 16.5H2ZM10 8v4M10 14.2v.1",
  info: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 9.4v4.2M10 6.5v.1",
  first: "M5 4.5v11M15.5 4.5 8 10l7.5 5.5Z",
  last: "M15 4.5v11M4.5 4.5 12 10l-7.5 5.5Z",
  previous: "M12.5 4.5 6 10l6.5 5.5",
  next: "M7.5 4.5 14 10l-6.5 5.5",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  fit: "M3 7V3.5h4M17 7V3.5h-4M3 13v3.5h4M17 13v3.5h-4M6.5 10h7",
  copy: "M7.5 7.5h9v9h-9ZM12.5 7.5v-4h-9v9h4",
  folder: "M2.5 15.5v-11H8l2 2.2h7.5v8.8Z",
  archive: "M3.5 8.5h13v8h-13ZM2.5 4h15v4.5h-15ZM8 11.5h4",
  sun: "M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM10 1.8v2M10 16.2v2M1.8 10h2M16.2 10h2M4.2 4.2l1.4 1.4M14.4 14.4l1.4 1.4M15.8 4.2l-1.4 1.4M5.6 14.4l-1.4 1.4",
  moon: "M16.5 12A7 7 0 0 1 8 3.5 7 7 0 1 0 16.5 12Z",
  download: "M10 3v9.5M5.5 8.5 10 13l4.5-4.5M3.5 17h13",
  flag: "M5 17.5v-15M5 3.5h9.5l-2.6 3 2.6 3H5",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 20): SVGSVGElement {
  return svg(
    "svg",
    {
      class: "icon",
      viewBox: "0 0 20 20",
      width: size,
      height: size,
      "aria-hidden": "true",
      focusable: "false",
    },
    svg("path", { d: PATHS[name] }),
  );
}
