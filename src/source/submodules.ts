/**
 * Submodules of a commit, nested ones too, and where this host keeps their objects. The builder VM
 * has no network to fetch them from, so each must be here before a build starts.
 */
import { join } from 'node:path';
import { MayflyError } from '../errors.js';
import type { Submodule } from './checkout.js';
import { git, gitMaybe, hasCommit, listTree, records, type GitOptions, type Repository } from './git.js';
import type { Places } from './places.js';

/**
 * Lists the submodules of a commit, parents first. A folder that is a commit in the tree but has no
 * entry in `.gitmodules` is left out: git itself treats it as an empty folder.
 * @param holder the repository that holds the commit
 * @param places of the checkout, which may keep the repositories of its submodules
 * @throws MayflyError `source.submodule-name` (refused) for a name that would leave the repository's folder
 */
export async function listSubmodules(
  holder: Repository,
  commit: string,
  places: Places,
  options: GitOptions = {},
): Promise<Submodule[]> {
  return await list(holder, commit, places, { path: '', names: [] }, options);
}

interface Parent {
  readonly path: string;
  readonly names: readonly string[];
}

async function list(
  holder: Repository,
  commit: string,
  places: Places,
  parent: Parent,
  options: GitOptions,
): Promise<Submodule[]> {
  const entries = (await listTree(holder, ['-r', commit], options)).filter(({ mode }) => mode === '160000');
  if (entries.length === 0) return [];
  const settings = await readModules(holder, commit, options);
  const found: Submodule[] = [];
  for (const { path, object } of entries) {
    const setting = settings.find((each) => each.path === path);
    if (setting === undefined) continue;
    refuseUnsafeName(setting.name, path);
    const topLevel = join(places.topLevel, path);
    const { gitDir, initialised } = await findStore(topLevel, setting.name, object, places, options);
    const names = [...parent.names, setting.name];
    const whole = join(parent.path, path);
    const { name, optional } = setting;
    found.push({ name, path: whole, commit: object, names, gitDir, initialised, optional });
    if (gitDir === undefined || !initialised) continue;
    const inside = { topLevel, gitDir, commonDir: gitDir };
    found.push(...(await list({ gitDir }, object, inside, { path: whole, names }, options)));
  }
  return found;
}

interface ModuleSetting {
  readonly name: string;
  readonly path: string;
  readonly optional: boolean;
}

async function readModules(
  holder: Repository,
  commit: string,
  options: GitOptions,
): Promise<ModuleSetting[]> {
  const [file] = await listTree(holder, [commit, '--', '.gitmodules'], options);
  if (file?.mode.startsWith('100') !== true) return [];
  return parseModules(await git(holder, ['config', '--blob', file.object, '-z', '--list'], options));
}

/** Reads `git config -z --list` of a `.gitmodules` file: records `submodule.<name>.<key>\n<value>`. */
export function parseModules(output: string): ModuleSetting[] {
  const paths = new Map<string, string>();
  const optional = new Set<string>();
  for (const record of records(output)) {
    const [, name, key, value] = /^submodule\.([^]*)\.([^.\n]*)\n([^]*)$/.exec(record) ?? [];
    if (name === undefined || value === undefined) continue;
    if (key === 'path') paths.set(name, value);
    if (key === 'update' && value === 'none') optional.add(name);
  }
  return [...paths].map(([name, path]) => ({ name, path, optional: optional.has(name) }));
}

/** Names become folders below `.git/modules`; git refuses the same ones (CVE-2018-11235). */
function refuseUnsafeName(name: string, path: string): void {
  const parts = name.split('/');
  if (!parts.some((part) => part === '' || part === '.' || part === '..')) return;
  throw new MayflyError(
    'refused',
    'source.submodule-name',
    `The submodule at ${path} is named ${JSON.stringify(name)} in .gitmodules, which is not a safe folder name.`,
    { hint: 'Give it a name without empty, "." or ".." parts in .gitmodules.' },
  );
}

/** The first repository with the commit: the one in use, then the ones git puts aside. */
async function findStore(
  topLevel: string,
  name: string,
  commit: string,
  places: Places,
  options: GitOptions,
): Promise<Pick<Submodule, 'gitDir' | 'initialised'>> {
  const aside = [places.gitDir, places.commonDir].map((folder) => join(folder, 'modules', name));
  let first: string | undefined;
  for (const candidate of new Set([join(topLevel, '.git'), ...aside])) {
    const gitDir = await resolveGitDir(candidate, places, options);
    if (gitDir === undefined) continue;
    if (await hasCommit({ gitDir }, commit, options)) return { gitDir, initialised: true };
    first ??= gitDir;
  }
  return { gitDir: first, initialised: false };
}

/** Follows a `.git` file; undefined when there is no repository. */
async function resolveGitDir(
  candidate: string,
  places: Places,
  options: GitOptions,
): Promise<string | undefined> {
  const args = ['rev-parse', '--resolve-git-dir', candidate];
  const answer = await gitMaybe({ gitDir: places.gitDir }, args, options);
  if (answer === undefined) return undefined;
  return await git({ gitDir: answer }, ['rev-parse', '--absolute-git-dir'], options);
}

/**
 * @param built the commit that the submodules belong to
 * @param head HEAD of the checkout: another commit is built when the base branch was merged
 * @throws MayflyError `source.submodule-missing` (host) when the objects of any are not on this host
 */
export function requireSubmodules(submodules: readonly Submodule[], built: string, head: string): void {
  const missing = submodules.filter(({ initialised, optional }) => !initialised && !optional);
  if (missing.length === 0) return;
  const names = missing.map(({ path, commit }) => `${path} (commit ${commit})`);
  const hint =
    built === head
      ? 'Fetch them: git submodule update --init --recursive'
      : 'Merging the base branch asks for other commits of these submodules than the checkout has. ' +
        'Fetch them in each of these folders with `git fetch`, or pass --no-merge-base-branch.';
  throw new MayflyError(
    'host',
    'source.submodule-missing',
    `The objects of ${missing.length === 1 ? 'a submodule' : `${missing.length} submodules`} are not on this host, and the builder VM cannot fetch them.`,
    { hint, details: names },
  );
}
