// The proof that watching changes nothing: one workload, one seed, two fresh managers, the
// visualizer off in one and on in the other. Steps are taken in turn, so that a slow moment of the
// machine falls on both. Releases are recorded by finalizers, counts by `stats()`: neither asks
// the visualizer.
import { catalogue } from './catalogue';
import { ReleaseLedger } from './ledger';
import type { Load, Manager } from './package';
import type { LabSettings, OptionValues, ProofResult, ProofSide, WorkloadName } from './protocol';
import { Bench, type Workload } from './workload';
import type { WorkloadSources } from './workloads/sources';

/** Figures that must agree. Peaks and times of the engine's own GC are left out where it decides. */
const COMPARED = [
  'allocations',
  'frees',
  'total_allocated_bytes',
  'peak_live_bytes',
  'peak_live_blocks',
  'peak_reserved_bytes',
  'reserved_bytes',
  'cached_bytes',
  'hits',
  'misses',
  'splits',
  'merges',
  'source_calls',
  'disposed_buffers',
  'finalized_buffers',
  'collected_buffers',
  'closed_buffers',
] as const;
const COMPARED_WITHOUT_ORDER = ['allocations', 'frees', 'total_allocated_bytes'] as const;

interface Side {
  gc: Manager;
  ledger: ReleaseLedger;
  workload: Workload;
  stepNs: number[];
  cursor: number;
  events: number;
}

export interface ProofOptions {
  load: Load;
  wasm: Uint8Array;
  annex: Uint8Array;
  sources: WorkloadSources;
  workload: WorkloadName;
  settings: LabSettings;
  options: OptionValues;
  steps: number;
  /** Lets messages and finalizers through. */
  turn: () => Promise<void>;
  stopped: () => boolean;
  onProgress: (done: number) => void;
}

export async function prove(proof: ProofOptions): Promise<ProofResult | null> {
  const ordered = catalogue.get(proof.workload)!.releases.includes('hand');
  const release = ordered && proof.settings.release === 'gc' ? 'hand' : proof.settings.release;
  const off = await begin(proof, release, false);
  const on = await begin(proof, release, true);
  let taken = 0;
  try {
    let lastTurn = performance.now();
    while (taken < proof.steps && !off.workload.done && !on.workload.done) {
      // Whoever goes second finds warmer caches: take turns at that too.
      for (const side of taken % 2 === 0 ? [off, on] : [on, off]) await stepOf(side);
      taken++;
      if (performance.now() - lastTurn > 8) {
        proof.onProgress(taken);
        await proof.turn();
        lastTurn = performance.now();
        if (proof.stopped()) return null;
      }
    }
  } finally {
    // Closing ends what is left, newest first: part of the order that is compared.
    off.gc.close();
    on.gc.close();
  }
  return verdict(proof, release, ordered, taken, finish(off, ordered), finish(on, ordered), medianRatio(off, on));
}

async function begin(proof: ProofOptions, release: LabSettings['release'], visualizer: boolean): Promise<Side> {
  const { seed, budgetBytes, cache } = proof.settings;
  const gc = await proof.load({ wasm: proof.wasm, annex: proof.annex, budgetBytes, cache, visualizer });
  const ledger = new ReleaseLedger();
  const bench = new Bench(gc, { seed, release, ledger });
  const workload = await proof.sources.build(proof.workload, bench, proof.options);
  await workload.init();
  return { gc, ledger, workload, stepNs: [], cursor: 0, events: 0 };
}

async function stepOf(side: Side): Promise<void> {
  const began = performance.now();
  const pending = side.workload.step();
  if (pending) await pending;
  side.stepNs.push((performance.now() - began) * 1e6);
  side.workload.output();
  if (!side.gc.visualizer.running) return;
  // Read the log out as the live view does: reading is part of watching.
  const { next } = side.gc.visualizer.exportSince(side.cursor);
  side.events += next - side.cursor;
  side.cursor = next;
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

function medianRatio(off: Side, on: Side): number {
  const base = median(off.stepNs);
  return base > 0 ? median(on.stepNs) / base : 1;
}

function finish(side: Side, ordered: boolean): ProofSide {
  return {
    stats: side.gc.stats(),
    releases: side.ledger.released,
    hash: ordered ? side.ledger.orderHash : side.ledger.setHash,
    stepNs: median(side.stepNs),
    events: side.events,
  };
}

function verdict(
  proof: ProofOptions,
  release: LabSettings['release'],
  ordered: boolean,
  steps: number,
  off: ProofSide,
  on: ProofSide,
  slowdown: number,
): ProofResult {
  const differing: string[] = (ordered ? COMPARED : COMPARED_WITHOUT_ORDER).filter(
    (name) => off.stats[name] !== on.stats[name],
  );
  if (off.releases !== on.releases) differing.push('releases');
  if (off.hash !== on.hash) differing.push(ordered ? 'order of release' : 'set of releases');
  return {
    workload: proof.workload,
    seed: proof.settings.seed,
    release,
    steps,
    ordered,
    off,
    on,
    equal: differing.length === 0 && off.releases > 0,
    differing,
    slowdown,
  };
}
