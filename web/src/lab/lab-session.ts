// The lab as the page sees it: what is chosen, what runs, what it told. The panel and the output
// draw this state and change it through these methods. Tells of changes with the event 'change'.
import { assetBytes, assetWorker } from '../assets';
import type { Engine } from '../engine/protocol';
import { catalogue, initialOptions } from './catalogue';
import { LabFeed } from './lab-feed';
import { LabHistory } from './lab-history';
import type {
  LabCommand,
  LabFigures,
  LabReport,
  LabSettings,
  LabStatus,
  Picture,
  ProofResult,
  SampleTrace,
  WorkloadName,
} from './protocol';

const PROOF_STEPS = 100;
const NO_FIGURES: LabFigures = {
  steps: 0,
  stepsPerSecond: 0,
  watchingShare: 0,
  eventsSent: 0,
  reclaimedByGc: 0,
  reclaimedByGcBytes: 0,
};

/** What the shell is told with 'lab-started', 'lab-updated' and 'lab-stopped'. */
export interface LabNews {
  name: string;
  stats: { readonly [name: string]: number };
  status: string;
}
export type LabNewsKind = 'lab-started' | 'lab-updated' | 'lab-stopped';

export class LabSession extends EventTarget {
  workload: WorkloadName = 'digits';
  settings: LabSettings;
  options: Record<string, string>;
  status: LabStatus | 'asleep' = 'asleep';
  message = '';
  stats: { readonly [name: string]: number } = {};
  figures: LabFigures = NO_FIGURES;
  history = new LabHistory();
  proof: ProofResult | null = null;
  proofProgress: { done: number; steps: number } | null = null;
  /** Told to the shell. */
  onNews: (kind: LabNewsKind, news: LabNews) => void = () => undefined;

  #worker: Worker | undefined;
  #feed: LabFeed;
  #active = false;
  #traceName = '';
  #picture: Picture | null = null;

  constructor() {
    super();
    const info = catalogue.get(this.workload)!;
    this.settings = {
      seed: 7,
      release: 'hand',
      visualizer: true,
      cache: true,
      budgetBytes: info.budgetBytes,
      pace: info.pace,
    };
    this.options = initialOptions(this.workload);
    this.#feed = new LabFeed({
      begun: (name) => {
        this.#traceName = name;
        this.#tell('lab-started');
      },
      fed: () => {
        this.#send({ type: 'taken' });
        this.#tell('lab-updated');
      },
      failed: (error) => {
        this.message = `The viewer did not take the events: ${reason(error)}`;
        this.#changed();
      },
    });
  }

  get engine(): Engine | undefined {
    return this.#feed.engine;
  }
  set engine(engine: Engine | undefined) {
    this.#feed.engine = engine;
  }

  /** In sight or not. Out of sight the lab pauses; it is loaded when it is first seen. */
  async setActive(active: boolean): Promise<void> {
    if (active === this.#active) return;
    this.#active = active;
    if (!active) {
      this.pause();
      return;
    }
    if (!this.#worker) this.#wake();
  }

  get running(): boolean {
    return this.status === 'running';
  }
  get busy(): boolean {
    return this.status === 'asleep' || this.status === 'loading' || this.status === 'proving';
  }
  get statusText(): string {
    const title = catalogue.get(this.workload)?.title ?? '';
    const words: Record<LabSession['status'], string> = {
      asleep: 'not loaded',
      loading: 'loading…',
      ready: 'ready',
      running: 'running',
      paused: 'paused',
      finished: 'finished',
      failed: 'stopped by an error',
      proving: 'proving…',
    };
    return `${title}: ${words[this.status]}`;
  }

  async start(): Promise<void> {
    await this.#beCurrent();
    this.#feed.open();
    this.#send({ type: 'start' });
  }

  pause(): void {
    if (this.running) this.#send({ type: 'pause' });
  }

  async step(): Promise<void> {
    await this.#beCurrent();
    this.#feed.open();
    this.#send({ type: 'step' });
  }

  toggle(): void {
    if (this.running) this.pause();
    else void this.start();
  }

  /** A fresh manager and step 0, with the seed as it stands. */
  reset(): void {
    this.history = new LabHistory();
    this.figures = NO_FIGURES;
    this.stats = {};
    this.message = '';
    this.#feed.hold();
    this.#send({ type: 'open', workload: this.workload, settings: this.settings, options: this.options });
    this.#changed();
  }

  choose(workload: WorkloadName): void {
    if (workload === this.workload) return;
    const info = catalogue.get(workload)!;
    this.workload = workload;
    this.options = initialOptions(workload);
    const release = info.releases.includes(this.settings.release) ? this.settings.release : info.releases[0]!;
    this.settings = { ...this.settings, release, pace: info.pace, budgetBytes: info.budgetBytes };
    this.proof = null;
    this.proofProgress = null;
    this.reset();
  }

  set(changed: Partial<LabSettings>): void {
    this.settings = { ...this.settings, ...changed };
    this.#send({ type: 'settings', settings: changed });
    this.#changed();
  }

  setOption(name: string, value: string): void {
    this.options = { ...this.options, [name]: value };
    if (name === 'sample') this.reset();
    else this.#send({ type: 'option', name, value });
    this.#changed();
  }

  setPicture(picture: Picture | null): void {
    this.#picture = picture;
    this.#send({ type: 'picture', picture });
    this.#changed();
  }
  get ownPicture(): boolean {
    return this.#picture !== null;
  }

  trim(): void {
    this.#send({ type: 'trim' });
  }

  prove(): void {
    this.pause();
    this.proof = null;
    this.proofProgress = { done: 0, steps: PROOF_STEPS };
    this.#send({ type: 'prove', steps: PROOF_STEPS });
    this.#changed();
  }

  stopProof(): void {
    this.proofProgress = null;
    this.#send({ type: 'stop-proof' });
    this.#changed();
  }

  /** Another trace may have been opened meanwhile: then the live one begins again. */
  async #beCurrent(): Promise<void> {
    if (await this.#feed.isCurrent()) return;
    this.#feed.hold();
    this.#send({ type: 'retrace' });
  }

  #wake(): void {
    this.status = 'loading';
    this.#changed();
    try {
      const index = JSON.parse(new TextDecoder().decode(assetBytes('samples/samples.json'))) as {
        name: string;
        title: string;
        description: string;
        file: string;
      }[];
      const samples: SampleTrace[] = index.map(({ name, title, description, file }) => ({
        name,
        title,
        description,
        bytes: assetBytes(`samples/${file}`),
      }));
      this.#worker = assetWorker('lab-worker.js');
      this.#worker.addEventListener('message', (event: MessageEvent<LabReport>) => this.#heard(event.data));
      this.#worker.addEventListener('error', (event) => this.#fault(`The lab's worker stopped: ${event.message}`));
      this.#send({
        type: 'init',
        wasm: assetBytes('bufgc.wasm.gz'),
        annex: assetBytes('bufgc_annex.wasm.gz'),
        digits: assetBytes('lab/digits.bin.gz'),
        samples,
      });
      this.reset();
    } catch (error) {
      this.#fault(reason(error));
    }
  }

  #send(command: LabCommand): void {
    this.#worker?.postMessage(command);
  }

  #heard(report: LabReport): void {
    switch (report.type) {
      case 'loaded':
        return;
      case 'status':
        this.status = report.status;
        this.message = report.message;
        if (report.status !== 'running' && report.status !== 'loading') this.#tell('lab-stopped');
        break;
      case 'trace':
        this.#feed.announce(report.name);
        if (this.running || this.status === 'paused') this.#feed.open();
        break;
      case 'frame':
        this.stats = report.stats;
        this.figures = report.figures;
        if (report.output?.workload === this.workload) this.history.add(report.output);
        if (report.events) this.#feed.push(report.events);
        else this.#tell('lab-updated');
        break;
      case 'proof-progress':
        if (this.proofProgress) this.proofProgress = { done: report.done, steps: report.steps };
        break;
      case 'proof':
        this.proof = report.result;
        this.proofProgress = null;
        break;
    }
    this.#changed();
  }

  #fault(message: string): void {
    this.status = 'failed';
    this.message = message;
    this.#tell('lab-stopped');
    this.#changed();
  }

  #tell(kind: LabNewsKind): void {
    this.onNews(kind, { name: this.#traceName, stats: this.stats, status: this.statusText });
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
