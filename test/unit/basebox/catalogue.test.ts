/** Boxes in catalogues: published, imported, and which addresses are followed. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chosenVersion, parseCatalogue, withVersion } from '../../../src/basebox/catalogue.js';
import { boxInfo } from '../../../src/basebox/package.js';
import { sha256 } from '../../../src/basebox/recipe.js';
import { findBox, type Box } from '../../../src/basebox/store.js';
import { addressInCatalogue, addressOf } from '../../../src/build/box/bring.js';
import { publishBox } from '../../../src/build/box/publish.js';
import { boxesFolder } from '../../../src/paths.js';
import { contextIn } from '../build/plan/project.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { madeBox } from './made-box.js';
import { bring } from './parcel.js';

describe('a catalogue', () => {
  async function published(...boxes: readonly Box[]) {
    const folder = await temporaryFolder();
    const to = join(folder, 'srv boxes');
    const context = contextIn(folder, join(folder, 'home'));
    const done = [];
    for (const made of boxes) done.push(await publishBox(context, { box: made, to, baseUrl: undefined }));
    return { to, done, path: join(to, done[0]?.catalogue ?? '') };
  }

  it('has a version for each box, with a checksum, and each box once', async () => {
    const [one, two] = [await madeBox(), await madeBox('other')];
    const { done, to, path } = await published(one, two, one);
    expect(done.map(({ version, isNew }) => [version, isNew])).toEqual([
      ['20260102.0.0', true],
      ['20260102.1.0', true],
      ['20260102.0.0', false],
    ]);
    const catalogue = parseCatalogue(await readFile(path, 'utf8'), path);
    expect(catalogue.name).toBe('example-amd64-trixie');
    for (const { providers } of catalogue.versions) {
      const [provider] = providers;
      const file = join(to, decodeURIComponent(provider?.url.split('/').at(-1) ?? ''));
      expect(provider).toMatchObject({
        name: 'libvirt',
        checksum_type: 'sha256',
        checksum: sha256(await readFile(file)),
      });
      expect(provider?.url).toBe(pathToFileURL(file).href);
    }
    const names = (await readdir(to)).filter((name) => !name.endsWith('.box') && !name.startsWith('.'));
    expect(names).toEqual(['example-amd64-trixie.json']);
  });

  it('is imported from: the newest, or the version that is named', async () => {
    const [one, two] = [await madeBox(), await madeBox('other')];
    const { path } = await published(one, two);
    expect((await bring({ from: path })).box.record.diskSha256).toBe(two.record.diskSha256);
    const first = await bring({ from: path, version: '20260102.0.0' });
    expect(first.box.record.diskSha256).toBe(one.record.diskSha256);
    expect(await failure(bring({ from: path, version: '1.0.0' }))).toMatchObject({
      code: 'catalogue.no-version',
    });
  });

  it('whose file was changed is refused before it is looked into', async () => {
    const { to, path } = await published(await madeBox());
    const name = (await readdir(to)).find((entry) => entry.endsWith('.box')) ?? '';
    await writeFile(join(to, name), 'changed');
    expect(await failure(bring({ from: path }))).toMatchObject({ code: 'box.wrong-file' });
  });

  it('that is not one is refused, and one that others wrote stays as it is', async () => {
    const own = {
      name: 'x',
      short_description: 'kept',
      versions: [{ version: '1.2.3', status: 'active', providers: [] }],
    };
    const more = withVersion(parseCatalogue(JSON.stringify(own), 'x.json'), {
      info: boxInfo((await madeBox()).record),
      url: 'http://boxes.example/x.box',
      sha256: 'ab'.repeat(32),
    });
    expect(more).toMatchObject({ short_description: 'kept' });
    expect(more.versions.map(({ version }) => version)).toEqual(['20260102.0.0', '1.2.3']);
    expect(chosenVersion(more, undefined).version).toBe('20260102.0.0');
    expect(() => parseCatalogue('{}', 'x.json')).toThrow('no catalogue');
  });

  it('is rid of what a killed mayfly left beside it', async () => {
    const { to, path } = await published(await madeBox());
    await mkdir(join(to, 'mayfly-0123456789ab'));
    await writeFile(
      join(to, 'mayfly-0123456789ab/.owner.json'),
      JSON.stringify({ pid: 1, startTime: '0', bootId: 'earlier' }),
    );
    await writeFile(`${path}.4194305.new`, '');
    const context = contextIn(to, join(await temporaryFolder(), 'home'));
    await publishBox(context, { box: await madeBox(), to, baseUrl: undefined });
    const names = (await readdir(to)).filter((name) => name !== '.publish.lock');
    expect(names.map((name) => name.replace(/^.*\./, ''))).toEqual(['box', 'json']);
  });

  it('holds nothing of a box that could not be written', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'to'));
    const broken = { ...(await madeBox()), folder: join(folder, 'gone') };
    const context = contextIn(folder, join(folder, 'home'));
    await failure(publishBox(context, { box: broken, to: join(folder, 'to'), baseUrl: undefined }));
    expect((await readdir(join(folder, 'to'))).filter((name) => !name.startsWith('.publish'))).toEqual([]);
    expect(await findBox(boxesFolder(context.home), broken.record.fingerprint)).toBeUndefined();
  });
});

describe('an address', () => {
  it.each([
    ['x.json', 'file:///here/x.json'],
    ['/srv/a b?.json', 'file:///srv/a%20b%3F.json'],
    ['file:///srv/x.json', 'file:///srv/x.json'],
    ['HTTPS://host/x.json', 'https://host/x.json'],
  ])('%s is %s', (from, href) => {
    expect(addressOf(from, '/here').href).toBe(href);
  });

  it.each(['file:///%zz', 'file://host/x', 'sftp://host/x', 'http://'])('%s is wrong usage', (from) => {
    expect(() => addressOf(from, '/here')).toThrow(expect.objectContaining({ kind: 'usage' }) as Error);
  });

  it.each([
    ['file:///srv/x.json', 'x.box', 'file:///srv/x.box'],
    ['file:///srv/x.json', 'file:///a/x.box', 'file:///a/x.box'],
    ['file:///srv/x.json', 'https://host/x.box', 'https://host/x.box'],
    ['https://host/a/x.json', 'x.box', 'https://host/a/x.box'],
    ['https://host/a/x.json', '/etc/passwd', 'https://host/etc/passwd'],
  ])('of %s, %s is %s', (catalogue, url, href) => {
    expect(addressInCatalogue(new URL(catalogue), url).href).toBe(href);
  });

  it.each([
    ['https://host/x.json', 'file:///etc/passwd'],
    ['https://host/x.json', 'sftp://host/x'],
    ['file:///srv/x.json', 'file://host/x'],
  ])('of %s, %s is refused', (catalogue, url) => {
    expect(() => addressInCatalogue(new URL(catalogue), url)).toThrow('where no box is taken from');
  });
});
