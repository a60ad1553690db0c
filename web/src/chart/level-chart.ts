// Live, cached and reserved bytes over the visible range, on the same axis as the plot below it.
import { css, html, LitElement, nothing, unsafeCSS } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import uPlot from 'uplot';
import uPlotCss from 'uplot/dist/uPlot.min.css';
import type { Levels } from '../engine/protocol.js';
import { bytes } from '../format.js';
import { GUTTER } from '../plot/scale.js';
import { byteTicks } from '../plot/ticks.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import type { Session } from '../store/session.js';
import { theme } from '../store/theme.js';
import { base, controls } from '../styles.js';
import { type ColumnColors, LevelColumns, packedColor, type Steps } from './level-columns.js';

const HEIGHT = 120;
const TOP = 24;
const BOTTOM = 6;
const stepped = uPlot.paths.stepped!({ align: 1 });

@customElement('level-chart')
export class LevelChart extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @query('.chart') private holder!: HTMLElement;
  @query('.moment') private momentLine!: HTMLElement;

  private chart: uPlot | null = null;
  private steps: Steps | null = null;
  /** Answered since the chart was drawn. */
  private data: uPlot.AlignedData | null = null;
  private readonly columns = new LevelColumns();
  private colors: ColumnColors = { ground: 0, live: 0, cached: 0, reserved: 0 };
  private frame = 0;
  private dragged = false;
  private fragmentation = false;
  private readonly levels = new Latest<{ levels: Levels; fragmentation: Float64Array | null }>();
  private readonly resized = new ResizeObserver(() => this.resize());

  constructor() {
    super();
    new Follows(this, ['view', 'trace'], () => void this.load());
    new Follows(this, ['cursor'], () => this.showCursor());
    new Follows(this, ['moment'], () => this.schedule());
    new Follows(this, ['layout'], () => this.onLayout());
    theme.addEventListener('change', this.rebuild);
  }

  static override styles = [
    unsafeCSS(uPlotCss),
    base,
    controls,
    css`
      :host {
        height: 121px;
        border-bottom: 1px solid var(--line);
        position: relative;
      }
      .chart {
        height: 120px;
        overflow: hidden;
      }
      :host(.filled) .chart::before {
        content: '';
        position: absolute;
        inset: ${TOP + 1}px 0 ${BOTTOM + 1}px ${GUTTER}px;
        background: repeating-linear-gradient(135deg, var(--cached) 0 1.2px, transparent 1.2px 4.24px);
      }
      .u-cursor-x {
        border-right: 1px solid var(--ink-2) !important;
      }
      .u-select {
        background: var(--pressed);
        opacity: 0.5;
      }
      .legend {
        position: absolute;
        right: var(--gap-2);
        top: var(--gap-1);
        display: flex;
        gap: var(--gap-3);
        padding: 0 var(--gap-1);
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      .legend span,
      .legend button {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      .legend button:hover {
        color: var(--ink);
      }
      .legend button[aria-pressed='false'] i {
        opacity: 0.25;
      }
      .moment {
        position: absolute;
        top: ${TOP}px;
        bottom: 0;
        left: 0;
        width: 2px;
        background: var(--ink);
        pointer-events: none;
      }
      i {
        width: 12px;
        height: 8px;
      }
      .live {
        background: var(--live);
      }
      .cached {
        background: repeating-linear-gradient(135deg, var(--cached) 0 1.5px, transparent 1.5px 4px);
      }
      .reserved {
        height: 0;
        border-top: 1.5px solid var(--reserved);
      }
      .fragmentation {
        height: 0;
        border-top: 1.5px solid var(--fragmentation);
      }
    `,
  ];

  override firstUpdated(): void {
    this.resized.observe(this);
    this.rebuild();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    theme.removeEventListener('change', this.rebuild);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.chart?.destroy();
    this.chart = null;
  }

  private readonly rebuild = (): void => {
    if (!this.holder) return;
    this.chart?.destroy();
    this.classList.remove('filled');
    this.fragmentation = this.session?.showFragmentation ?? false;
    this.chart = new uPlot(this.options(), [[], [], []] as unknown as uPlot.AlignedData, this.holder);
    this.chart.over.addEventListener('click', this.onClick);
    void this.load();
  };

  private onLayout(): void {
    if (this.fragmentation !== this.session?.showFragmentation) this.rebuild();
    this.requestUpdate();
  }

  private options(): uPlot.Options {
    const computed = getComputedStyle(document.documentElement);
    const color = (name: string) => computed.getPropertyValue(`--${name}`).trim();
    const font = `11px ${color('mono')}`;
    this.colors = {
      ground: packedColor(color('ground')),
      live: packedColor(color('live')),
      cached: packedColor(color('cached')),
      reserved: packedColor(color('reserved')),
    };
    // Over the series, as in the plot below.
    const grid = { stroke: `color-mix(in srgb, ${color('ink')} 7%, transparent)`, width: 1 };
    return {
      width: Math.max(1, this.clientWidth),
      height: HEIGHT,
      padding: [TOP, 0, BOTTOM, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => this.onDoubleClick },
      },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: false, range: () => [this.session?.view.t0 ?? 0, this.session?.view.t1 ?? 1] },
        y: { range: () => [0, this.ceiling()] },
        share: { range: () => [0, 1.06] },
      },
      axes: [
        { show: false },
        {
          size: GUTTER,
          font,
          stroke: color('ink-2'),
          gap: 4,
          grid,
          ticks: { show: true, size: 4, stroke: color('ink-2'), width: 1 },
          border: { show: true, stroke: color('line'), width: 1 },
          splits: () => byteTicks(0, this.ceiling(), 4).map(({ at }) => at),
          values: () => byteTicks(0, this.ceiling(), 4).map(({ text }) => text),
        },
      ],
      drawOrder: ['series', 'axes'] as uPlot.DrawOrderKey[],
      series: [
        {},
        // Its bytes are painted before the series; the chart knows of them for its scale.
        { paths: () => null, points: { show: false } },
        {
          show: this.fragmentation,
          scale: 'share',
          paths: stepped,
          points: { show: false },
          stroke: color('fragmentation'),
          width: 1.5,
        },
      ],
      hooks: {
        drawClear: [(u) => this.steps && this.columns.paint(u, this.steps, this.colors)],
        setCursor: [(u) => this.onCursor(u)],
        setSelect: [(u) => this.onSelect(u)],
      },
    };
  }

  private readonly onDoubleClick = (): null => {
    this.session?.glideTo(this.session.fitted());
    return null;
  };

  private ceiling(): number {
    const summary = this.session?.trace?.summary;
    return summary ? Math.max(1, summary.max_reserved_bytes, summary.max_live_bytes) * 1.06 : 1;
  }

  private resize(): void {
    if (!this.chart || this.clientWidth === 0 || this.chart.width === this.clientWidth) return;
    this.chart.setSize({ width: this.clientWidth, height: HEIGHT });
    void this.load();
  }

  private async load(): Promise<void> {
    const { session, chart } = this;
    if (!session?.trace || !chart) return;
    this.schedule(); // what is there already, moved to the new range
    const columns = Math.max(1, Math.round(this.clientWidth - GUTTER));
    const { axis, view } = session;
    const { fragmentation } = this;
    const answer = await session.track(
      this.levels.ask(async () => {
        const [levels, shares] = await Promise.all([
          session.engine.levels(axis, view.t0, view.t1, columns),
          fragmentation ? session.engine.fragmentation(axis, view.t0, view.t1, columns) : null,
        ]);
        return { levels, fragmentation: shares };
      }),
    );
    if (!answer || chart !== this.chart) return;
    this.steps = stepsOf(answer.levels, view.t1);
    this.data = dataOf(this.steps, answer.fragmentation);
    this.schedule();
  }

  /** However many changes and answers a frame brings, it draws once. */
  private schedule(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const { chart, data } = this;
      this.data = null;
      this.placeMoment();
      // Without data there is nothing that would hide the hatching.
      if (data) this.classList.add('filled');
      if (data) chart?.setData(data, true);
      else chart?.redraw(false, true);
    });
  }

  private placeMoment(): void {
    const { session, momentLine: line } = this;
    if (!session || !line) return;
    const at = session.momentAt();
    const { t0, t1 } = session.view;
    line.hidden = at === null || at < t0 || at > t1;
    if (at === null) return;
    const x = GUTTER + ((at - t0) / (t1 - t0)) * (this.clientWidth - GUTTER);
    line.style.transform = `translateX(${Math.round(x)}px)`;
  }

  /** A click asks who lived then; a drag has chosen a range. */
  private readonly onClick = (event: MouseEvent): void => {
    const { chart, session } = this;
    const { dragged } = this;
    this.dragged = false;
    if (dragged || !chart || event.detail > 1) return;
    void session?.showMomentAt(chart.posToVal(event.offsetX, 'x'));
  };

  private onCursor({ cursor, posToVal }: uPlot): void {
    if (cursor.event == null) return;
    if (cursor.left == null || cursor.left < 0) this.session?.pointAway();
    else void this.session?.pointAt(posToVal(cursor.left, 'x'), null);
  }

  /** The pointer may be over the plot: the line stands here too. */
  private showCursor(): void {
    const { chart, session } = this;
    if (!chart || !session) return;
    const at = session.cursorAt();
    const left = at === null ? -10 : chart.valToPos(at, 'x');
    if (Math.abs((chart.cursor.left ?? -10) - left) > 0.5) chart.setCursor({ left, top: 1 }, false);
  }

  private onSelect(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width < 4 || !this.session) return;
    this.dragged = true;
    const { view } = this.session;
    this.session.glideTo({ ...view, t0: chart.posToVal(left, 'x'), t1: chart.posToVal(left + width, 'x') });
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  override render() {
    const { session } = this;
    const summary = session?.trace?.summary;
    return html`<div
        class="chart"
        role="img"
        aria-label=${summary ? `Bytes over time. Peak live ${bytes(summary.max_live_bytes)}, peak reserved ${bytes(summary.max_reserved_bytes)}.` : nothing}
      ></div>
      <div class="moment" hidden></div>
      <div class="legend">
        <span><i class="live"></i>live</span>
        <button
          aria-pressed=${session?.showCached ?? true}
          title="Show what waits in the cache, in the picture too"
          @click=${() => session?.setShowCached(!session.showCached)}
        >
          <i class="cached"></i>cached
        </button>
        <span><i class="reserved"></i>reserved</span>
        <button
          aria-pressed=${session?.showFragmentation ?? false}
          title="The share of reserved that holds no live byte, from 0 to 100 %, at its worst"
          @click=${() => session?.setShowFragmentation(!session.showFragmentation)}
        >
          <i class="fragmentation"></i>fragmentation
        </button>
      </div>`;
  }
}

/** The last column reaches to the end of the range. Cached stands on live. */
function stepsOf({ x, liveMax, cachedMax, reservedMax }: Levels, end: number): Steps {
  const xs = stretched(x);
  xs[x.length] = end;
  const live = stretched(liveMax);
  const cached = stretched(cachedMax);
  // Each level's highest may stand at another moment of the column; together they never pass what is reserved.
  const reserved = stretched(reservedMax);
  const stacked = live.map((value, i) => Math.max(value, Math.min(value + (cached[i] ?? 0), reserved[i] ?? 0)));
  return { x: xs, live, stacked, reserved };
}

function dataOf({ x, live }: Steps, fragmentationPpm: Float64Array | null): uPlot.AlignedData {
  const shares = fragmentationPpm ? stretched(fragmentationPpm.map((ppm) => ppm / 1e6)) : new Float64Array(x.length);
  return [x, live, shares] as unknown as uPlot.AlignedData;
}

/** With the last value once more, where it ends. */
function stretched(values: Float64Array): Float64Array {
  const all = new Float64Array(values.length + 1);
  all.set(values);
  all[values.length] = values.at(-1) ?? 0;
  return all;
}
