// What the panel asks of the lab's worker, and what it hears back.

export const WORKLOADS = ['digits', 'image', 'nobody', 'leak', 'replay'] as const;
export type WorkloadName = (typeof WORKLOADS)[number];

/** Who lets go of a buffer that a step no longer needs. */
export type Release = 'hand' | 'scope' | 'gc';

export interface LabSettings {
  seed: number;
  release: Release;
  visualizer: boolean;
  cache: boolean;
  budgetBytes: number;
  /** At most so many steps a second; 0: as fast as it goes. */
  pace: number;
}

/** A choice that only one workload has. */
export interface WorkloadOption {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  /** Without a label: named by the title of the bundled sample. */
  readonly values: readonly { value: string; label?: string }[];
  readonly initial: string;
}
export type OptionValues = { readonly [name: string]: string };

/** What the page shows about a workload before it runs. */
export interface WorkloadInfo {
  readonly name: WorkloadName;
  readonly title: string;
  readonly description: string;
  readonly unit: string; // what a step is
  readonly releases: readonly Release[];
  readonly options: readonly WorkloadOption[];
  readonly pace: number;
  readonly budgetBytes: number;
}

export interface Picture {
  width: number;
  height: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

export interface SampleTrace {
  name: string;
  title: string;
  description: string;
  /** NDJSON, gzip. */
  bytes: Uint8Array;
}

export type LabCommand =
  /** The modules are packed with gzip. */
  | { type: 'init'; wasm: Uint8Array; annex: Uint8Array; digits: Uint8Array; samples: SampleTrace[] }
  /** A fresh manager, a fresh workload, step 0. */
  | { type: 'open'; workload: WorkloadName; settings: LabSettings; options: OptionValues }
  | { type: 'start' }
  | { type: 'pause' }
  | { type: 'step' }
  | { type: 'settings'; settings: Partial<LabSettings> }
  | { type: 'option'; name: string; value: string }
  | { type: 'picture'; picture: Picture | null }
  /** Begin the live trace again, with what is alive listed as born. */
  | { type: 'retrace' }
  /** A frame's events have reached the engine; with three under way the workload waits. */
  | { type: 'taken' }
  | { type: 'collect' }
  | { type: 'trim' }
  | { type: 'prove'; steps: number }
  | { type: 'stop-proof' };

export type LabStatus = 'loading' | 'ready' | 'running' | 'paused' | 'finished' | 'failed' | 'proving';

/** What the lab measures about itself; the memory's figures are the package's own `stats()`. */
export interface LabFigures {
  steps: number;
  stepsPerSecond: number;
  /** Share of the time while running that went into handing out events. */
  watchingShare: number;
  eventsSent: number;
  reclaimedByGc: number;
  reclaimedByGcBytes: number;
}

export interface ProofSide {
  stats: { readonly [name: string]: number };
  releases: number;
  /** A running hash over (allocation's ordinal, size) in the order of release. */
  hash: string;
  stepNs: number;
  events: number;
}

export interface ProofResult {
  workload: WorkloadName;
  seed: number;
  release: Release;
  steps: number;
  /** False where the engine's GC decides the order: then the hash is over the set, not the order. */
  ordered: boolean;
  off: ProofSide;
  on: ProofSide;
  equal: boolean;
  differing: string[];
  /** Median step time with the visualizer on ÷ off, steps taken alternately. */
  slowdown: number;
}

export type LabReport =
  | { type: 'loaded' }
  | { type: 'status'; status: LabStatus; message: string }
  | { type: 'trace'; name: string }
  | {
      type: 'frame';
      events: Uint8Array | null;
      stats: { readonly [name: string]: number };
      figures: LabFigures;
      output: WorkloadOutput | null;
    }
  | { type: 'proof-progress'; done: number; steps: number }
  | { type: 'proof'; result: ProofResult };

export interface DigitsOutput {
  workload: 'digits';
  /** New points since the last output: [step, value]. */
  losses: [number, number][];
  accuracies: [number, number][];
  epoch: number;
  /** Test digits with what the network says; set anew at each evaluation. */
  shown: {
    pixels: Uint8Array;
    width: number;
    labels: Uint8Array;
    predictions: Uint8Array;
    confidence: Float32Array;
  } | null;
  /** How far the first units' incoming weights have moved, each width × width; set anew at each evaluation. */
  weights: Float32Array | null;
}

export interface ImageOutput {
  workload: 'image';
  sigma: number;
  source: Picture | null; // only when it changed
  stages: { blurred: Picture; edges: Picture; small: Picture; result: Picture } | null;
}

export interface NobodyOutput {
  workload: 'nobody';
  /** New points: [step, live bytes, reserved bytes]. */
  levels: [number, number, number][];
  dropped: number;
  droppedBytes: number;
  reclaimed: number;
  held: number;
  waits: number;
  slowestWaitMs: number;
  budgetBytes: number;
}

export interface LeakOutput {
  workload: 'leak';
  requests: number;
  hits: number;
  /** What the cache believes that it holds, and what is really alive under its label. */
  believedEntries: number;
  believedBytes: number;
  aliveEntries: number;
  aliveBytes: number;
  /** New points: [request, believed bytes, alive bytes]. */
  levels: [number, number, number][];
}

export interface ReplayOutput {
  workload: 'replay';
  sample: string;
  events: number;
  totalEvents: number;
  recordedNs: number;
  totalNs: number;
  alive: number;
  aliveBytes: number;
  kernel: string;
  recordedHits: number;
  recordedAllocations: number;
  replayedHits: number;
  /** New points: [event, live bytes, bytes that the recorder held with its cache, bytes reserved here]. */
  levels: [number, number, number, number][];
}

export type WorkloadOutput = DigitsOutput | ImageOutput | NobodyOutput | LeakOutput | ReplayOutput;
