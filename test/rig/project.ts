/**
 * Small projects to build. They have the base box of the template `minimal`, so that a test run makes one box. That
 * template is frozen, and its box has nothing of debian-security; nor has theirs.
 */
import { execa } from 'execa';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { folder } from './mayfly.js';

const MINIMAL = fileURLToPath(new URL('../../templates/minimal/builder/builder.yaml', import.meta.url));

export interface ProjectSpec {
  readonly name?: string;
  /** Body of provision/build, a sh script. */
  readonly build: string;
  /** Body of provision/setup-builder. */
  readonly provision?: string;
  /** Merged over the settings, one level deep. */
  readonly settings?: Readonly<Record<string, unknown>> & { readonly vm?: Readonly<Record<string, unknown>> };
  /** More files, relative to the top. */
  readonly files?: Readonly<Record<string, string>>;
  /** Name of the folder, for odd characters. */
  readonly folderName?: string;
}

export interface TestProject {
  readonly path: string;
  git(...args: string[]): Promise<string>;
  /** Writes a file and commits it. */
  commit(file: string, content: string): Promise<void>;
}

export async function makeProject(spec: ProjectSpec): Promise<TestProject> {
  await mkdir(folder, { recursive: true });
  const path = join(await mkdtemp(join(folder, 'project-')), spec.folderName ?? 'probe');
  const template = parse(await readFile(MINIMAL, 'utf8')) as { basebox: unknown };
  const settings = {
    name: spec.name ?? 'probe',
    basebox: template.basebox,
    artifacts: { patterns: ['*.img'] },
    archive: { origins: { 'debian-security': false } },
    ...spec.settings,
    // One processor: where two VMs with two each share two cores, one's waits for what the other's holds.
    vm: { cpus: 1, memory: '512M', build_memory: '512M', ...spec.settings?.vm },
  };
  const script = (body: string): string => `#!/bin/sh\nset -eu\n${body}\n`;
  const files: Record<string, string> = {
    'builder/builder.yaml': stringify(settings),
    'builder/provision/build': script(spec.build),
    'builder/provision/setup-builder': script(spec.provision ?? ':'),
    '.gitignore': 'artifacts/\n',
    ...spec.files,
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
    if (name.startsWith('builder/provision/')) await chmod(join(path, name), 0o755);
  }
  const git = async (...args: string[]): Promise<string> => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost'];
    const env = { GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z', GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z' };
    return (await execa('git', [...identity, ...args], { cwd: path, env })).stdout;
  };
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Begin');
  return {
    path,
    git,
    async commit(file, content) {
      await writeFile(join(path, file), content);
      await git('add', '--all');
      await git('commit', '--quiet', '--message', `Change ${file}`);
    },
  };
}
