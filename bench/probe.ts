/** A project whose build script is given, on the base box of the template `minimal`. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { run } from '../src/process/run.js';
import type { Setting } from './setting.js';

const MINIMAL = fileURLToPath(new URL('../templates/minimal/builder/builder.yaml', import.meta.url));

export interface ProbeMore {
  /** Origin → the URL that it is fetched from, instead of the one that the host's APT has. */
  readonly urls?: Readonly<Record<string, string>>;
  /** Body of provision/setup-builder, a sh script; it runs as root in the VM. */
  readonly setup?: string;
  /** More of the section `vm`. */
  readonly vm?: Readonly<Record<string, unknown>>;
}

/**
 * @param script body of provision/build, a sh script; it leaves artifacts called *.img
 * @param memory of the VM, and what a build in memory gets on top
 * @returns the folder of the checkout
 */
export async function makeProbe(
  setting: Setting,
  script: string,
  memory: string,
  { urls, setup = '', vm = {} }: ProbeMore = {},
): Promise<string> {
  const path = await mkdtemp(join(setting.folder, 'probe-'));
  const template = parse(await readFile(MINIMAL, 'utf8')) as { basebox: unknown };
  const settings = {
    name: 'probe',
    basebox: template.basebox,
    ...(urls === undefined ? {} : { archive: { origins: originsAt(urls) } }),
    vm: { memory, build_memory: memory, ...vm },
    artifacts: { patterns: ['*.img'] },
  };
  const files = {
    'builder/builder.yaml': stringify(settings),
    'builder/provision/build': `#!/bin/sh\nset -eu\n${script}\n`,
    'builder/provision/setup-builder': `#!/bin/sh\nset -eu\n${setup}\n`,
    '.gitignore': 'artifacts/\n',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content, { mode: name.includes('/provision/') ? 0o755 : 0o644 });
  }
  await run('git', ['init', '--quiet', '--initial-branch=main'], { cwd: path, signal: setting.signal });
  await commitProbe(setting, path);
  return path;
}

/** Commits whatever the probe holds. */
export async function commitProbe(setting: Setting, path: string): Promise<void> {
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@localhost'];
  for (const args of [
    ['add', '--all'],
    [...identity, 'commit', '--quiet', '--message', 'A state'],
  ]) {
    await run('git', args, { cwd: path, signal: setting.signal });
  }
}

const originsAt = (urls: Readonly<Record<string, string>>): Readonly<Record<string, { url: string }>> =>
  Object.fromEntries(Object.entries(urls).map(([origin, url]) => [origin, { url }]));
