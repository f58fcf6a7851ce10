/**
 * Puts the files of a folder of the project (the builder directory) where they can be used: from the
 * commit that is built, or from the work tree while someone is editing them. The files are byte for
 * byte as in git (no line-end conversion, no `export-ignore`), and their modes are the same on every
 * host.
 */
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import { readCommitFolder } from './commit-folder.js';
import type { Checkout, CommitSource, DirtyPath } from './checkout.js';
import { git } from './git.js';
import { isSafePath } from './safe-path.js';
import { readWorkTreeFolder } from './worktree-folder.js';
import { writeFolder } from './write-folder.js';

export interface MaterializeRequest {
  readonly checkout: Pick<Checkout, 'topLevel'>;
  /** Holds the commit to read when `from` is `commit`: a share, a preview, or the checkout itself. */
  readonly share: CommitSource;
  /** Relative to the top level, such as `builder`. */
  readonly folder: string;
  /** Must not exist or be empty, unless `replace` is true. */
  readonly destination: string;
  readonly from: 'commit' | 'worktree';
  /** Empties an existing destination first. Default false. */
  readonly replace?: boolean;
  /** Do nothing when there are no such files. Default false: an error. */
  readonly optional?: boolean;
  /** Where a scratch folder may be made meanwhile. Default: the system's temporary folder. */
  readonly scratch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the folder's files to `destination`, with modes 0644 and 0755 whatever the umask. Symbolic
 * links stay links and are never followed. What a failure leaves half written is removed.
 * @throws MayflyError `source.folder-missing`, `source.folder-content` (usage),
 *   `source.destination-not-empty` (refused)
 */
export async function materializeFolder(request: MaterializeRequest): Promise<void> {
  const { checkout, share, destination, from, signal, scratch, replace = false } = request;
  const folder = normalFolder(request.folder);
  const files =
    from === 'commit'
      ? await readCommitFolder(share, folder, { signal, scratch })
      : await readWorkTreeFolder(checkout.topLevel, folder, { signal });
  if (files === undefined || files.length === 0) {
    if (request.optional === true) return;
    const where = from === 'commit' ? `commit ${share.commit}` : `the checkout ${checkout.topLevel}`;
    throw new MayflyError(
      'usage',
      'source.folder-missing',
      `There are no files in the folder ${folder} of ${where}.`,
      {
        hint: 'Check the name of the builder directory, and that its files are committed.',
      },
    );
  }
  await writeFolder(destination, files, { replace, signal });
}

export interface FolderState {
  /** Some file in the folder differs from HEAD. */
  readonly dirty: boolean;
  /** The last commit that touched the folder; undefined when there is none. */
  readonly lastCommit: { readonly date: string; readonly shortId: string } | undefined;
}

/**
 * What names a base box: the author date (`YYYYMMDD`, in the author's zone) and short id of the last commit that
 * touched the folder. In a shallow clone, the commit where history was cut counts as touching
 * everything.
 * @param at the commit to look back from; default HEAD of the checkout
 */
export async function folderState(
  checkout: Checkout,
  folder: string,
  options: { readonly at?: CommitSource | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<FolderState> {
  const path = normalFolder(folder);
  const { gitDir, commit } = options.at ?? checkout;
  const format = ['--date=format:%Y%m%d', '--no-show-signature', '--pretty=%h %ad'];
  const output = await git({ gitDir }, ['log', '-1', ...format, commit, '--', path], {
    signal: options.signal,
  });
  const [shortId = '', date = ''] = output.split(' ');
  const lastCommit = output === '' ? undefined : { date, shortId };
  return { dirty: dirtyIn(checkout.dirty, path).length > 0, lastCommit };
}

/** The dirty paths inside a folder. */
function dirtyIn(dirty: readonly DirtyPath[], folder: string): readonly DirtyPath[] {
  if (folder === '.') return dirty;
  return dirty.filter(({ path }) => path === folder || path.startsWith(`${folder}/`));
}

/** `./builder/` → `builder`; the top level is `.`. */
function normalFolder(folder: string): string {
  const normal = join(folder, '.').replace(/\/$/, '');
  if (normal === '.' || isSafePath(normal)) return normal;
  throw new MayflyError(
    'usage',
    'source.folder-missing',
    `The folder "${folder}" is not inside the project.`,
    {
      hint: 'Name it relative to the top level of the checkout.',
    },
  );
}
