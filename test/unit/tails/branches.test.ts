import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { TailsProject } from '../../rig/tails-project.js';
import { check, type Rows, scribble, useTailsProject } from './row.js';

useTailsProject();

const BRANCHES: Rows = [
  ['stable', { gives: { source: { ref: { kind: 'branch', name: 'stable' }, merged: false } } }],
  [
    'testing',
    {
      at: 'testing',
      variables: { GIT_REF: 'testing', GIT_COMMIT: '<testing>', BASE_BRANCH_GIT_COMMIT: '<testing>' },
    },
  ],
  [
    'devel, thawed',
    { at: 'devel', warns: 'Not frozen: debian', variables: { GIT_REF: 'devel', GIT_COMMIT: '<devel>' } },
  ],
  [
    'stable, thawed',
    {
      before: (checkout) => serials(checkout, 'latest'),
      fails: [5, 'archive.must-be-frozen'],
      says: 'freeze',
    },
  ],
  [
    'testing, thawed',
    {
      at: 'testing',
      before: (checkout) => serials(checkout, 'latest'),
      fails: [5, 'archive.must-be-frozen'],
    },
  ],
  [
    'devel, frozen',
    { at: 'devel', before: (checkout) => serials(checkout, '2026010203'), fails: [5, 'archive.must-move'] },
  ],
  [
    'a topic branch follows its base: thawed, of stable',
    {
      at: 'feature/topic',
      before: (checkout) => serials(checkout, 'latest'),
      fails: [5, 'archive.must-be-frozen'],
    },
  ],
  [
    'a topic branch follows its base: thawed, of devel',
    { at: 'feature/devel', gives: { source: { merged: true } } },
  ],
  ['stable, frozen: no warning', { gives: { warnings: [] } }],
  [
    'a topic branch is merged with its base first',
    {
      at: 'feature/topic',
      gives: {
        source: { merged: true, base: { name: 'stable' }, commitDate: Date.UTC(2021, 9, 11, 10) / 1000 },
      },
      variables: {
        GIT_REF: 'feature/topic',
        FEATURE_BRANCH_GIT_COMMIT: '<feature/topic>',
        BASE_BRANCH_GIT_COMMIT: '<stable>',
      },
    },
  ],
  ['a conflict', { at: 'feature/conflict', fails: [5, 'source.merge-conflict'], says: 'notes' }],
  [
    'a conflict, not merged',
    { at: 'feature/conflict', words: 'nomergebasebranch', variables: { GIT_COMMIT: '<feature/conflict>' } },
  ],
  [
    'a topic branch that holds its base',
    {
      at: 'feature/topic',
      before: (checkout) => checkout.git('merge', '--quiet', '--no-edit', 'origin/stable'),
      gives: { source: { merged: false } },
    },
  ],
  [
    'the head of the base is that of origin',
    { at: 'feature/topic', before: behind, variables: { BASE_BRANCH_GIT_COMMIT: '<stable>' } },
  ],
  [
    'a base branch that is none',
    {
      at: 'feature/topic',
      before: (checkout) => checkout.commit('config/base_branch', 'master\n'),
      words: 'nomergebasebranch',
      fails: [2, 'source.base-branch-unknown'],
      says: 'stable, testing, devel',
    },
  ],
  [
    'a release tag',
    {
      at: '5.0',
      gives: { source: { ref: { kind: 'tag', name: '5.0' }, releaseTag: '5.0', merged: false } },
      variables: {
        GIT_REF: '5.0',
        GIT_COMMIT: '<5.0>',
        FEATURE_BRANCH_GIT_COMMIT: null,
        MKSQUASHFS_OPTIONS: null,
      },
    },
  ],
  [
    'a branch at a release tag',
    {
      at: '5.0',
      before: (checkout) => checkout.git('checkout', '--quiet', '-b', 'release'),
      gives: { source: { ref: { kind: 'branch', name: 'release' }, releaseTag: '5.0' } },
    },
  ],
  [
    'a detached HEAD',
    {
      before: (checkout) => checkout.git('checkout', '--quiet', '--detach', 'HEAD'),
      fails: [5, 'source.detached'],
    },
  ],
  ['a dirty tree', { before: scribble, fails: [5, 'source.dirty'], says: 'scribble' }],
  ['results of the build before', { before: results, gives: { source: { dirty: [] } } }],
  [
    'a changed builder directory makes another box',
    {
      words: 'ignorechanges',
      before: (checkout) =>
        writeFile(
          join(checkout.path, 'vagrant/definitions/tails-builder/postinstall.sh'),
          'apt-get install -y live-build\n',
        ),
      gives: { source: { builderFrom: 'worktree' } },
      warns: 'uncommitted changes',
    },
  ],
];

async function serials(checkout: TailsProject, serial: string): Promise<void> {
  await checkout.commit('config/APT_snapshots.d/debian/serial', `${serial}\n`);
}

/** The person's own stable is an old one. */
async function behind(checkout: TailsProject): Promise<void> {
  await checkout.git('branch', '--force', 'stable', '5.0');
}

async function results(checkout: TailsProject): Promise<void> {
  for (const name of [
    'tails-amd64-5.0.img',
    'tails-build-env.list',
    'build.json',
    'events.jsonl',
    'build.log',
    'SHA256SUMS',
  ])
    await writeFile(join(checkout.path, name), 'x');
}

describe('each rule of branches', () => {
  it.each(BRANCHES)('%s', async (_name, row) => {
    await check(row);
  });
});
