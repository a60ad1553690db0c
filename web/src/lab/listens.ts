// Redraws a component when the lab's state changes, at most once a frame and, where numbers are
// to be read, no more often than `everyMs`.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { LabSession } from './lab-session';

export class Listens implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #everyMs: number;
  #session: LabSession | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;

  constructor(host: ReactiveControllerHost, everyMs: number) {
    this.#host = host;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  to(session: LabSession | undefined): void {
    if (session === this.#session) return;
    this.hostDisconnected();
    this.#session = session;
    session?.addEventListener('change', this.#onChange);
  }

  hostConnected(): void {
    this.#session?.addEventListener('change', this.#onChange);
  }

  hostDisconnected(): void {
    this.#session?.removeEventListener('change', this.#onChange);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #onChange = (): void => {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#drawnAt + this.#everyMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drawnAt = performance.now();
      this.#host.requestUpdate();
    }, wait);
  };
}
