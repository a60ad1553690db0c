// <bufgc-lab-output>: what the workload produces, beside the picture of its buffers.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count, exactBytes, percent, time } from '../format';
import { base } from '../styles';
import { catalogue } from './catalogue';
import type { LabPanel } from './lab-panel';
import type { LabSession } from './lab-session';
import { labStyles } from './lab-styles';
import { Listens } from './listens';
import './output/digits-view';
import './output/image-view';
import './output/line-chart';
import type { ChartLine } from './output/line-chart';

const LOSS: ChartLine[] = [
  { label: 'loss', colour: '--live', width: 1, faint: true },
  { label: 'mean', colour: '--live' },
];
const ACCURACY: ChartLine[] = [{ label: 'accuracy', colour: '--good' }];
const MEMORY: ChartLine[] = [
  { label: 'live', colour: '--live', fill: true },
  { label: 'reserved', colour: '--reserved', width: 1 },
];
const CACHE: ChartLine[] = [
  { label: 'believed', colour: '--live' },
  { label: 'alive', colour: '--alive', fill: true },
];
const HELD: ChartLine[] = [
  { label: 'live', colour: '--live', fill: true },
  { label: 'held by the recorder', colour: '--warn' },
  { label: 'reserved here', colour: '--reserved' },
];
const plain = (value: number) => value.toFixed(1);
const share = (value: number) => `${Math.round(100 * value)} %`;

@customElement('bufgc-lab-output')
export class LabOutput extends LitElement {
  @property({ attribute: false }) lab: LabPanel | undefined;
  readonly #listens = new Listens(this, 66);
  #frame = 0;

  static override styles = [
    base,
    labStyles,
    css`
      .head {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--gap-2);
        margin-bottom: var(--gap-1);
      }
      .head h2 {
        margin: 0;
      }
      .value {
        font-size: var(--type-4);
        line-height: 24px;
      }
      .good {
        color: color-mix(in srgb, var(--good) 82%, var(--ink));
      }
      .bad {
        color: var(--bad);
      }
      .lead {
        margin-bottom: var(--gap-2);
      }
      .key {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        margin-right: var(--gap-3);
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      .kernel {
        margin: var(--gap-1) 0 var(--gap-2);
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .swatch.recorder {
        height: 2px;
        background: var(--warn);
      }
      .swatch.alive {
        background: var(--alive);
      }
    `,
  ];

  override willUpdate(): void {
    this.#listens.to(this.lab?.session);
    this.#frame++;
  }

  override render() {
    const session = this.lab?.session;
    if (!session) return nothing;
    switch (session.workload) {
      case 'digits':
        return this.#renderDigits(session);
      case 'image':
        return html`<section aria-label=${catalogue.get('image')!.title}>
          <lab-image .session=${session} .history=${session.history} .frame=${this.#frame}></lab-image>
        </section>`;
      case 'nobody':
        return this.#renderNobody(session);
      case 'leak':
        return this.#renderLeak(session);
      case 'replay':
        return this.#renderReplay(session);
    }
  }

  #renderDigits({ history }: LabSession) {
    const accuracy = history.accuracies.last(1);
    return html`
      <section>
        <div class="head">
          <h2>Loss, epoch ${history.epoch}</h2>
          <span class="value number">${history.losses.last(2)?.toFixed(3) ?? '–'}</span>
        </div>
        <lab-chart name="Loss by step" .columns=${[...history.losses.columns]} .lines=${LOSS} .format=${plain}></lab-chart>
        <div class="head">
          <h2>Accuracy, 300 unseen</h2>
          <span class="value number">${accuracy === undefined ? '–' : `${(100 * accuracy).toFixed(1)} %`}</span>
        </div>
        <lab-chart
          name="Accuracy by step"
          .columns=${[...history.accuracies.columns]}
          .lines=${ACCURACY}
          .format=${share}
          .range=${[0, 1] as [number, number]}
          .end=${history.losses.last(0)}
        ></lab-chart>
      </section>
      <section><lab-digits .shown=${history.shown} .weights=${history.weights}></lab-digits></section>
    `;
  }

  #renderNobody({ history, settings, stats }: LabSession) {
    const told = history.nobody;
    const reserved = stats.peak_reserved_bytes ?? 0;
    const within = reserved <= settings.budgetBytes;
    return html`<section>
      <div class="head">
        <h2>Dropped, never disposed</h2>
        <span class="value number" title=${exactBytes(told?.droppedBytes ?? 0)}>${told ? bytes(told.droppedBytes) : '–'}</span>
      </div>
      <p class="lead">
        ${
          told && told.dropped > 0
            ? html`Passed through a budget of ${bytes(settings.budgetBytes)}, without one call of dispose. Reserved at most
                <b class=${within ? 'good' : 'bad'}>${bytes(reserved)}</b>.`
            : 'Press Start: each frame is made, shown, and dropped.'
        }
      </p>
      <span class="key"><i class="swatch live"></i>live</span><span class="key"><i class="swatch reserved"></i>reserved</span>
      <lab-chart
        name="Live and reserved bytes by frame"
        .columns=${[...history.levels.columns]}
        .lines=${MEMORY}
        .format=${bytes}
        binary
        .limit=${settings.budgetBytes}
        limitLabel="budget"
      ></lab-chart>
      <dl class="figures">
        <dt>Frames dropped</dt>
        <dd class="number">${count(told?.dropped ?? 0)}</dd>
        <dt>Released by finalizers</dt>
        <dd class="number">${count(told?.reclaimed ?? 0)}</dd>
        <dt>Held by the player</dt>
        <dd class="number">${count(told?.held ?? 0)}</dd>
        <dt>Waits for the GC</dt>
        <dd class="number">${count(told?.waits ?? 0)}</dd>
        <dt>Longest wait</dt>
        <dd class="number">${told ? time(told.slowestWaitMs * 1e6) : '–'}</dd>
      </dl>
    </section>`;
  }

  #renderLeak({ history, options }: LabSession) {
    const told = history.leak;
    const leaked = told ? told.aliveEntries - told.believedEntries : 0;
    return html`<section>
      <div class="head">
        <h2>Leaked by the cache</h2>
        <span class="value number ${leaked > 0 ? 'bad' : ''}">${told ? bytes(told.aliveBytes - told.believedBytes) : '–'}</span>
      </div>
      <p class="lead">
        ${
          leaked > 0
            ? html`The cache counts ${count(told!.believedEntries)} thumbnails. Alive are <b>${count(told!.aliveEntries)}</b>: filter for
                <b>alive</b> and look at <b>cache.thumbnail</b>.`
            : 'Press Start: requests come in, thumbnails are cached and evicted.'
        }
        ${leaked > 0 && options.index === 'mended' ? 'Mended, it grows no further; what leaked before stays.' : nothing}
      </p>
      <span class="key"><i class="swatch live"></i>the cache believes</span><span class="key"><i class="swatch alive"></i>really alive</span>
      <lab-chart name="Bytes of thumbnails by request" .columns=${[...history.levels.columns]} .lines=${CACHE} .format=${bytes} binary></lab-chart>
      <dl class="figures">
        <dt>Requests served</dt>
        <dd class="number">${count(told?.requests ?? 0)}</dd>
        <dt>From the cache</dt>
        <dd class="number">${percent(told?.hits ?? 0, told?.requests ?? 0)}</dd>
        <dt>The cache believes</dt>
        <dd class="number" title=${exactBytes(told?.believedBytes ?? 0)}>${bytes(told?.believedBytes ?? 0)}</dd>
        <dt>Really alive</dt>
        <dd class="number" title=${exactBytes(told?.aliveBytes ?? 0)}>${bytes(told?.aliveBytes ?? 0)}</dd>
      </dl>
    </section>`;
  }

  #renderReplay({ history, stats }: LabSession) {
    const told = history.replay;
    return html`<section>
      <div class="head">
        <h2>Replayed</h2>
        <span class="value number">${told ? percent(told.events, told.totalEvents) : '–'}</span>
      </div>
      <progress aria-label="Replayed events" .value=${told?.events ?? 0} max=${told?.totalEvents ?? 1}></progress>
      <p class="caption kernel number" title="The kernel that ran last">${told?.kernel || '\u00a0'}</p>
      <span class="key"><i class="swatch live"></i>live</span><span class="key"><i class="swatch line recorder"></i>held by tinygrad</span
      ><span class="key"><i class="swatch reserved"></i>held here</span>
      <lab-chart name="Bytes by event" .columns=${[...history.held.columns]} .lines=${HELD} .format=${bytes} binary></lab-chart>
      <dl class="figures">
        <dt>Recording’s clock</dt>
        <dd class="number">${told ? `${time(told.recordedNs)} of ${time(told.totalNs)}` : '–'}</dd>
        <dt>Events</dt>
        <dd class="number">${count(told?.events ?? 0)} of ${count(told?.totalEvents ?? 0)}</dd>
        <dt>Alive now</dt>
        <dd class="number">${count(told?.alive ?? 0)}, ${bytes(told?.aliveBytes ?? 0)}</dd>
        <dt>Reused in the recording</dt>
        <dd class="number">${percent(told?.recordedHits ?? 0, told?.recordedAllocations ?? 0)}</dd>
        <dt>Reused here</dt>
        <dd class="number">${percent(told?.replayedHits ?? 0, told?.recordedAllocations ?? 0)}</dd>
        <dt>Reserved at most</dt>
        <dd class="number">${bytes(stats.peak_reserved_bytes ?? 0)}</dd>
        <dt>Live at most</dt>
        <dd class="number">${bytes(stats.peak_live_bytes ?? 0)}</dd>
      </dl>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'bufgc-lab-output': LabOutput;
  }
}
