import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { run, which } from '../../../src/process/run.js';
import { temporaryFolder } from '../source/repository.js';

interface SetUp {
  readonly exitCode: number;
  /** On both streams, in order. */
  readonly said: string;
  /** Of apt-get. */
  readonly calls: string;
  readonly sudo: readonly string[];
}

/** setup.sh on a Debian machine without Node.js whose APT offers this version of it; apt-get installs nothing. */
async function setUp(candidate: string, uid = 1000): Promise<SetUp> {
  const folder = await temporaryFolder();
  for (const name of ['dirname', 'sort', 'sed', 'ls', 'env', 'dpkg'])
    await symlink(which(name) ?? name, join(folder, name));
  const log = join(folder, 'calls');
  const fake = async (name: string, body: string): Promise<void> => {
    await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  };
  await fake('id', `echo ${uid}`);
  await fake('sudo', `echo "sudo $*" >>'${log}'; exec "$@"`);
  await fake('apt-get', `echo "(apt-get $1)" >&2; echo "$*" >>'${log}'; [ "$1" = update ] || exit 9`);
  // Its lists are empty until the first update.
  await fake(
    'apt-cache',
    `echo 'nodejs:'; echo '  Installed: (none)'; [ ! -e '${log}' ] || echo '  Candidate: ${candidate}'`,
  );
  const line = `PATH='${folder}' exec /bin/sh '${resolve('scripts/setup.sh')}' 2>&1`;
  const { exitCode, stdout: said } = await run('sh', ['-c', line], { accept: [0, 3, 9] });
  const all = await readFile(log, 'utf8').catch(() => '');
  const lines = all.split(/(?<=\n)/);
  const isSudo = (line: string): boolean => line.startsWith('sudo ');
  const calls = lines.filter((line) => !isSudo(line)).join('');
  return { exitCode, said, calls, sudo: lines.filter(isSudo) };
}

it('installs nothing where the Node.js of APT is too old, and says what to do', async () => {
  const { exitCode, said, calls } = await setUp('18.20.4+dfsg-1~deb12u1');
  expect({ exitCode, calls }).toEqual({ exitCode: 3, calls: 'update -qq\n' });
  expect(said).toMatch(/18\.20\.4.*Nothing was installed\. Take one from nodejs\.org/);
});

it('installs that of APT where it is new enough', async () => {
  const { exitCode, calls } = await setUp('20.19.2+dfsg-1');
  expect(exitCode).toBe(9);
  expect(calls).toMatch(/^install .*\bnodejs\b/m);
});

it('says which packages it installs before it does', async () => {
  const { said } = await setUp('20.19.2+dfsg-1');
  expect(said).toMatch(/^Installing Debian packages: .*\bnodejs\b.*\n(?:.*\n)*\(apt-get install\)$/m);
});

it('asks sudo when it is not root, and only then', async () => {
  expect((await setUp('20.19.2+dfsg-1', 0)).sudo).toEqual([]);
  const { sudo } = await setUp('20.19.2+dfsg-1', 1000);
  expect(sudo.length).toBeGreaterThan(1);
  expect(sudo.every((line) => line.includes('apt-get'))).toBe(true);
});
