// Runs workloads in time slices and tells the page what happened. Knows nothing of workers: the
// worker, and the tests in Node, hand in how to load the package, how to post, and how to wait.
import { gunzip } from '../gunzip';
import { catalogue } from './catalogue';
import type { Load, Manager } from './package';
import { prove } from './proof';
import type { LabCommand, LabFigures, LabReport, LabSettings, LabStatus, OptionValues, WorkloadName } from './protocol';
import { Bench, type Workload } from './workload';
import { WorkloadSources } from './workloads/sources';

const SLICE_MS = 8;
const FRAME_MS = 16;
/** Frames of events that the page may owe an answer for, before the workload waits for it. */
const MOST_UNDER_WAY = 3;
/** The live trace begins again beyond this, so that an evening of training does not fill the page's memory. */
const MOST_EVENTS = 1_000_000;

export interface HostOptions {
  load: Load;
  post: (report: LabReport, transfer: ArrayBuffer[]) => void;
  /** Waits one macrotask, so that messages and finalizers get their turn. */
  turn: () => Promise<void>;
}

interface Run {
  gc: Manager;
  bench: Bench;
  workload: Workload;
  name: WorkloadName;
  options: OptionValues;
  cursor: number;
  figures: LabFigures;
  runningMs: number;
  watchingMs: number;
  dueMs: number;
  recent: number[]; // when the latest steps ended
}

export class LabHost {
  readonly #host: HostOptions;
  #wasm = new Uint8Array();
  #annex = new Uint8Array();
  #sources: WorkloadSources | undefined;
  #settings: LabSettings | undefined;
  #run: Run | undefined;
  #status: LabStatus = 'loading';
  #loop: Promise<void> = Promise.resolve();
  #proving = false;
  #commands: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(host: HostOptions) {
    this.#host = host;
  }

  /** Commands are carried out one after the other; what must be heard at once is heard at once. */
  handle(command: LabCommand): Promise<void> {
    if (command.type === 'taken') {
      this.#underWay = Math.max(0, this.#underWay - 1);
      return Promise.resolve();
    }
    if (command.type === 'pause' || command.type === 'open') this.#pause();
    if (command.type === 'stop-proof' || command.type === 'open') this.#proving = false;
    this.#commands = this.#commands.then(() => this.#carryOut(command)).catch((error: unknown) => this.#fail(error));
    return this.#commands;
  }

  async #carryOut(command: Exclude<LabCommand, { type: 'taken' }>): Promise<void> {
    switch (command.type) {
      case 'init':
        [this.#wasm, this.#annex] = await Promise.all([gunzip(command.wasm), gunzip(command.annex)]);
        this.#sources = new WorkloadSources(command.digits, command.samples);
        this.#host.post({ type: 'loaded' }, []);
        return;
      case 'open':
        await this.#loop;
        return this.#open(command.workload, command.settings, command.options);
      case 'start':
        return this.#start();
      case 'pause':
        await this.#loop;
        return;
      case 'step':
        await this.#loop;
        return this.#single();
      case 'settings':
        return this.#apply(command.settings);
      case 'option':
        this.#run?.workload.setOption?.(command.name, command.value);
        return;
      case 'picture':
        await this.#loop;
        if (this.#sources) this.#sources.picture = command.picture;
        this.#run?.workload.setPicture?.(command.picture);
        this.#post();
        return;
      case 'retrace':
        if (this.#run && this.#settings?.visualizer) this.#retrace(this.#run);
        this.#post();
        return;
      case 'collect':
        this.#run?.gc.collect();
        await this.#run?.gc.drain();
        this.#post();
        return;
      case 'trim':
        this.#run?.gc.trim();
        this.#post();
        return;
      case 'prove':
        await this.#loop;
        // Not awaited: "stop" must be heard while it runs.
        this.#loop = this.#prove(command.steps).catch((error: unknown) => this.#fail(error));
        return;
      case 'stop-proof':
        await this.#loop;
        return;
    }
  }

  #set(status: LabStatus, message = ''): void {
    this.#status = status;
    this.#host.post({ type: 'status', status, message }, []);
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#set('failed', message);
    this.#post();
  }

  async #open(name: WorkloadName, settings: LabSettings, options: OptionValues): Promise<void> {
    if (!this.#sources) throw new Error('The lab was not handed the package yet.');
    this.#set('loading');
    this.#run?.gc.close();
    this.#run = undefined;
    this.#underWay = 0;
    this.#settings = settings;
    const { budgetBytes, cache, visualizer, seed, release } = settings;
    const gc = await this.#host.load({ wasm: this.#wasm, annex: this.#annex, budgetBytes, cache, visualizer });
    const bench = new Bench(gc, { seed, release });
    const workload = await this.#sources.build(name, bench, options);
    const figures = {
      steps: 0,
      stepsPerSecond: 0,
      watchingShare: 0,
      eventsSent: 0,
      reclaimedByGc: 0,
      reclaimedByGcBytes: 0,
    };
    gc.onLeak((leak) => {
      figures.reclaimedByGc++;
      figures.reclaimedByGcBytes += leak.nbytes;
    });
    this.#run = {
      gc,
      bench,
      workload,
      name,
      options,
      cursor: 0,
      figures,
      runningMs: 0,
      watchingMs: 0,
      dueMs: 0,
      recent: [],
    };
    this.#host.post({ type: 'trace', name: `Live lab: ${catalogue.get(name)?.title ?? name}` }, []);
    await workload.init();
    this.#set('ready');
    this.#post();
  }

  #apply(changed: Partial<LabSettings>): void {
    if (!this.#settings) return;
    this.#settings = { ...this.#settings, ...changed };
    const run = this.#run;
    if (!run) return;
    if (changed.release) run.bench.release = changed.release;
    if (changed.cache !== undefined) run.gc.cacheEnabled = changed.cache;
    if (changed.budgetBytes !== undefined) run.gc.budgetBytes = changed.budgetBytes;
    if (changed.pace !== undefined) run.dueMs = 0;
    if (changed.visualizer === false) {
      this.#post();
      run.gc.visualizer.stop();
    } else if (changed.visualizer === true) {
      // The live trace goes on: the log tells what was born and what ended while it was off.
      run.gc.visualizer.start();
    }
    this.#post();
  }

  /** A new live trace; clearing lists what is alive anew, from event 0 on. */
  #retrace(run: Run): void {
    run.gc.visualizer.clear();
    run.cursor = 0;
    run.figures.eventsSent = 0;
    this.#underWay = 0;
    this.#host.post({ type: 'trace', name: `Live lab: ${catalogue.get(run.name)?.title ?? run.name}` }, []);
  }

  #start(): void {
    if (!this.#run || this.#status === 'running' || this.#status === 'finished' || this.#status === 'proving') return;
    this.#set('running');
    this.#run.recent = [];
    this.#run.dueMs = performance.now();
    this.#loop = this.#runSlices(this.#run).catch((error: unknown) => this.#fail(error));
  }

  /** Told once the step under way is done and its events are sent. */
  #pause(): void {
    if (this.#status === 'running') this.#status = 'paused';
  }

  async #single(): Promise<void> {
    const run = this.#run;
    if (!run || run.workload.done || this.#status === 'running') return;
    await this.#takeStep(run);
    this.#post();
    this.#set(run.workload.done ? 'finished' : 'paused');
  }

  async #runSlices(run: Run): Promise<void> {
    let posted = performance.now();
    let counted = posted;
    while (this.#status === 'running' && this.#run === run) {
      if (this.#underWay >= MOST_UNDER_WAY) {
        await new Promise((resolve) => setTimeout(resolve, 4));
        continue;
      }
      const began = performance.now();
      while (this.#status === 'running' && performance.now() - began < SLICE_MS && this.#isDue(run)) {
        await this.#takeStep(run);
        if (run.workload.done) this.#status = 'finished';
      }
      const now = performance.now();
      run.runningMs += now - counted;
      counted = now;
      if (now - posted >= FRAME_MS) {
        this.#post();
        posted = now;
      }
      await this.#wait(run);
    }
    this.#post();
    this.#set(this.#status);
  }

  /** Whether the pace allows a step now; falls behind by at most a quarter of a second. */
  #isDue(run: Run): boolean {
    const pace = this.#settings?.pace ?? 0;
    if (pace === 0) return true;
    const now = performance.now();
    if (now < run.dueMs) return false;
    run.dueMs = Math.max(run.dueMs, now - 250) + 1000 / pace;
    return true;
  }

  async #wait(run: Run): Promise<void> {
    const restMs = (this.#settings?.pace ?? 0) === 0 ? 0 : run.dueMs - performance.now();
    if (restMs < 4) return this.#host.turn();
    await new Promise((resolve) => setTimeout(resolve, Math.min(restMs, FRAME_MS)));
  }

  async #takeStep(run: Run): Promise<void> {
    const pending = run.workload.step();
    if (pending) await pending;
    run.figures.steps++;
    run.recent.push(performance.now());
    if (run.recent.length > 240) run.recent.splice(0, 120);
  }

  #stepsPerSecond(run: Run): number {
    if (this.#status !== 'running') return 0;
    const now = performance.now();
    const from = run.recent.findIndex((at) => at > now - 2000);
    const count = from < 0 ? 0 : run.recent.length - from - 1;
    return count > 0 ? (1000 * count) / (run.recent.at(-1)! - run.recent[from]!) : 0;
  }

  /** Everything that is new, in one message. */
  #post(): void {
    const run = this.#run;
    if (!run || run.gc.closed) return;
    if (run.figures.eventsSent > MOST_EVENTS) this.#retrace(run);
    const began = performance.now();
    const events = this.#takeEvents(run);
    run.watchingMs += performance.now() - began;
    run.figures.stepsPerSecond = this.#stepsPerSecond(run);
    run.figures.watchingShare = run.runningMs > 0 ? Math.min(1, run.watchingMs / run.runningMs) : 0;
    const output = run.workload.output();
    this.#host.post(
      { type: 'frame', events, stats: run.gc.stats(), figures: { ...run.figures }, output },
      events ? [events.buffer as ArrayBuffer] : [],
    );
  }

  #takeEvents(run: Run): Uint8Array | null {
    if (!run.gc.visualizer.running) return null;
    const { ndjson, next } = run.gc.visualizer.exportSince(run.cursor);
    if (next === run.cursor) return null;
    run.figures.eventsSent += next - run.cursor;
    run.cursor = next;
    this.#underWay++;
    return ndjson.slice();
  }

  async #prove(steps: number): Promise<void> {
    const run = this.#run;
    const settings = this.#settings;
    const sources = this.#sources;
    if (!run || !settings || !sources || this.#status === 'running') return;
    const before = this.#status;
    this.#proving = true;
    this.#set('proving');
    const result = await prove({
      load: this.#host.load,
      wasm: this.#wasm,
      annex: this.#annex,
      sources,
      workload: run.name,
      settings,
      options: run.options,
      steps,
      turn: this.#host.turn,
      stopped: () => !this.#proving,
      onProgress: (done) => this.#host.post({ type: 'proof-progress', done, steps }, []),
    });
    this.#proving = false;
    this.#set(before);
    if (result) this.#host.post({ type: 'proof', result }, []);
  }
}
