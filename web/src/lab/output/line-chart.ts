// <lab-chart>: a small line chart, uPlot in the page's colours.
import { css, html, LitElement, type PropertyValues, unsafeCSS } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import uPlot from 'uplot';
import uPlotCss from 'uplot/dist/uPlot.min.css';
import { count } from '../../format';
import { base } from '../../styles';

const POWERS_OF_TWO = Array.from({ length: 40 }, (_, i) => 2 ** i);

export interface ChartLine {
  label: string;
  /** The name of a colour of tokens.css. */
  colour: string;
  width?: number;
  /** Thin lines behind a running mean. */
  faint?: boolean;
  fill?: boolean;
}

@customElement('lab-chart')
export class LabChart extends LitElement {
  @property({ attribute: false }) columns: number[][] = [];
  @property({ attribute: false }) lines: ChartLine[] = [];
  @property({ attribute: false }) format: (value: number) => string = String;
  /** Ticks at powers of two, for bytes. */
  @property({ type: Boolean }) binary = false;
  /** The vertical range; without it, from 0 to a little over the highest point. */
  @property({ attribute: false }) range: [number, number] | undefined;
  /** Where the horizontal axis ends; without it, at the last point. */
  @property({ type: Number }) end: number | undefined;
  /** A level drawn across, as a budget. */
  @property({ type: Number }) limit: number | undefined;
  @property() limitLabel = '';
  @property() name = '';
  @query('.plot') private plot!: HTMLElement;
  #chart: uPlot | undefined;
  #resized: ResizeObserver | undefined;
  #themed: MutationObserver | undefined;

  static override styles = [
    base,
    unsafeCSS(uPlotCss),
    css`
      .plot {
        height: 112px;
      }
      .uplot {
        font-family: var(--sans);
      }
    `,
  ];

  override firstUpdated(): void {
    this.#chart = new uPlot(this.#options(), this.#data(), this.plot);
    this.#resized = new ResizeObserver(() => this.#fit());
    this.#resized.observe(this.plot);
    this.#themed = new MutationObserver(() => this.#chart?.redraw(false, true));
    this.#themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized?.disconnect();
    this.#themed?.disconnect();
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated && !this.#chart) this.firstUpdated();
  }

  override updated(changed: PropertyValues<this>): void {
    if (!this.#chart) return;
    if (changed.has('limit')) this.#chart.redraw(false);
    this.#chart.setData(this.#data());
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (width > 0 && height > 0) this.#chart?.setSize({ width, height });
  }

  #data(): uPlot.AlignedData {
    return [this.columns[0] ?? [], ...this.lines.map((_, i) => this.columns[i + 1] ?? [])] as uPlot.AlignedData;
  }

  #colour(name: string): string {
    return getComputedStyle(this).getPropertyValue(name).trim();
  }

  #options(): uPlot.Options {
    const axis = (): uPlot.Axis => ({
      stroke: () => this.#colour('--ink-2'),
      grid: { stroke: () => this.#colour('--grid'), width: 1 },
      ticks: { show: false },
      font: `11px ${this.#colour('--sans')}`,
    });
    return {
      width: this.plot.clientWidth || 240,
      height: this.plot.clientHeight || 112,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 8, 0, 0],
      scales: {
        x: { time: false, range: (_chart, _low, high) => [0, Math.max(this.end ?? 0, high ?? 0, 1)] },
        y: {
          range: (_chart, _low, high) =>
            this.range ?? [
              0,
              this.limit === undefined ? Math.max(high, 1e-9) * 1.08 : Math.max(high, this.limit) * 1.24,
            ],
        },
      },
      axes: [
        { ...axis(), size: 20, gap: 4, space: 56, values: (_chart, ticks) => ticks.map(count) },
        {
          ...axis(),
          size: 52,
          gap: 4,
          space: 28,
          values: (_chart, ticks) => ticks.map((value) => this.format(value)),
          ...(this.binary ? { incrs: POWERS_OF_TWO } : {}),
        },
      ],
      series: [
        {},
        ...this.lines.map(({ label, colour, width = 1.5, faint = false, fill = false }): uPlot.Series => {
          const stroke = () => (faint ? `${this.#colour(colour)}55` : this.#colour(colour));
          return {
            label,
            stroke,
            width,
            points: { show: false },
            ...(fill ? { fill: () => `${this.#colour(colour)}33` } : {}),
          };
        }),
      ],
      hooks: { draw: [(chart) => this.#drawLimit(chart)] },
    };
  }

  #drawLimit(chart: uPlot): void {
    if (this.limit === undefined) return;
    const { ctx, bbox } = chart;
    const y = Math.round(chart.valToPos(this.limit, 'y', true)) + 0.5;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.strokeStyle = this.#colour('--ink');
    ctx.fillStyle = this.#colour('--ink');
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${11 * ratio}px ${this.#colour('--sans')}`;
    ctx.textAlign = 'right';
    ctx.fillText(this.limitLabel, bbox.left + bbox.width - 4 * ratio, y - 4 * ratio);
    ctx.restore();
  }

  override render() {
    return html`<div class="plot" role="img" aria-label=${this.name}></div>`;
  }
}
