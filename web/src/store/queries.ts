// The engine keeps one table query at a time; what the page asks of it beside the visible table
// goes through here, so that a query and the rows read from it are never parted by another.
import type { Engine, RowInfo, TableQuery } from '../engine/protocol.js';

export class Queries {
  private last: Promise<unknown> = Promise.resolve();
  private applied = '';
  /** Where in the order of size the last leak that was shown stands. */
  private lastAlive: number | null = null;

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

  /** The row after `row` among those alive at the end, the largest first; the first when `row` is none of them. */
  nextAlive(row: number | null): Promise<number | null> {
    const query: TableQuery = { filter: 'alive', sort: 'size', descending: true, aliveFirst: true };
    return this.alone(async () => {
      this.applied = '';
      const { rows } = await this.engine.tableQuery(query);
      if (rows === 0) return null;
      const at = async (index: number): Promise<number | null> =>
        (await this.engine.tableRows(index, 1))[0]?.row ?? null;
      const last = this.lastAlive;
      const next = last !== null && last < rows && row !== null && (await at(last)) === row ? (last + 1) % rows : 0;
      this.lastAlive = next;
      return at(next);
    });
  }
}
