// <bufgc-lab>: chooses a workload, starts and stops it, and holds the switches.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Engine } from '../engine/protocol';
import { samples } from '../samples';
import { base, controls } from '../styles';
import { catalogue } from './catalogue';
import './lab-figures';
import './lab-output';
import './lab-proof';
import { LabSession } from './lab-session';
import { labStyles } from './lab-styles';
import { Listens } from './listens';
import { type Release, WORKLOADS } from './protocol';

const MIB = 2 ** 20;
const PACES: readonly { value: number; label: string }[] = [
  { value: 1, label: '1 a second' },
  { value: 10, label: '10 a second' },
  { value: 60, label: '60 a second' },
  { value: 120, label: '120 a second' },
  { value: 0, label: 'as fast as it goes' },
];
const RELEASES: readonly { value: Release; label: string; title: string }[] = [
  { value: 'hand', label: 'Hand', title: 'Each step disposes what it no longer needs, at its last use' },
  { value: 'scope', label: 'Scope', title: 'A scope ends everything that a step made, at the end of the step' },
  { value: 'gc', label: 'GC', title: 'Nobody disposes: the engine’s garbage collector must notice' },
];

@customElement('bufgc-lab')
export class LabPanel extends LitElement {
  @property({ attribute: false }) engine: Engine | undefined;
  @property({ type: Boolean }) active = false;
  /** The lab's state; `<bufgc-lab-output>` reads it. */
  readonly session = new LabSession();
  readonly #titles = new Map(samples().map(({ name, title }) => [name, title]));

  static override styles = [base, controls, labStyles];

  constructor() {
    super();
    new Listens(this, 100).to(this.session);
    this.session.onNews = (kind, detail) =>
      this.dispatchEvent(new CustomEvent(kind, { detail, bubbles: true, composed: true }));
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('engine')) this.session.engine = this.engine;
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has('active')) void this.session.setActive(this.active);
  }

  override render() {
    const { session } = this;
    return html`
      <section>${this.#renderWorkloads(session)}</section>
      <section aria-label="Run">${this.#renderRun(session)}</section>
      <section aria-label="Switches">${this.#renderSwitches(session)}</section>
      <bufgc-lab-figures .session=${session}></bufgc-lab-figures>
      <bufgc-lab-proof .session=${session}></bufgc-lab-proof>
    `;
  }

  #renderWorkloads(session: LabSession) {
    return html`<fieldset>
      <legend>Workload</legend>
      ${WORKLOADS.map((name) => {
        const info = catalogue.get(name)!;
        const chosen = name === session.workload;
        return html`<label class="workload ${chosen ? 'chosen' : ''}">
          <input type="radio" name="workload" value=${name} .checked=${chosen} @change=${() => session.choose(name)} />
          <span>
            <b>${info.title}</b>
            ${chosen ? html`<p>${info.description}</p>` : nothing}
          </span>
        </label>`;
      })}
    </fieldset>`;
  }

  #renderRun(session: LabSession) {
    const over = session.status === 'finished' || session.status === 'failed';
    return html`
      <div class="buttons">
        <button class="button primary" id="run" ?disabled=${session.busy || over} @click=${() => session.toggle()}>
          ${session.running ? 'Pause' : session.status === 'paused' ? 'Go on' : 'Start'}
        </button>
        <button class="button" id="step" ?disabled=${session.busy || over || session.running} @click=${() => session.step()}>Step</button>
        <button class="button" id="reset" ?disabled=${session.status === 'asleep'} @click=${() => session.reset()}>Reset</button>
      </div>
      ${session.message ? html`<p class="error" role="alert">${session.message}</p>` : nothing}
      ${session.status === 'finished' ? html`<p class="note" role="status">The recording is at its end. Reset plays it again.</p>` : nothing}
    `;
  }

  #renderSwitches(session: LabSession) {
    const { settings } = session;
    const info = catalogue.get(session.workload)!;
    return html`<div class="settings">
      ${info.options.map((option) => {
        const chosen = session.options[option.name] ?? option.initial;
        return html`<label for=${`option-${option.name}`} title=${option.hint}>${option.label}</label>
          <span class="control">
            <select
              class="field"
              id=${`option-${option.name}`}
              title=${option.hint}
              @change=${(event: Event) => session.setOption(option.name, (event.target as HTMLSelectElement).value)}
            >
              ${option.values.map(({ value, label }) => html`<option value=${value} ?selected=${value === chosen}>${label ?? this.#titles.get(value) ?? value}</option>`)}
            </select>
          </span>`;
      })}
      <label for="pace">${info.unit[0]?.toUpperCase()}${info.unit.slice(1)}</label>
      <span class="control">
        <select
          class="field"
          id="pace"
          @change=${(event: Event) => session.set({ pace: Number((event.target as HTMLSelectElement).value) })}
        >
          ${PACES.map(({ value, label }) => html`<option value=${value} ?selected=${value === settings.pace}>${label}</option>`)}
        </select>
      </span>
      <label for="seed" title="Takes effect with a reset">Seed</label>
      <span class="control">
        <input
          class="field"
          id="seed"
          type="number"
          min="0"
          max="999999"
          step="1"
          .value=${String(settings.seed)}
          @change=${(event: Event) => this.#setSeed(event.target as HTMLInputElement)}
        />
      </span>
      <span id="visualizer-label">Visualizer</span>
      <span class="control">${this.#renderSwitch('visualizer', settings.visualizer, (visualizer) => session.set({ visualizer }))}</span>
      <span id="cache-label">Cache</span>
      <span class="control">${this.#renderSwitch('cache', settings.cache, (cache) => session.set({ cache }))}</span>
      <span id="release-label">Release</span>
      <span class="control">
        <span class="segmented" role="group" aria-labelledby="release-label">
          ${RELEASES.map(
            ({ value, label, title }) => html`<button
              data-release=${value}
              aria-pressed=${value === settings.release}
              title=${title}
              ?disabled=${!info.releases.includes(value)}
              @click=${() => session.set({ release: value })}
            >
              ${label}
            </button>`,
          )}
        </span>
      </span>
      <label for="budget">Budget</label>
      <span class="control">
        <input
          class="field"
          id="budget"
          type="number"
          min="8"
          max="1024"
          step="1"
          .value=${String(Math.round(settings.budgetBytes / MIB))}
          @change=${(event: Event) => this.#setBudget(Number((event.target as HTMLInputElement).value))}
        />
        <span class="muted">MiB</span>
      </span>
      <input
        type="range"
        aria-label="Budget in powers of two"
        aria-valuetext=${`${Math.round(settings.budgetBytes / MIB)} MiB`}
        min="3"
        max="10"
        step="0.25"
        .value=${String(Math.log2(settings.budgetBytes / MIB))}
        @input=${(event: Event) => this.#setBudget(Math.round(2 ** Number((event.target as HTMLInputElement).value)))}
      />
    </div>`;
  }

  #renderSwitch(name: string, on: boolean, set: (on: boolean) => void) {
    return html`<button
      class="switch"
      role="switch"
      id=${name}
      aria-labelledby=${`${name}-label`}
      aria-checked=${on}
      @click=${() => set(!on)}
    ></button>`;
  }

  #setSeed(input: HTMLInputElement): void {
    const seed = Math.min(999_999, Math.max(0, Math.floor(Number(input.value) || 0)));
    input.value = String(seed);
    this.session.set({ seed });
    this.session.reset();
  }

  #setBudget(mebibytes: number): void {
    if (!Number.isFinite(mebibytes)) return;
    this.session.set({ budgetBytes: Math.min(1024, Math.max(8, Math.round(mebibytes))) * MIB });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'bufgc-lab': LabPanel;
  }
}
