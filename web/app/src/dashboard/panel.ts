/** A panel: a title, a chart, and the same as a table. What has the focus stays in the page when new numbers come. */

import { type Child, element } from "../page/element.js";

export interface Table {
  readonly columns: readonly string[];
  /** Columns that hold numbers are aligned at the right. */
  readonly numbers: readonly number[];
  readonly rows: readonly (readonly (string | Node)[])[];
}

export interface Content {
  /** Draws the chart at a width; null where there is nothing to draw. */
  readonly chart: ((width: number) => Node) | null;
  readonly legend: readonly (readonly [tone: string, words: string])[];
  readonly table: Table;
  /** Said where the table has no row. */
  readonly empty: string;
}

const LEAST_WIDTH = 240;

export class Panel {
  readonly element: HTMLElement;
  private readonly chart = element("div", { class: "chart" });
  private readonly legend = element("ul", { class: "legend" });
  private readonly head = element("thead");
  private readonly body = element("tbody");
  private readonly scroll: HTMLElement;
  private readonly note = element("p", { class: "quiet none" });
  private readonly toggle: HTMLButtonElement | null;
  private asTable: boolean;
  private content: Content | null = null;
  private width = 0;

  /** `plain`: there is a table only. */
  constructor(
    id: string,
    title: string,
    hint: string,
    options: { readonly plain?: boolean; readonly wide?: boolean } = {},
  ) {
    this.asTable = options.plain === true;
    this.toggle =
      options.plain === true
        ? null
        : element("button", { type: "button", class: "button plain", "aria-pressed": "false" }, "Table");
    this.toggle?.setAttribute("aria-label", `${title} as a table`);
    this.scroll = element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": `${id}-title` },
      element("table", { "aria-labelledby": `${id}-title` }, this.head, this.body),
    );
    this.element = element(
      "section",
      { class: `card panel${options.wide === true ? " wide" : ""}`, id, "aria-labelledby": `${id}-title` },
      element("div", { class: "top" }, element("h2", { id: `${id}-title` }, title), this.toggle),
      element("p", { class: "hint" }, hint),
      this.note,
      this.chart,
      this.legend,
      this.scroll,
    );
    this.toggle?.addEventListener("click", () => {
      this.asTable = !this.asTable;
      this.toggle?.setAttribute("aria-pressed", String(this.asTable));
      this.draw();
    });
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === this.width) return;
      this.width = width;
      this.drawChart();
    }).observe(this.element.querySelector(".top") ?? this.element);
    this.draw();
  }

  show(content: Content): void {
    this.content = content;
    this.draw();
  }

  private draw(): void {
    const { content } = this;
    const empty = content === null || content.table.rows.length === 0;
    this.note.hidden = !empty;
    this.note.textContent = content === null ? "Loading …" : content.empty;
    this.chart.hidden = this.legend.hidden = empty || this.asTable || content?.chart === null;
    this.scroll.hidden = empty || !(this.asTable || content?.chart === null);
    if (this.toggle !== null) this.toggle.hidden = empty;
    if (content === null) return;
    this.legend.replaceChildren(
      ...content.legend.map(([tone, words]) => element("li", { class: tone }, element("span", {}, words))),
    );
    this.drawTable(content.table);
    this.drawChart();
  }

  private drawChart(): void {
    const chart = this.content?.chart;
    if (this.chart.hidden || chart === null || chart === undefined || this.width === 0) return;
    this.chart.replaceChildren(chart(Math.max(LEAST_WIDTH, this.width)));
  }

  private drawTable({ columns, numbers, rows }: Table): void {
    const kind = (index: number): string | null => (numbers.includes(index) ? "number" : null);
    if (this.head.childElementCount === 0) {
      const titles = columns.map((title, index) => element("th", { scope: "col", class: kind(index) }, title));
      this.head.append(element("tr", {}, ...titles));
    }
    const cell = (content: Child, index: number): HTMLElement =>
      index === 0 ? element("th", { scope: "row" }, content) : element("td", { class: kind(index) }, content);
    this.body.replaceChildren(...rows.map((row) => element("tr", {}, ...row.map(cell))));
  }
}
