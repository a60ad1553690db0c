// The second trace, with which the open one is compared. It is closed with that one.
import type { Align, GroupBy, Summary } from '../engine/protocol.js';
import { cutOff, notReadToItsEnd } from './notices.js';
import type { Session } from './session.js';
import type { Loading, SourceFile, Trace } from './state.js';

export interface SecondTrace {
  name: string;
  /** Which bundled sample it is, if one. */
  sample: string | null;
  summary: Summary;
}

export class Comparison {
  second: SecondTrace | null = null;
  loading: Loading | null = null;
  align: Align = 'event';
  by: GroupBy = 'label';
  private turn = 0;
  private first: Trace | null = null;

  constructor(private readonly session: Session) {
    session.addEventListener('trace', () => this.onTrace());
    // The engine closes both as soon as it begins to read another.
    session.addEventListener('loading', () => {
      if (session.loading) this.close();
    });
  }

  /** Several files make one trace; `sample` names the bundled one that they are. */
  open(files: SourceFile[], sample: string | null = null): Promise<void> {
    const { trace } = this.session;
    if (!trace || trace.preview) return Promise.reject(new Error('A trace must be open to be compared with another.'));
    return this.session.track(this.read(files, sample));
  }

  private async read(files: SourceFile[], sample: string | null): Promise<void> {
    const { session } = this;
    const name = files.map((file) => file.name).join(' + ');
    const turn = ++this.turn;
    const totalBytes = files.reduce((sum, { bytes }) => sum + (bytes instanceof Blob ? bytes.size : bytes.length), 0);
    this.second = null;
    this.loading = { name, bytes: 0, totalBytes, events: 0, startedAt: performance.now() };
    session.dismiss();
    session.changed('loading', 'comparison');
    try {
      const summary = await session.engine.openSecond(files, (progress) => {
        if (turn !== this.turn || !this.loading) return;
        this.loading = { ...this.loading, ...progress, totalBytes: progress.totalBytes ?? this.loading.totalBytes };
        session.changed('loading');
      });
      if (turn !== this.turn) return;
      this.second = { name, sample, summary };
      if (summary.notice) session.tell(cutOff(name, summary.notice));
    } catch (error) {
      if (turn !== this.turn) return;
      const notice = notReadToItsEnd(name, error, null);
      if (notice) session.tell(notice);
      throw error;
    } finally {
      if (turn === this.turn) {
        this.loading = null;
        session.changed('loading', 'comparison');
      }
    }
  }

  /** Closes the second trace, or stops reading it. */
  close(): void {
    if (!this.second && !this.loading) return;
    this.turn++;
    this.session.engine.closeSecond();
    this.second = null;
    this.loading = null;
    this.session.changed('loading', 'comparison');
  }

  setAlign(align: Align): void {
    this.align = align;
    this.session.changed('comparison');
  }

  setBy(by: GroupBy): void {
    this.by = by;
    this.session.changed('comparison');
  }

  private onTrace(): void {
    const { trace } = this.session;
    if (trace === this.first) return;
    this.first = trace;
    this.close();
  }
}
