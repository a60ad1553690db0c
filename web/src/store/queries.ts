// The engine keeps one table query at a time; what the page asks of it beside the visible table
// goes through here, so that a query and the rows read from it are never parted by another.
import type { Engine, RowInfo, TableQuery } from '../engine/protocol.js';

export class Queries {
  private last: Promise<unknown> = Promise.resolve();
  private applied = '';

  constructor(private readonly engine: Engine) {}

  /** Runs alone: the query stands until `work` has ended. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work, work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private async apply(query: TableQuery, revision: number): Promise<{ rows: number; bytes: number } | null> {
    const key = `${revision} ${JSON.stringify(query)}`;
    if (key === this.applied) return null;
    this.applied = '';
    const counted = await this.engine.tableQuery(query);
    this.applied = key;
    return counted;
  }

  count(query: TableQuery, revision: number): Promise<{ rows: number; bytes: number }> {
    return this.alone(async () => {
      this.applied = '';
      return (await this.apply(query, revision))!;
    });
  }

  rows(query: TableQuery, revision: number, from: number, count: number): Promise<RowInfo[]> {
    return this.alone(async () => {
      await this.apply(query, revision);
      return this.engine.tableRows(from, count);
    });
  }

  /** The first row after `row` (from the start again after the last) that is alive at the end. */
  nextAlive(row: number | null, revision: number): Promise<number | null> {
    const query: TableQuery = { filter: 'alive', sort: 'row', descending: false, aliveFirst: true };
    return this.alone(async () => {
      this.applied = '';
      const { rows } = (await this.apply(query, revision))!;
      if (rows === 0) return null;
      // Rows come in ascending order: a binary search for the first beyond `row`.
      let low = 0;
      let high = rows;
      while (low < high) {
        const middle = (low + high) >> 1;
        const [info] = await this.engine.tableRows(middle, 1);
        if (info && info.row <= (row ?? -1)) low = middle + 1;
        else high = middle;
      }
      const [found] = await this.engine.tableRows(low === rows ? 0 : low, 1);
      return found?.row ?? null;
    });
  }
}
