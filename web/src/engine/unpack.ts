// A file as a stream of unpacked pieces, whatever it came in.

/** What was read so far, in bytes of the file as it lies (packed bytes of a packed one). */
export type CountBytes = (bytes: number) => void;

/** The first piece is small, so that something can be shown soon; each read costs some milliseconds. */
const firstPieceBytes = 256 * 1024;
const mostPieceBytes = 4 * 1024 * 1024;
const isGzip = (start: Uint8Array): boolean => start.length >= 2 && start[0] === 0x1f && start[1] === 0x8b;

/** The next piece is on its way while one is being used. */
async function* piecesOf(bytes: Blob | Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const size = bytes instanceof Uint8Array ? bytes.length : bytes.size;
  let at = 0;
  let pieceBytes = firstPieceBytes;
  const next = (): Promise<Uint8Array<ArrayBuffer>> | null => {
    if (at >= size) return null;
    const end = Math.min(at + pieceBytes, size);
    const piece =
      bytes instanceof Uint8Array
        ? Promise.resolve(new Uint8Array(bytes.subarray(at, end)))
        : bytes
            .slice(at, end)
            .arrayBuffer()
            .then((buffer) => new Uint8Array(buffer));
    piece.catch(() => undefined); // told to whoever asks for it
    at = end;
    pieceBytes = Math.min(2 * pieceBytes, mostPieceBytes);
    return piece;
  };
  let coming = next();
  while (coming) {
    const piece = await coming;
    coming = next();
    yield piece;
  }
}

/**
 * The file's pieces; gzip is told by its first two bytes, not by the name, and unpacked on the way.
 * Throws where the packed data is damaged or cut off.
 */
export async function* unpacked(
  bytes: Blob | Uint8Array,
  count: CountBytes,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const pieces = piecesOf(bytes);
  const first = await pieces.next();
  if (first.done) return;
  count(first.value.length);
  if (!isGzip(first.value)) {
    yield first.value;
    for await (const piece of pieces) {
      count(piece.length);
      yield piece;
    }
    return;
  }
  let pending: Uint8Array<ArrayBuffer> | null = first.value;
  let taken = 0;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const piece = pending ?? (await pieces.next()).value;
        if (!piece) return controller.close();
        if (piece !== first.value) count(piece.length);
        pending = null;
        taken += piece.length;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 1 },
  );
  const reader = packed.pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw new Error(`within its first ${taken} bytes: the gzip data is damaged or cut off, expected a whole stream`, {
      cause,
    });
  } finally {
    reader.cancel().catch(() => undefined); // a stream that has failed already
  }
}
