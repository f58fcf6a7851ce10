/** When SSH is asked: what the console of a guest says, and what counts of it. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { consoleSize, listenFor, mayAsk, SSHD_BEGINS, type Heard } from '../../../src/guest/sshd-hint.js';

async function consoleFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-console-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'console.log');
}

it('is what the base box prints', async () => {
  const script = 'src/basebox/setup/root/usr/libexec/mayfly/sshd';
  expect(await readFile(script, 'utf8')).toContain(`echo '${SSHD_BEGINS}' > /dev/console`);
});

it('hears silence, talk, and that sshd begins', async () => {
  const path = await consoleFile();
  expect(listenFor(path, 0)).toBe('silent');
  await writeFile(path, '');
  expect(listenFor(path, 0)).toBe('silent');
  await appendFile(path, 'SeaBIOS\r\n');
  expect(listenFor(path, 0)).toBe('talking');
  await appendFile(path, `${SSHD_BEGINS}\r\n`);
  expect(listenFor(path, 0)).toBe('begins');
});

it('does not take an earlier boot for this one', async () => {
  const path = await consoleFile();
  await writeFile(path, `${SSHD_BEGINS}\r\n`);
  const from = consoleSize(path);
  expect(listenFor(path, from)).toBe('silent');
  await appendFile(path, 'SeaBIOS\r\n');
  expect(listenFor(path, from)).toBe('talking');
});

it('still hears it at the end of a long console', async () => {
  const path = await consoleFile();
  await writeFile(path, `${'noise\n'.repeat(50_000)}${SSHD_BEGINS}\n`);
  expect(listenFor(path, 0)).toBe('begins');
});

it.each<[string, Heard, number, boolean, boolean]>([
  ['a guest that runs already is asked at once', 'silent', 0, false, true],
  ['so is one that has said it', 'begins', 0, true, true],
  ['one whose console lies elsewhere, soon', 'silent', 2000, true, true],
  ['but not before it can have begun', 'silent', 1999, true, false],
  ['one that talks is left to boot', 'talking', 59_999, true, false],
  ['but not for ever', 'talking', 60_000, true, true],
])('%s', (_what, heard, askedForMs, starting, expected) => {
  expect(mayAsk(heard, askedForMs, starting)).toBe(expected);
});
