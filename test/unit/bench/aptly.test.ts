import { describe, expect, it } from 'vitest';
import { aptlyConfig, aptlyFilter, createArguments, parseCount } from '../../../bench/aptly.js';
import { mirrorsOf } from '../../../bench/archive.js';
import { parseUsage } from '../../../bench/archive-sides.js';
import { parseNames } from '../../../bench/packages.js';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('aptlyFilter', () => {
  it('asks for these packages in these versions', () => {
    const packages = [
      { name: 'libc6', version: '2.41-12+deb13u5', path: 'a' },
      { name: 'git', version: '1:2.47.3-0+deb13u1', path: 'b' },
    ];
    expect(aptlyFilter(packages)).toBe('libc6 (= 2.41-12+deb13u5) | git (= 1:2.47.3-0+deb13u1)');
  });

  it('refuses to ask for none, which would be all', () => {
    expect(() => aptlyFilter([])).toThrow(RangeError);
  });
});

describe('aptly', () => {
  it('gets a mirror a suite, the suite of the disk tools among them once', () => {
    const source = {
      url: 'http://old.example',
      keyring,
      serial: 'latest',
      releases: {},
      components: ['main'],
    };
    const mirrors = mirrorsOf(
      [
        { ...source, origin: 'debian', suites: ['trixie', 'trixie-updates'] },
        { ...source, origin: 'debian-security', suites: ['trixie-security'] },
      ],
      (origin) => `http://127.0.0.1:1/${origin}`,
    );
    expect(mirrors.map(({ name, url, suite }) => [name, url, suite])).toEqual([
      ['debian-trixie', 'http://127.0.0.1:1/debian', 'trixie'],
      ['debian-trixie-updates', 'http://127.0.0.1:1/debian', 'trixie-updates'],
      ['debian-security-trixie-security', 'http://127.0.0.1:1/debian-security', 'trixie-security'],
    ]);
  });

  it('is told the filter, the keyring and the architecture', () => {
    const mirror = { name: 'm', url: 'http://mirror.example/debian', suite: 'trixie', keyring };
    expect(createArguments({ ...mirror, components: ['main', 'contrib'] }, 'amd64', 'a | b')).toEqual([
      'mirror',
      'create',
      '-architectures=amd64',
      `-keyring=${keyring}`,
      '-filter=a | b',
      '-filter-with-deps',
      '-force-components',
      'm',
      'http://mirror.example/debian',
      'trixie',
      'main',
      'contrib',
    ]);
  });

  it('may fetch as many files at a time as mayfly', () => {
    expect(aptlyConfig('/r', 'amd64')).toEqual({
      rootDir: '/r',
      architectures: ['amd64'],
      downloadConcurrency: 8,
      gpgProvider: 'gpg',
    });
  });

  it('says how many packages a mirror has', () => {
    expect(parseCount('Name: m\nNumber of packages: 311\n\nInformation:\n')).toBe(311);
    expect(() => parseCount('Name: m\n')).toThrow(/how many/);
  });
});

describe('parseUsage', () => {
  it('reads what du prints', () => {
    expect(parseUsage('4096\t/some/folder\n')).toBe(4096);
    expect(() => parseUsage('du: cannot access\n')).toThrow(/did not say/);
  });
});

describe('parseNames', () => {
  const index = [
    'Package: a\nVersion: 1:2\nDepends: b\nFilename: pool/a_2.deb\nSize: 3\n',
    'Package: b\nVersion: 3\nFilename: pool/b_3.deb\n',
    '',
  ].join('\n');

  it('names the packages whose files are wanted', () => {
    expect(parseNames(index, new Set(['pool/a_2.deb', 'pool/c_1.deb']))).toEqual([
      { name: 'a', version: '1:2', path: 'pool/a_2.deb' },
    ]);
  });

  it('names none of an index that is empty', () => {
    expect(parseNames('', new Set(['pool/a_2.deb']))).toEqual([]);
  });
});
