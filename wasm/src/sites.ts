// Where in the user's program a buffer is made.

const frame = /(?:at .*?\(|at (?:async )?|@)(.*):(\d+):\d+\)?$/;

export interface Site {
  readonly file: string;
  readonly line: number;
  /** "file:line". */
  readonly text: string;
}

export const noSite: Site = { file: '', line: 0, text: '' };

type CaptureStackTrace = (target: object, above: (...args: never) => unknown) => void;

/** The caller of `above`, a function of the package that is on the stack now. */
export function captureSite(above: (...args: never) => unknown): Site {
  const errors = Error as unknown as { captureStackTrace?: CaptureStackTrace; stackTraceLimit?: number };
  const limit = errors.stackTraceLimit;
  const holder: { stack?: string } = {};
  if (typeof errors.captureStackTrace === 'function') {
    errors.stackTraceLimit = 1;
    errors.captureStackTrace(holder, above);
    if (limit === undefined) delete errors.stackTraceLimit;
    else errors.stackTraceLimit = limit;
    return parseSite(holder.stack?.split('\n').at(-1));
  }
  // Engines without it: the frame below the one that is named after `above`.
  const lines = (new Error().stack ?? '').split('\n');
  const own = lines.findIndex((line) => line.startsWith(`${above.name}@`));
  return parseSite(lines[own + 1]);
}

export function parseSite(line: string | undefined): Site {
  const match = frame.exec(line ?? '');
  if (match === null) return noSite;
  const [, file = '', number = '0'] = match;
  return { file, line: Number(number), text: `${file}:${number}` };
}
