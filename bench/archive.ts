/** What keeping a state of an archive costs: mayfly's local archive beside aptly's mirrors, for the packages of one base box. */
import { TOOLS_SUITE, type ArchiveSource } from '../src/basebox/recipe.js';
import type { SourceFile } from '../src/basebox/store.js';
import type { BuildPlan } from '../src/build/plan/plan-type.js';
import type { AptlyMirror } from './aptly.js';
import { byAptly, byMayfly, type Kept } from './archive-sides.js';
import { filesOfBox, namesOf } from './packages.js';
import { makeProbe } from './probe.js';
import { ORIGINS } from './relay.js';
import type { Comparison, SectionResult } from './result.js';
import type { Setting } from './setting.js';
import { median } from './statistics.js';
import { Trials } from './trials.js';

/** Every run fetches all packages twice: two are enough to see whether they agree. */
const MOST_RUNS = 2;

export async function measureArchive(setting: Setting): Promise<SectionResult> {
  const relay = await setting.relay();
  const urls = Object.fromEntries(ORIGINS.map((origin) => [origin, relay.url(origin)]));
  const project = await makeProbe(setting, ':', '512M', { urls });
  setting.say('archive: making the base box unless it exists, to know its packages');
  await setting.mayfly(['box', 'create', '--quiet'], { cwd: project, env: relay.env });
  const planned = await setting.mayfly(['plan', '--json'], { cwd: project, env: relay.env });
  const { spec, fingerprint } = (JSON.parse(planned.stdout) as BuildPlan).box;
  const files = await filesOfBox(setting, fingerprint);
  const packages = await namesOf(setting, files);
  const mirrors = mirrorsOf(spec.sources, (origin) => relay.url(origin));

  const mayfly = new Trials<Kept>(true);
  const aptly = new Trials<Kept>();
  const counts: number[] = [];
  for (let run = 0; run < Math.min(setting.runs, MOST_RUNS); run += 1) {
    setting.say(`archive: ${files.length} packages by mayfly (${run + 1})`);
    await mayfly.run(() => byMayfly(setting, relay, project, files));
    setting.say(`archive: the same by aptly (${run + 1})`);
    await aptly.run(async () => {
      const { kept, count } = await byAptly(setting, relay, spec.architecture, mirrors, packages);
      counts.push(count);
      return kept;
    });
  }
  const sides = [
    { trials: mayfly, name: 'mayfly' },
    { trials: aptly, name: 'aptly' },
  ];
  const ours = sumOf(files);
  return {
    name: 'archive',
    measures: sides.flatMap(({ trials, name }) => [
      trials.measure(`${name}, snapshots and packages from nothing`, ({ first }) => first.seconds),
      trials.measure(`${name}, once more, nothing changed`, ({ again }) => again.seconds),
    ]),
    amounts: sides.flatMap(({ trials, name }) => [
      trials.amount(`${name}, fetched from the mirror`, ({ first }) => first.fetched),
      trials.amount(`${name}, fetched once more, nothing changed`, ({ again }) => again.fetched),
      trials.amount(`${name}, on disk`, ({ onDisk }) => onDisk),
    ]),
    comparisons: ratios(mayfly.values, aptly.values),
    notes: [
      `mayfly keeps ${files.length} packages (${(ours / 1e6).toFixed(1)} MB), and the indexes of all.`,
      ...(counts.length === 0
        ? []
        : [`aptly keeps ${median(counts)} packages in ${mirrors.length} mirrors.`]),
    ],
  };
}

const sumOf = (files: readonly SourceFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** A mirror for each suite that the base box or its disk tools come from. Pure. */
export function mirrorsOf(
  sources: readonly ArchiveSource[],
  urlOf: (origin: string) => string,
): readonly AptlyMirror[] {
  return sources.flatMap(({ origin, suites, components, keyring }) =>
    [...new Set([...suites, ...(origin === 'debian' ? [TOOLS_SUITE] : [])])].map((suite) => ({
      name: `${origin}-${suite}`,
      url: urlOf(origin),
      suite,
      components,
      keyring,
    })),
  );
}

function ratios(mayfly: readonly Kept[], aptly: readonly Kept[]): readonly Comparison[] {
  if (mayfly.length === 0 || aptly.length === 0) return [];
  const ratio = (what: string, of: (kept: Kept) => number): Comparison => ({
    title: `aptly / mayfly, ${what}`,
    value: median(aptly.map(of)) / median(mayfly.map(of)),
    unit: 'x',
    aim: 'none',
  });
  return [
    ratio('time from nothing', ({ first }) => first.seconds),
    ratio('time when nothing changed', ({ again }) => again.seconds),
    ratio('bytes fetched', ({ first }) => first.fetched),
    ratio('bytes fetched when nothing changed', ({ again }) => again.fetched),
    ratio('bytes on disk', ({ onDisk }) => onDisk),
  ];
}
