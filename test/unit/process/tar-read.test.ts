/** Tars are read where they lie; what GNU's tar writes is understood, and what lies about itself is not. */
import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/process/run.js';
import { SAME_BYTES } from '../../../src/process/tar.js';
import { listTar, readTarText, TarProblem } from '../../../src/process/tar-read.js';
import { temporaryFolder, write } from '../source/repository.js';

const { signal } = new AbortController();
const LONG = `${'a'.repeat(90)}/${'b'.repeat(90)}`;
/** Too long for one field of ustar's header, and short enough for two. */
const SPLIT = `${'c'.repeat(60)}/${'d'.repeat(60)}`;

async function packed(...options: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  await write(folder, 'x/plain', 'hello\n');
  await write(folder, 'x/empty', '');
  await write(folder, `x/${LONG}`, 'long');
  await write(folder, `x/${SPLIT}`, 'split');
  await symlink('/etc/passwd', join(folder, 'x/symlink'));
  await link(join(folder, 'x/plain'), join(folder, 'x/zlink'));
  await mkdir(join(folder, 'x/folder'));
  const target = join(folder, 'tar');
  await run('tar', ['-cf', target, '--sort=name', ...options, '-C', join(folder, 'x'), '.']);
  return target;
}

const problem = async (path: string): Promise<string> => {
  const error: unknown = await listTar(path, signal).catch((reason: unknown) => reason);
  if (!(error instanceof TarProblem)) throw new Error(`Expected a TarProblem, got ${String(error)}`);
  return error.message;
};

/** A header of one file, with a right checksum. */
function header(name: string, size: Buffer | string, kind = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  if (typeof size === 'string') block.write(size, 124);
  else size.copy(block, 124);
  block.write(kind, 156);
  block.write('ustar  ', 257);
  block.fill(' ', 148, 156);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

async function tarOf(...blocks: readonly Buffer[]): Promise<string> {
  const path = join(await temporaryFolder(), 'tar');
  await writeFile(path, Buffer.concat(blocks));
  return path;
}

const END = Buffer.alloc(1024);

describe('a tar', () => {
  it.each<[readonly string[]]>([
    [SAME_BYTES],
    [['--format=ustar', `--exclude=${'b'.repeat(90)}`]],
    [['--format=gnu']],
  ])('of the options %j has its plain files, and nothing else', async (options) => {
    const path = await packed(...options);
    const entries = await listTar(path, signal);
    const names = [...entries.keys()];
    expect(names).toContain(`./${SPLIT}`);
    expect(names.filter((name) => /symlink|zlink|folder/.test(name))).toEqual([]);
    const text = async (name: string): Promise<string> => {
      const entry = entries.get(name);
      return entry === undefined ? 'none' : await readTarText(path, name, entry, 100);
    };
    expect([await text('./plain'), await text('./empty'), await text(`./${SPLIT}`)]).toEqual([
      'hello\n',
      '',
      'split',
    ]);
    expect(await text(`./${LONG}`)).toBe(
      options.some((option) => option === '--format=ustar') ? 'none' : 'long',
    );
  });

  it('is read no further than it may be', async () => {
    const path = await packed();
    const entry = (await listTar(path, signal)).get('./plain');
    if (entry === undefined) throw new Error('it is not there');
    await expect(readTarText(path, 'tag', entry, 5)).rejects.toThrow('its tag has more than 5 bytes');
  });
});

describe('a tar that is refused', () => {
  it.each([
    ['gzip', '--gzip'],
    ['xz', '--xz'],
  ])('is compressed: %s', async (name, option) => {
    expect(await problem(await packed(option))).toContain(`compressed (${name})`);
  });

  it('is compressed: zstd', async () => {
    expect(await problem(await tarOf(Buffer.from('28b52ffd', 'hex'), END))).toContain('zstd');
  });

  it('says that it has more than its file', async () => {
    const large = Buffer.alloc(12, 0xff);
    for (const size of ['77777777777\0', '00000002001\0', large])
      expect(await problem(await tarOf(header('x', size), END))).toBe('it is cut off');
    // A hole that costs nothing is no plain file.
    const sparse = await tarOf(header('x', '00000000000\0', 'S'), END);
    expect((await listTar(sparse, signal)).size).toBe(0);
  });

  it.each<[string, Buffer[], string]>([
    ['no end', [header('x', '00000000000\0')], 'it is cut off'],
    ['no size', [header('x', 'x'), END], 'it is damaged'],
    ['a wrong checksum', [header('x', '0\0'), header('y', '0\0').fill('z', 0, 1), END], 'it is damaged'],
    ['one name twice', [header('x', '0\0'), header('x', '0\0'), END], 'it has "x" twice'],
    ['a name without an end', [header('x', '00000010001\0', 'L'), Buffer.alloc(8192), END], 'a name without'],
    ['nothing', [], 'it is no tar'],
    ['other bytes', [Buffer.alloc(1024, 'x')], 'it is no tar'],
  ])('has %s', async (_, blocks, message) => {
    expect(await problem(await tarOf(...blocks))).toContain(message);
  });

  it('was cut off, or is a folder', async () => {
    const path = await packed();
    await truncate(path, 700);
    expect(await problem(path)).toBe('it is cut off');
    expect(await problem(join(path, '..'))).toBe('it is no file on a disk');
  });
});
