import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSerial } from '../../../src/snapshots/serial-files.js';
import { failure, temporaryFolder, write } from '../source/repository.js';

async function serial(text: string): Promise<string> {
  const folder = await temporaryFolder();
  await write(folder, 'debian/serial', text);
  return folder;
}

describe('readSerial', () => {
  it.each([
    ['latest', 'latest'],
    ['2026010203\n', '2026010203'],
    ['  20260102T030405Z \n\n', '20260102T030405Z'],
  ])('reads %j as %s', async (text, value) => {
    expect(await readSerial(await serial(text), 'debian')).toBe(value);
  });

  it('is latest when there is no file', async () => {
    expect(await readSerial(await temporaryFolder(), 'debian')).toBe('latest');
  });

  it.each([
    [''],
    ['newest'],
    ['20260102'],
    ['202601020'],
    ['2026010203 2026010204'],
    ['LATEST'],
    ['../../x'],
  ])('refuses %j, and says what a serial is', async (text) => {
    const folder = await serial(text);
    const error = await failure(readSerial(folder, 'debian'));
    expect(error).toMatchObject({ kind: 'usage', code: 'serial.invalid' });
    expect(error.message).toContain(join(folder, 'debian/serial'));
    expect(error.hint).toContain('latest');
  });

  it('does not take a file that cannot be read for one that is missing', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'debian/serial'), { recursive: true });
    await expect(readSerial(folder, 'debian')).rejects.toThrow('EISDIR');
  });
});
