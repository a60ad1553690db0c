import { BufgcError } from './package.mjs';

/** What the arguments of the random program throw by themselves. */
export class UserError extends Error {}

/** Whether it is the package's own, or passes on what the user's code threw: a revoked proxy throws a TypeError. */
export function isAllowed(error) {
  if (error instanceof BufgcError || error instanceof UserError) return true;
  return error instanceof TypeError && /proxy that has been revoked/.test(error.message);
}
