/** Making a base box when nothing is cached. */
import { makeProbe } from './probe.js';
import type { SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';
import { median } from './statistics.js';

/** Every run fetches all packages again: two are enough to see whether they agree. */
const MOST_RUNS = 2;

export async function measureBox(setting: Setting): Promise<SectionResult> {
  const project = await makeProbe(setting, ':', '512M');
  const seconds: number[] = [];
  for (let run = 0; run < Math.min(setting.runs, MOST_RUNS); run += 1) {
    setting.say(`box: making one in an empty home (${run + 1})`);
    await setting.freshHome();
    seconds.push(await timed(() => setting.mayfly(['box', 'create', '--quiet'], { cwd: project })));
  }
  return {
    name: 'box',
    measures: [{ title: 'mayfly box create, nothing cached', seconds }],
    comparisons: [
      {
        title: 'mayfly box create, nothing cached',
        value: median(seconds),
        unit: 's',
        aim: 'most',
        limit: 60,
      },
    ],
    notes: [
      'mayfly keeps no packages on the host, so there is no row for a base box made from cached packages.',
    ],
  };
}
