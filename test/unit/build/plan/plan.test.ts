/** Plans of real checkouts. */
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commit, contents, failure, git, START, temporaryFolder, write } from '../../source/repository.js';
import { CONFIG, contextIn, FILES, plan, testProject } from './project.js';

describe('the plan of a branch', () => {
  it('says what would be built, from what, with what', async () => {
    const { root, context } = await testProject();
    const head = await git(root, 'rev-parse', 'HEAD');
    const made = await plan(context);
    expect(made).toMatchObject({
      schema: 1,
      project: { name: 'example', checkout: root, builderFolder: 'builder' },
      source: {
        ref: { kind: 'branch', name: 'main' },
        commit: head,
        commitDate: START,
        featureCommit: head,
        base: undefined,
        merged: false,
        releaseTag: undefined,
        dirty: [],
        builderFrom: 'commit',
      },
      box: { exists: false, epoch: Date.UTC(2026, 0, 2) / 1000 },
      vm: { provider: 'qemu', accelerator: 'tcg', memoryBytes: 2 ** 30, cpus: 2 },
      caches: {
        packages: { name: 'example-packages', serial: 'mayfly-packages' },
        website: undefined,
      },
      apt: { proxy: 'http://127.0.0.1:3142', proxyInVm: true, upstreamProxy: undefined },
      scripts: { provision: 'provision/setup-builder', build: 'provision/build', timeoutSeconds: 1800 },
      ramKib: undefined,
      artifacts: { patterns: ['*.iso'], directory: join(root, 'artifacts') },
      warnings: [],
    });
    expect(made.environment).toMatchObject({
      GIT_REF: 'main',
      GIT_COMMIT: head,
      SOURCE_DATE_EPOCH: String(START),
    });
    expect(made.box.label).toMatch(/^example-builder-amd64-trixie-20211011-[0-9a-f]{7,}$/);
  });

  it('is the same each time, and changes nothing in the checkout or the home', async () => {
    const { root, context } = await testProject();
    const before = await contents(root);
    expect(await plan(context)).toEqual(await plan(context));
    const after = await contents(root);
    // `git status` may refresh what the index knows of files.
    for (const files of [before, after]) files.delete('.git/index');
    expect(after).toEqual(before);
    for (const folder of [context.home.data, context.home.cache, context.home.state])
      await expect(contents(folder)).rejects.toThrow('ENOENT');
  });

  it('is made in any folder of the project', async () => {
    const { root, context } = await testProject();
    const inside = { ...context, cwd: join(root, 'builder/provision') };
    expect(await plan(inside)).toEqual(await plan(context));
  });

  it('is a value that survives JSON', async () => {
    const made = await plan((await testProject()).context);
    expect(JSON.parse(JSON.stringify(made))).toEqual(JSON.parse(JSON.stringify({ ...made })));
    expect(JSON.stringify(made)).not.toContain('null');
  });
});

describe('scripts of the project', () => {
  it.each<readonly [string, string, (root: string) => Promise<void>]>([
    ['is not there', 'guest.no-script', (root) => rm(join(root, 'builder/provision/build'))],
    [
      'cannot be executed',
      'guest.not-executable',
      (root) => chmod(join(root, 'builder/provision/build'), 0o644),
    ],
    [
      'is named otherwise',
      'guest.no-script',
      (root) =>
        write(
          root,
          'builder/builder.yaml',
          CONFIG.replace('{timeout', '{provision: provision/other, timeout'),
        ),
    ],
  ])('that %s is told before anything is made', async (_what, code, change) => {
    const { root, context } = await testProject();
    await change(root);
    await commit(root, 'Change', {});
    expect(await failure(plan(context))).toMatchObject({ kind: 'usage', code });
    // What only needs the VM does without.
    await plan(context, { allowDirty: true, scripts: [] });
  });

  it('that provisions is told to who starts a VM, and the other is not', async () => {
    const { root, context } = await testProject();
    const up = { allowDirty: true, scripts: ['provision'] } as const;
    await rm(join(root, 'builder/provision/build'));
    await plan(context, up);
    await chmod(join(root, 'builder/provision/setup-builder'), 0o644);
    expect(await failure(plan(context, up))).toMatchObject({ code: 'guest.not-executable' });
    await rm(join(root, 'builder/provision/setup-builder'));
    expect(await failure(plan(context, up))).toMatchObject({ code: 'guest.no-script' });
  });

  it('for the base box is told to everybody, when it is named and not there', async () => {
    const named = CONFIG.replace('[xorriso]', '[xorriso]\n  postinstall: basebox/mine');
    const { root, context } = await testProject({ 'builder/builder.yaml': named });
    const box = { allowDirty: true, scripts: [] } as const;
    const missing = { code: 'box.no-postinstall', message: 'The builder directory has no basebox/mine.' };
    expect(await failure(plan(context, box))).toMatchObject(missing);
    expect(await failure(plan(context))).toMatchObject(missing);
    await write(root, 'builder/basebox/mine/README', 'a folder\n');
    expect(await failure(plan(context, box))).toMatchObject({
      message: 'The builder directory has something else than a file at basebox/mine.',
    });
    await rm(join(root, 'builder/basebox/mine'), { recursive: true });
    await write(root, 'builder/basebox/mine', '#!/bin/sh\n');
    expect((await plan(context, box)).box.spec.postinstall).toBe('#!/bin/sh\n');
  });

  it('may be links, which the guest follows', async () => {
    const { root, context } = await testProject();
    await rm(join(root, 'builder/provision/build'));
    await symlink('/builder/elsewhere', join(root, 'builder/provision/build'));
    await commit(root, 'Change', {});
    await plan(context);
  });
});

describe('the base box of a plan', () => {
  it('does not change with a commit that changes none of its inputs; its label does', async () => {
    const { root, context } = await testProject();
    const before = await plan(context);
    await commit(root, 'Unrelated', { 'README.md': 'other\n' }, START + 86_400);
    const unrelated = await plan(context);
    expect(unrelated.box.fingerprint).toBe(before.box.fingerprint);
    expect(unrelated.box.label).toBe(before.box.label);
    await commit(
      root,
      'In the builder directory',
      { 'builder/provision/build': '#!/bin/sh\n:\n' },
      START + 86_400,
    );
    const touched = await plan(context);
    expect(touched.box.fingerprint).toBe(before.box.fingerprint);
    expect(touched.box.label).toMatch(/-20211012-/);
  });

  it.each([
    ['a serial', { 'builder/basebox/APT_snapshots.d/debian/serial': '2026020101\n' }],
    ['postinstall', { 'builder/basebox/postinstall': '#!/bin/sh\n' }],
    ['its packages', { 'builder/builder.yaml': CONFIG.replace('[xorriso]', '[xorriso, jq]') }],
  ])('changes with %s', async (_name, files) => {
    const { root, context } = await testProject();
    const before = await plan(context);
    await commit(root, 'Change', files);
    expect((await plan(context)).box.fingerprint).not.toBe(before.box.fingerprint);
  });

  it('that exists is found', async () => {
    const { context } = await testProject();
    const { box } = await plan(context);
    const folder = join(context.home.data, 'boxes', box.fingerprint);
    await mkdir(folder, { recursive: true });
    const record = {
      schema: 1,
      fingerprint: box.fingerprint,
      label: box.label,
      createdAt: '2026-01-02T03:04:05.000Z',
      seconds: 1,
      diskSha256: 'ab'.repeat(32),
      bootSha256: { kernel: 'cd'.repeat(32), initrd: 'ef'.repeat(32) },
      diskBytes: 1,
      fileBytes: 1,
      inputs: {},
      packageCount: 1,
    };
    await writeFile(join(folder, 'box.json'), JSON.stringify(record));
    expect((await plan(context)).box.exists).toBe(true);
  });

  it('that is not frozen is warned about, and may reach more than the archive', async () => {
    const { context } = await testProject({ 'builder/basebox/APT_snapshots.d/debian/serial': 'latest\n' });
    const { warnings, vm } = await plan(context);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('Not frozen: debian at latest');
    expect(vm.network).toBe('open');
  });

  it('has no part of debian-security at latest: its fixes come when a VM boots', async () => {
    const frozen = (await plan((await testProject()).context)).box;
    const { context } = await testProject({
      'builder/basebox/APT_snapshots.d/debian-security/serial': 'latest\n',
    });
    const { warnings, vm, box } = await plan(context);
    expect(warnings).toEqual([]);
    expect(vm.network).toBe('archive');
    expect(frozen.spec.sources.map(({ origin }) => origin)).toEqual(['debian', 'debian-security']);
    expect(box.spec.sources.map(({ origin }) => origin)).toEqual(['debian']);
  });
});

describe('uncommitted changes', () => {
  it('are refused, unless they are to be ignored or do not matter', async () => {
    const { root, context } = await testProject();
    await write(root, 'README.md', 'changed\n');
    expect(await failure(plan(context))).toMatchObject({ kind: 'refused', code: 'source.dirty' });
    expect((await plan(context, { flags: { ignoreChanges: true } })).source.dirty).toEqual(['README.md']);
    expect((await plan(context, { allowDirty: true })).source.builderFrom).toBe('commit');
  });

  it('of the builder directory make another box, whose label says so', async () => {
    const { root, context } = await testProject();
    const before = await plan(context);
    await write(root, 'builder/basebox/postinstall', '#!/bin/sh\necho new\n');
    const dirty = await plan(context, { flags: { ignoreChanges: true } });
    expect(dirty.source.builderFrom).toBe('worktree');
    expect(dirty.source.commit).toBe(before.source.commit);
    expect(dirty.box.fingerprint).not.toBe(before.box.fingerprint);
    expect(dirty.box.label).toBe(`${before.box.label}+dirty`);
    expect(dirty.warnings.join()).toContain('uncommitted changes');
  });

  it('that no build sees, in ignored files, do not matter', async () => {
    const { root, context } = await testProject();
    await write(root, 'artifacts/old.iso', 'x');
    expect((await plan(context)).source.dirty).toEqual([]);
  });
});

describe('the base branch', () => {
  async function topic() {
    const made = await testProject({
      'builder/builder.yaml': CONFIG.replace(
        'build: {timeout: 30m}',
        'build: {timeout: 30m, base_branches: [main]}',
      ),
      'config/base_branch': 'main\n',
    });
    const { root } = made;
    await git(root, 'checkout', '--quiet', '-b', 'topic');
    await commit(root, 'Topic', { 'topic.txt': 'topic\n' });
    await git(root, 'checkout', '--quiet', 'main');
    await commit(root, 'Base', { 'builder/basebox/APT_snapshots.d/debian/serial': '2026030101\n' });
    await git(root, 'checkout', '--quiet', 'topic');
    return made;
  }

  it('is merged first: the merge decides the base box', async () => {
    const { root, context } = await topic();
    const [feature, base] = [await git(root, 'rev-parse', 'topic'), await git(root, 'rev-parse', 'main')];
    const made = await plan(context);
    expect(made.source).toMatchObject({
      merged: true,
      featureCommit: feature,
      base: { name: 'main', commit: base },
    });
    expect(made.source.commit).not.toBe(feature);
    expect(made.box.spec.sources.map(({ serial }) => serial)).toEqual(['2026030101', '2026010204']);
    expect(made.environment).toMatchObject({
      GIT_COMMIT: made.source.commit,
      FEATURE_BRANCH_GIT_COMMIT: feature,
      BASE_BRANCH_GIT_COMMIT: base,
    });
    expect(await git(root, 'rev-parse', 'HEAD')).toBe(feature);
  });

  it('is not merged when the person says so', async () => {
    const { root, context } = await topic();
    const made = await plan(context, { flags: { mergeBaseBranch: false } });
    expect(made.source).toMatchObject({ merged: false, commit: await git(root, 'rev-parse', 'topic') });
    expect(made.box.spec.sources[0]?.serial).toBe('2026010203');
  });

  it('that cannot be merged is refused, with the files', async () => {
    const { root, context } = await topic();
    await commit(root, 'Conflict', { 'builder/basebox/APT_snapshots.d/debian/serial': '2026040101\n' });
    const error = await failure(plan(context));
    expect(error.details.join('\n')).toContain('APT_snapshots.d/debian/serial');
    expect(error.hint).toContain('merge-base-branch');
  });

  it('that the project does not know is refused', async () => {
    const { root, context } = await topic();
    await git(root, 'branch', 'elsewhere', 'main');
    await commit(root, 'Other base', { 'config/base_branch': 'elsewhere\n' });
    expect(await failure(plan(context))).toMatchObject({
      code: 'source.base-branch-unknown',
      hint: 'Allowed are: main. Add it to build.base_branches in builder.yaml, or pass --no-merge-base-branch.',
    });
    const unmerged = await plan(context, { flags: { mergeBaseBranch: false } });
    expect(unmerged.source.merged).toBe(false);
  });
});

describe('a folder that cannot be planned', () => {
  it('because it has no builder directory', async () => {
    const { root, context } = await testProject();
    await rm(join(root, 'builder'), { recursive: true });
    const error = await failure(plan(context));
    expect(error).toMatchObject({ kind: 'usage', code: 'project.no-builder' });
    expect(error.message).toContain('has no builder directory (builder/)');
    expect(error.hint).toContain('mayfly init');
  });

  it('because the builder directory has no settings', async () => {
    const { root, context } = await testProject();
    await rm(join(root, 'builder/builder.yaml'));
    expect((await failure(plan(context))).message).toBe('The builder directory has no builder.yaml.');
  });

  it('because the settings are wrong', async () => {
    const { context } = await testProject({ 'builder/builder.yaml': 'nmae: x\n' });
    const error = await failure(plan(context));
    expect(error.kind).toBe('usage');
    expect(`${error.message}\n${error.details.join('\n')}`).toContain('builder/builder.yaml');
  });

  it('because a serial is none', async () => {
    const { context } = await testProject({ 'builder/basebox/APT_snapshots.d/debian/serial': 'newest\n' });
    expect(await failure(plan(context))).toMatchObject({ code: 'serial.invalid' });
  });

  it('because it is no checkout', async () => {
    const folder = await temporaryFolder();
    expect((await failure(plan(contextIn(folder, join(folder, 'home'))))).kind).toBe('usage');
  });

  it('because settings are only in the checkout, and the commit has none', async () => {
    const { root, context } = await testProject();
    await git(root, 'rm', '-r', '--quiet', '--cached', 'builder/builder.yaml');
    await git(root, 'commit', '--quiet', '--message', 'Without');
    await write(root, 'builder/builder.yaml', FILES['builder/builder.yaml'] ?? '');
    expect(await failure(plan(context))).toMatchObject({ kind: 'refused', code: 'source.dirty' });
  });
});
