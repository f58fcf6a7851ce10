import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addKeyrings, boxSpec, guestSources } from '../../../../src/build/plan/box-spec.js';
import { allSources } from '../../../../src/build/archive/origins.js';
import { planArchive } from '../../../../src/build/archive/plan.js';
import { loadConfig } from '../../../../src/config/load.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { failure, temporaryFolder, write } from '../../source/repository.js';
import { contextIn } from './project.js';

/** Begins as a public key does (RFC 9580, section 4.2). */
const PUBLIC = Buffer.from([0x99, 1, 2, 3]);

const ORIGINS = `
archive:
  origins:
    debian: {url: http://mirror.example/debian/, components: [main, contrib]}
    debian-security: false
    extra: {url: http://mirror.example/extra, suites: [stable], keyring: keys/extra.gpg}
    host: {url: http://mirror.example/host, suites: [s], keyring: /etc/keys/host.gpg}
`;

async function specOf(yaml: string, files: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) await write(folder, path, text);
  const config = loadConfig(yaml, { file: 'builder.yaml', defaults: { name: 'example' } });
  const archive = await planArchive({
    context: contextIn(folder, folder),
    config,
    builderFolder: folder,
    imageFolder: folder,
    strict: false,
    offline: false,
    release: undefined,
  });
  return { folder, config, archive, spec: await boxSpec(config, archive, folder) };
}

describe('boxSpec', () => {
  it('puts settings, serials and keyrings together, origins in order of name', async () => {
    const { folder, spec } = await specOf(`${ORIGINS}\nbasebox: {packages: [jq], disk: 5G}\n`, {
      'basebox/APT_snapshots.d/debian/serial': '2026010203\n',
      'basebox/postinstall': '#!/bin/sh\n',
    });
    expect(spec).toMatchObject({
      prefix: 'example-builder',
      architecture: 'amd64',
      distribution: 'trixie',
      packages: ['jq'],
      diskBytes: 5 * 2 ** 30,
      postinstall: '#!/bin/sh\n',
    });
    expect(spec.sources).toEqual([
      {
        origin: 'debian',
        url: 'http://archive.mayfly/debian/2026010203',
        suites: ['trixie', 'trixie-updates'],
        components: ['main', 'contrib'],
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
        serial: '2026010203',
        releases: {},
      },
      {
        origin: 'extra',
        url: 'http://archive.mayfly/extra/latest',
        suites: ['stable'],
        components: ['main'],
        keyring: join(folder, 'keys/extra.gpg'),
        serial: 'latest',
        releases: {},
      },
      {
        origin: 'host',
        url: 'http://archive.mayfly/host/latest',
        suites: ['s'],
        components: ['main'],
        keyring: '/etc/keys/host.gpg',
        serial: 'latest',
        releases: {},
      },
    ]);
  });

  it('asks the APT of this host where no archive is named', async () => {
    await fakeProgram(
      'apt-get',
      "printf 'http://mirror.example/d/\\tbookworm\\tmain\\nhttp://mirror.example/s\\tbookworm-security\\tmain\\n'",
    );
    const { archive, spec } = await specOf('name: example\n');
    expect(archive.origins.map(({ origin, upstream }) => [origin, upstream])).toEqual([
      ['debian', 'http://mirror.example/d'],
      ['debian-security', 'http://mirror.example/s'],
    ]);
    expect(spec.postinstall).toBeUndefined();
  });

  it('reads no file of the host in place of its postinstall script', async () => {
    const folder = await temporaryFolder();
    await write(folder, 'secret', 'root:x\n');
    await mkdir(join(folder, 'builder/basebox'), { recursive: true });
    await symlink('../../secret', join(folder, 'builder/basebox/postinstall'));
    const { config, archive } = await specOf(ORIGINS);
    expect(await failure(boxSpec(config, archive, join(folder, 'builder')))).toMatchObject({
      kind: 'usage',
      code: 'builder.outside',
    });
  });
});

describe('in the guest', () => {
  it('sources are signed by keyrings at their paths there', async () => {
    const { config, archive } = await specOf(`${ORIGINS}  kind: mirror\n`, {
      'config/APT_snapshots.d/debian/serial': '2026010203\n',
    });
    expect(guestSources(config, allSources(archive, 'box'))).toEqual([
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie main contrib',
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie-updates main contrib',
      `deb [signed-by=${config.guest.builder}/.mayfly/keyrings/extra.gpg] http://mirror.example/extra stable main`,
      `deb [signed-by=${config.guest.builder}/.mayfly/keyrings/host.gpg] http://mirror.example/host s main`,
    ]);
  });

  it('a snapshot is at the other end of the tunnel, and its dates do not matter', async () => {
    const { config, archive } = await specOf(ORIGINS, {
      'config/APT_snapshots.d/debian/serial': '2026010203\n',
    });
    expect(guestSources(config, allSources(archive, 'image'))[0]).toBe(
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no check-date=no] http://127.0.0.1:3143/debian/2026010203 trixie main contrib',
    );
  });

  it('keyrings that it does not have come along', async () => {
    const { folder, archive } = await specOf(ORIGINS);
    await mkdir(join(folder, 'keys'));
    await writeFile(join(folder, 'keys/extra.gpg'), PUBLIC);
    const target = join(folder, 'copy');
    await mkdir(target);
    await addKeyrings(
      archive.origins.filter(({ origin }) => origin !== 'host'),
      target,
    );
    expect(await readFile(join(target, '.mayfly/keyrings/extra.gpg'))).toEqual(PUBLIC);
    await rm(join(target, '.mayfly'), { recursive: true });
    await expect(addKeyrings(archive.origins, target)).rejects.toThrow('/etc/keys/host.gpg');
  });

  it('no other file of the host comes along, whatever builder.yaml calls a keyring', async () => {
    const { folder } = await specOf(ORIGINS);
    const secret = join(folder, 'id_ed25519');
    await writeFile(
      secret,
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----\n',
    );
    const target = join(folder, 'copy');
    await mkdir(target);
    expect(await failure(addKeyrings([{ origin: 'extra', keyring: secret }], target))).toMatchObject({
      code: 'archive.no-keyring',
    });
    expect(await readdir(join(target, '.mayfly/keyrings'))).toEqual([]);
  });

  it.each(['.mayfly', '.mayfly/keyrings'])('nothing is written through a link: %s', async (path) => {
    const { folder } = await specOf(ORIGINS);
    await writeFile(join(folder, 'k.gpg'), PUBLIC);
    const [target, elsewhere] = [join(folder, 'copy'), join(folder, 'elsewhere')];
    await mkdir(elsewhere);
    await mkdir(dirname(join(target, path)), { recursive: true });
    await symlink(elsewhere, join(target, path));
    const add = addKeyrings([{ origin: 'extra', keyring: join(folder, 'k.gpg') }], target);
    expect(await failure(add)).toMatchObject({ code: 'builder.own-folder' });
    expect(await readdir(elsewhere)).toEqual([]);
  });
});
