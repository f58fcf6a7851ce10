import { chmod, mkdir, open, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checksumLines,
  refusedName,
  takeArtifacts,
  writeWhole,
  type Artifact,
} from '../../../src/artifacts/collect.js';
import { run } from '../../../src/process/run.js';
import { failure, temporaryFolder } from '../source/repository.js';

async function folders(): Promise<{ from: string; to: string }> {
  const root = await temporaryFolder();
  await mkdir(join(root, 'share'));
  return { from: join(root, 'share'), to: join(root, 'results', 'here') };
}

function take(
  where: { from: string; to: string },
  signal = new AbortController().signal,
  told: Artifact[] = [],
) {
  return takeArtifacts({ ...where, signal, onArtifact: (artifact) => told.push(artifact) });
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
  it('takes every plain file, in order of name, with size and checksum, readable for all', async () => {
    const where = await folders();
    await writeFile(join(where.from, 'b.iso'), 'hello\n', { mode: 0o600 });
    await writeFile(join(where.from, 'a file'), '');
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
    expect(await readdir(where.from)).toEqual([]);
  });

  it('gives nothing, and makes nothing, when there is nothing', async () => {
    const where = await folders();
    expect(await take(where)).toEqual([]);
    await expect(readdir(where.to)).rejects.toThrow('ENOENT');
  });

  it('names all that it refuses at once, and takes nothing then', async () => {
    const where = await folders();
    await writeFile(join(where.from, 'good.iso'), 'hello\n');
    await symlink('/etc/passwd', join(where.from, 'link-out'));
    await symlink('good.iso', join(where.from, 'link-in'));
    await mkdir(join(where.from, 'folder'));
    await run('mkfifo', [join(where.from, 'fifo')]);
    await writeFile(join(where.from, '.hidden'), '');
    await writeFile(join(where.from, 'SHA256SUMS'), '');
    await writeFile(join(where.from, 'evil\u001b]0;x\u0007'), '');
    const error = await failure(take(where));
    expect(error).toMatchObject({ kind: 'vm', code: 'artifacts.refused' });
    expect(error.details).toEqual([
      '".hidden": it begins with a dot or a dash',
      '"SHA256SUMS": mayfly writes a file of this name itself',
      '"evil\\u001b]0;x\\u0007": it holds control characters or slashes',
      '"fifo": it is not a plain file',
      '"folder": it is not a plain file',
      '"link-in": it is not a plain file',
      '"link-out": it is not a plain file',
    ]);
    await expect(readdir(where.to)).rejects.toThrow('ENOENT');
    expect(await readdir(where.from)).toContain('good.iso');
  });

  it('does not take QEMU’s notes about the guest’s owners and modes for artifacts', async () => {
    const where = await folders();
    await mkdir(join(where.from, '.virtfs_metadata'));
    await writeFile(join(where.from, '.virtfs_metadata_root'), '');
    await writeFile(join(where.from, 'a'), 'hello\n');
    expect((await take(where)).map(({ name }) => name)).toEqual(['a']);
  });

  it('keeps holes', async () => {
    const where = await folders();
    const image = join(where.from, 'disk.img');
    await writeFile(image, 'boot');
    await truncate(image, 256 * 1024 * 1024);
    const [artifact] = await take(where);
    const { size, blocks } = await stat(join(where.to, 'disk.img'));
    expect(artifact?.bytes).toBe(256 * 1024 * 1024);
    expect(size).toBe(256 * 1024 * 1024);
    expect(blocks * 512).toBeLessThan(1024 * 1024);
  });

  it('replaces what an earlier build left, also a link at its place', async () => {
    const where = await folders();
    await mkdir(where.to, { recursive: true });
    const precious = join(where.from, '..', 'precious');
    await writeFile(precious, 'precious');
    await symlink(precious, join(where.to, 'a.iso'));
    await symlink(precious, join(where.to, '.a.iso.new'));
    await writeFile(join(where.from, 'a.iso'), 'hello\n');
    await take(where);
    expect(await readFile(join(where.to, 'a.iso'), 'utf8')).toBe('hello\n');
    expect(await readFile(precious, 'utf8')).toBe('precious');
    expect(await readdir(where.to)).toEqual(['a.iso']);
  });

  it('takes a file that nobody may read, as long as it is ours', async () => {
    const where = await folders();
    await writeFile(join(where.from, 'secret'), 'hello\n');
    await chmod(join(where.from, 'secret'), 0o400);
    expect((await take(where))[0]?.sha256).toBe(HELLO);
  });

  it('stops between files when it is interrupted', async () => {
    const where = await folders();
    for (const name of ['a', 'b', 'c']) await writeFile(join(where.from, name), name);
    const abort = new AbortController();
    const error = await failure(
      takeArtifacts({ ...where, signal: abort.signal, onArtifact: () => abort.abort() }),
    );
    expect(error.kind).toBe('interrupted');
    expect(await readdir(where.to)).toEqual(['a']);
  });

  it('leaves no half copy behind when the copy fails', async () => {
    const where = await folders();
    await writeFile(join(where.from, 'a'), 'hello\n');
    await mkdir(join(where.to, 'a'), { recursive: true });
    await expect(take(where)).rejects.toThrow();
    expect(await readdir(where.to)).toEqual(['a']);
  });
});

it('SHA256SUMS is what sha256sum reads', async () => {
  const where = await folders();
  await writeFile(join(where.from, 'a b.iso'), 'hello\n');
  await writeFile(join(where.from, 'z'), 'x');
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
