import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addKeyrings, boxSpec, guestSources } from '../../../../src/build/plan/box-spec.js';
import { loadConfig } from '../../../../src/config/load.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { temporaryFolder, write } from '../../source/repository.js';
import { contextIn } from './project.js';

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
  return { folder, config, spec: await boxSpec(contextIn(folder, folder), config, folder) };
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
        url: 'http://mirror.example/debian',
        suites: ['trixie', 'trixie-updates'],
        components: ['main', 'contrib'],
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
        serial: '2026010203',
      },
      {
        origin: 'extra',
        url: 'http://mirror.example/extra',
        suites: ['stable'],
        components: ['main'],
        keyring: join(folder, 'keys/extra.gpg'),
        serial: 'latest',
      },
      {
        origin: 'host',
        url: 'http://mirror.example/host',
        suites: ['s'],
        components: ['main'],
        keyring: '/etc/keys/host.gpg',
        serial: 'latest',
      },
    ]);
  });

  it('asks the APT of this host where no archive is named', async () => {
    await fakeProgram(
      'apt-get',
      "printf 'http://mirror.example/d/\\tbookworm\\tmain\\nhttp://mirror.example/s\\tbookworm-security\\tmain\\n'",
    );
    const { spec } = await specOf('name: example\n');
    expect(spec.sources.map(({ origin, url }) => [origin, url])).toEqual([
      ['debian', 'http://mirror.example/d'],
      ['debian-security', 'http://mirror.example/s'],
    ]);
    expect(spec.postinstall).toBeUndefined();
  });
});

describe('in the guest', () => {
  it('sources are signed by keyrings at their paths there', async () => {
    const { config, spec } = await specOf(ORIGINS);
    expect(guestSources(config, spec)).toEqual([
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie main contrib',
      'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian trixie-updates main contrib',
      `deb [signed-by=${config.guest.builder}/.mayfly/keyrings/extra.gpg] http://mirror.example/extra stable main`,
      `deb [signed-by=${config.guest.builder}/.mayfly/keyrings/host.gpg] http://mirror.example/host s main`,
    ]);
  });

  it('keyrings that it does not have come along', async () => {
    const { folder, spec } = await specOf(ORIGINS, { 'keys/extra.gpg': 'EXTRA' });
    const target = join(folder, 'copy');
    await mkdir(target);
    await addKeyrings({ ...spec, sources: spec.sources.filter(({ origin }) => origin !== 'host') }, target);
    expect(await readFile(join(target, '.mayfly/keyrings/extra.gpg'), 'utf8')).toBe('EXTRA');
    await expect(addKeyrings(spec, target)).rejects.toThrow('/etc/keys/host.gpg');
  });
});
