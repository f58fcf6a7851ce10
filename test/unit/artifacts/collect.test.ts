import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checksumLines,
  refusedName,
  refusedOffers,
  takeArtifacts,
  writeWhole,
  type Artifact,
  type Offer,
} from '../../../src/artifacts/collect.js';
import { emptyArtifactDisk, makeArtifactDisk } from '../../../src/artifacts/disk.js';
import { run } from '../../../src/process/run.js';
import { failure, temporaryFolder } from '../source/repository.js';

interface Where {
  readonly disk: string;
  readonly to: string;
  readonly offers: Offer[];
  readonly inUse?: boolean;
}

const MIB = 2 ** 20;

/** An artifact disk of 16 MiB that holds these files, one after the other. */
async function artifactDisk(files: Readonly<Record<string, string>> = {}): Promise<Where> {
  const root = await temporaryFolder();
  const disk = join(root, 'artifacts.raw');
  await makeArtifactDisk(disk, 16 * MIB);
  const file = await open(disk, 'r+');
  const offers: Offer[] = [];
  for (const [index, [name, content]] of Object.entries(files).entries()) {
    await file.write(content, index * MIB);
    offers.push({ offset: index * MIB, bytes: Buffer.byteLength(content), name });
  }
  await file.close();
  return { disk, to: join(root, 'results', 'here'), offers };
}

function take(where: Where, signal = new AbortController().signal, told: Artifact[] = []) {
  return takeArtifacts({ inUse: true, ...where, signal, onArtifact: (artifact) => told.push(artifact) });
}

/** Of the word "hello\n", by sha256sum(1). */
const HELLO = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03';

describe('names', () => {
  it.each([
    ['image.iso'],
    ['tails-amd64-feature@1a2b+stable@3c4d-20260102T030405Z.iso'],
    ['a b ä 源 (1)'],
    ['x'.repeat(200)],
  ])('%j may leave the guest', (name) => {
    expect(refusedName(name)).toBeUndefined();
  });

  it.each([
    ['build.json', 'mayfly writes a file of this name itself'],
    ['events.jsonl', 'mayfly writes a file of this name itself'],
    ['build.log', 'mayfly writes a file of this name itself'],
    ['SHA256SUMS', 'mayfly writes a file of this name itself'],
    ['.bashrc', 'it begins with a dot or a dash'],
    ['..', 'it begins with a dot or a dash'],
    ['-rf', 'it begins with a dot or a dash'],
    ['a/b', 'it holds control characters or slashes'],
    ['a\\b', 'it holds control characters or slashes'],
    ['a\nb', 'it holds control characters or slashes'],
    ['a\u001b[2J', 'it holds control characters or slashes'],
    ['gnp.\u202egpj', 'it holds control characters or slashes'],
    ['ä'.repeat(101), 'it is longer than 200 bytes'],
  ])('%j may not', (name, reason) => {
    expect(refusedName(name)).toBe(reason);
  });
});

describe('takeArtifacts', () => {
  it('takes every file, in order of name, with size and checksum, readable for all', async () => {
    const where = await artifactDisk({ 'b.iso': 'hello\n', 'a file': '' });
    const told: Artifact[] = [];
    const taken = await take(where, undefined, told);
    expect(taken).toEqual([
      {
        name: 'a file',
        bytes: 0,
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      { name: 'b.iso', bytes: 6, sha256: HELLO },
    ]);
    expect(told).toEqual(taken);
    expect(await readdir(where.to)).toEqual(['a file', 'b.iso']);
    expect(await readFile(join(where.to, 'b.iso'), 'utf8')).toBe('hello\n');
    expect((await stat(join(where.to, 'b.iso'))).mode & 0o777).toBe(0o644);
  });

  it('gives nothing, and makes nothing, when there is nothing', async () => {
    const where = await artifactDisk();
    expect(await take(where)).toEqual([]);
    await expect(readdir(where.to)).rejects.toThrow('ENOENT');
  });

  it('names all that it refuses at once, and takes the others', async () => {
    const where = await artifactDisk({ 'good.iso': 'hello\n', '.hidden': '', SHA256SUMS: '', folder: 'x' });
    where.offers.push({ offset: 16 * MIB - 1, bytes: 2, name: 'beyond' });
    await mkdir(join(where.to, 'folder'), { recursive: true });
    const error = await failure(take(where));
    expect(error).toMatchObject({ kind: 'vm', code: 'artifacts.refused' });
    expect(error.details).toEqual([
      '".hidden": it begins with a dot or a dash',
      '"SHA256SUMS": mayfly writes a file of this name itself',
      '"beyond": it is not within the artifact disk',
      `"folder": a folder of that name is in ${where.to}`,
      'the other 1 are there',
    ]);
    expect((await readdir(where.to)).sort()).toEqual(['folder', 'good.iso']);
  });

  it.each([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [Number.MAX_SAFE_INTEGER, 2],
    [Number.MAX_SAFE_INTEGER + 1, 0],
    [Number.NaN, 1],
    [0, 16 * MIB + 1],
  ])('refuses a file at %d of %d bytes', (offset, bytes) => {
    expect([...refusedOffers([{ offset, bytes, name: 'x' }], 16 * MIB).values()]).toEqual([
      'it is not within the artifact disk',
    ]);
  });

  it('refuses a name that is offered twice, and what overlaps', () => {
    const problems = (...offers: Offer[]): readonly string[] => [...refusedOffers(offers, 16 * MIB).values()];
    const offer = { offset: 0, bytes: 10, name: 'x' };
    expect(problems(offer, { ...offer, offset: MIB })).toEqual(['it is offered twice']);
    expect(problems({ ...offer, name: 'y', offset: 9 }, offer)).toEqual(['it overlaps another one']);
    expect(problems(offer, { ...offer, name: 'y', offset: 10 })).toEqual([]);
  });

  it('does not follow a link in place of the disk', async () => {
    const where = await artifactDisk({ a: 'x' });
    await symlink(where.disk, join(where.disk, '..', 'link'));
    await expect(take({ ...where, disk: join(where.disk, '..', 'link') })).rejects.toThrow('ELOOP');
  });

  it('keeps holes, and every byte beside them', async () => {
    const where = await artifactDisk();
    const disk = await open(where.disk, 'r+');
    await disk.truncate(512 * MIB);
    // An artifact that begins off any border, with data at its start, in its middle and at its end.
    const offset = 3 * MIB + 4096;
    const bytes = 256 * MIB + 777;
    const expected = Buffer.alloc(bytes);
    for (const [at, text] of [
      [0, 'boot'],
      [100 * MIB + 5, 'middle'],
      [bytes - 3, 'end'],
    ] as const) {
      expected.write(text, at);
      await disk.write(text, offset + at);
    }
    await disk.write('of another artifact', offset + bytes + 1);
    await disk.close();
    where.offers.push({ offset, bytes, name: 'disk.img' });
    const [artifact] = await take(where);
    const { size, blocks } = await stat(join(where.to, 'disk.img'));
    expect(size).toBe(bytes);
    expect(blocks * 512).toBeLessThan(MIB);
    expect(artifact?.sha256).toBe(createHash('sha256').update(expected).digest('hex'));
    expect((await readFile(join(where.to, 'disk.img'))).equals(expected)).toBe(true);
  });

  it('copies more than it reads at a time, in order', async () => {
    const where = await artifactDisk();
    const content = Buffer.alloc(13 * MIB + 5);
    for (let at = 0; at + 4 < content.length; at += 4096) content.writeUInt32LE(at, at);
    await writeFile(where.disk, content);
    where.offers.push({ offset: 0, bytes: content.length, name: 'big' });
    await take(where);
    expect((await readFile(join(where.to, 'big'))).equals(content)).toBe(true);
  });

  it('replaces what an earlier build left, also a link at its place', async () => {
    const where = await artifactDisk({ 'a.iso': 'hello\n' });
    await mkdir(where.to, { recursive: true });
    const precious = join(where.disk, '..', 'precious');
    await writeFile(precious, 'precious');
    await symlink(precious, join(where.to, 'a.iso'));
    await symlink(precious, join(where.to, '.a.iso.new'));
    await take(where);
    expect(await readFile(join(where.to, 'a.iso'), 'utf8')).toBe('hello\n');
    expect(await readFile(precious, 'utf8')).toBe('precious');
    expect(await readdir(where.to)).toEqual(['a.iso']);
  });

  it('stops between files when it is interrupted', async () => {
    const where = await artifactDisk({ a: 'a', b: 'b', c: 'c' });
    const abort = new AbortController();
    const error = await failure(
      takeArtifacts({ inUse: true, ...where, signal: abort.signal, onArtifact: () => abort.abort() }),
    );
    expect(error.kind).toBe('interrupted');
    expect(await readdir(where.to)).toEqual(['a']);
  });

  it('leaves no half copy behind when the copy fails', async () => {
    const where = await artifactDisk({ a: 'hello\n' });
    await mkdir(join(where.to, 'a'), { recursive: true });
    await expect(take(where)).rejects.toThrow();
    expect(await readdir(where.to)).toEqual(['a']);
  });
});

describe('from the disk of a VM that is gone', () => {
  it('the largest is the disk itself, cut to its size; the others are copied', async () => {
    const image = 'x'.repeat(2 * MIB + 5);
    const where = await artifactDisk({ 'z.iso': image });
    const disk = await open(where.disk, 'r+');
    await disk.write('hello\n', 5 * MIB);
    const { ino } = await disk.stat();
    await disk.close();
    where.offers.push({ offset: 5 * MIB, bytes: 6, name: 'a.txt' });
    const taken = await take({ ...where, inUse: false });
    expect(taken.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['a.txt', 6],
      ['z.iso', image.length],
    ]);
    const moved = await stat(join(where.to, 'z.iso'));
    expect(moved.ino).toBe(ino);
    expect(moved.mode & 0o777).toBe(0o644);
    expect(await readFile(join(where.to, 'z.iso'), 'utf8')).toBe(image);
    expect(taken[1]?.sha256).toBe(createHash('sha256').update(image).digest('hex'));
    expect(await readFile(join(where.to, 'a.txt'), 'utf8')).toBe('hello\n');
    expect((await readdir(where.to)).sort()).toEqual(['a.txt', 'z.iso']);
    await expect(stat(where.disk)).rejects.toThrow('ENOENT');
  });

  it('is copied to another file system', async () => {
    const where = { ...(await artifactDisk({ a: 'x'.repeat(2 * MIB) })), inUse: false };
    const memory = await mkdtemp('/dev/shm/mayfly-test-');
    try {
      const [artifact] = await take({ ...where, to: memory });
      expect(artifact?.bytes).toBe(2 * MIB);
      expect(await readdir(memory)).toEqual(['a']);
    } finally {
      await rm(memory, { recursive: true });
    }
  });
});

it('the disk is a hole, can be emptied, and is nobody else’s', async () => {
  const { disk } = await artifactDisk({ a: 'x'.repeat(MIB) });
  expect((await stat(disk)).blocks).toBeGreaterThan(0);
  expect((await stat(disk)).mode & 0o777).toBe(0o600);
  await emptyArtifactDisk(disk, new AbortController().signal);
  expect(await stat(disk)).toMatchObject({ blocks: 0, size: 16 * MIB });
  expect((await readFile(disk)).every((byte) => byte === 0)).toBe(true);
});

it('SHA256SUMS is what sha256sum reads', async () => {
  const where = await artifactDisk({ 'a b.iso': 'hello\n', z: 'x' });
  const text = checksumLines(await take(where));
  expect(text.split('\n')[0]).toBe(`${HELLO}  a b.iso`);
  await writeWhole(join(where.to, 'SHA256SUMS'), text);
  const check = await run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: where.to });
  expect(check.stdout).toBe('a b.iso: OK\nz: OK\n');
});

it('writeWhole gives readers the old file or the new one', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'file');
  await writeWhole(path, 'old');
  const reader = await open(path, 'r');
  await writeWhole(path, 'new and longer');
  expect(await reader.readFile('utf8')).toBe('old');
  await reader.close();
  expect(await readFile(path, 'utf8')).toBe('new and longer');
  expect(await readdir(folder)).toEqual(['file']);
});
