// Hands the lab's events to the engine, in order, one call at a time. A trace is begun in the
// engine only when the lab really runs: looking at the lab must not close what is open.
import type { Engine } from '../engine/protocol';

export interface FeedListener {
  begun(name: string): void;
  /** Events have arrived in the engine. */
  fed(): void;
  failed(error: unknown): void;
}

export class LabFeed {
  engine: Engine | undefined;
  readonly #listener: FeedListener;
  #name = '';
  #queue: Uint8Array[] = [];
  #toBegin = false;
  #open = false;
  #working = false;
  #broken = false;
  #eventsInEngine = 0;

  constructor(listener: FeedListener) {
    this.#listener = listener;
  }

  /** A new trace: what was queued for the old one is void. */
  announce(name: string): void {
    this.#name = name;
    this.#queue = [];
    this.#toBegin = true;
    this.#broken = false;
  }

  push(ndjson: Uint8Array): void {
    // Without an engine the workload still runs; there is only nothing to see of its buffers.
    if (this.#broken || !this.engine) {
      this.#listener.fed();
      return;
    }
    this.#queue.push(ndjson);
    if (this.#open) void this.#work();
  }

  /** From here on events flow. */
  open(): void {
    this.#open = true;
    void this.#work();
  }

  /** Events are kept back, as before the first start. */
  hold(): void {
    this.#open = false;
  }

  /** Whether the engine still shows the trace that this feed left in it. */
  async isCurrent(): Promise<boolean> {
    if (this.#toBegin || !this.engine) return true;
    try {
      return (await this.engine.summary()).events === this.#eventsInEngine;
    } catch {
      return false;
    }
  }

  async #work(): Promise<void> {
    const { engine } = this;
    if (this.#working || !engine) return;
    this.#working = true;
    try {
      while (this.#open && (this.#toBegin || this.#queue.length > 0)) {
        if (this.#toBegin) {
          this.#toBegin = false;
          await engine.openLive(this.#name);
          this.#listener.begun(this.#name);
        } else {
          const parts = this.#queue;
          this.#queue = [];
          await engine.feed(joined(parts));
          this.#eventsInEngine = (await engine.summary()).events;
          for (let i = 0; i < parts.length; i++) this.#listener.fed();
        }
      }
    } catch (error) {
      this.#broken = true;
      this.#listener.fed();
      this.#listener.failed(error);
    } finally {
      this.#working = false;
    }
  }
}

function joined(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
