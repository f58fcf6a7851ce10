import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSerial, readState, writeState } from '../../../src/snapshots/serial-files.js';
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

describe('readState', () => {
  const [one, two] = ['a'.repeat(64), 'b'.repeat(64)];

  async function state(text: string, serialText: string | undefined = '2026010203\n') {
    const folder = serialText === '' ? await temporaryFolder() : await serial(serialText);
    await write(folder, 'debian/InRelease.sha256', text);
    return await readState(folder, 'debian');
  }

  it('reads what a serial stands for', async () => {
    const text = `# made by freeze\n${one}  trixie\n${two} *trixie-updates\n${one}  trixie\n`;
    expect(await state(text)).toEqual({
      serial: '2026010203',
      releases: { trixie: one, 'trixie-updates': two },
    });
  });

  it.each([
    ['nothing', ''],
    ['only comments', '# none\n\n'],
    ['two states that a merge joined', `${one}  trixie\n${two}  trixie\n`],
    ['a line that is none', `${one} trixie extra\n`],
  ])('refuses %s', async (_, text) => {
    expect(await failure(state(text))).toMatchObject({ kind: 'usage', code: 'serial.releases' });
  });

  it.each(['', 'latest\n'])('refuses checksums without a serial: %j', async (text) => {
    const error = await failure(state(`${one}  trixie\n`, text));
    expect(error).toMatchObject({ kind: 'usage', code: 'serial.releases' });
    expect(error.hint).toContain('mayfly snapshots freeze debian');
  });

  it('refuses a serial that was changed by hand, or merged, without what it stands for', async () => {
    const folder = await temporaryFolder();
    const frozen = { serial: '2026010203', releases: { trixie: one } };
    await writeState(folder, 'debian', frozen);
    expect(await readState(folder, 'debian')).toEqual(frozen);
    await write(folder, 'debian/serial', '2026010301\n');
    const error = await failure(readState(folder, 'debian'));
    expect(error).toMatchObject({ kind: 'usage', code: 'serial.releases' });
    expect(error.message).toContain(
      'says what 2026010203 stands for, but the serial beside it is 2026010301',
    );
    expect(error.hint).toContain('mayfly snapshots set debian 2026010301');
    // As that command does.
    await writeState(folder, 'debian', { serial: '2026010301', releases: {} });
    expect(await readState(folder, 'debian')).toEqual({ serial: '2026010301', releases: {} });
  });
});
