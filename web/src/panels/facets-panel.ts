// Groups of buffers by state, label, type, size and lifetime: how many, how much; a click filters every view.
import { css, html, LitElement, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { GroupBy, GroupCount } from '../engine/protocol.js';
import { bytes, count, exactBytes, label, plural } from '../format.js';
import { Follows } from '../store/controller.js';
import { Latest } from '../store/latest.js';
import { Pace } from '../store/pace.js';
import type { Session } from '../store/session.js';
import { base, controls } from '../styles.js';
import { termsOf } from '../terms.js';

const FACETS: { by: GroupBy; title: string }[] = [
  { by: 'state', title: 'State' },
  { by: 'label', title: 'Label' },
  { by: 'dtype', title: 'Type' },
  { by: 'size', title: 'Size' },
  { by: 'lifetime', title: 'Lifetime, in events' },
];
const SHOWN = 8;

interface Facet {
  all: GroupCount[];
  matching: Map<string, GroupCount>;
}

@customElement('facets-panel')
export class FacetsPanel extends LitElement {
  @property({ attribute: false }) session: Session | undefined;
  @state() private facets = new Map<GroupBy, Facet>();
  @state() private expanded = new Set<GroupBy>();
  private readonly asked = new Latest<Map<GroupBy, Facet>>();
  /** The groups without a filter, and of which trace. */
  private known: { all: Map<GroupBy, GroupCount[]>; revision: number } | null = null;

  constructor() {
    super();
    const pace = new Pace(() => void this.load());
    new Follows(this, ['trace'], () => pace.call(this.session?.trace?.live ?? false));
    new Follows(this, ['filter'], () => void this.load());
    new Follows(this, ['layout']);
  }

  static override styles = [
    base,
    controls,
    css`
      section {
        padding: var(--gap-2) 0;
        border-bottom: 1px solid var(--line);
      }
      h2 .caption {
        font-weight: 400;
      }
      h2 {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        padding: 0 var(--gap-3);
        line-height: 24px;
        font-weight: 600;
      }
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .group {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto 72px;
        align-items: center;
        gap: var(--gap-2);
        width: 100%;
        height: 24px;
        padding: 0 var(--gap-3);
      }
      .swatched .group {
        grid-template-columns: 12px minmax(0, 1fr) auto 72px;
      }
      .group:hover {
        background: var(--hover);
      }
      .group[aria-pressed='true'] {
        background: var(--selected);
      }
      .group.out {
        color: var(--ink-2);
      }
      .text {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .bytes {
        text-align: right;
      }
      .count {
        color: var(--ink-2);
      }
      .swatch {
        width: 12px;
        height: 12px;
        border-radius: 2px;
        forced-color-adjust: none;
      }
      .more {
        height: 24px;
        padding: 0 var(--gap-3);
        color: var(--ink-2);
        text-decoration: underline;
      }
      .empty {
        padding: var(--gap-3);
        color: var(--ink-2);
      }
    `,
  ];

  private async load(): Promise<void> {
    const { session } = this;
    if (!session?.trace) {
      this.facets = new Map();
      if (session) session.matched = null;
      return;
    }
    const { filter } = session;
    const answer = await session.track(
      this.asked.ask(async () => {
        const everything = await this.everything(session);
        // All asked at once: the engine need not wait for the page between them.
        const facets = [...everything].map(async ([by, all]): Promise<[GroupBy, Facet]> => {
          const matching = filter ? await session.engine.groups(by, filter) : all;
          return [by, { all, matching: new Map(matching.map((group) => [group.name, group])) }];
        });
        return new Map(await Promise.all(facets));
      }),
    );
    if (!answer) return;
    this.facets = answer;
    let rows = 0;
    let total = 0;
    for (const group of answer.get('state')?.matching.values() ?? []) {
      rows += group.buffers;
      total += group.bytes;
    }
    session.setMatched({ rows, bytes: total });
  }

  private async everything(session: Session): Promise<Map<GroupBy, GroupCount[]>> {
    const revision = session.trace?.revision ?? 0;
    if (this.known?.revision !== revision) {
      const counted = FACETS.map(
        async ({ by }): Promise<[GroupBy, GroupCount[]]> => [by, await session.engine.groups(by, '')],
      );
      this.known = { all: new Map(await Promise.all(counted)), revision };
    }
    return this.known.all;
  }

  override firstUpdated(): void {
    void this.load();
  }

  private renderGroup(by: GroupBy, group: GroupCount, facet: Facet) {
    const session = this.session!;
    const terms = termsOf(by, group.name);
    const now = facet.matching.get(group.name);
    const alive =
      group.aliveBuffers > 0 && by !== 'state'
        ? ` ${plural(group.aliveBuffers, 'buffer')} (${bytes(group.aliveBytes)}) ${session.trace?.live ? 'alive now' : 'never released'}.`
        : '';
    return html`<li>
      <button
        class="group ${now ? '' : 'out'}"
        ?disabled=${terms.length === 0}
        aria-pressed=${session.hasTerms(terms)}
        title="${label(group.name, 400) || '(none)'}: ${exactBytes(now?.bytes ?? 0)} allocated.${alive}"
        @click=${() => session.toggleTerms(terms)}
      >
        ${by === session.colorBy ? html`<span class="swatch" .style=${`background: ${group.color ?? 'transparent'}`}></span>` : nothing}
        <span class="text">${label(group.name) || '(none)'}</span>
        <span class="number count">${count(now?.buffers ?? 0)}</span>
        <span class="number bytes">${bytes(now?.bytes ?? 0)}</span>
      </button>
    </li>`;
  }

  private renderFacet(by: GroupBy, title: string) {
    const facet = this.facets.get(by);
    if (!facet || facet.all.length === 0) return nothing;
    const open = this.expanded.has(by);
    const shown = open ? facet.all.slice(0, 500) : facet.all.slice(0, SHOWN);
    const toggle = () => {
      const next = new Set(this.expanded);
      if (!next.delete(by)) next.add(by);
      this.expanded = next;
    };
    return html`<section>
      <h2><span>${title}</span><span class="caption">${count(facet.all.length)}</span></h2>
      <ul class=${by === this.session?.colorBy ? 'swatched' : ''}>
        ${shown.map((group) => this.renderGroup(by, group, facet))}
      </ul>
      ${facet.all.length > SHOWN ? html`<button class="more" @click=${toggle}>${open ? 'show fewer' : `show all ${count(facet.all.length)}`}</button>` : nothing}
    </section>`;
  }

  override render() {
    const { session } = this;
    if (!session) return nothing;
    if (!session.trace)
      return session.mode === 'lab'
        ? nothing
        : html`<p class="empty">Groups of buffers stand here once a trace is open; a click on one filters every view.</p>`;
    return FACETS.map(({ by, title }) => this.renderFacet(by, title));
  }
}
