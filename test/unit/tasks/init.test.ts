import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { initProject } from '../../../src/tasks/init.js';
import { TEMPLATES } from '../../../src/cli/init.js';
import { loadConfig } from '../../../src/config/load.js';
import { fakeProgram, setEnvironment } from '../../rig/fake-programs.js';
import { startMirror } from '../../rig/mirror.js';
import { failure, git, temporaryFolder } from '../source/repository.js';
import { contextIn, plan } from '../build/plan/project.js';

async function rig() {
  const folder = await temporaryFolder();
  // Nobody's own git settings.
  setEnvironment({ HOME: join(folder, 'nobody') });
  return { folder, context: contextIn(folder, join(folder, 'home')) };
}

describe('a new project', () => {
  it('is a repository with one commit, clean, named after its folder', async () => {
    const { folder, context } = await rig();
    const made = await initProject(context, 'deep/My Image!', { template: 'minimal', freeze: false });
    const root = join(folder, 'deep/My Image!');
    expect(made).toEqual({
      name: 'my-image',
      folder: root,
      shortId: await git(root, 'rev-parse', '--short', 'HEAD'),
      serials: {},
    });
    expect(await git(root, 'status', '--porcelain')).toBe('');
    expect(await git(root, 'log', '--format=%an %s')).toBe(
      'mayfly Begin the project my-image from the template minimal',
    );
    expect(await git(root, 'symbolic-ref', '--short', 'HEAD')).toBe('main');
    expect(await readdir(join(folder, 'deep'))).toEqual(['My Image!']);
    const text = await readFile(join(root, 'builder/builder.yaml'), 'utf8');
    expect(loadConfig(text, { file: 'x', defaults: { name: 'x' } }).name).toBe('my-image');
  });

  it('keeps the comments of its template, and scripts that may run', async () => {
    const { context } = await rig();
    const { folder } = await initProject(context, 'x', { template: 'minimal', freeze: false });
    const text = await readFile(join(folder, 'builder/builder.yaml'), 'utf8');
    expect(text.match(/^ *#/gm)?.length).toBeGreaterThan(5);
    expect(text.match(/^name: .*$/gm)).toEqual(['name: x']);
    for (const script of ['build', 'setup-builder'])
      expect((await stat(join(folder, 'builder/provision', script))).mode & 0o111).toBe(0o111);
  });

  it.each(TEMPLATES)('of the template %s can be planned', async (template) => {
    const { context } = await rig();
    const upstream =
      "printf 'http://mirror.example/d\\tbookworm\\tmain\\nhttp://mirror.example/s\\tbookworm-security\\tmain\\n'";
    await fakeProgram('apt-get', upstream);
    const { folder } = await initProject(context, 'x', { template, freeze: false });
    const { project, source } = await plan({ ...context, cwd: folder });
    expect([project.name, source.ref.name, source.dirty]).toEqual(['x', 'main', []]);
  });

  it('that is to be frozen is not made when the archive is not trusted', async () => {
    const { folder, context } = await rig();
    await using debian = await startMirror(join(folder, 'debian'));
    await debian.publish({ packages: [] });
    await using security = await startMirror(join(folder, 'security'), 'trixie-security');
    await security.publish({ packages: [] });
    await fakeProgram(
      'apt-get',
      `printf '${debian.url}\\tbookworm\\tmain\\n${security.url}\\tbookworm-security\\tmain\\n'`,
    );
    // It lacks trixie-updates; and it is signed by a key of its own, not by Debian's.
    const error = await failure(initProject(context, 'x', { template: 'minimal', freeze: true }));
    expect(error).toMatchObject({ kind: 'host' });
    expect(['archive.bad-signature', 'archive.not-found']).toContain(error.code);
    expect(error.hint).toContain('--no-freeze');
    expect(await readdir(folder)).not.toContain('x');
  });

  it('in an empty folder leaves that folder where it is', async () => {
    const { folder, context } = await rig();
    await mkdir(join(folder, 'x'));
    const { ino } = await stat(join(folder, 'x'));
    await initProject(context, 'x', { template: 'minimal', freeze: false });
    expect((await stat(join(folder, 'x'))).ino).toBe(ino);
    expect(await git(join(folder, 'x'), 'status', '--porcelain')).toBe('');
  });

  it('leaves its neighbours alone, and may be read by others', async () => {
    const { folder, context } = await rig();
    await mkdir(join(folder, '.x.new'));
    await writeFile(join(folder, '.x.new/mine'), 'mine');
    const made = await initProject(context, 'x', { template: 'minimal', freeze: false });
    expect(await readdir(join(folder, '.x.new'))).toEqual(['mine']);
    expect((await stat(made.folder)).mode & 0o777).toBe(0o755);
  });

  it('ignores its artifacts, also when npm has left .gitignore out of the package', async () => {
    const { context } = await rig();
    const { folder } = await initProject(context, 'x', { template: 'minimal', freeze: false });
    expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('/artifacts/\n');
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { files: readonly string[] };
    expect(manifest.files).toContain('templates');
  });

  it('may be made in an empty folder that is there', async () => {
    const { folder, context } = await rig();
    await mkdir(join(folder, 'x'));
    expect((await initProject(context, 'x', { template: 'minimal', freeze: false })).name).toBe('x');
  });
});

describe('a project that is not made', () => {
  it('because there is something: nothing is touched', async () => {
    const { folder, context } = await rig();
    await mkdir(join(folder, 'x'));
    await writeFile(join(folder, 'x/mine'), 'mine');
    expect(await failure(initProject(context, 'x', { template: 'minimal', freeze: false }))).toMatchObject({
      kind: 'refused',
      code: 'init.not-empty',
    });
    expect(await readdir(join(folder, 'x'))).toEqual(['mine']);
    expect(await readdir(folder)).toEqual(['x']);
  });

  it('because there is a file of that name', async () => {
    const { folder, context } = await rig();
    await writeFile(join(folder, 'x'), 'mine');
    expect(await failure(initProject(context, 'x', { template: 'minimal', freeze: false }))).toMatchObject({
      code: 'init.not-empty',
    });
  });

  it('because somebody else was quicker: theirs stays', async () => {
    const { folder, context } = await rig();
    await mkdir(join(folder, 'x'));
    await fakeProgram('git', `touch '${join(folder, 'x/theirs')}'; echo 1234567`);
    expect(await failure(initProject(context, 'x', { template: 'minimal', freeze: false }))).toMatchObject({
      code: 'init.not-empty',
    });
    expect(await readdir(folder)).toEqual(['x']);
    expect(await readdir(join(folder, 'x'))).toEqual(['theirs']);
  });

  it('because git fails: nothing is left', async () => {
    const { folder, context } = await rig();
    await fakeProgram('git', 'echo "fatal: no" >&2; exit 128');
    await failure(initProject(context, 'x', { template: 'minimal', freeze: false }));
    expect(await readdir(folder)).toEqual([]);
    await chmod(folder, 0o700);
  });
});
