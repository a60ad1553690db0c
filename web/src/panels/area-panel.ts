// The selected area: how many buffers stand in it, how large they are, what came and went in its time.
import { html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Area, AreaStatistics, Layout } from '../engine/protocol.js';
import { bytes, count, delta, exactBytes, plural, time } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { answer, base, controls } from '../styles.js';

const HEIGHTS: Record<Layout, string> = { address: 'addresses', stack: 'live bytes', packed: 'places' };

@customElement('area-panel')
export class AreaPanel extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private found: AreaStatistics | null = null;
  private readonly asked = new Latest<AreaStatistics>();

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['area', 'filter'], () => void this.load());
  }

  static override styles = [base, controls, answer];

  override firstUpdated(): void {
    void this.load();
  }

  private async load(): Promise<void> {
    const { session } = this;
    const area = session?.area.now;
    if (!session || !area) return;
    const found = await session.track(this.asked.ask(() => session.engine.area(area, session.filter)));
    if (found) this.found = found;
  }

  private renderPlace({ layout, axis, view }: Area) {
    const at = axis === 'event' ? (t: number) => count(t) : time;
    return html`<dl>
      <dt>${axis === 'event' ? 'events' : 'time'}</dt>
      <dd class="number">${at(view.t0)} – ${at(view.t1)}</dd>
      <dt>${HEIGHTS[layout]}</dt>
      <dd class="number">${bytes(view.y0)} – ${bytes(view.y1)}</dd>
    </dl>`;
  }

  private renderFound(found: AreaStatistics) {
    const size = (name: string, value: number) =>
      html`<dt>${name}</dt><dd class="number" title=${exactBytes(value)}>${bytes(value)}</dd>`;
    const flow = (name: string, times: number, value: number) =>
      html`<dt>${name}</dt><dd class="number" title=${exactBytes(value)}>${count(times)}, ${bytes(value)}</dd>`;
    const { allocations, allocatedBytes, frees, freedBytes } = found;
    return html`<section>
        <h3>Sizes</h3>
        <dl>
          <dt>buffers</dt><dd class="number">${count(found.buffers)}</dd>
          ${size('sum', found.bytes)} ${size('smallest', found.leastBytes)} ${size('mean', found.meanBytes)}
          ${size('largest', found.mostBytes)}
        </dl>
        ${found.external > 0 ? html`<p class="caption">And ${plural(found.external, 'external buffer')}, whose bytes are not counted.</p>` : nothing}
      </section>
      <section>
        <h3>Within its time</h3>
        <dl>
          ${flow('allocated', allocations, allocatedBytes)} ${flow('freed', frees, freedBytes)}
          <dt>net</dt>
          <dd class="number" title="${delta(freedBytes, allocatedBytes, exactBytes)}">${delta(frees, allocations, count)}, ${delta(freedBytes, allocatedBytes, bytes)}</dd>
        </dl>
      </section>`;
  }

  override render() {
    const { session, found } = this;
    const area = session?.area.now;
    if (!session || !area) return nothing;
    return html`<header>
        <div>
          <h2>An area</h2>
          <p class="caption">What stood in it at any moment${session.filter ? ', of what matches' : ''}.</p>
        </div>
        <button class="button small" title="Let go (Esc)" @click=${() => session.area.select(null)}>Close</button>
      </header>
      <section>
        ${this.renderPlace(area)}
        <div class="row"><button class="button" @click=${() => void session.area.zoom()}>Zoom in <kbd>Z</kbd></button><button class="button" @click=${() => void session.track(session.writing.saveRows())}>Save as CSV</button></div>
      </section>
      ${found ? this.renderFound(found) : nothing}`;
  }
}
