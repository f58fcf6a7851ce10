import { expect, it } from 'vitest';
import { run } from '../../../src/process/run.js';
import { compareVersions } from '../../../src/snapshots/version.js';

const VERSIONS = [
  '0',
  '0-1',
  '0~',
  '1.0',
  '1.0~rc1',
  '1.0~~',
  '1.0-1',
  '1.0-1+b12',
  '1.0-1+deb13u1',
  '1.0-1+deb13u10',
  '1.0-1+deb13u2',
  '1.00-1',
  '1.0a',
  '1.0+git20260102',
  '1.10',
  '1.9',
  '1:0.1',
  '2:0',
  '20260102030405060708',
  '20260102030405060709',
  '6.12.117-1',
  '6.12.94-1',
  '1.0-1-1',
];

it('is that of dpkg', async () => {
  // One shell asks dpkg about all pairs: a process for each would take half a minute.
  const script =
    'for a; do for b; do if dpkg --compare-versions "$a" lt "$b"; then echo "$a $b"; fi; done; done';
  const { stdout } = await run('sh', ['-c', script, 'sh', ...VERSIONS]);
  const older = VERSIONS.flatMap((a) =>
    VERSIONS.filter((b) => compareVersions(a, b) < 0).map((b) => `${a} ${b}`),
  );
  expect(older.join('\n')).toBe(stdout.trim());
});
