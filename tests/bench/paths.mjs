import { fileURLToPath } from 'node:url';

/** The repository's top. */
export const top = fileURLToPath(new URL('../../', import.meta.url));
