/** A build record as a value, for tests of what reads records. */
import type { BuildRecord } from '../../../../src/build/record/record.js';
import { PLAN } from '../plan/plan-value.js';

export const RECORD: BuildRecord = {
  schema: 1,
  build: '20260102T030405Z-1a2b',
  mayfly: '0.1.0',
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:14:05.000Z',
  outcome: 'success',
  commit: 'c'.repeat(40),
  ref: 'main',
  box: { fingerprint: 'f', label: 'l', diskSha256: 'd', packages: [] },
  vm: { id: '1a2b3c4d', provider: 'qemu', reused: false },
  host: { system: 's', kernel: 'k', cpu: 'c', cpus: 2, memoryBytes: 2 ** 33, node: 'v20.19.0', tools: {} },
  archive: {
    serials: { debian: { box: '2026010203', image: '2026010301' } },
    served: [
      {
        origin: 'debian',
        serial: '2026010203',
        path: 'pool/main/h/hello/hello_2.10-5_amd64.deb',
        sha256: 'a'.repeat(64),
        bytes: 53000,
        source: 'fetched',
      },
    ],
    outside: [],
  },
  steps: [{ name: 'build', outcome: 'ok', seconds: 12.3 }],
  artifacts: [{ name: 'a.iso', bytes: 1, sha256: 'ab'.repeat(32) }],
  plan: { ...PLAN },
};
