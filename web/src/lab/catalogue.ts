// What the lab offers, in the order of the picker. No code of the workloads: the panel shows this
// before the worker has loaded anything.
import type { WorkloadInfo, WorkloadName } from './protocol';

const MIB = 2 ** 20;

const INFOS: readonly WorkloadInfo[] = [
  {
    name: 'digits',
    title: 'Train on digits',
    description:
      'A 784-64-10 network learns 1 200 real handwritten digits. Every activation, gradient and temporary is a buffer, made and released at each step.',
    unit: 'batches',
    releases: ['hand', 'scope', 'gc'],
    options: [],
    pace: 60,
    budgetBytes: 64 * MIB,
  },
  {
    name: 'image',
    title: 'Image pipeline',
    description:
      'Blur, edges, resize and composite over a picture, frame by frame: few buffers, large ones. Drop a picture of your own on the result.',
    unit: 'frames',
    releases: ['hand', 'scope', 'gc'],
    options: [],
    pace: 10,
    budgetBytes: 128 * MIB,
  },
  {
    name: 'nobody',
    title: 'Nobody disposes',
    description:
      'Frames of 1 to 8 MiB are made and simply dropped. The engine’s garbage collector sees only tiny handles, yet memory must stay under the budget.',
    unit: 'frames',
    releases: ['gc'],
    options: [],
    pace: 120,
    budgetBytes: 128 * MIB,
  },
  {
    name: 'leak',
    title: 'A real leak',
    description:
      'A server’s thumbnail cache evicts, but a second index still holds what it evicted. Healthy traffic runs beside it: find who keeps memory.',
    unit: 'requests',
    releases: ['hand', 'scope'],
    options: [
      {
        name: 'index',
        label: 'Second index',
        hint: 'Whether eviction also clears the index by content hash. Mended, the cache stops growing; what leaked before stays.',
        values: [
          { value: 'forgets', label: 'Forgets to evict' },
          { value: 'mended', label: 'Mended' },
        ],
        initial: 'forgets',
      },
    ],
    pace: 60,
    budgetBytes: 256 * MIB,
  },
  {
    name: 'replay',
    title: 'Replay a recording',
    description:
      'A recorded tinygrad run, allocation by allocation, through this allocator: what would its cache have done with the same work?',
    unit: 'frames',
    releases: ['hand', 'gc'],
    options: [
      {
        name: 'sample',
        label: 'Recording',
        hint: 'Which run is replayed. Takes effect with a reset.',
        values: [{ value: 'mlp_leak' }, { value: 'gpt_generate_noplan' }, { value: 'mlp_train_noplan_long' }],
        initial: 'mlp_train_noplan_long',
      },
      {
        name: 'speed',
        label: 'Speed',
        hint: 'The recording’s clock against the wall’s, 60 frames a second.',
        values: [
          { value: '1', label: '1×' },
          { value: '10', label: '10×' },
          { value: '100', label: '100×' },
        ],
        initial: '10',
      },
    ],
    pace: 60,
    budgetBytes: 256 * MIB,
  },
];

export const catalogue: ReadonlyMap<WorkloadName, WorkloadInfo> = new Map(INFOS.map((info) => [info.name, info]));

export const initialOptions = (name: WorkloadName): Record<string, string> =>
  Object.fromEntries((catalogue.get(name)?.options ?? []).map((option) => [option.name, option.initial]));
