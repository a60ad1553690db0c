// Serves web/dist on this machine only: node web/serve.mjs [--port N]
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, dirname, extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.gz': 'application/gzip',
};
const built = fileURLToPath(new URL('./dist/index.html', import.meta.url));

/** A server of the page and its folder; listens on 127.0.0.1 at `port` (0: any free one). */
export function servePage(port, page = built) {
  const root = dirname(page) + sep;
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      // normalize() after decoding keeps "..", encoded or not, inside the folder.
      const file = join(root, normalize(decodeURIComponent(pathname === '/' ? `/${basename(page)}` : pathname)));
      const found = file.startsWith(root) ? await stat(file).catch(() => undefined) : undefined;
      if (!found?.isFile()) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
        return;
      }
      response.writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        'content-length': found.size,
        'cache-control': 'no-cache',
      });
      createReadStream(file).pipe(response);
    } catch {
      response.writeHead(400, { 'content-type': 'text/plain' }).end('bad request\n');
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
  try {
    const server = await servePage(Number(values.port));
    console.log(`bufgc: http://localhost:${server.address().port}/   (Ctrl-C stops)`);
  } catch (error) {
    const busy = error.code === 'EADDRINUSE';
    console.error(busy ? `demo: port ${values.port} is in use; try --port N` : `demo: ${error.message}`);
    process.exit(1);
  }
}
