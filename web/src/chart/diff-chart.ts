// Two traces' levels over one axis: live as lines, reserved dashed; the first trace's live level is filled.
import { css, html, LitElement, unsafeCSS } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import uPlot from 'uplot';
import uPlotCss from 'uplot/dist/uPlot.min.css';
import type { Align, Diff, DiffLevels } from '../engine/protocol.js';
import { bytes, count, plural, time } from '../format.js';
import { GUTTER } from '../plot/scale.js';
import { byteTicks } from '../plot/ticks.js';
import { Latest } from '../store/latest.js';
import type { Session } from '../store/session.js';
import { theme } from '../store/theme.js';
import { base } from '../styles.js';

const HEIGHT = 180;
const stepped = uPlot.paths.stepped!({ align: 1 });
const places: Record<Align, (at: number) => string> = {
  event: (at) => `event ${count(Math.floor(at))}`,
  time: (at) => time(Math.floor(at)),
  phase: (at) => `phase ${count(Math.floor(at) + 1)}`,
};
const lengths: Record<Align, (extent: number) => string> = {
  event: (extent) => plural(extent, 'event'),
  time,
  phase: (extent) => plural(extent, 'phase'),
};

@customElement('diff-chart')
export class DiffChart extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @property({ attribute: false }) diff: Diff | undefined;
  @query('.chart') private holder!: HTMLElement;
  @query('.at') private told!: HTMLElement;

  private chart: uPlot | null = null;
  private levels: DiffLevels | null = null;
  private readonly asked = new Latest<DiffLevels>();
  private readonly resized = new ResizeObserver(() => this.resize());

  static override styles = [
    unsafeCSS(uPlotCss),
    base,
    css`
      :host {
        border-bottom: 1px solid var(--line);
      }
      .chart {
        height: ${HEIGHT}px;
        overflow: hidden;
      }
      .u-cursor-x {
        border-right: 1px solid var(--ink-2) !important;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--gap-3);
        min-height: 20px;
        padding: 0 var(--gap-3) 0 ${GUTTER}px;
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      .legend span {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      .legend .at {
        margin-left: auto;
      }
      i {
        width: 14px;
        height: 0;
        border-top: 2px solid var(--live);
      }
      .second i,
      i.second {
        border-color: var(--second);
      }
      i.dashed {
        border-top: 1.5px dashed var(--live);
      }
      i.second.dashed {
        border-color: var(--second);
      }
    `,
  ];

  override firstUpdated(): void {
    this.resized.observe(this);
    theme.addEventListener('change', this.rebuild);
    this.rebuild();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    theme.removeEventListener('change', this.rebuild);
    this.chart?.destroy();
    this.chart = null;
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('diff') && this.chart) void this.load();
  }

  private readonly rebuild = (): void => {
    this.chart?.destroy();
    this.chart = new uPlot(this.options(), [[], [], [], [], []] as unknown as uPlot.AlignedData, this.holder);
    void this.load();
  };

  private extent(): number {
    return Math.max(1, this.diff?.firstExtent ?? 1, this.diff?.secondExtent ?? 1);
  }

  private ceiling(): number {
    const { diff } = this;
    if (!diff) return 1;
    const tops = [diff.first, diff.second].flatMap((of) => [of.max_live_bytes, of.max_reserved_bytes]);
    return Math.max(1, ...tops) * 1.06;
  }

  private options(): uPlot.Options {
    const computed = getComputedStyle(document.documentElement);
    const color = (name: string) => computed.getPropertyValue(`--${name}`).trim();
    const line = (name: string, width: number, dash?: number[]): uPlot.Series => ({
      paths: stepped,
      points: { show: false },
      stroke: color(name),
      width,
      ...(dash && { dash }),
    });
    return {
      width: Math.max(1, this.clientWidth),
      height: HEIGHT,
      padding: [8, 0, 6, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [0, this.extent()] },
        y: { range: () => [0, this.ceiling()] },
      },
      axes: [
        { show: false },
        {
          size: GUTTER,
          font: `11px ${color('mono')}`,
          stroke: color('ink-2'),
          gap: 4,
          grid: { stroke: `color-mix(in srgb, ${color('ink')} 7%, transparent)`, width: 1 },
          ticks: { show: true, size: 4, stroke: color('ink-2'), width: 1 },
          border: { show: true, stroke: color('line'), width: 1 },
          splits: () => byteTicks(0, this.ceiling(), 5).map(({ at }) => at),
          values: () => byteTicks(0, this.ceiling(), 5).map(({ text }) => text),
        },
      ],
      series: [
        {},
        { ...line('live', 1.5), fill: `color-mix(in srgb, ${color('live')} 24%, transparent)` },
        line('live', 1, [4, 3]),
        line('second', 1.5),
        line('second', 1, [4, 3]),
      ],
      hooks: { setCursor: [(chart) => this.tell(chart)] },
    };
  }

  private resize(): void {
    if (!this.chart || this.clientWidth === 0 || this.chart.width === this.clientWidth) return;
    this.chart.setSize({ width: this.clientWidth, height: HEIGHT });
    void this.load();
  }

  private async load(): Promise<void> {
    const { session, diff, chart } = this;
    if (!session || !diff || !chart) return;
    const columns = Math.max(1, Math.round(this.clientWidth - GUTTER));
    const extent = this.extent();
    const { align } = session.comparison;
    const answer = await session.track(this.asked.ask(() => session.engine.diffLevels(align, 0, extent, columns)));
    if (!answer || chart !== this.chart) return;
    this.levels = answer;
    // A trace that has ended is not drawn at zero.
    const until = (end: number, levels: Float64Array) =>
      Array.from(levels, (level, i) => (answer.x[i]! < end ? level : null));
    chart.setData(
      [
        Array.from(answer.x),
        until(diff.firstExtent, answer.firstLive),
        until(diff.firstExtent, answer.firstReserved),
        until(diff.secondExtent, answer.secondLive),
        until(diff.secondExtent, answer.secondReserved),
      ],
      true,
    );
    this.tell(chart);
  }

  /** What stands under the pointer, at its highest within the column. */
  private tell({ cursor, posToVal }: uPlot): void {
    const { levels, session, diff } = this;
    if (!session || !diff) return;
    const { align } = session.comparison;
    const column = cursor.idx ?? -1;
    if (!levels || cursor.left == null || cursor.left < 0 || column < 0) {
      this.told.textContent = lengths[align](this.extent());
      return;
    }
    const at = levels.x[column] ?? 0;
    const live = (name: string, end: number, series: Float64Array) =>
      at < end ? `${name} ${bytes(series[column] ?? 0)}` : `${name} has ended`;
    const both = `${live('A', diff.firstExtent, levels.firstLive)}, ${live('B', diff.secondExtent, levels.secondLive)}`;
    this.told.textContent = `${places[align](posToVal(cursor.left, 'x'))}: ${both}`;
  }

  override render() {
    const { diff } = this;
    const peaks = diff
      ? `Live bytes of both traces over one axis. Peaks: A ${bytes(diff.first.max_live_bytes)}, B ${bytes(diff.second.max_live_bytes)}.`
      : '';
    return html`<div class="chart" role="img" aria-label=${peaks}></div>
      <div class="legend">
        <span><i></i>A live</span><span><i class="dashed"></i>A reserved</span>
        <span><i class="second"></i>B live</span><span><i class="second dashed"></i>B reserved</span>
        <span class="at number"></span>
      </div>`;
  }
}
