// Leaks with an address: which buffers are in use and where they were made, and which of them only the
// engine's collector released.
import type { Grip } from './grip.js';
import { Handlers } from './handlers.js';
import { captureSite, noSite, type Site } from './sites.js';
import type { HeldGroup, LeakReport } from './types.js';

const labelsOfGroup = 10;

/** One manager's book of the handles whose place of birth is kept. It knows grips, and so holds no handle. */
export class Leaks {
  /** Whether any place of birth may be kept. */
  recording = false;
  #every = 0;
  readonly #recorded = new Set<Grip>();
  readonly #watches = new Set<Set<Grip>>();
  readonly #handlers = new Handlers<[LeakReport]>();
  #births = 0;

  constructor(every: number) {
    this.every = every;
  }

  /** The caller of `above`, when it is this birth's turn to be recorded. */
  site(above: (...args: never) => unknown): Site {
    if (this.#watches.size > 0) return captureSite(above);
    if (this.#every === 0) return noSite;
    this.#births += 1;
    return this.#births % this.#every === 0 ? captureSite(above) : noSite;
  }

  /** 0: no place of birth is kept; n: every nth is. */
  get every(): number {
    return this.#every;
  }

  set every(every: number) {
    this.#every = every;
    this.#decide();
  }

  #decide(): void {
    this.recording = this.#every > 0 || this.#watches.size > 0;
  }

  born(grip: Grip): void {
    this.#recorded.add(grip);
    for (const watch of this.#watches) watch.add(grip);
  }

  /** Its handle was disposed: nobody's leak. */
  forget(grip: Grip): void {
    this.#recorded.delete(grip);
    for (const watch of this.#watches) watch.delete(grip);
  }

  /** The engine collected its handle; `ended` when the buffer went with it. */
  reclaimed(grip: Grip, ended: boolean, onError: (error: unknown) => void): void {
    if (grip.site !== noSite) this.#recorded.delete(grip);
    if (!ended || !this.told) return;
    const { id, nbytes, label, site } = grip;
    this.#handlers.call(onError, { id, nbytes, label, site: site.text, stack: site.stack });
  }

  /** Whether anybody is told of leaks. */
  get told(): boolean {
    return this.#handlers.size > 0;
  }

  onLeak(handler: (leak: LeakReport) => void): () => void {
    return this.#handlers.add(handler);
  }

  held(): HeldGroup[] {
    return grouped([...this.#recorded].filter(inUse));
  }

  /** Gathers what is born and not disposed until `stop`, which answers with it. */
  watch(): { stop(): Grip[] } {
    const watched = new Set<Grip>();
    this.#watches.add(watched);
    this.#decide();
    return {
      stop: () => {
        this.#watches.delete(watched);
        this.#decide();
        // What the engine released has no handle left; what was destroyed or closed has, and is no leak.
        return [...watched].filter((grip) => grip.handle === 0 || inUse(grip));
      },
    };
  }
}

function inUse({ handle, manager }: Grip): boolean {
  return handle !== 0 && manager.native.data(handle) !== 0;
}

/** By the stack that led to them, most bytes first. */
export function grouped(grips: readonly Grip[]): HeldGroup[] {
  const groups = new Map<string, HeldGroup>();
  for (const { nbytes, label, site } of grips) {
    const key = site.stack || site.text;
    let group = groups.get(key);
    if (group === undefined) {
      group = { site: site.text, stack: site.stack, buffers: 0, bytes: 0, labels: [] };
      groups.set(key, group);
    }
    group.buffers += 1;
    group.bytes += nbytes;
    const { labels } = group;
    if (label !== '' && labels.length < labelsOfGroup && !labels.includes(label)) labels.push(label);
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes || b.buffers - a.buffers);
}
