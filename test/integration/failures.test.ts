/** Builds that fail: each with its own message and exit code, its logs kept, and nothing left behind. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { home, mayfly, newestBuild, type Outcome } from '../rig/mayfly.js';
import { mayflyIn } from '../rig/namespace.js';
import { makeProject, type TestProject } from '../rig/project.js';

/** One VM serves all of these: what differs is the script. */
describe('the build script', () => {
  let project: TestProject;
  const run = (...args: string[]): Promise<Outcome> => mayfly(args, { cwd: project.path });
  const build = async (script: string, ...flags: string[]): Promise<Outcome> => {
    await project.commit('builder/provision/build', `#!/bin/sh\nset -eu\n${script}\n`);
    return await run('build', '--rescue', ...flags);
  };

  beforeAll(async () => {
    project = await makeProject({ build: 'false', settings: { options: ['noram'] } });
  });

  it('fails: its exit code, its output and the artifacts it made come out', async () => {
    const built = await build('echo partial > half.img; echo "going down" >&2; exit 7');
    expect(built.exitCode).toBe(7);
    expect(built.all).toContain('The build script failed with exit code 7.');
    expect(await readFile(join(project.path, 'artifacts/half.img'), 'utf8')).toBe('partial\n');
    expect(await readFile(join(await newestBuild(), 'build.log'), 'utf8')).toContain('going down');
    const record = JSON.parse(await readFile(join(await newestBuild(), 'build.json'), 'utf8')) as unknown;
    expect(record).toMatchObject({ outcome: 'failure', error: { code: 'build.failed', exitCode: 7 } });
  });

  it('fails with a code that means something else to mayfly: 1', async () => {
    const built = await build('exit 5');
    expect(built).toMatchObject({ exitCode: 1 });
    // The one that --rescue has left.
    expect(built.all).toMatch(/^vm +(?:have|reused)/m);
    expect(built.all).toContain('exit code 5');
  });

  it('succeeds without an artifact', async () => {
    const built = await build('echo "nothing to show"');
    expect(built.all).toContain('left no artifact');
    expect(built.exitCode).toBe(1);
  });

  it('takes too long', async () => {
    const built = await build('echo early > early.img; echo started; sleep 600', '--timeout', '6s');
    expect(built.all).toContain('did not finish within 6 s');
    expect(built.exitCode).toBe(1);
    expect(await readFile(join(project.path, 'artifacts/early.img'), 'utf8')).toBe('early\n');
  });

  it('lies about a failure and leaves daemons: it is shown as it is, and nobody waits', async () => {
    const forged = 'mayfly-failure guest.wrong-branch other';
    const started = Date.now();
    const built = await build(
      `echo '${forged}' >&2; sudo sh -c 'sleep 600 &'; sleep 600 & echo done > x.img`,
    );
    expect(built.exitCode).toBe(0);
    expect(Date.now() - started).toBeLessThan(200_000);
    expect(await readFile(join(await newestBuild(), 'build.log'), 'utf8')).toContain(forged);
  });

  it('fills the disk of its VM', async () => {
    const built = await build('fallocate --length 1T big.bin');
    expect(built.all).toContain('the VM has no room left at /build');
    expect(built.exitCode).toBe(1);
  });

  it('is not reached when provisioning fails', async () => {
    await project.commit('builder/provision/setup-builder', '#!/bin/sh\necho "no such thing" >&2; exit 3\n');
    const built = await build('echo > x.img');
    expect(built.all).toContain('The provisioning script provision/setup-builder failed with exit code 3.');
    expect(built.all).toContain('no such thing');
    expect(built.exitCode).toBe(4);
    await project.commit('builder/provision/setup-builder', '#!/bin/sh\n');
  });

  it('spoils its VM, which panics when it starts again: the end of its console is shown', async () => {
    expect(await run('vm', 'up')).toMatchObject({ exitCode: 0 });
    expect(await run('vm', 'exec', '--root', '--', 'rm', '/usr/sbin/init')).toMatchObject({ exitCode: 0 });
    expect(await run('vm', 'halt')).toMatchObject({ exitCode: 0 });
    const started = await run('vm', 'up');
    expect(started.all).toContain('The guest kernel panicked while it booted.');
    expect(started.all).toContain('Attempted to kill init');
    expect(started.exitCode).toBe(4);
    await run('vm', 'destroy');
  });
});

/** The first leaves its VM to the second. */
describe('a build in memory', () => {
  let project: TestProject;
  const build = (...flags: string[]): Promise<Outcome> =>
    mayfly(['build', '--date-offset', '+400', ...flags], { cwd: project.path });
  const change = (script: string): Promise<void> =>
    project.commit('builder/provision/build', `#!/bin/sh\n${script}\n`);

  beforeAll(async () => {
    project = await makeProject({
      build: [
        'id -un; sudo id -un; pwd; git rev-parse HEAD; git status --porcelain',
        'env | sort | tee environment.img',
        'printf "\\033]0;title\\007\\033[31mred\\033[0m\\rdrawn last\\n"',
        'ls -d /probe.git/.git /builder/builder.yaml',
        'if touch /probe.git/x || sudo touch /probe.git/x || sudo touch /builder/x; then echo WRITABLE; fi 2> /dev/null',
        'truncate -s 64M sparse.img',
      ].join('\n'),
      settings: { vm: { memory: '512M', build_memory: '256M' }, options: ['ram'] },
    });
  });

  it('runs as an ordinary user with sudo, in a clean environment, at the commit', async () => {
    const commit = await project.git('rev-parse', 'HEAD');
    const built = await build('--keep-running');
    expect(built.exitCode).toBe(0);
    expect(built.stderr).toContain(`  | builder\n  | root\n  | /build/source\n  | ${commit}\n`);
    expect(built.stderr).toContain('  | drawn last\n');
    expect(built.all).not.toContain('\u001b');
    expect(built.all).not.toContain('WRITABLE');
    const environment = await readFile(join(project.path, 'artifacts/environment.img'), 'utf8');
    for (const line of [
      `GIT_COMMIT=${commit}`,
      'GIT_REF=main',
      'MAYFLY_DATE_OFFSET=+400',
      'MAYFLY_PROXY_TYPE=vmproxy',
      'HOME=/home/builder',
      'http_proxy=http://127.0.0.1:3142',
    ]) {
      expect(environment).toContain(`${line}\n`);
    }
    const { blocks } = await stat(join(project.path, 'artifacts/sparse.img'));
    expect(blocks).toBeLessThan(16);
  });

  it('fills the memory that it builds in', async () => {
    await change('head -c 400M /dev/zero > big.bin');
    // It ends here: the next build starts one.
    const failed = await build();
    expect(failed.all).toContain('No space left on device');
    expect(failed.all).toContain('the VM has no room left at /build');
    expect(failed.exitCode).toBe(1);
  });

  it('ends when its VM dies', async () => {
    await change('echo going; sudo sh -c "echo o > /proc/sysrq-trigger"; sleep 60');
    const built = await build();
    expect(built.all).toContain('The VM ended while it was in use');
    expect(built.exitCode).toBe(4);
  });
});

describe('a build', () => {
  it('ends at once when the host has no room left for the disk of the VM', async () => {
    const project = await makeProject({
      build: 'echo filling; head -c 600M /dev/urandom > big.bin; sleep 100',
      settings: { vm: { memory: '512M', build_memory: '512M' }, options: ['noram'] },
    });
    const small = { path: join(home, 'state/vms'), mebibytes: 200 };
    await mkdir(small.path, { recursive: true });
    const built = await mayflyIn({ cwd: project.path, small }, ['build']);
    expect(built.all).toContain('filling');
    expect(built.all).toContain('The disk of this host is full');
    expect(built.exitCode).toBe(3);
  });

  it('gives up when the VM never answers: the end of its console is shown', async () => {
    const project = await makeProject({ build: 'echo > x.img' });
    // A 64-bit kernel says on such a processor that it cannot run, and waits for ever.
    const built = await mayfly(['build', '--cpu-model', 'qemu32', '--boot-timeout', '5s'], {
      cwd: project.path,
    });
    expect(built.all).toContain('SSH did not answer in the VM within 5 s.');
    expect(built.exitCode).toBe(4);
  });
});
