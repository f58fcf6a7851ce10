/** Making a base box: when nothing is cached, and when the local archive has every package already. */
import { boxesFolder, toolsFolder } from '../src/paths.js';
import { removeTree } from '../src/process/scratch.js';
import { makeProbe } from './probe.js';
import type { SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';
import { median } from './statistics.js';

/** Every run fetches all packages again: two are enough to see whether they agree. */
const MOST_RUNS = 2;

export async function measureBox(setting: Setting): Promise<SectionResult> {
  const project = await makeProbe(setting, ':', '512M');
  const create = (): Promise<number> =>
    timed(() => setting.mayfly(['box', 'create', '--quiet'], { cwd: project }));
  const cold: number[] = [];
  const cached: number[] = [];
  for (let run = 0; run < Math.min(setting.runs, MOST_RUNS); run += 1) {
    setting.say(`box: making one in an empty home (${run + 1})`);
    await setting.freshHome();
    cold.push(await create());
    setting.say(`box: making it again, its packages in the local archive (${run + 1})`);
    await removeTree(boxesFolder(setting.home));
    await removeTree(toolsFolder(setting.home));
    cached.push(await create());
  }
  return {
    name: 'box',
    measures: [
      { title: 'mayfly box create, nothing cached', seconds: cold },
      { title: 'mayfly box create, packages in the local archive', seconds: cached },
    ],
    comparisons: [
      {
        title: 'mayfly box create, nothing cached',
        value: median(cold),
        unit: 's',
        aim: 'most',
        limit: 60,
      },
      {
        title: 'packages in the local archive / nothing cached',
        value: median(cached) / median(cold),
        unit: 'x',
        aim: 'none',
      },
    ],
    notes: [
      'Packages in the local archive: base boxes and disk tools of the home were removed. The mirror is still asked whether it has changed.',
    ],
  };
}
