// The selection as a file: the buffers of the selected area, or those that match the filter.
import { saveFile } from '../save.js';
import type { Session } from './session.js';

/** Rows that the engine writes between two looks at what else is asked: some ten ms of work. */
const ROWS_AT_ONCE = 20_000;

export class Writing {
  /** Of a file that takes longer: how far it is. */
  progress: { rows: number; allRows: number } | null = null;
  private turn = 0;

  constructor(private readonly session: Session) {}

  cancel(): void {
    this.turn++;
    this.tell(null);
  }

  private tell(progress: typeof this.progress): void {
    this.progress = progress;
    this.session.changed('loading');
  }

  async saveRows(): Promise<void> {
    const { session } = this;
    const { engine, trace, filter } = session;
    if (!trace) return;
    const turn = ++this.turn;
    try {
      const allRows = await engine.choose(session.area.now, filter);
      const parts: Blob[] = [];
      for (let rows = 0; rows === 0 || rows < allRows; rows += ROWS_AT_ONCE) {
        if (rows > 0) this.tell({ rows, allRows });
        parts.push(new Blob([await engine.chosenCsv(rows, ROWS_AT_ONCE)]));
        if (turn !== this.turn) return;
        if (session.trace !== trace) return this.cancel();
      }
      this.tell(null);
      saveFile('buffers.csv', new Blob(parts, { type: 'text/csv' }));
    } catch (error) {
      this.cancel();
      session.say('error', 'The buffers could not be written', error instanceof Error ? error.message : String(error));
    }
  }
}
