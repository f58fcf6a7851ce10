/**
 * A small project in the layout of Tails: an upstream repository with its branches, tag and submodule, and a
 * clone of it, as a person has it.
 *
 *   stable            frozen; two commits on from the release 5.0
 *   testing, devel    from 5.0; devel is thawed, and one commit on from where feature/devel left it
 *   feature/topic     from 5.0, one commit; to be merged into stable
 *   feature/conflict  from 5.0; changes the line that stable changed
 *   5.0, 4.0          annotated tags: the release, and a light one of the same commit's parent
 */
import { execa } from 'execa';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILES = fileURLToPath(new URL('./tails', import.meta.url));

/** Of the image alone. */
const TOR = 'config/APT_snapshots.d/torproject/serial';

export interface TailsProject {
  /** The clone, on stable. */
  readonly path: string;
  git(...args: readonly string[]): Promise<string>;
  /** Writes a file and commits it. */
  commit(file: string, content: string): Promise<void>;
}

export interface TailsOptions {
  /** No snapshot service, and nothing frozen: packages come from what this host's APT uses. */
  readonly fromThisHost?: boolean;
  /** Files of the first commit, which take the place of others. */
  readonly files?: Readonly<Record<string, string>>;
}

const DEFINITION = 'vagrant/definitions/tails-builder/generate-tails-builder-box.sh';
const SERIALS = ['config', 'vagrant/definitions/tails-builder/config'].flatMap((place) =>
  ['debian', 'debian-security'].map((origin) => `${place}/APT_snapshots.d/${origin}/serial`),
);

/** @param folder becomes the project's own */
export async function makeTailsProject(folder: string, options: TailsOptions = {}): Promise<TailsProject> {
  const upstream = at(join(folder, 'upstream'));
  await makeSubmodule(join(folder, 'words'));
  await cp(FILES, upstream.path, { recursive: true });
  await rename(join(upstream.path, 'gitignore'), join(upstream.path, '.gitignore'));
  if (options.fromThisHost === true) await followThisHost(upstream.path);
  for (const [file, content] of Object.entries(options.files ?? {}))
    await write(upstream.path, file, content);
  await upstream.git('init', '--quiet', '--initial-branch=stable');
  await upstream.git('submodule', '--quiet', 'add', join(folder, 'words'), 'submodules/words');
  await upstream.commit('notes', 'first\n');
  await upstream.git('tag', '4.0');
  await upstream.commit('notes', 'line\n');
  await upstream.git('tag', '--annotate', '--message', 'Release', '5.0');
  await branch(upstream, 'testing', { 'config/base_branch': 'testing\n' });
  const moving = options.fromThisHost === true ? SERIALS : [...SERIALS, TOR];
  const thawed = Object.fromEntries(moving.map((file) => [file, 'latest\n']));
  await branch(upstream, 'devel', { 'config/base_branch': 'devel\n', ...thawed });
  await upstream.git('checkout', '--quiet', '-b', 'feature/devel');
  await upstream.commit('topic', 'topic\n');
  await upstream.git('checkout', '--quiet', 'devel');
  await upstream.commit('notes', 'of devel\n');
  await branch(upstream, 'feature/topic', { topic: 'topic\n' });
  await branch(upstream, 'feature/conflict', { notes: 'of the conflict\n' });
  await upstream.git('checkout', '--quiet', 'stable');
  await upstream.commit('notes', 'of stable\n');
  const clone = at(join(folder, 'tails'));
  await clone.git('clone', '--quiet', '--recurse-submodules', upstream.path, '.');
  return clone;
}

/** A copy of the clone, for a test that changes it. */
export async function copyOf(project: TailsProject, folder: string): Promise<TailsProject> {
  const copy = join(folder, 'tails');
  await cp(project.path, copy, { recursive: true, verbatimSymlinks: true });
  return at(copy);
}

function at(path: string): TailsProject {
  const git = async (...args: readonly string[]): Promise<string> => {
    await mkdir(path, { recursive: true });
    const settings = ['user.name=Test', 'user.email=test@localhost', 'protocol.file.allow=always'];
    const env = {
      GIT_AUTHOR_DATE: '2026-01-02T23:30:00-0500',
      GIT_COMMITTER_DATE: '2026-01-02T23:30:00-0500',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
    };
    const before = settings.flatMap((setting) => ['-c', setting]);
    return (await execa('git', [...before, ...args], { cwd: path, env })).stdout;
  };
  return {
    path,
    git,
    async commit(file, content) {
      await write(path, file, content);
      await git('add', '--all');
      await git('commit', '--quiet', '--message', `Change ${file}`);
    },
  };
}

async function branch(
  project: TailsProject,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await project.git('checkout', '--quiet', '-b', name, '5.0');
  for (const [file, content] of Object.entries(files)) await write(project.path, file, content);
  await project.git('add', '--all');
  await project.git('commit', '--quiet', '--message', `Begin ${name}`);
}

async function makeSubmodule(path: string): Promise<void> {
  const words = at(path);
  await words.git('init', '--quiet', '--initial-branch=main');
  await words.commit('hello', 'hello from the submodule\n');
}

async function followThisHost(path: string): Promise<void> {
  const text = await readFile(join(path, DEFINITION), 'utf8');
  await writeFile(
    join(path, DEFINITION),
    text.replace(/^SNAPSHOTS=.*$/m, () => 'SNAPSHOTS="$2"'),
  );
  for (const file of SERIALS) await write(path, file, 'latest\n');
  // The local archive has no mirror for this one.
  await rm(join(path, dirname(TOR)), { recursive: true });
}

async function write(root: string, file: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), content);
}
