/** A project with a submodule in a submodule. */
import { join } from 'node:path';
import { commit, git, repository, temporaryFolder } from './repository.js';

export interface NestedProject {
  readonly root: string;
  /** The commits that are asked for. */
  readonly outer: string;
  readonly inner: string;
}

export async function nestedProject(): Promise<NestedProject> {
  const folder = await temporaryFolder();
  const inner = await repository(join(folder, 'inner'), { 'inner.txt': 'inner\n' });
  const outer = await repository(join(folder, 'outer'), { 'outer.txt': 'outer\n' });
  await git(outer, 'submodule', '--quiet', 'add', inner, 'inner');
  await commit(outer, 'Add inner', {});
  const root = await repository(join(folder, 'project'), { 'README.md': 'project\n' });
  await git(root, 'submodule', '--quiet', 'add', '--name', 'outer name', outer, 'lib/outer');
  await commit(root, 'Add outer', {});
  await git(root, 'submodule', '--quiet', 'update', '--init', '--recursive');
  return {
    root,
    outer: await git(outer, 'rev-parse', 'HEAD'),
    inner: await git(inner, 'rev-parse', 'HEAD'),
  };
}
