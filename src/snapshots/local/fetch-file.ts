/** Brings a file of a snapshot into the local archive when it is first wanted: once, however many want it. */
import { MayflyError } from '../../errors.js';
import type { Upstream } from '../upstream.js';
import { hasFile, storeFile } from './files.js';
import type { FoundFile } from './find-file.js';

/** `cached`: by a proxy between us and who wants it. */
export type FileSource = 'stored' | 'fetched' | 'cached';

export class FileFetcher {
  readonly #running = new Map<string, Promise<FileSource>>();

  /**
   * @param upstream undefined when nothing may be fetched
   * @param onBytes told what arrives from upstream as it comes; negative when that was in vain
   */
  constructor(
    private readonly archive: string,
    private readonly upstream: Upstream | undefined,
    private readonly signal: AbortSignal,
    private readonly onBytes: (bytes: number) => void = () => undefined,
  ) {}

  /**
   * The file is stored when this settles.
   * @throws MayflyError `archive.offline`, `archive.not-found`, `archive.unreachable`, `archive.wrong-file`
   */
  async ensure(file: FoundFile): Promise<FileSource> {
    const running = this.#running.get(file.sha256);
    if (running !== undefined) return await running;
    const job = this.#bring(file).finally(() => this.#running.delete(file.sha256));
    this.#running.set(file.sha256, job);
    return await job;
  }

  async #bring(file: FoundFile): Promise<FileSource> {
    if (await hasFile(this.archive, file)) return 'stored';
    const [first, ...others] = file.urls;
    if (first === undefined) throw lost(file);
    if (this.upstream === undefined) throw offline(first);
    let failure: unknown;
    for (const url of [first, ...others]) {
      let bytes = 0;
      const count = (more: number): void => {
        bytes += more;
        this.onBytes(more);
      };
      try {
        const content = await this.upstream.open(url, this.signal);
        await storeFile(this.archive, file, counted(content, count), url);
        return 'fetched';
      } catch (error) {
        this.onBytes(-bytes);
        if (!(error instanceof MayflyError)) throw error;
        failure ??= error;
      }
    }
    throw failure;
  }
}

async function* counted(
  content: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    count(piece.length);
    yield piece;
  }
}

function offline(url: string): MayflyError {
  return new MayflyError(
    'host',
    'archive.offline',
    `${url} is not stored in the local archive yet, and nothing may be fetched (offline).`,
    { hint: 'Build once without --offline, or import a bundle: mayfly snapshots import.' },
  );
}

function lost(file: FoundFile): MayflyError {
  return new MayflyError('host', 'archive.lost', `The local archive lost its file ${file.sha256}.`, {
    hint: '`mayfly snapshots verify` looks for all damage and mends what upstream still has.',
  });
}
