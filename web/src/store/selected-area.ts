// The part of a picture that is selected: what stands in it is told in the panel. Of a row, a moment and an
// area, one is asked about at a time.
import type { Area, Axis, View } from '../engine/protocol.js';
import type { Session } from './session.js';
import { isLayout, type Trace } from './state.js';
import { convertView } from './view.js';

export class SelectedArea {
  now: Area | null = null;
  private trace: Trace | null = null;

  constructor(private readonly session: Session) {
    const drop = (): void => this.select(null);
    session.addEventListener('trace', () => session.trace !== this.trace && drop());
    session.addEventListener('moment', () => session.moment && drop());
    // What is up is another thing there.
    session.addEventListener('layout', () => session.layout !== this.now?.layout && drop());
  }

  select(view: View | null): void {
    const { session } = this;
    if (view ? !session.trace : !this.now) return;
    this.trace = session.trace;
    this.now = view && { layout: session.layout, axis: session.axis, view };
    if (view) {
      void session.showMoment(null);
      void session.select(null);
    }
    session.changed('area');
  }

  /** Follows the session to another axis. */
  async convert(axis: Axis): Promise<void> {
    const { now, trace, session } = this;
    if (!now || !trace) return;
    const view = await convertView(session.engine, now.view, trace.bounds, now.axis, axis);
    if (this.now === now) this.now = { ...now, axis, view };
    session.changed('area');
  }

  async zoom(): Promise<void> {
    const { now, session } = this;
    if (!now) return session.say('note', 'No area is selected', 'Drag over the picture with Shift held down.');
    if (!isLayout(session.tab)) await session.setTab(now.layout);
    session.glideTo(now.view);
  }
}
