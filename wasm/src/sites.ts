// Where in the user's program a buffer is made, as the engine tells it: mapped to the source where the
// engine maps its stacks (Node's --enable-source-maps; a browser's console maps what is printed there).

const frame = /(?:at .*?\(|at (?:async )?|@)(.*):(\d+):\d+\)?$/;
/** Calls that a creation stack names. */
const depth = 8;

export interface Site {
  readonly file: string;
  readonly line: number;
  /** "file:line". */
  readonly text: string;
  /** The calls that led there, innermost first, one a line. */
  readonly stack: string;
}

export const noSite: Site = { file: '', line: 0, text: '', stack: '' };

type CaptureStackTrace = (target: object, above: (...args: never) => unknown) => void;

/** The caller of `above`, a function of the package that is on the stack now. */
export function captureSite(above: (...args: never) => unknown): Site {
  const errors = Error as unknown as { captureStackTrace?: CaptureStackTrace; stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  const holder: { stack?: string } = {};
  if (typeof errors.captureStackTrace === 'function') {
    errors.stackTraceLimit = depth;
    errors.captureStackTrace(holder, above);
    const { stack = '' } = holder;
    if (limit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = limit;
    return parseSite(stack.split('\n').filter((line) => frame.test(line)));
  }
  // Engines without it: the frames below the one that is named after `above`.
  const lines = (new Error().stack ?? '').split('\n');
  const own = lines.findIndex((line) => line.startsWith(`${above.name}@`));
  return parseSite(lines.slice(own + 1, own + 1 + depth));
}

/** The site that stack lines tell, innermost first. */
export function parseSite(lines: readonly string[]): Site {
  const match = frame.exec(lines[0] ?? '');
  if (match === null) return { ...noSite };
  const [, file = '', number = '0'] = match;
  const stack = lines.map((line) => line.trim()).join('\n');
  return { file, line: Number(number), text: `${file}:${number}`, stack };
}

/** The native addresses of files' names, kept for ever: sites are places in a program, and those are few. */
export class SiteFiles {
  readonly #addresses = new Map<string, number>();
  readonly #keep: (file: string) => number;

  constructor(keep: (file: string) => number) {
    this.#keep = keep;
  }

  /** 0: not known. */
  address({ file }: Site): number {
    if (file === '') return 0;
    let address = this.#addresses.get(file);
    if (address === undefined) {
      address = this.#keep(file);
      this.#addresses.set(file, address);
    }
    return address;
  }
}
