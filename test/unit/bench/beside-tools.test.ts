import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  debootstrapCommand,
  debosCommand,
  debosSpecification,
  parseLoops,
  vmdb2Command,
  vmdb2Reason,
  vmdb2Specification,
  type OtherBox,
} from '../../../bench/beside-tools.js';
import { isOfSecurity } from '../../../bench/second-build.js';

const box: OtherBox = {
  suite: 'trixie',
  architecture: 'amd64',
  mirror: 'http://127.0.0.1:1/debian',
  keyring: '/k.gpg',
  sources: ['deb http://127.0.0.1:1/debian trixie main', 'deb http://127.0.0.1:1/debian trixie-updates main'],
  packages: ['cpio', 'git'],
};

describe('debootstrapCommand', () => {
  const [program, args] = debootstrapCommand(box);

  it('runs in namespaces of its own', () => {
    expect([program, ...args.slice(0, 6)]).toEqual([
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--',
    ]);
  });

  it('gives values to the script as arguments, packages last', () => {
    expect(args.slice(-8)).toEqual([
      'root',
      'amd64',
      '/k.gpg',
      'trixie',
      'http://127.0.0.1:1/debian',
      box.sources.join('\n'),
      'cpio',
      'git',
    ]);
  });

  it('starts no daemon and takes no recommended packages', () => {
    const script = args[args.indexOf('-c') + 1];
    expect(script).toContain(String.raw`printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"`);
    expect(script).toContain('--no-install-recommends install "$@"');
  });
});

describe('vmdb2', () => {
  const { steps } = parse(vmdb2Specification(box)) as { steps: Record<string, unknown>[] };

  it('gets the packages, and skips what a kept root file system has', () => {
    expect(steps.find((step) => 'apt' in step)).toEqual({
      apt: 'install',
      packages: ['cpio', 'git'],
      tag: 'root',
      recommends: false,
      unless: 'rootfs_unpacked',
    });
    expect(steps.map((step) => Object.keys(step)[0])).toEqual([
      'mkimg',
      'mklabel',
      'mkpart',
      'kpartx',
      'mkfs',
      'mount',
      'unpack-rootfs',
      'debootstrap',
      'create-file',
      'create-file',
      'apt',
      'cache-rootfs',
    ]);
  });

  it('is started with a place for its root file system', () => {
    expect(vmdb2Command()[1]).toContain('--rootfs-tarball=rootfs.tar');
  });

  it.each([
    {
      lines: [
        "Exec: ['parted', 'x']",
        "Exec: ['kpartx', '-asv', 'd']",
        'ERROR:root:Program failed: 1',
        'ERROR: no',
      ],
      expected: 'kpartx -asv d: Program failed: 1',
    },
    { lines: ['Load spec file s.yaml', 'ERROR: no such step'], expected: 'no such step' },
    { lines: ['Load spec file s.yaml'], expected: undefined },
  ])('is asked for its reason: $expected', ({ lines, expected }) => {
    expect(vmdb2Reason(lines)).toBe(expected);
  });
});

describe('debos', () => {
  const { actions } = parse(debosSpecification(box)) as { actions: Record<string, unknown>[] };

  it('gets every source and the packages', () => {
    expect(actions.find(({ action }) => action === 'run')?.['command']).toBe(
      "{ echo 'deb http://127.0.0.1:1/debian trixie main'; echo 'deb http://127.0.0.1:1/debian trixie-updates main'; } > /etc/apt/sources.list",
    );
    expect(actions.find(({ action }) => action === 'apt')?.['packages']).toEqual(['cpio', 'git']);
  });

  it('runs on the host itself, not in a VM of its own', () => {
    expect(debosCommand()[1].join(' ')).toContain('exec debos --disable-fakemachine');
  });
});

describe('parseLoops', () => {
  it('names devices and nothing else', () => {
    expect(parseLoops('/dev/loop0\n /dev/loop12\n\n')).toEqual(['/dev/loop0', '/dev/loop12']);
    expect(parseLoops('')).toEqual([]);
  });
});

describe('isOfSecurity', () => {
  it.each([
    { origin: 'debian-security', path: 'dists/trixie-security/InRelease', expected: true },
    {
      origin: 'debian-security',
      path: 'dists/trixie-security/main/binary-amd64/Packages.xz',
      expected: true,
    },
    { origin: 'debian-security', path: 'pool/updates/main/a/a.deb', expected: false },
    { origin: 'debian', path: 'dists/trixie/InRelease', expected: false },
  ])('$origin $path: $expected', ({ origin, path, expected }) => {
    expect(isOfSecurity(origin, path)).toBe(expected);
  });
});
