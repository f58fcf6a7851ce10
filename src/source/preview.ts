/**
 * What would be built, found without writing anything into the checkout and without a share: a
 * scratch repository in a temporary folder borrows the person's objects and receives new ones.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeScratch } from '../process/scratch.js';
import { alternateLine, objectStores } from './alternates.js';
import type { Checkout, CommitSource } from './checkout.js';
import { type GitOptions, type Repository } from './git.js';
import { mergeBaseBranch, type MergeOutcome } from './merge.js';
import { copyShallow, describeStore, initialise } from './store.js';

export interface SourcePreview extends CommitSource {
  /** The commit that would be built; HEAD when the merge conflicts. */
  readonly commit: string;
  readonly outcome: MergeOutcome;
}

export interface PreviewOptions {
  readonly merge: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Where the scratch repository is made. Default: the system's temporary folder. */
  readonly scratch?: string | undefined;
}

/**
 * Hands a preview to `use`, for example to read the builder directory of the merged commit, and
 * removes it afterwards.
 * @throws MayflyError as mergeBaseBranch does; a conflict is an outcome, not an error
 */
export async function withPreview<T>(
  checkout: Checkout,
  options: PreviewOptions,
  use: (preview: SourcePreview) => Promise<T>,
): Promise<T> {
  const { merge, signal } = options;
  const scratch = await makeScratch(options.scratch ?? tmpdir(), 0o700);
  try {
    const gitDir = join(scratch.path, 'preview.git');
    await borrow({ gitDir: checkout.gitDir }, gitDir, { signal });
    const outcome: MergeOutcome = merge
      ? await mergeBaseBranch(gitDir, checkout, { signal })
      : { kind: 'none' };
    const commit = outcome.kind === 'merged' ? outcome.commit : checkout.commit;
    return await use({ gitDir, commit, outcome });
  } finally {
    await scratch.remove();
  }
}

/** The commit id that the merge with the base branch gives, or what stands in its way. */
export async function previewMerge(
  checkout: Checkout,
  options: Omit<PreviewOptions, 'merge'> = {},
): Promise<MergeOutcome> {
  return await withPreview(checkout, { ...options, merge: true }, ({ outcome }) => Promise.resolve(outcome));
}

async function borrow(from: Repository, gitDir: string, options: GitOptions): Promise<void> {
  const { format, objects, shallow } = await describeStore(from, options);
  await initialise(gitDir, format, options);
  const stores = await objectStores(objects);
  const info = join(gitDir, 'objects', 'info');
  await mkdir(info, { recursive: true });
  await writeFile(join(info, 'alternates'), stores.map(alternateLine).join(''));
  await copyShallow(shallow, gitDir);
}
