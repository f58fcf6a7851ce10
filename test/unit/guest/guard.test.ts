/** The branch guard as the guest runs it: its own shell, with the file that it writes in a folder of the test. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../src/cli/exit.js';
import { prepare } from '../../../src/guest/provision.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { guestSession, SETTINGS } from './session.js';

const PLACE = '/var/lib/vagrant_box_build_from';

/** A VM whose disk is a folder. Of prepare.sh, the guard runs; what comes after it only says that its turn came. */
async function vm() {
  const folder = await temporaryFolder();
  const file = join(folder, 'build from');
  // The path is quoted where it is used.
  const here = `s|^GUARD=${PLACE}\\$|GUARD='${file}'|`;
  const next = 's|^main < /dev/null$|end_unfinished() { echo went on; exit 0; }; main < /dev/null|';
  await fakeProgram('ssh', `sed -e "${here}" -e '${next}' | tee '${folder}/sent' | sh -s`);
  const lines: string[] = [];
  const build = async (ref: string): Promise<void> => {
    lines.length = 0;
    const options = { signal: new AbortController().signal, onLine: (line: string) => lines.push(line) };
    await prepare(await guestSession(), { ...SETTINGS, ref }, options);
  };
  return { file, lines, build, sent: () => readFile(join(folder, 'sent'), 'utf8') };
}

describe('the branch guard of a VM', () => {
  it.each(['main', 'feature/x', 'refs/tags/1.0', "it's $(id) `id` ; #"])(
    'notes at the first boot what it was started for (%s), and lets the same build again',
    async (ref) => {
      const { file, lines, build } = await vm();
      for (let boot = 0; boot < 2; boot += 1) {
        await build(ref);
        expect(lines).toEqual(['went on']);
        expect(await readFile(file, 'utf8')).toBe(`${ref}\n`);
      }
    },
  );

  it.each(['main', 'feature', 'feature/x2', 'Feature/x', '*'])(
    'refuses another ref (%s) before anything else is done, and stays as it was',
    async (ref) => {
      const { file, lines, build } = await vm();
      await build('feature/x');
      const error = await failure(build(ref));
      expect(error).toMatchObject({ kind: 'refused', code: 'guest.wrong-branch' });
      expect(error.message).toBe(`This VM was started for feature/x and cannot build ${ref}.`);
      expect(exitCodeOf(error)).toBe(5);
      expect(lines).toEqual([]);
      expect(await readFile(file, 'utf8')).toBe('feature/x\n');
      await build('feature/x');
      expect(lines).toEqual(['went on']);
    },
  );

  it('refuses every ref when what it noted is of nobody', async () => {
    const { file, build } = await vm();
    await writeFile(file, '');
    expect(exitCodeOf(await failure(build('main')))).toBe(5);
    expect(await readFile(file, 'utf8')).toBe('');
  });

  it('is where Tails-style scripts look for it', async () => {
    const { build, sent } = await vm();
    await build('main');
    expect(await sent()).not.toContain(PLACE);
    const script = new URL('../../../src/guest/scripts/prepare.sh', import.meta.url);
    expect(await readFile(script, 'utf8')).toContain(`\nGUARD=${PLACE}\n`);
  });
});
