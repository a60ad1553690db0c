// What stands under the pointer: the event, its time and its levels, as the engine answers them.
import type { Axis, Engine } from '../engine/protocol.js';
import { Latest } from './latest.js';
import type { Cursor, Trace } from './state.js';

export class Pointing {
  private readonly newest = new Latest<Cursor>();

  constructor(private readonly engine: Engine) {}

  /** Nothing when the pointer has moved on meanwhile. */
  ask(trace: Trace, axis: Axis, at: number, y: number | null): Promise<Cursor | undefined> {
    const last = Math.max(0, trace.summary.events - 1);
    return this.newest.ask(async () => {
      const event = Math.min(last, Math.max(0, Math.floor(axis === 'event' ? at : await this.engine.eventAtTime(at))));
      const [timeNs, level] = await Promise.all([
        axis === 'time' ? at : this.engine.timeOfEvent(event),
        this.engine.levelAt(event),
      ]);
      return { event, timeNs, y, level };
    });
  }

  forget(): void {
    this.newest.forget();
  }
}
