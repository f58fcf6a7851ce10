/** Bad input and a host that lacks something: said before a VM is started, all at once, with what to do. */
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLeaks } from '../rig/leaks.js';
import { folder, mayfly } from '../rig/mayfly.js';
import { mayflyIn } from '../rig/namespace.js';
import { makeProject } from '../rig/project.js';

const TOUCH = 'echo > x.img';

describe('the checkout', () => {
  it('is none', async () => {
    const empty = await mkdtemp(join(folder, 'empty-'));
    const built = await mayfly(['build'], { cwd: empty });
    expect(built.exitCode).toBe(2);
    expect(built.all).toContain('is not in a Git checkout');
  });

  it('has no builder directory', async () => {
    const project = await makeProject({ build: TOUCH });
    await project.git('rm', '-r', '--quiet', 'builder');
    await project.git('commit', '--quiet', '-m', 'Remove it');
    const built = await mayfly(['build'], { cwd: project.path });
    expect(built.exitCode).toBe(2);
    expect(built.all).toContain('has no builder directory');
  });

  it('is dirty; --ignore-changes builds the commit', async () => {
    const project = await makeProject({ build: TOUCH });
    await writeFile(join(project.path, 'scribble'), 'x');
    const built = await mayfly(['build'], { cwd: project.path });
    expect(built.exitCode).toBe(5);
    expect(built.all).toContain('scribble');
    expect(built.all).toContain('--ignore-changes');
    expect(await mayfly(['plan', '--ignore-changes'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
  });

  it('is at no branch and no tag', async () => {
    const project = await makeProject({ build: TOUCH });
    await project.git('checkout', '--quiet', '--detach');
    expect(await mayfly(['plan'], { cwd: project.path })).toMatchObject({ exitCode: 5 });
    await project.git('tag', '1.0');
    const tagged = await mayfly(['plan', '--json'], { cwd: project.path });
    expect(JSON.parse(tagged.stdout)).toMatchObject({
      source: { ref: { kind: 'tag', name: '1.0' }, releaseTag: '1.0' },
    });
  });

  it('conflicts with its base branch', async () => {
    const project = await makeProject({
      build: TOUCH,
      files: { 'config/base_branch': 'stable\n', text: 'one\n' },
    });
    await project.git('branch', 'stable');
    await project.commit('text', 'two\n');
    await project.git('switch', '--quiet', 'stable');
    await project.commit('text', 'three\n');
    await project.git('switch', '--quiet', 'main');
    const planned = await mayfly(['plan'], { cwd: project.path });
    expect(planned.exitCode).toBe(5);
    expect(planned.all).toContain('text');
    expect(planned.all).toContain('--no-merge-base-branch');
    expect(await mayfly(['plan', '--no-merge-base-branch'], { cwd: project.path })).toMatchObject({
      exitCode: 0,
    });
  });
});

describe('the configuration', () => {
  it('is wrong in several places', async () => {
    const project = await makeProject({ build: TOUCH });
    await project.commit(
      'builder/builder.yaml',
      'name: probe\nbasebox:\n  distributoin: trixie\n  disk: huge\nvm:\n  cpus: none\n',
    );
    const planned = await mayfly(['plan'], { cwd: project.path });
    expect(planned.exitCode).toBe(2);
    for (const place of [
      'builder/builder.yaml:3:3',
      'builder/builder.yaml:4:9',
      'builder/builder.yaml:6:9',
    ]) {
      expect(planned.all).toContain(place);
    }
    expect(planned.all).toContain('did you mean distribution');
  });

  it('names options that do not fit, in several sources', async () => {
    const project = await makeProject({ build: TOUCH });
    const env = { MAYFLY_BUILD_OPTIONS: 'noram fastcmp cpus=many' };
    const planned = await mayfly(['plan', '--offline', '--proxy', 'noproxy'], { cwd: project.path, env });
    expect(planned.exitCode).toBe(2);
    for (const text of ['fastcmp', 'cpus=many', 'offline needs a proxy']) expect(planned.all).toContain(text);
  });

  it('is no command line at all', async () => {
    expect(await mayfly(['biuld'])).toMatchObject({ exitCode: 2 });
    const built = await mayfly(['build', '--cpus', 'abc', '--nope', '--proxy', 'foo']);
    expect(built.exitCode).toBe(2);
    for (const text of ['--cpus abc', '--nope', '--proxy foo']) expect(built.all).toContain(text);
  });
});

describe('a command', () => {
  it('ends when it has ended, even when something is left open', async () => {
    const open = 'data:text/javascript,setInterval(()=>{},1000)';
    const ended = await mayfly(['vm', 'list', '--json'], { env: { NODE_OPTIONS: `--import ${open}` } });
    expect(ended).toMatchObject({ exitCode: 0, stdout: '[]' });
  });
});

describe('the host', () => {
  it('lacks programs', async () => {
    const project = await makeProject({ build: TOUCH });
    const without = ['/usr/bin/qemu-system-x86_64', '/usr/bin/mmdebstrap'];
    const doctor = await mayflyIn(
      { cwd: project.path, without: [...without, '/usr/bin/gpgv', '/usr/bin/xz'] },
      ['doctor'],
    );
    expect(doctor.exitCode).toBe(3);
    expect(doctor.all).toContain(
      'apt-get install --no-install-recommends gpgv mmdebstrap qemu-system-x86 xz-utils',
    );
    const box = await mayflyIn({ cwd: project.path, home: join(folder, 'no-tools'), without }, [
      'box',
      'create',
    ]);
    expect(box.exitCode).toBe(3);
    expect(box.all).toContain('The program mmdebstrap is not installed.');
    const own = join(folder, 'no-qemu');
    const build = await mayflyIn({ cwd: project.path, home: own, without }, ['build']);
    expect(build.exitCode).toBe(3);
    expect(build.all).toContain('The program qemu-system-x86_64 is not installed.');
    // It is told before the minutes that a base box takes.
    expect(build.all).not.toContain('box: ');
  });
});

describe('the base box cannot be made', () => {
  /** A home without boxes, and a look at it afterwards: the store must be as it was. */
  async function createBox(settings: Readonly<Record<string, unknown>>, small?: number) {
    const project = await makeProject({ build: TOUCH, settings });
    const own = await mkdtemp(join(folder, 'box-'));
    const args = ['box', 'create'];
    const scratch = join(own, 'scratch');
    await mkdir(scratch);
    const outcome =
      small === undefined
        ? await mayfly(args, { cwd: project.path, home: own })
        : await mayflyIn(
            {
              cwd: project.path,
              home: own,
              small: { path: scratch, mebibytes: small },
              env: { MAYFLY_TMPDIR: scratch },
            },
            args,
          );
    expect(await readdir(join(own, 'data/boxes')).catch(() => [])).toEqual([]);
    expect(await findLeaks(own)).toEqual([]);
    return outcome;
  }

  it('because the archive is out of reach', async () => {
    const origins = { debian: { url: 'http://127.0.0.1:9/debian' }, 'debian-security': false };
    const made = await createBox({ archive: { origins } });
    expect(made.exitCode).toBe(3);
    expect(made.all).toContain('The archive could not be reached.');
  });

  it('because a package is unknown', async () => {
    const made = await createBox({ basebox: { packages: ['no-such-package-anywhere'] } });
    expect(made.exitCode).toBe(3);
    expect(made.all).toContain('A package is not in the archive.');
    expect(made.all).toContain('no-such-package-anywhere');
  });

  it('because the archive is signed by another key', async () => {
    const keyring = '/usr/share/keyrings/debian-archive-removed-keys.gpg';
    const made = await createBox({ archive: { origins: { debian: { keyring }, 'debian-security': false } } });
    expect(made.exitCode).toBe(3);
    expect(made.all).toContain('The archive is not signed by the expected key.');
  });

  it('because the disk is full', async () => {
    const made = await createBox({}, 48);
    expect(made.exitCode).toBe(3);
    expect(made.all).toContain('The disk is full.');
  });
});
