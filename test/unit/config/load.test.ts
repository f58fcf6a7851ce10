import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { loadConfig } from '../../../src/config/load.js';

const load = (text: string): Config =>
  loadConfig(text, { file: 'builder.yaml', defaults: { name: 'My_OS 2' } });
const G = 1024 ** 3;

const DEFAULTS: Config = {
  name: 'my-os-2',
  basebox: {
    prefix: 'my-os-2-builder',
    architecture: 'amd64',
    distribution: 'trixie',
    packages: [],
    postinstall: 'basebox/postinstall',
    serials: 'basebox/APT_snapshots.d',
    disk: 20 * G,
  },
  archive: {
    kind: 'local',
    url: undefined,
    taggedUrl: undefined,
    pinned: false,
    branches: {},
    origins: {
      debian: {
        url: undefined,
        suites: ['trixie', 'trixie-updates'],
        components: ['main'],
        keyring: undefined,
      },
      'debian-security': {
        url: undefined,
        suites: ['trixie-security'],
        components: ['main'],
        keyring: undefined,
      },
    },
  },
  vm: {
    provider: 'qemu',
    libvirt: ['qemu:///session'],
    vagrantfile: undefined,
    network: undefined,
    memory: 1.5 * G,
    buildMemory: 12 * G,
    cpus: undefined,
  },
  guest: { user: 'builder', source: '/my-os-2.git', builder: '/builder', setup: 'mayfly' },
  build: {
    provision: 'provision/setup-builder',
    script: 'provision/build',
    variablesPrefix: 'MAYFLY',
    environment: {},
    timeout: undefined,
    baseBranches: ['stable', 'testing', 'devel'],
  },
  artifacts: {
    patterns: ['*.iso', '*.img', '*.packages', '*.buildlog'],
    from: '/build/source',
    directory: 'artifacts',
  },
  caches: { packages: 20 * G, website: 5 * G },
  options: [],
};

describe('loadConfig', () => {
  it.each([
    ['an empty file', ''],
    ['comments only', '# name: x\n'],
    ['a byte order mark', '\ufeff'],
    ['an empty mapping', '{}'],
    [
      'sections and fields with nothing after them',
      'name:\nvm:\n  # memory: 2G\nbasebox:\n  packages:\n  disk: ~\n',
    ],
  ])('gives the defaults for %s', (_, text) => {
    expect(load(text)).toEqual(DEFAULTS);
  });

  it('reads every field', () => {
    const config = load(`
name: tails
basebox:
  prefix: tails-builder
  architecture: amd64
  distribution: bookworm
  packages: [git, libc6-dev, g++]
  postinstall: definitions/tails-builder/postinstall.sh
  disk: 1.3G
archive:
  kind: serials
  url: http://snapshots.example/
  tagged_url: http://tagged.example
  origins:
    debian: { url: http://mirror.example/debian/, components: [main, contrib] }
    debian-security: false
    torproject: { url: https://mirror.example/torproject, suites: [bookworm], keyring: keys/tor.gpg }
vm: { provider: qemu, network: archive, memory: 2147483648, build_memory: 8G, cpus: 4 }
guest: { user: vagrant, source: /amnesia.git, builder: /vagrant }
build:
  provision: provision/setup-tails-builder
  script: provision/assets/build-tails
  variables_prefix: TAILS
  environment: { FLAVOUR: small }
  timeout: 1h30m
  base_branches: [main]
artifacts: { patterns: ['tails-amd64-*', 'out/**/*.img'], directory: out/images }
caches: { packages: 30G, website: 1G }
options: [noram, cpus=2]
`);
    expect(config).toEqual({
      name: 'tails',
      basebox: {
        prefix: 'tails-builder',
        architecture: 'amd64',
        distribution: 'bookworm',
        packages: ['git', 'libc6-dev', 'g++'],
        postinstall: 'definitions/tails-builder/postinstall.sh',
        serials: 'basebox/APT_snapshots.d',
        // Whole mebibytes.
        disk: 1332 * 2 ** 20,
      },
      archive: {
        kind: 'serials',
        url: 'http://snapshots.example',
        taggedUrl: 'http://tagged.example',
        pinned: false,
        branches: {},
        origins: {
          debian: {
            url: 'http://mirror.example/debian',
            suites: ['bookworm', 'bookworm-updates'],
            components: ['main', 'contrib'],
            keyring: undefined,
          },
          torproject: {
            url: 'https://mirror.example/torproject',
            suites: ['bookworm'],
            components: ['main'],
            keyring: 'keys/tor.gpg',
          },
        },
      },
      vm: {
        provider: 'qemu',
        libvirt: ['qemu:///session'],
        network: 'archive',
        memory: 2 * G,
        buildMemory: 8 * G,
        cpus: 4,
      },
      guest: { user: 'vagrant', source: '/amnesia.git', builder: '/vagrant', setup: 'mayfly' },
      build: {
        provision: 'provision/setup-tails-builder',
        script: 'provision/assets/build-tails',
        variablesPrefix: 'TAILS',
        environment: { FLAVOUR: 'small' },
        timeout: 5400,
        baseBranches: ['main'],
      },
      artifacts: {
        patterns: ['tails-amd64-*', 'out/**/*.img'],
        from: '/build/source',
        directory: 'out/images',
      },
      caches: { packages: 30 * G, website: G },
      options: ['noram', 'cpus=2'],
    });
  });

  it('derives the prefix and the mount point from the name in the file', () => {
    const { basebox, guest } = load('name: tails');
    expect([basebox.prefix, guest.source]).toEqual(['tails-builder', '/tails.git']);
  });

  it('keeps the values of variables as they are written', () => {
    const { environment } = load(
      'build: {environment: {A: 1.10, B: no, C: , D: 0x10, E: "q", F: true, G: +07}}',
    ).build;
    expect(environment).toEqual({ A: '1.10', B: 'no', C: '', D: '0x10', E: 'q', F: 'true', G: '+07' });
  });

  it('reads no YAML 1.1, whatever the file says', () => {
    expect(load('%YAML 1.1\n---\nbuild: {environment: {A: no, B: 2001-01-01}}\n').build.environment).toEqual({
      A: 'no',
      B: '2001-01-01',
    });
  });

  it('takes options as a mapping too', () => {
    expect(
      load('options: {noram: true, keeprunning: , cpus: 2, dateoffset: +07, cachewebsite: no}').options,
    ).toEqual(['noram', 'keeprunning', 'cpus=2', 'dateoffset=+07', 'cachewebsite=no']);
  });

  it('expands aliases', () => {
    expect(load('basebox: {packages: &p [git]}\nartifacts: {patterns: *p}').artifacts.patterns).toEqual([
      'git',
    ]);
  });

  it('freezes the value all the way down', () => {
    const config = load('');
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.archive.origins['debian']?.suites)).toBe(true);
    expect(Object.isFrozen(config.build.environment)).toBe(true);
  });
});
