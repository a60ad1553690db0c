// What people open the viewer for, asked of the open trace.
import { breathe, Door } from './door.js';
import type {
  Area,
  AreaStatistics,
  Axis,
  FlameNode,
  FlameQuery,
  GroupBy,
  Growth,
  Latency,
  LatencyStage,
  Moment,
  Reuse,
} from './protocol.js';
import { axisNumber, flameBys, flameMeasures, groupBys, latencyStages, nowhere, numberOf, placed } from './words.js';

/** Events that are planned before the worker looks after other requests: some ten ms of work. */
const plannedEvents = 8192;

export class Questions extends Door {
  /** Another number tells plans under way to stop: so does another trace. */
  private planning = 0;

  moment(event: number, by: GroupBy, filter: string): Moment {
    const group = numberOf(groupBys, by, 'moment');
    this.scratchText(filter);
    this.module._viewer_moment(this.viewer, event, group);
    return this.json();
  }

  growth(by: GroupBy, filter: string): Growth {
    const group = numberOf(groupBys, by, 'growth');
    this.scratchText(filter);
    this.module._viewer_growth(this.viewer, group);
    return this.json();
  }

  flame(query: FlameQuery): FlameNode[] {
    this.scratchText(query.filter);
    this.module._viewer_flame(
      this.viewer,
      numberOf(flameBys, query.by, 'flame'),
      numberOf(flameMeasures, query.measure, 'measure'),
      query.event,
      axisNumber(query.axis),
      query.t0,
      query.t1,
      query.root.text,
      query.root.depth,
      query.leastShare,
    );
    return this.json();
  }

  area(area: Area, filter: string): AreaStatistics {
    this.scratchText(filter);
    this.module._viewer_area(this.viewer, ...placed(area));
    return this.json();
  }

  choose(area: Area | null, filter: string): number {
    this.scratchText(filter);
    return this.module._viewer_choose(this.viewer, ...(area ? placed(area) : nowhere));
  }

  chosenCsv(from: number, count: number): Uint8Array<ArrayBuffer> {
    this.module._viewer_chosen_csv(this.viewer, from, count);
    return this.textBytes();
  }

  latency(stage: LatencyStage, axis: Axis, by: GroupBy, filter: string): Latency {
    const group = numberOf(groupBys, by, 'latency');
    const which = numberOf(latencyStages, stage, 'stage');
    this.scratchText(filter);
    this.module._viewer_latency(this.viewer, which, axisNumber(axis), group);
    return this.json();
  }

  async reuse(onProgress: (share: number) => void = () => undefined): Promise<Reuse> {
    const { viewer, planning } = this;
    for (;;) {
      const share = this.module._viewer_reuse(viewer, plannedEvents);
      if (share >= 1) return this.json();
      onProgress(share);
      await breathe();
      if (planning !== this.planning) throw new DOMException('Planning was cancelled.', 'AbortError');
    }
  }

  cancelReuse(): void {
    this.planning++;
  }

  fragmentation(axis: Axis, t0: number, t1: number, columns: number): Float64Array {
    this.module._viewer_fragmentation(this.viewer, axisNumber(axis), t0, t1, Math.max(0, Math.floor(columns)));
    return this.numbers();
  }
}
