// What the page carries inside itself besides its code: the WebAssembly modules, the workers'
// sources, the samples. The build puts each into a data block of the HTML, so that nothing is
// fetched and `file://` works.

const blockOf = (name: string): HTMLElement | null =>
  document.querySelector(`script[data-asset="${CSS.escape(name)}"]`);

export const hasAsset = (name: string): boolean => blockOf(name) !== null;

/** What stands in an asset's block: text as it is, bytes in base64. */
function contentOf(name: string): string {
  const block = blockOf(name);
  if (!block) throw new Error(`This page was built without ${name}: build that part, then web/build.mjs again.`);
  return block.textContent ?? '';
}

/** The bytes of an asset, decoded afresh; throws when the page was built without it. */
export function assetBytes(name: string): Uint8Array<ArrayBuffer> {
  const binary = atob(contentOf(name));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** A classic worker from a source that the page carries (`engine-worker.js`, `lab-worker.js`). */
export function assetWorker(name: string): Worker {
  const url = URL.createObjectURL(new Blob([contentOf(name)], { type: 'text/javascript' }));
  const worker = new Worker(url);
  // The worker has started to load by the time the first message comes back.
  worker.addEventListener('message', () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

/** Names of the assets that begin with a prefix, in the order of the build. */
export function assetNames(prefix: string): string[] {
  const blocks = document.querySelectorAll<HTMLElement>('script[data-asset]');
  return [...blocks].map((block) => block.dataset.asset ?? '').filter((name) => name.startsWith(prefix));
}
