import { describe, expect, it } from 'vitest';
import { outdated, wantedFixes } from '../../../src/build/archive/fixes.js';
import { fixesWarnings } from '../../../src/build/archive/origins.js';
import { parseVersions } from '../../../src/snapshots/local/versions.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { PLAN } from './plan/plan-value.js';
import { contextIn } from './plan/project.js';

const pack = (name: string, version: string) => ({ name, version, source: name, sourceVersion: version });
const INDEX = `Package: openssl
Version: 3.5.1-1+deb13u1

Package: openssl
Architecture: amd64
Version: 3.5.1-1+deb13u3

Package: linux-image-amd64
Version: 6.12.117-1
`;

describe('fixes of security', () => {
  it('are for what is installed and older, but for the kernel, which runs already', () => {
    const newest = parseVersions(INDEX);
    expect(newest.get('openssl')).toBe('3.5.1-1+deb13u3');
    const installed = [
      pack('openssl', '3.5.1-1+deb13u2'),
      pack('linux-image-amd64', '6.12.94-1'),
      pack('apt', '3.0.3'),
    ];
    expect(outdated(installed, newest)).toEqual(['openssl']);
    expect(outdated([pack('openssl', '3.5.1-1+deb13u3')], newest)).toEqual([]);
  });

  const [debian] = PLAN.archive.origins;
  if (debian === undefined) throw new Error('the plan has no origin');
  const security = {
    ...debian,
    origin: 'debian-security',
    box: { wanted: 'latest', serial: '2026010402', releases: {} },
    image: { wanted: 'latest', serial: '2026010402', releases: {} },
  };
  const planWith = (kind: 'local' | 'mirror', inBox: string | undefined) => ({
    ...PLAN,
    archive: { ...PLAN.archive, kind, origins: [debian, security] },
    box: {
      ...PLAN.box,
      spec: {
        ...PLAN.box.spec,
        sources: PLAN.box.spec.sources
          .filter(({ origin }) => origin !== 'debian-security')
          .concat(
            inBox === undefined
              ? []
              : [{ ...security, url: 'http://archive.mayfly/debian-security', serial: inBox, releases: {} }],
          ),
      },
    },
  });

  it('that cannot reach a VM without a network are told as missing', () => {
    const { archive } = planWith('local', undefined);
    expect(fixesWarnings(archive, 'none')).toEqual([expect.stringContaining('vm.network: none')]);
    expect(fixesWarnings(archive, 'archive')).toEqual([]);
    const frozen = { ...security, box: { ...security.box, wanted: '2026010402' } };
    expect(fixesWarnings({ ...archive, origins: [debian, frozen] }, 'none')).toEqual([]);
  });

  it('are wanted where the base box was made without them, or before them', async () => {
    const folder = await temporaryFolder();
    const context = contextIn(folder, folder);
    expect(await wantedFixes(context, planWith('mirror', undefined), [])).toBe('2026010402');
    expect(await wantedFixes(context, planWith('mirror', '2026010301'), [])).toBe('2026010402');
    // A mirror has no states: the same word stands for another one each day.
    expect(await wantedFixes(context, planWith('mirror', '2026010402'), [])).toBe('2026010402');
    expect(await wantedFixes(context, PLAN, [])).toBeUndefined();
    // What the local archive has decides: here it has nothing.
    expect(await failure(wantedFixes(context, planWith('local', undefined), []))).toMatchObject({
      code: 'snapshot.unknown',
    });
  });
});
