import { describe, expect, it } from 'vitest';
import {
  newestQuery,
  parseTimestamps,
  parseTrace,
  snapshotUrl,
  taggedUrl,
  timestampOf,
  type SnapshotService,
} from '../../../src/snapshots/archive-url.js';
import { parseArchivePath, parseSnapshotPath } from '../../../src/snapshots/local/resolve-path.js';

const service = (kind: SnapshotService['kind'], tagged?: string): SnapshotService => ({
  kind,
  url: 'http://s.example',
  taggedUrl: tagged,
});

describe('services', () => {
  it.each([
    ['serials', '2026010203', 'http://s.example/debian/2026010203'],
    ['timestamps', '20260102T030405Z', 'http://s.example/archive/debian/20260102T030405Z'],
    ['ubuntu', '20260102T030405Z', 'http://s.example/debian/20260102T030405Z'],
  ] as const)('%s', (kind, serial, url) => {
    expect(snapshotUrl(service(kind), 'debian', serial)).toBe(url);
  });

  it('have their newest serial each in their own place', () => {
    expect(newestQuery(service('serials'), 'debian')).toEqual({
      kind: 'trace',
      url: 'http://s.example/debian/project/trace/debian',
    });
    expect(newestQuery(service('timestamps'), 'debian')).toEqual({
      kind: 'timestamps',
      url: 'http://s.example/mr/timestamp/?archive=debian',
    });
    expect(newestQuery(service('ubuntu'), 'ubuntu')).toEqual({ kind: 'now' });
    expect(parseTrace('Date: x\nArchive serial: 2026010203\n')).toBe('2026010203');
    expect(parseTrace('Archive: 2026010203\n')).toBeUndefined();
    expect(parseTimestamps('{"result":{"debian":["20260102T000000Z","20250101T000000Z"]}}', 'debian')).toBe(
      '20260102T000000Z',
    );
    expect(parseTimestamps('{"result":{}}', 'debian')).toBeUndefined();
    expect(timestampOf(new Date('2026-01-02T03:04:05.678Z'))).toBe('20260102T030405Z');
  });

  it('may have tagged snapshots', () => {
    expect(taggedUrl(service('serials', 'http://t.example'), '1.0', 'debian')).toBe(
      'http://t.example/1.0/debian',
    );
    expect(taggedUrl(service('serials'), '1.0', 'debian')).toBeUndefined();
  });
});

describe('paths of the archive', () => {
  it.each([
    [
      '/debian/2026010203/pool/a.deb',
      { kind: 'snapshot', origin: 'debian', serial: '2026010203', path: 'pool/a.deb' },
    ],
    ['/debian/project/trace/debian', { kind: 'trace', origin: 'debian' }],
    [
      '/1.0/debian/dists/x/InRelease',
      { kind: 'tagged', tag: '1.0', origin: 'debian', path: 'dists/x/InRelease' },
    ],
    [
      '/debian/2026010203/pool/g%2B%2B.deb',
      { kind: 'snapshot', origin: 'debian', serial: '2026010203', path: 'pool/g++.deb' },
    ],
    ['/debian/project/trace/other', undefined],
    ['/debian/2026010203/../../etc/passwd', undefined],
    ['/debian/2026010203/%2e%2e/x', undefined],
    ['/debian', undefined],
    ['/', undefined],
    ['/%', undefined],
    ['/debian/2026010203/a%00b', undefined],
  ])('%s', (path, parsed) => {
    expect(parseArchivePath(path)).toEqual(parsed);
  });

  it.each([
    ['pool/main/a.deb', { kind: 'pool', path: 'pool/main/a.deb' }],
    ['dists/trixie/InRelease', { kind: 'in-release', suite: 'trixie' }],
    ['dists/buster/updates/InRelease', { kind: 'in-release', suite: 'buster/updates' }],
    [
      'dists/trixie/main/binary-amd64/Packages.xz',
      { kind: 'index', suite: 'trixie', path: 'main/binary-amd64/Packages.xz' },
    ],
    [
      `dists/trixie/main/by-hash/SHA256/${'a'.repeat(64)}`,
      { kind: 'by-hash', suite: 'trixie', sha256: 'a'.repeat(64) },
    ],
    ['dists/sid/InRelease', undefined],
  ])('%s', (path, parsed) => {
    expect(parseSnapshotPath(path, ['trixie', 'buster/updates'])).toEqual(parsed);
  });
});
