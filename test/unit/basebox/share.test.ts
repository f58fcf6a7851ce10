/** Boxes as files: written, read back, and what is refused. */
import { cp, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { boxInfo, boxVagrantfile, exportBox, vagrantMetadata } from '../../../src/basebox/package.js';
import { fingerprintInputs, sha256 } from '../../../src/basebox/recipe.js';
import { boxIdentity } from '../../../src/basebox/identity.js';
import { importBox } from '../../../src/build/box/import.js';
import { run } from '../../../src/process/run.js';
import { sparseSha256 } from '../../../src/process/sparse.js';
import { contextIn } from '../build/plan/project.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { madeBox } from './made-box.js';
import { SPEC } from './spec.js';
import { bring, exported } from './parcel.js';

const { signal } = new AbortController();

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
    [
      'a disk that is larger than it says',
      'box.malformed',
      async (folder) => {
        await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(folder, 'box.img'), '2T']);
      },
    ],
    ['a list without an end', 'box.malformed', (f) => truncate(join(f, 'packages.json'), 65 * 2 ** 20)],
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

  it('that is compressed: a few bytes would become any number', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'box.img'), '');
    await truncate(join(folder, 'box.img'), 64 * 2 ** 20);
    const from = join(folder, 'bomb.box');
    await run('tar', ['--gzip', '-cf', from, '-C', folder, 'box.img']);
    expect((await stat(from)).size).toBeLessThan(100_000);
    const error = await failure(bring({ from }));
    expect(error).toMatchObject({ code: 'box.malformed' });
    expect(error.message).toContain('compressed');
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
