// The views as tabs, and beside them how the picture is drawn.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { TABS } from '../commands.js';
import type { Axis, ColorBy, Layout } from '../engine/protocol.js';
import { bytes, exactBytes } from '../format.js';
import { Follows } from '../store/controller.js';
import type { Session, Tab } from '../store/session.js';
import { isLayout } from '../store/state.js';
import { recall, remember } from '../store/theme.js';
import { base, controls } from '../styles.js';

const COLORS: { value: ColorBy; title: string }[] = [
  { value: 'state', title: 'state' },
  { value: 'label', title: 'label' },
  { value: 'size', title: 'size' },
  { value: 'dtype', title: 'dtype' },
  { value: 'lifetime', title: 'lifetime' },
];
const FIRST_VISIT: Record<Tab, string> = {
  address:
    'Each bar is one buffer: it begins where it was allocated, ends where it was released, and stands at its address; where it was moved, it goes on elsewhere behind a notch. Bars that reach the right edge were never released.',
  stack:
    'Each band is one buffer: the live ones stand on each other in order of birth, so the top edge is live bytes, and a band slides down when one below it is released.',
  packed:
    'The same lifetimes placed as low as best fit (in short traces the planner) gets them, whatever addresses they had: how little memory this order of lifetimes could do with.',
  table:
    'Every buffer as a row, those never released first. A click on a heading sorts; the filter above is the picture’s filter too.',
  groups:
    'Names and stacks cut into frames, each as wide as the bytes that it holds in the visible range; what stands beneath a frame is within it. A click looks into one.',
  leaks:
    'What was never released, largest first. A group grows when even the lowest number of its buffers rises through most of the trace; a click shows them in the table.',
  reuse:
    'What a plan that knows all lifetimes beforehand would need, against what was reserved; and which buffers could have taken the place of which.',
  diff: 'A second trace against the open one: what only one of them has stands first, then what differs most. A click on a group shows its buffers of the open trace in the table.',
  statistics:
    'All totals of this trace, from the same engine as the command bufgc summary; and how long buffers waited for their release, and their blocks for the next buffer.',
};

/** The packed layout is another way to see the first tab. */
const tabOf = (tab: Tab): Tab => (tab === 'packed' ? 'address' : tab);

@customElement('view-tabs')
export class ViewTabs extends LitElement {
  @property({ attribute: false }) session: Session | undefined;

  constructor() {
    super();
    new Follows(this, ['layout', 'trace']);
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        container-type: inline-size;
      }
      .bar {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        height: 36px;
        padding: 0 var(--gap-3) 0 0;
        border-bottom: 1px solid var(--line);
      }
      [role='tablist'] {
        display: flex;
        align-self: stretch;
      }
      [role='tab'] {
        padding: 0 var(--gap-2);
        white-space: nowrap;
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
        color: var(--ink-2);
        font-size: var(--type-3);
        white-space: nowrap;
      }
      [role='tab'] kbd {
        min-width: 0;
        margin-left: var(--gap-1);
        border: 0;
        background: none;
        color: var(--ink-2);
      }
      [role='tab'][aria-selected='true'] {
        border-color: var(--ink);
        color: var(--ink);
      }
      [role='tab']:hover {
        background: var(--hover);
      }
      .space {
        flex: 1;
      }
      .how {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
      }
      .note {
        padding: 2px var(--gap-3);
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        color: var(--ink-2);
        font-size: var(--type-1);
      }
      label {
        display: flex;
        align-items: center;
        gap: 6px;
        color: var(--ink-2);
        white-space: nowrap;
      }
      .hint {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        padding: var(--gap-1) var(--gap-3);
        border-bottom: 1px solid var(--line);
        background: var(--surface);
        color: var(--ink-2);
      }
      .hint p {
        flex: 1;
      }
      @container (max-width: 960px) {
        [role='tab'] kbd,
        .how label span {
          display: none;
        }
        .bar,
        .how {
          gap: var(--gap-2);
        }
        [role='tab'] {
          padding: 0 var(--gap-2);
        }
      }
      @container (max-width: 800px) {
        [role='tab'] {
          padding: 0 5px;
          font-size: var(--type-2);
        }
        .bar,
        .how {
          gap: var(--gap-1);
        }
      }
      @media (max-width: 860px) {
        .bar {
          height: auto;
          min-height: 36px;
          flex-wrap: wrap;
          padding-bottom: var(--gap-1);
          row-gap: var(--gap-1);
        }
        [role='tablist'] {
          flex-wrap: wrap;
        }
        [role='tab'] {
          height: 36px;
        }
        .space {
          display: none;
        }
        .how {
          flex-wrap: wrap;
          padding: 0 var(--gap-3);
        }
      }
    `,
  ];

  private onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step || !this.session) return;
    const at = TABS.findIndex(({ tab }) => tab === tabOf(this.session!.tab));
    void this.session.setTab(TABS[(at + step + TABS.length) % TABS.length]!.tab);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected=true]')?.focus());
    event.preventDefault();
  }

  private renderHint(tab: Tab) {
    const key = `bufgc.seen.${tab}`;
    if (recall(key)) return nothing;
    return html`<div class="hint">
      <p>${FIRST_VISIT[tab]}</p>
      <button
        class="button small"
        @click=${() => {
          remember(key, '1');
          this.requestUpdate();
        }}
      >
        Got it
      </button>
    </div>`;
  }

  /** What the layout that is shown means, in one line. */
  private renderNote({ tab, layout, trace }: Session) {
    const line = (text: unknown) => html`<p class="note" role="status">${text}</p>`;
    if (isLayout(tab) && tab !== layout) return line('Laying out…');
    if (tab === 'stack')
      return line(
        'Each column shows the moment of its highest live level: the top edge is live bytes, no peak is lost.',
      );
    if (tab !== 'packed' || !trace) return nothing;
    const { max_live_bytes: live } = trace.summary;
    const { height } = trace.bounds;
    const share = html`, <span class="number">${(height / live).toFixed(3)}</span> × peak live`;
    return line(
      html`Packed height <span class="number" title=${exactBytes(height)}>${bytes(height)}</span>${live > 0 ? share : nothing}`,
    );
  }

  private renderPictureControls(session: Session) {
    const layout = (value: Layout, title: string) =>
      html`<button aria-pressed=${session.tab === value} @click=${() => void session.setTab(value)}>${title}</button>`;
    const axis = (value: Axis, title: string) =>
      html`<button aria-pressed=${session.axis === value} @click=${() => void session.setAxis(value)}>${title}</button>`;
    return html`<div class="how">
      ${tabOf(session.tab) === 'address' ? html`<div class="segmented small" role="group" aria-label="Vertical axis">${layout('address', 'actual')}${layout('packed', 'packed')}</div>` : nothing}
      <label
        ><span>colour</span>
        <select
          class="field small"
          aria-label="colour"
          .value=${session.colorBy}
          @change=${(event: Event) => session.setColorBy((event.target as HTMLSelectElement).value as ColorBy)}
        >
          ${COLORS.map(({ value, title }) => html`<option value=${value} ?selected=${value === session.colorBy}>${title}</option>`)}
        </select></label
      >
      <div class="segmented small" role="group" aria-label="Horizontal axis">${axis('event', 'events')}${axis('time', 'time')}</div>
      <button class="button small" title="Show all (0)" @click=${() => session.glideTo(session.fitted())}>Fit</button>
    </div>`;
  }

  override render() {
    const { session } = this;
    if (!session?.trace) return nothing;
    return html`
      <div class="bar">
        <div role="tablist" aria-label="Views" @keydown=${(event: KeyboardEvent) => this.onKey(event)}>
          ${TABS.map(
            ({ tab, title }, index) => html`<button
              role="tab"
              aria-selected=${tabOf(session.tab) === tab}
              tabindex=${tabOf(session.tab) === tab ? 0 : -1}
              @click=${() => void session.setTab(tab)}
            >
              ${title}<kbd aria-hidden="true">${index + 1}</kbd>
            </button>`,
          )}
        </div>
        <span class="space"></span>
        ${isLayout(session.tab) ? this.renderPictureControls(session) : nothing}
      </div>
      ${this.renderHint(session.tab)} ${this.renderNote(session)}
    `;
  }
}
