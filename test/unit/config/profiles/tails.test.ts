/** Either form of a box definition, and what the profile makes of it. */
import { describe, expect, it } from 'vitest';
import { foundSources } from '../../../../src/config/profiles/apt-lines.js';
import { tailsConfig, type TailsFiles } from '../../../../src/config/profiles/tails.js';

const config = (given: Partial<TailsFiles> = {}) =>
  tailsConfig({
    name: 'tails',
    topLevel: '/home/ada/tails',
    settings: "DISTRIBUTION = 'bookworm'",
    definition: [],
    boxOrigins: ['debian', 'debian-security'],
    imageOrigins: ['debian', 'debian-security'],
    ...given,
  });

/** Packages beyond those that debootstrap installs. */
const packagesOf = (...definition: readonly string[]): readonly string[] =>
  config({ definition }).basebox.packages.slice(4);

const vmdb2 = (...steps: readonly string[]): string =>
  `cat > "$spec" <<EOF\nsteps:\n${steps.map((step) => `  - ${step.replaceAll('\n', '\n    ')}`).join('\n')}\nEOF\n`;

describe('packages', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['vmdb2', vmdb2('apt: install\npackages: [git, live-build]\ntag: root'), ['git', 'live-build']],
    ['vmdb2, one package a step', vmdb2('apt: git', 'apt: eatmydata'), ['git', 'eatmydata']],
    ['vmdb2, included by debootstrap', vmdb2('debootstrap: bookworm\ninclude: [gnupg]'), ['gnupg']],
    ['vmdb2, by a script in the root', vmdb2('chroot: root\nshell: |\n  apt-get install -y po4a'), ['po4a']],
    ['vmdb2, with its templates', vmdb2('mkimg: {{ output }}\nsize: 10G', 'apt: git'), ['git']],
    ['a line', 'apt-get -y install git live-build', ['git', 'live-build']],
    ['a line that goes on', 'apt-get install \\\n  git \\\n  curl\n', ['git', 'curl']],
    ['options with values', 'apt-get -o A=b install -t bookworm-backports -y git', ['git']],
    [
      'versions, suites and architectures',
      'apt install git=1:2.3 curl/bookworm gcc:amd64',
      ['git', 'curl', 'gcc'],
    ],
    ['of a variable', 'PACKAGES="git\n curl"\napt-get install $PACKAGES', ['git', 'curl']],
    ['with a prefix', 'sudo DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get install git && echo ok', ['git']],
    ['what only running it would tell', 'apt-get install $1 git $(cat list)', ['git']],
    ['what is removed or redirected', 'apt-get install git nano- 2>&1 >/dev/null', ['git']],
    ['what is only said', 'echo "apt-get install nothing"; apt-get update', []],
  ])('%s', (_name, script, packages) => {
    expect(packagesOf(script)).toEqual(packages);
  });

  it('of both forms, each once', () => {
    expect(packagesOf(vmdb2('apt: git'), 'apt-get install git curl')).toEqual(['git', 'curl']);
  });
});

describe('settings', () => {
  it.each(['VM_MEMORY_BASE = 2 ** 10', 'BUILD_SPACE_REQUIREMENT = [1,2].max', 'ARCHITECTURE = x'])(
    '%s is refused, not replaced by a default',
    (line) => {
      expect(() => config({ settings: `DISTRIBUTION = 'bookworm'\n${line}` })).toThrow(
        expect.objectContaining({
          code: 'profile.invalid',
          details: [expect.stringContaining(line) as string],
        }) as Error,
      );
    },
  );
});

it('what only looks like sources is passed over in no time', () => {
  const started = performance.now();
  expect(foundSources(['deb [ '.repeat(40_000), `deb${' '.repeat(200_000)}x`])).toEqual([]);
  expect(performance.now() - started).toBeLessThan(3000);
});

describe('the archive', () => {
  const service = 'http://time-based.snapshots.example';

  it('is the snapshot service that the definition names', () => {
    const { archive, vm } = config({
      definition: [
        vmdb2(
          `debootstrap: bookworm\nmirror: ${service}/debian/\${SERIAL}\nkeyring: \${TOP}/config/keys/archive.gpg`,
          `create-file: /etc/apt/sources.list\ncontents: |\n  deb [arch=amd64] ${service}/torproject/2026010101/ bookworm main contrib`,
        ),
      ],
      boxOrigins: ['debian', 'debian-security', 'torproject'],
      imageOrigins: ['debian', 'deriv'],
    });
    expect(archive).toMatchObject({
      kind: 'serials',
      url: service,
      branches: { stable: 'frozen', testing: 'frozen', devel: 'moving' },
    });
    expect(archive.origins).toMatchObject({
      debian: {
        suites: ['bookworm'],
        components: ['main'],
        keyring: '/home/ada/tails/config/keys/archive.gpg',
      },
      'debian-security': { suites: ['bookworm-security'] },
      torproject: { suites: ['bookworm'], components: ['main', 'contrib'] },
      deriv: { suites: [] },
    });
    expect(vm.network).toBe('open');
  });

  it('has the updates of the suite, and a key that is imported, where only running the definition could tell', () => {
    const { archive } = config({
      definition: [
        [
          'DISTRIBUTION="$(build_setting DISTRIBUTION)"',
          'RING="$(mktemp -d)"',
          'gpg --homedir "$RING" --import config/keys/archive.gpg',
          vmdb2(
            `debootstrap: \${DISTRIBUTION}\nmirror: ${service}/debian/\${SERIAL}\nkeyring: \${RING}/pubring.kbx`,
            'chroot: rootfs\nshell: |\n  sed -e "s/${DISTRIBUTION}/${DISTRIBUTION}-updates/" /etc/apt/sources.list > "/etc/apt/sources.list.d/${DISTRIBUTION}-updates.list"',
          ),
        ].join('\n'),
      ],
    });
    expect(archive.origins['debian']).toMatchObject({
      suites: ['bookworm', 'bookworm-updates'],
      keyring: '/home/ada/tails/config/keys/archive.gpg',
    });
  });

  it('is the local one, from the mirrors that the definition names', () => {
    const { archive, vm } = config({
      definition: [
        'cat > /etc/apt/sources.list <<EOF\n' +
          'deb http://mirror.example/debian/ bookworm main\n' +
          'deb http://mirror.example/debian/ bookworm-updates main\n' +
          'deb http://security.mirror.example/ bookworm-security main\nEOF\n',
      ],
    });
    expect(archive).toMatchObject({
      kind: 'local',
      origins: {
        debian: { url: 'http://mirror.example/debian', suites: ['bookworm', 'bookworm-updates'] },
        'debian-security': { url: 'http://security.mirror.example', suites: ['bookworm-security'] },
      },
    });
    expect(vm.network).toBeUndefined();
  });

  it('is the local one, from what this host uses, where the definition names none', () => {
    const { archive } = config({ definition: ['echo "deb $MIRROR/debian/$SERIAL bookworm main" > x'] });
    expect(archive.kind).toBe('local');
    expect(archive.origins['debian']).toMatchObject({ url: undefined });
  });

  it('has no debian-security where neither serials nor sources name it', () => {
    const { archive } = config({ boxOrigins: ['debian'], imageOrigins: ['debian'] });
    expect(Object.keys(archive.origins)).toEqual(['debian']);
  });
});

describe('settings', () => {
  it('of the file', () => {
    const { vm, basebox } = config({
      settings: "VM_MEMORY_BASE = 2 * 1024\nBUILD_SPACE_REQUIREMENT = 9_000\nDISTRIBUTION = 'trixie'",
      definition: [vmdb2('mkimg: out\nsize: 10G')],
    });
    expect([vm.memory, vm.buildMemory, basebox.disk]).toEqual([2 * 2 ** 30, 9000 * 2 ** 20, 10 * 2 ** 30]);
    expect(basebox).toMatchObject({ distribution: 'trixie', prefix: 'tails-builder' });
  });

  it('of the reference, where the file has none; the value is frozen', () => {
    const made = config();
    expect([made.vm.memory, made.vm.buildMemory, made.basebox.disk]).toEqual([
      1.5 * 2 ** 30,
      12 * 2 ** 30,
      20 * 2 ** 30,
    ]);
    expect([made, made.guest, made.basebox, made.archive.origins].every(Object.isFrozen)).toBe(true);
  });

  it('that are no settings by their size are not read', () => {
    expect(() => config({ definition: ['x'.repeat(300_000)] })).toThrow(/cannot be used/);
  });

  it('that cannot be used are told all at once', () => {
    expect(() =>
      config({
        settings: "DISTRIBUTION = 'woody'\nARCHITECTURE = 'i386'",
        definition: [vmdb2('apt: "a b"')],
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'profile.invalid',
        details: [
          'basebox.architecture: expected amd64, found "i386"',
          'basebox.distribution: expected one of bookworm, trixie, found "woody"',
          'basebox.packages[4]: expected the name of a Debian package, found "a b"',
        ],
      }) as Error,
    );
  });
});
