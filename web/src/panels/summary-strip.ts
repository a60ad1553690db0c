// The figures that people open the page for; each is a button to its moment and its filter.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { bytes, count, exactBytes, percent, plural } from '../format.js';
import { Follows } from '../store/controller.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { base, controls } from '../styles.js';

interface Figure {
  label: string;
  value: string;
  note: string;
  title: string;
  swatch?: string;
  act?: () => void;
}

@customElement('summary-strip')
export class SummaryStrip extends LitElement {
  @property({ attribute: false }) session: Session | undefined;

  constructor() {
    super();
    const pace = new Pace(() => this.requestUpdate(), 100);
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        background: var(--surface);
        border-bottom: 1px solid var(--line);
        overflow: auto hidden;
        scrollbar-width: none;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(6, minmax(136px, 1fr));
        height: 100%;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li + li {
        border-left: 1px solid var(--line);
      }
      button {
        display: grid;
        grid-template: 16px 24px / auto 1fr;
        column-gap: var(--gap-2);
        align-content: center;
        width: 100%;
        height: 100%;
        padding: 0 var(--gap-3);
      }
      button:hover:not(:disabled) {
        background: var(--hover);
      }
      .label {
        display: flex;
        align-items: center;
        gap: 6px;
        grid-column: 1 / -1;
        color: var(--ink-2);
        font-size: var(--type-1);
        white-space: nowrap;
      }
      .swatch {
        width: 8px;
        height: 8px;
      }
      .swatch.cached {
        background: repeating-linear-gradient(135deg, var(--cached) 0 1.5px, transparent 1.5px 3px);
        outline: 1px solid var(--cached);
        outline-offset: -1px;
      }
      .swatch.live {
        background: var(--live);
      }
      .swatch.alive {
        background: var(--alive);
        outline: 1px solid var(--alive-edge);
        outline-offset: -1px;
      }
      .swatch.alive.now {
        background: var(--live);
      }
      .swatch.reserved {
        height: 2px;
        background: var(--reserved);
      }
      .value {
        color: var(--ink);
        font-family: var(--sans);
        font-size: var(--type-4);
        line-height: 24px;
      }
      @media (max-width: 860px) {
        button .note {
          display: none;
        }
      }
      .note {
        align-self: end;
        padding-bottom: 2px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        color: var(--ink-2);
        font-size: var(--type-1);
      }
    `,
  ];

  private figures(session: Session): Figure[] {
    const { trace } = session;
    if (!trace) {
      return ['Peak live', 'Reserved at peak', 'Cached at peak', 'Alive at end', 'Overhead', 'Buffers'].map(
        (label) => ({
          label,
          value: '–',
          note: '',
          title: '',
        }),
      );
    }
    const s = trace.summary;
    return [
      {
        label: 'Peak live',
        swatch: 'live',
        value: bytes(s.max_live_bytes),
        note: `in ${plural(s.max_live_buffers, 'buffer')}`,
        title: `${exactBytes(s.max_live_bytes)} at event ${count(s.max_live_event)}. Go to the peak and see who lived then (P).`,
        act: () => void session.goToPeak(),
      },
      {
        label: 'Reserved at peak',
        swatch: 'reserved',
        value: bytes(s.max_reserved_bytes),
        note: '',
        title: `${exactBytes(s.max_reserved_bytes)} taken from the system at most, at event ${count(s.max_reserved_event)}. Go there and see what it is made of.`,
        act: () => void session.goToMoment(s.max_reserved_event),
      },
      {
        label: 'Cached at peak',
        swatch: 'cached',
        value: bytes(s.max_cached_bytes),
        note: `${bytes(s.cached_at_end_bytes)} at end`,
        title: `${exactBytes(s.max_cached_bytes)} kept for reuse at most, ${exactBytes(s.cached_at_end_bytes)} at the end.`,
        act: () => void session.goToMoment(s.max_reserved_event),
      },
      {
        label: trace.live ? 'Alive now' : 'Alive at end',
        swatch: trace.live ? 'alive now' : 'alive',
        value: bytes(s.alive_at_end_bytes),
        note: plural(s.alive_at_end_buffers, 'buffer'),
        title: `${exactBytes(s.alive_at_end_bytes)} ${trace.live ? 'not released yet' : 'never released'}. Show which, and what grows.`,
        act: () => void session.setTab('leaks'),
      },
      {
        label: 'Overhead',
        value: s.max_reserved_bytes > 0 ? percent(s.max_reserved_bytes - s.max_live_bytes, s.max_live_bytes) : '–',
        note: 'reserved above live',
        title:
          'Peak reserved above peak live, as a share of peak live: what caching and fragmentation cost. Show fragmentation over time.',
        act: () => {
          void session.setTab('address');
          session.setShowFragmentation(true);
        },
      },
      {
        label: 'Buffers',
        value: count(s.buffers),
        note: plural(s.events, 'event'),
        title: `${exactBytes(s.total_allocated_bytes)} allocated in total, ${plural(s.distinct_sizes, 'distinct size')}. Show the table.`,
        act: () => void session.setTab('table'),
      },
    ];
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    return html`<ul>
      ${this.figures(session).map(
        ({ label, value, note, title, swatch, act }) => html`<li>
          <button ?disabled=${!act} title=${title || nothing} @click=${act ?? nothing}>
            <span class="label">${swatch ? html`<i class="swatch ${swatch}"></i>` : nothing}${label}</span>
            <span class="value number">${value}</span><span class="note">${note}</span>
          </button>
        </li>`,
      )}
    </ul>`;
  }
}
