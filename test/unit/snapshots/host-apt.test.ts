import { describe, expect, it } from 'vitest';
import { hostUpstream, parseIndexTargets, upstreamOf } from '../../../src/snapshots/host-apt.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure } from '../source/repository.js';

const line = (repository: string, release: string, component = 'main') =>
  `${repository}\t${release}\t${component}`;
const DEBIAN = line('http://mirror.example/debian/', 'bookworm');
const UPDATES = line('http://mirror.example/debian/', 'bookworm-updates');
const SECURITY = line('http://mirror.example/debian-security/', 'bookworm-security');
const of = (origin: string, ...lines: readonly string[]) =>
  upstreamOf(origin, parseIndexTargets(lines.join('\n')));

describe('upstreamOf', () => {
  it.each([
    ['debian', [SECURITY, DEBIAN], 'http://mirror.example/debian'],
    ['debian-security', [DEBIAN, SECURITY], 'http://mirror.example/debian-security'],
    ['debian-security', [DEBIAN, line('http://mirror.example/s', 'buster/updates')], undefined],
    ['debian-security', [line('http://mirror.example/s', 'stable/updates')], 'http://mirror.example/s'],
    ['debian', [line('https://mirror.example/debian', 'stable')], 'https://mirror.example/debian'],
    ['debian', [line('http://mirror.example/d', 'trixie-updates')], 'http://mirror.example/d'],
    ['debian', [line('http://mirror.example/b', 'bookworm-backports')], undefined],
    ['debian', [line('http://mirror.example/u', 'jammy')], undefined],
    ['debian', [line('http://mirror.example/p', 'bookwormish')], undefined],
    ['debian', [line('http://mirror.example/d', 'bookworm', 'contrib')], undefined],
    ['debian', [line('file:/srv/debian', 'bookworm')], undefined],
    ['debian', [line('mirror+file:/etc/apt/mirrors', 'bookworm')], undefined],
    [
      'debian',
      [line('https://third.example/repos/tool', 'bookworm'), DEBIAN],
      'http://mirror.example/debian',
    ],
    [
      'debian',
      [line('https://third.example/debian', 'stable'), DEBIAN, UPDATES],
      'http://mirror.example/debian',
    ],
    [
      'debian',
      [
        line('https://third.example/x', 'bookworm'),
        line('http://mirror.example/d', 'bookworm'),
        line('http://mirror.example/d', 'bookworm-updates'),
      ],
      'http://mirror.example/d',
    ],
    ['other', [DEBIAN, SECURITY], undefined],
    ['debian', [], undefined],
  ])('%s of %j is %s', (origin, lines, url) => {
    expect(of(origin, ...lines)).toBe(url);
  });
});

describe('hostUpstream', () => {
  const { signal } = new AbortController();

  it('asks the APT of this host', async () => {
    const apt = await fakeProgram('apt-get', `printf '${DEBIAN.replaceAll('\t', '\\t')}\\n'`);
    expect(await hostUpstream('debian', signal)).toBe('http://mirror.example/debian');
    expect(await apt.calls()).toEqual([
      [
        'indextargets',
        '--no-release-info',
        ...['-o', 'Dir::State::Lists=/dev/null/none'],
        ...['--format', '$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)'],
      ],
    ]);
  });

  it('says what to set when APT does not know', async () => {
    await fakeProgram('apt-get', 'exit 0');
    const error = await failure(hostUpstream('torproject', signal));
    expect(error).toMatchObject({ kind: 'usage', code: 'archive.no-url' });
    expect(error.message).toContain('torproject');
    expect(error.hint).toContain('archive.origins.torproject.url');
  });
});
