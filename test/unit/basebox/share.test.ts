/** Boxes as files and in catalogues: written, read back, and what is refused. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chosenVersion, parseCatalogue, withVersion } from '../../../src/basebox/catalogue.js';
import { changedInputs, previousBox } from '../../../src/basebox/changes.js';
import { boxInfo, boxVagrantfile, exportBox, vagrantMetadata } from '../../../src/basebox/package.js';
import { fingerprintInputs, sha256 } from '../../../src/basebox/recipe.js';
import { boxIdentity } from '../../../src/basebox/identity.js';
import { findBox, type Box } from '../../../src/basebox/store.js';
import { addressInCatalogue, addressOf } from '../../../src/build/box/bring.js';
import { importBox, type ImportRequest } from '../../../src/build/box/import.js';
import { publishBox } from '../../../src/build/box/publish.js';
import type { EnsuredBox } from '../../../src/build/box/ensure.js';
import { boxesFolder } from '../../../src/paths.js';
import { run } from '../../../src/process/run.js';
import { sparseSha256 } from '../../../src/process/sparse.js';
import { contextIn } from '../build/plan/project.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { madeBox } from './made-box.js';
import { box, DEBIAN, SPEC } from './spec.js';

const { signal } = new AbortController();

async function exported(made: Box): Promise<string> {
  const file = join(await temporaryFolder(), 'x.box');
  await exportBox(made, 'vagrant', file, await temporaryFolder(), signal);
  return file;
}

async function bring(request: Partial<ImportRequest> & { from: string }): Promise<EnsuredBox> {
  const folder = await temporaryFolder();
  const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
  return await importBox(context, {
    version: undefined,
    diskSha256: undefined,
    identity: undefined,
    ...request,
  });
}

describe('a box as a file', () => {
  it('is a Vagrant box, the same bytes each time', async () => {
    const made = await madeBox();
    const [one, two] = [await exported(made), await exported(made)];
    expect((await readFile(one)).equals(await readFile(two))).toBe(true);
    expect((await run('tar', ['-tf', one])).stdout.trim().split('\n')).toEqual([
      'metadata.json',
      'Vagrantfile',
      'info.json',
      'box.img',
      'vmlinuz',
      'initrd.img',
      'packages.json',
      'files.json',
    ]);
  });

  it('is alone: what a killed export left beside it goes', async () => {
    const folder = await temporaryFolder();
    // Above the largest pid that a kernel gives.
    await writeFile(join(folder, '.x.4194305.new'), '');
    await writeFile(join(folder, `.x.${process.ppid}.new`), '');
    await exportBox(await madeBox(), 'qcow2', join(folder, 'x'), folder, signal);
    expect((await readdir(folder)).sort()).toEqual([`.x.${process.ppid}.new`, 'x']);
  });

  it('is a disk alone, when that is asked for', async () => {
    const made = await madeBox();
    const folder = await temporaryFolder();
    await exportBox(made, 'raw', join(folder, 'raw'), folder, signal);
    expect(await sparseSha256(join(folder, 'raw'), signal)).toBe(made.record.diskSha256);
    await exportBox(made, 'qcow2', join(folder, 'qcow2'), folder, signal);
    expect((await readFile(join(folder, 'qcow2'))).subarray(0, 3).toString()).toBe('QFI');
  });

  it('tells vagrant-libvirt its size in GiB, rounded up', () => {
    expect(JSON.parse(vagrantMetadata(20 * 2 ** 30))).toEqual({
      provider: 'libvirt',
      format: 'qcow2',
      virtual_size: 20,
    });
    expect(JSON.parse(vagrantMetadata(1))).toMatchObject({ virtual_size: 1 });
    expect(boxVagrantfile()).toContain('Vagrant.configure("2")');
  });

  it('comes back as it was', async () => {
    const made = await madeBox();
    const { box: taken, reused } = await bring({
      from: await exported(made),
      diskSha256: made.record.diskSha256,
    });
    expect(reused).toBe(false);
    expect(boxInfo(taken.record)).toEqual(boxInfo(made.record));
    expect(await readFile(join(taken.folder, 'vmlinuz'), 'utf8')).toBe('kernel');
  });
});

describe('a box file that is refused', () => {
  async function forged(change: (folder: string) => Promise<void>): Promise<string> {
    const file = await exported(await madeBox());
    const folder = await temporaryFolder();
    await run('tar', ['-xf', file, '-C', folder]);
    await change(folder);
    const target = join(await temporaryFolder(), 'forged.box');
    await run('tar', ['-cf', target, '-C', folder, ...(await readdir(folder))]);
    return target;
  }

  async function withInfo(folder: string, change: object): Promise<void> {
    const path = join(folder, 'info.json');
    const info = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...info, ...change }));
  }

  it.each<[string, string, (folder: string) => Promise<void>]>([
    [
      'another disk',
      'box.other-content',
      async (folder) => {
        const other = await madeBox('another disk');
        await cp(join(other.folder, 'disk.qcow2'), join(folder, 'box.img'));
      },
    ],
    ['another kernel', 'box.other-content', (folder) => writeFile(join(folder, 'vmlinuz'), 'evil')],
    [
      'other inputs',
      'box.other-content',
      (folder) => withInfo(folder, { inputs: { ...fingerprintInputs(SPEC, {}), packages: [] } }),
    ],
    [
      'a disk that shows a file of the host',
      'box.malformed',
      async (folder) => {
        const disk = join(folder, 'box.img');
        await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '/etc/hostname', disk]);
      },
    ],
    ['a label of two lines', 'box.malformed', (folder) => withInfo(folder, { label: 'x\n!id' })],
    ['a label that leaves the folder', 'box.malformed', (folder) => withInfo(folder, { label: '../../x' })],
    [
      'a fingerprint that leaves the folder',
      'box.malformed',
      (folder) => withInfo(folder, { fingerprint: '../../x' }),
    ],
    [
      'the fingerprint of another box',
      'box.other-content',
      (folder) => withInfo(folder, { fingerprint: 'ab'.repeat(16) }),
    ],
    ['packages that are no list', 'box.malformed', (f) => writeFile(join(f, 'packages.json'), '{}')],
    ['files that are none', 'box.malformed', (f) => writeFile(join(f, 'files.json'), '[{"path":1}]')],
    ['no record', 'box.malformed', (folder) => writeFile(join(folder, 'info.json'), '{}')],
    [
      'a link for a kernel',
      'box.malformed',
      async (folder) => {
        await run('rm', [join(folder, 'vmlinuz')]);
        await symlink('/etc/passwd', join(folder, 'vmlinuz'));
      },
    ],
  ])('%s', async (_what, code, change) => {
    expect(await failure(bring({ from: await forged(change) }))).toMatchObject({ code });
  });

  it('before a lock is named after it', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
    for (const fingerprint of ['../../x', 'ab'.repeat(16)]) {
      const from = await forged((inside) => withInfo(inside, { fingerprint }));
      await failure(
        importBox(context, { from, version: undefined, diskSha256: undefined, identity: undefined }),
      );
    }
    await expect(readdir(join(folder, 'home/state/locks'))).rejects.toThrow('ENOENT');
  });

  it('that is not what was asked for', async () => {
    const from = await exported(await madeBox());
    expect(await failure(bring({ from, diskSha256: 'ab'.repeat(32) }))).toMatchObject({ kind: 'refused' });
  });

  it('whose initrd is another, told by the identity and not by the disk', async () => {
    const made = await madeBox();
    const from = await forged(async (folder) => {
      await writeFile(join(folder, 'initrd.img'), 'evil');
      await withInfo(folder, { bootSha256: { ...made.record.bootSha256, initrd: sha256('evil') } });
    });
    const { diskSha256 } = made.record;
    const identity = await boxIdentity(made.folder, made.record);
    expect(await failure(bring({ from, diskSha256, identity }))).toMatchObject({ code: 'box.other-content' });
    const whole = await bring({ from: await exported(made), identity });
    expect(await boxIdentity(whole.box.folder, whole.box.record)).toBe(identity);
  });

  it.each([
    ['packages.json', '[{"name":"x","version":"1","source":"x","sourceVersion":"1"}]'],
    ['files.json', '[{"origin":"debian","serial":"1","path":"x","sha256":"x","bytes":1}]'],
  ])('whose %s is another', async (name, text) => {
    const made = await madeBox();
    const identity = await boxIdentity(made.folder, made.record);
    const from = await forged((folder) => writeFile(join(folder, name), text));
    expect(await failure(bring({ from, identity }))).toMatchObject({ code: 'box.other-content' });
  });

  it('also when the box is here already', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
    const made = await madeBox();
    const request = {
      from: await exported(made),
      version: undefined,
      diskSha256: made.record.diskSha256,
      identity: await boxIdentity(made.folder, made.record),
    };
    await importBox(context, request);
    expect(await importBox(context, request)).toMatchObject({ reused: true });
    for (const other of [{ diskSha256: 'ab'.repeat(32) }, { identity: 'ab'.repeat(32) }])
      expect(await failure(importBox(context, { ...request, ...other }))).toMatchObject({ kind: 'refused' });
  });

  it.each([{ diskSha256: 'abc' }, { diskSha256: '' }, { identity: 'x'.repeat(64) }])(
    'when %j is asked for, which is wrong usage',
    async (asked) => {
      expect(await failure(bring({ from: '/nowhere', ...asked }))).toMatchObject({
        kind: 'usage',
        code: 'import.checksum',
      });
    },
  );

  it('with files of other people in it, which stay where they are', async () => {
    const from = await forged((folder) => writeFile(join(folder, '.owner.json'), '{}'));
    expect((await bring({ from })).reused).toBe(false);
  });

  it('that is no tar, or not there', async () => {
    const from = join(await temporaryFolder(), 'x.box');
    expect(await failure(bring({ from }))).toMatchObject({ code: 'import.missing' });
    await writeFile(from, 'hello');
    expect(await failure(bring({ from }))).toMatchObject({ code: 'box.malformed' });
  });
});

describe('a catalogue', () => {
  async function published(...boxes: readonly Box[]) {
    const folder = await temporaryFolder();
    const to = join(folder, 'srv boxes');
    const context = contextIn(folder, join(folder, 'home'));
    const done = [];
    for (const made of boxes) done.push(await publishBox(context, { box: made, to, baseUrl: undefined }));
    return { to, done, path: join(to, done[0]?.catalogue ?? '') };
  }

  it('has a version for each box, with a checksum, and each box once', async () => {
    const [one, two] = [await madeBox(), await madeBox('other')];
    const { done, to, path } = await published(one, two, one);
    expect(done.map(({ version, isNew }) => [version, isNew])).toEqual([
      ['20260102.0.0', true],
      ['20260102.1.0', true],
      ['20260102.0.0', false],
    ]);
    const catalogue = parseCatalogue(await readFile(path, 'utf8'), path);
    expect(catalogue.name).toBe('example-amd64-trixie');
    for (const { providers } of catalogue.versions) {
      const [provider] = providers;
      const file = join(to, decodeURIComponent(provider?.url.split('/').at(-1) ?? ''));
      expect(provider).toMatchObject({
        name: 'libvirt',
        checksum_type: 'sha256',
        checksum: sha256(await readFile(file)),
      });
      expect(provider?.url).toBe(pathToFileURL(file).href);
    }
    const names = (await readdir(to)).filter((name) => !name.endsWith('.box') && !name.startsWith('.'));
    expect(names).toEqual(['example-amd64-trixie.json']);
  });

  it('is imported from: the newest, or the version that is named', async () => {
    const [one, two] = [await madeBox(), await madeBox('other')];
    const { path } = await published(one, two);
    expect((await bring({ from: path })).box.record.diskSha256).toBe(two.record.diskSha256);
    const first = await bring({ from: path, version: '20260102.0.0' });
    expect(first.box.record.diskSha256).toBe(one.record.diskSha256);
    expect(await failure(bring({ from: path, version: '1.0.0' }))).toMatchObject({
      code: 'catalogue.no-version',
    });
  });

  it('whose file was changed is refused before it is looked into', async () => {
    const { to, path } = await published(await madeBox());
    const name = (await readdir(to)).find((entry) => entry.endsWith('.box')) ?? '';
    await writeFile(join(to, name), 'changed');
    expect(await failure(bring({ from: path }))).toMatchObject({ code: 'box.wrong-file' });
  });

  it('that is not one is refused, and one that others wrote stays as it is', async () => {
    const own = {
      name: 'x',
      short_description: 'kept',
      versions: [{ version: '1.2.3', status: 'active', providers: [] }],
    };
    const more = withVersion(parseCatalogue(JSON.stringify(own), 'x.json'), {
      info: boxInfo((await madeBox()).record),
      url: 'http://boxes.example/x.box',
      sha256: 'ab'.repeat(32),
    });
    expect(more).toMatchObject({ short_description: 'kept' });
    expect(more.versions.map(({ version }) => version)).toEqual(['20260102.0.0', '1.2.3']);
    expect(chosenVersion(more, undefined).version).toBe('20260102.0.0');
    expect(() => parseCatalogue('{}', 'x.json')).toThrow('no catalogue');
  });

  it('is rid of what a killed mayfly left beside it', async () => {
    const { to, path } = await published(await madeBox());
    await mkdir(join(to, 'mayfly-0123456789ab'));
    await writeFile(
      join(to, 'mayfly-0123456789ab/.owner.json'),
      JSON.stringify({ pid: 1, startTime: '0', bootId: 'earlier' }),
    );
    await writeFile(`${path}.4194305.new`, '');
    const context = contextIn(to, join(await temporaryFolder(), 'home'));
    await publishBox(context, { box: await madeBox(), to, baseUrl: undefined });
    const names = (await readdir(to)).filter((name) => name !== '.publish.lock');
    expect(names.map((name) => name.replace(/^.*\./, ''))).toEqual(['box', 'json']);
  });

  it('holds nothing of a box that could not be written', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'to'));
    const broken = { ...(await madeBox()), folder: join(folder, 'gone') };
    const context = contextIn(folder, join(folder, 'home'));
    await failure(publishBox(context, { box: broken, to: join(folder, 'to'), baseUrl: undefined }));
    expect((await readdir(join(folder, 'to'))).filter((name) => !name.startsWith('.publish'))).toEqual([]);
    expect(await findBox(boxesFolder(context.home), broken.record.fingerprint)).toBeUndefined();
  });
});

describe('an address', () => {
  it.each([
    ['x.json', 'file:///here/x.json'],
    ['/srv/a b?.json', 'file:///srv/a%20b%3F.json'],
    ['file:///srv/x.json', 'file:///srv/x.json'],
    ['HTTPS://host/x.json', 'https://host/x.json'],
  ])('%s is %s', (from, href) => {
    expect(addressOf(from, '/here').href).toBe(href);
  });

  it.each(['file:///%zz', 'file://host/x', 'sftp://host/x', 'http://'])('%s is wrong usage', (from) => {
    expect(() => addressOf(from, '/here')).toThrow(expect.objectContaining({ kind: 'usage' }) as Error);
  });

  it.each([
    ['file:///srv/x.json', 'x.box', 'file:///srv/x.box'],
    ['file:///srv/x.json', 'file:///a/x.box', 'file:///a/x.box'],
    ['file:///srv/x.json', 'https://host/x.box', 'https://host/x.box'],
    ['https://host/a/x.json', 'x.box', 'https://host/a/x.box'],
    ['https://host/a/x.json', '/etc/passwd', 'https://host/etc/passwd'],
  ])('of %s, %s is %s', (catalogue, url, href) => {
    expect(addressInCatalogue(new URL(catalogue), url).href).toBe(href);
  });

  it.each([
    ['https://host/x.json', 'file:///etc/passwd'],
    ['https://host/x.json', 'sftp://host/x'],
    ['file:///srv/x.json', 'file://host/x'],
  ])('of %s, %s is refused', (catalogue, url) => {
    expect(() => addressInCatalogue(new URL(catalogue), url)).toThrow('where no box is taken from');
  });
});

describe('what changed since the box before', () => {
  it('is the newest older box of the same project', () => {
    const at = (createdAt: string, label: string): Box => box({ createdAt, label });
    const newest = at('2026-01-03T00:00:00.000Z', 'a-builder-amd64-trixie-20260103-1111111');
    const before = at('2026-01-02T00:00:00.000Z', 'a-builder-amd64-trixie-20260102-2222222+dirty');
    const other = at('2026-01-02T12:00:00.000Z', 'b-builder-amd64-trixie-20260102-2222222');
    const oldest = at('2026-01-01T00:00:00.000Z', 'a-builder-amd64-trixie-20260101-3333333');
    const all = [newest, before, other, oldest];
    expect(previousBox(all, newest)).toBe(before);
    expect(previousBox(all, oldest)).toBeUndefined();
  });

  it('is told input by input', () => {
    const before = fingerprintInputs(SPEC, { 'seal.sh': 'a', gone: 'b' });
    const now = fingerprintInputs(
      {
        ...SPEC,
        packages: ['xorriso', 'jq'],
        postinstall: undefined,
        sources: [{ ...DEBIAN, serial: '2026020101', suites: ['trixie'] }],
      },
      { 'seal.sh': 'c' },
    );
    expect(changedInputs(before, now)).toEqual([
      'packages: +jq -live-build',
      `postinstall: ${sha256(SPEC.postinstall ?? '').slice(0, 12)} → none`,
      'files of mayfly in the box: gone seal.sh',
      'debian: 2026010203 → 2026020101',
      'debian, suites: -trixie-updates',
      'debian-security: gone, was latest',
    ]);
    expect(changedInputs(before, before)).toEqual([]);
    const other = { ...SPEC, sources: [{ ...DEBIAN, releases: { trixie: 'ff'.repeat(32) } }] };
    const same = { ...SPEC, sources: [DEBIAN] };
    expect(changedInputs(fingerprintInputs(same, {}), fingerprintInputs(other, {}))).toEqual([
      'debian: another state of the same serial 2026010203',
    ]);
  });
});
