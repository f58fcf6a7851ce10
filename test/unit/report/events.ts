/** A build as it is told, for tests of the renderers. */
import type { MayflyEvent } from '../../../src/report/events.js';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** One event of each kind, with hostile output in it. */
export const STORY: readonly MayflyEvent[] = [
  { type: 'step-started', step: 'reap', title: 'Looking for leftovers' },
  { type: 'reaped', what: 'the VM 1a2b of a mayfly that is gone' },
  { type: 'step-finished', step: 'reap', outcome: 'ok', seconds: 0.1 },
  { type: 'build-started', build: 'B1', project: 'example', ref: 'main', commit: COMMIT },
  { type: 'notice', level: 'warning', text: 'The base box is not pinned.' },
  { type: 'notice', level: 'info', text: 'Making the base box, once.' },
  { type: 'step-started', step: 'box', title: 'Making the base box' },
  { type: 'phase', step: 'box', name: 'package lists', seconds: 0.2, traffic: { bytes: 0, downloaded: 0 } },
  { type: 'progress', step: 'box', text: 'downloading 150 MB' },
  {
    ...{ type: 'progress', step: 'box', text: '84.0 MB downloaded' },
    traffic: { bytes: 84e6, downloaded: 84e6, expected: 200e6 },
  },
  {
    ...{ type: 'phase', step: 'box', name: 'packing', seconds: 34 },
    traffic: { bytes: 118e6, downloaded: 40e6, expected: 117e6 },
  },
  { type: 'output', step: 'box', stream: 'stderr', line: 'I: running apt-get update...' },
  { type: 'step-finished', step: 'box', outcome: 'reused', seconds: 12, summary: 'example-amd64' },
  { type: 'step-started', step: 'build', title: 'Building' },
  { type: 'output', step: 'build', stream: 'stdout', line: '\u001b[31mhello\u001b[0m \u001b]0;evil\u0007' },
  { type: 'step-finished', step: 'build', outcome: 'failed', seconds: 185 },
  { type: 'artifact', name: 'image\u001b[2J.iso', bytes: 1_536_000, sha256: 'ab'.repeat(32) },
  { type: 'failed', kind: 'script', code: 'build.failed', message: 'It failed.', details: [] },
  { type: 'build-finished', outcome: 'failure', seconds: 200 },
];
