/** Publishing to another host: the real sftp and its server, without the ssh between them. */
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCatalogue } from '../../../src/basebox/catalogue.js';
import { sha256 } from '../../../src/basebox/recipe.js';
import { publishBox } from '../../../src/build/box/publish.js';
import { parseSftpUrl, quoteSftp, sftpArguments } from '../../../src/process/sftp.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { contextIn } from '../build/plan/project.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { madeBox } from './made-box.js';

const SERVER = '/usr/lib/openssh/sftp-server';

describe('an address', () => {
  it.each([
    ['sftp://host/srv/boxes', { host: 'host', port: undefined, path: '/srv/boxes' }],
    ['sftp://ada@host:2222/srv/my%20boxes/', { host: 'ada@host', port: 2222, path: '/srv/my boxes' }],
  ])('%s', (text, target) => {
    expect(parseSftpUrl(text)).toEqual(target);
  });

  it.each([
    'sftp://host',
    'sftp://-oProxyCommand=x/y',
    'sftp://a:secret@host/x',
    'sftp://ada%20x@host/y',
    'sftp://host/x%0A!id',
    'sftp://host/%zz',
    'http://host/x',
    'nonsense',
  ])('%s is refused', (text) => {
    expect(() => parseSftpUrl(text)).toThrow('no address');
  });

  it('becomes arguments and quoted names', () => {
    expect(sftpArguments({ host: 'ada@host', port: 2222, path: '/x' })).toEqual([
      '-q',
      '-b',
      '-',
      '-P',
      '2222',
      '--',
      'ada@host',
    ]);
    expect(quoteSftp('/a b/[x]"\\*?')).toBe(String.raw`"/a b/[x]\"\\*?"`);
    expect(() => quoteSftp('x\n!id')).toThrow('control characters');
  });
});

describe('publishing by sftp', () => {
  async function remote() {
    const sftp = await fakeProgram('sftp', `exec /usr/bin/sftp -q -D ${SERVER} -b -`);
    const folder = await temporaryFolder();
    const path = join(folder, 'srv', 'boxes [1]');
    await mkdir(join(folder, 'srv'));
    const context = contextIn(folder, join(folder, 'home'));
    const to = `sftp://host${encodeURI(path)}`;
    return {
      sftp,
      path,
      publish: (box: Awaited<ReturnType<typeof madeBox>>) =>
        publishBox(context, { box, to, baseUrl: 'http://boxes.example/' }),
    };
  }

  it('puts the box and then the catalogue there, each whole', async () => {
    const { path, publish, sftp } = await remote();
    const done = await publish(await madeBox());
    expect(done).toMatchObject({ version: '20260102.0.0', isNew: true });
    const names = (await readdir(path)).sort();
    expect(names).toHaveLength(2);
    const [file = '', catalogueFile = ''] = names;
    const catalogue = parseCatalogue(await readFile(join(path, catalogueFile), 'utf8'), catalogueFile);
    expect(catalogue.versions[0]?.providers[0]).toMatchObject({
      url: `http://boxes.example/${file}`,
      checksum: sha256(await readFile(join(path, file))),
    });
    expect((await sftp.calls())[0]).toEqual(['-q', '-b', '-', '--', 'host']);
    expect(await publish(await madeBox())).toMatchObject({ isNew: false });
    expect(await publish(await madeBox('other'))).toMatchObject({ version: '20260102.1.0', isNew: true });
  });

  it('goes on with a transfer that was cut off', async () => {
    const { path, publish } = await remote();
    await publish(await madeBox());
    const [file = ''] = (await readdir(path)).filter((name) => name.endsWith('.box'));
    const content = await readFile(join(path, file));
    const { path: second, publish: again } = await remote();
    await mkdir(second);
    await writeFile(join(second, `${file}.part`), content);
    await truncate(join(second, `${file}.part`), 5000);
    await again(await madeBox());
    expect((await readFile(join(second, file))).equals(content)).toBe(true);
    await expect(stat(join(second, `${file}.part`))).rejects.toThrow('ENOENT');
  });

  it('replaces no catalogue that it cannot read', async () => {
    const { path, publish, sftp } = await remote();
    await publish(await madeBox());
    const [catalogue = ''] = (await readdir(path)).filter((name) => name.endsWith('.json'));
    const before = await readFile(join(path, catalogue), 'utf8');
    await fakeProgram('sftp', `sed 's,get "[^"]*",get /nowhere,' | /usr/bin/sftp -q -D ${SERVER} -b -`);
    expect(await failure(publish(await madeBox('other')))).toMatchObject({ code: 'command.failed' });
    expect(await readFile(join(path, catalogue), 'utf8')).toBe(before);
    expect(await sftp.calls()).not.toEqual([]);
  });

  it.each(['http://host/srv', 'SFTP://host', 'sftp://h/%zz', 'ftp://host/x'])(
    '%s is no folder of this host, and wrong usage',
    async (to) => {
      const folder = await temporaryFolder();
      const context = contextIn(folder, join(folder, 'home'));
      const request = { box: await madeBox(), to, baseUrl: 'http://x' };
      expect(await failure(publishBox(context, request))).toMatchObject({ code: 'usage.sftp' });
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('wants to know where the boxes will be fetched from', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, join(folder, 'home'));
    const request = { box: await madeBox(), to: 'sftp://host/srv', baseUrl: undefined };
    expect(await failure(publishBox(context, request))).toMatchObject({ code: 'publish.base-url' });
  });

  it('tells what sftp said when the host is out of reach', async () => {
    const { publish } = await remote();
    await fakeProgram('sftp', 'echo "ssh: connect to host host port 22: No route to host" >&2; exit 255');
    const error = await failure(publish(await madeBox()));
    expect(`${error.message}\n${error.details.join('\n')}`).toContain('No route to host');
  });
});
