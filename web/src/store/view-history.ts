// The visible ranges that the user left behind: undo goes back to them, redo forth again.
import type { Axis, View } from '../engine/protocol.js';
import type { Session } from './session.js';
import type { Trace } from './state.js';
import { sameView } from './view.js';

interface Place {
  view: View;
  axis: Axis;
}

/** A range that stood so long was meant; what a gesture passes through was not. */
const settledMs = 400;
const mostPlaces = 100;

const same = (a: Place, b: Place): boolean => a.axis === b.axis && sameView(a.view, b.view);

export class ViewHistory {
  private trace: Trace | null = null;
  private past: Place[] = [];
  private future: Place[] = [];
  private timer: number | undefined;

  constructor(private readonly session: Session) {
    session.addEventListener('trace', () => this.onTrace());
    session.addEventListener('view', () => this.onView());
  }

  get canUndo(): boolean {
    const settled = this.past.at(-1);
    return this.past.length > 1 || (settled !== undefined && !same(settled, this.now()));
  }
  get canRedo(): boolean {
    return this.future.length > 0;
  }

  undo(): void {
    this.settle();
    if (this.past.length < 2) return;
    this.future.push(this.past.pop()!);
    void this.go(this.past.at(-1)!);
  }

  redo(): void {
    this.settle();
    const place = this.future.pop();
    if (!place) return;
    this.past.push(place);
    void this.go(place);
  }

  private now(): Place {
    return { view: this.session.view, axis: this.session.axis };
  }

  /** Another trace has other places. One that grows, live or while it is read, moves by itself. */
  private onTrace(): void {
    if (this.session.trace === this.trace) return;
    this.trace = this.session.trace;
    window.clearTimeout(this.timer);
    this.past = this.trace ? [this.now()] : [];
    this.future = [];
  }

  private onView(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.settle(), settledMs);
  }

  private settle(): void {
    window.clearTimeout(this.timer);
    if (!this.trace) return;
    const place = this.now();
    if (this.session.following || this.trace.preview) this.past.pop(); // it moved by itself: only the newest counts
    const last = this.past.at(-1);
    if (last && same(last, place)) return;
    this.past.push(place);
    if (this.past.length > mostPlaces) this.past.shift();
    this.future = [];
  }

  private async go({ view, axis }: Place): Promise<void> {
    await this.session.setAxis(axis);
    this.session.glideTo(view);
  }
}
