import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tailsHint } from '../../../../src/config/profiles/tails-hints.js';

describe('a hint for a Tails-style checkout', () => {
  it.each([
    [
      'Make its disk larger (basebox.disk in builder.yaml), or, for a build in RAM, its memory (vm.build_memory).',
      'Make its disk larger (the size of the disk in vagrant/definitions/tails-builder/), or, for a build in RAM, its memory (BUILD_SPACE_REQUIREMENT in vagrant/lib/tails_build_settings.rb).',
    ],
    ['Give it more time: --timeout, or build.timeout in builder.yaml.', 'Give it more time: --timeout.'],
    [
      'Name another folder: --artifacts DIR, the variable ARTIFACTS, or artifacts.directory in builder.yaml.',
      'Name another folder: --artifacts DIR, or the variable ARTIFACTS.',
    ],
    [
      'Freeze: mayfly snapshots freeze --image, and commit. The rule is archive.branches (stable: frozen) in builder.yaml.',
      'Freeze: mayfly snapshots freeze --image, and commit. A checkout of this layout has that rule for stable.',
    ],
    [
      'Was it killed for want of memory? See `dmesg`; vm.memory in builder.yaml and --no-ram make it smaller.',
      'Was it killed for want of memory? See `dmesg`; VM_MEMORY_BASE in vagrant/lib/tails_build_settings.rb and noram in TAILS_BUILD_OPTIONS make it smaller.',
    ],
    [
      'Merge it yourself and commit (git merge x), or pass --no-merge-base-branch to build without the merge.',
      'Merge it yourself and commit (git merge x), or pass nomergebasebranch in TAILS_BUILD_OPTIONS to build without the merge.',
    ],
    [
      'See `mayfly vm up --force-cleanup`, or build with --force-cleanup, which starts a new VM.',
      'See `mayfly vm up --force-cleanup`, or build with forcecleanup in TAILS_BUILD_OPTIONS, which starts a new VM.',
    ],
    [
      'Check archive.origins in builder.yaml: the URL and the keyring.',
      'Check the APT sources in vagrant/definitions/tails-builder/: the URL and the keyring.',
    ],
    ['`mayfly vm list` lists them.', '`mayfly vm list` lists them.'],
  ])('%s', (hint, expected) => {
    expect(tailsHint(hint)).toBe(expected);
  });
});

/** What such a checkout cannot come by: settings that its profile never has. */
const NEVER = [
  'archive.pinned',
  'vm.vagrantfile',
  'basebox.postinstall',
  'archive.kind in builder.yaml to local',
  'vm.network to open',
  'whose builder.yaml names it',
  'A VM takes 1.5 GiB by default',
  'Set archive.origins in builder.yaml.',
  'add the origin to archive.origins',
  'Is it really the builder.yaml',
  'docs/builder.yaml.md',
];

it('no hint in the source is left with a builder.yaml', async () => {
  const names = await readdir('src', { recursive: true });
  const left: string[] = [];
  for (const name of names.filter((each) => each.endsWith('.ts'))) {
    const text = await readFile(join('src', name), 'utf8');
    for (const [, , hint = ''] of text.matchAll(/hint:\s*(?:\w+ \? )?(['"`])(.*?)\1,?\n/g)) {
      if (NEVER.some((words) => hint.includes(words))) continue;
      if (tailsHint(hint).includes('builder.yaml')) left.push(`${name}: ${hint}`);
    }
  }
  expect(left).toEqual([]);
});
