/** What a second build of the same frozen project fetches: nothing but what says whether there are fixes of security. */
import { makeProbe, commitProbe } from './probe.js';
import { bytesOf, kindOf, ORIGINS, type Fetched } from './relay.js';
import { repeatOnVmFailure } from './attempts.js';
import { formatBytes } from '../src/report/format.js';
import { SECURITY_ORIGIN } from '../src/snapshots/freeze.js';
import type { SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';

/** Small, with no dependency that a base box lacks: a package that the VM itself fetches. */
const PACKAGE = 'hello';

export async function measureSecondBuild(setting: Setting): Promise<SectionResult> {
  const relay = await setting.relay();
  const urls = Object.fromEntries(ORIGINS.map((origin) => [origin, relay.url(origin)]));
  const setup = `apt-get --quiet --quiet update\napt-get --quiet --quiet --yes --no-install-recommends install ${PACKAGE}`;
  const project = await makeProbe(setting, ': > empty.img', '512M', { urls, setup });
  const repeated: string[] = [];
  const build = async (): Promise<{ seconds: number; fetched: readonly Fetched[] }> => {
    relay.take();
    const command = (): Promise<number> =>
      timed(() => setting.mayfly(['build', '--quiet'], { cwd: project, env: relay.env }));
    const seconds = await repeatOnVmFailure(setting, 'mayfly build', repeated, command);
    return { seconds, fetched: relay.take() };
  };
  await setting.freshHome();
  setting.say('second-build: freezing a project, and its first build, base box included');
  await setting.mayfly(['snapshots', 'freeze'], { cwd: project, env: relay.env });
  await commitProbe(setting, project);
  const first = await build();
  setting.say('second-build: the second build');
  const second = await build();
  const unwanted = second.fetched.filter(({ origin, path }) => !isOfSecurity(origin, path));
  return {
    name: 'second-build',
    measures: [
      { title: 'first build of a frozen project, base box included', seconds: [first.seconds] },
      { title: 'second build of it', seconds: [second.seconds] },
    ],
    amounts: [
      { title: 'first build, fetched from the mirrors', bytes: [bytesOf(first.fetched)] },
      { title: 'second build, fetched from the mirrors', bytes: [bytesOf(second.fetched)] },
    ],
    comparisons: [
      {
        title: "second build, bytes fetched that are no index of debian-security's",
        value: bytesOf(unwanted),
        unit: 'B',
        aim: 'most',
        limit: 0,
      },
    ],
    notes: [
      `Both builds install the package ${PACKAGE} in the VM; the base box of the first is made from nothing.`,
      `The second build fetched: ${namesOf(second.fetched)}.`,
      ...repeated,
    ],
  };
}

/** A frozen project lets fixes of security in, so it has to ask for them. Pure. */
export const isOfSecurity = (origin: string, path: string): boolean =>
  origin === SECURITY_ORIGIN && kindOf(path) !== 'package';

function namesOf(fetched: readonly Fetched[]): string {
  if (fetched.length === 0) return 'nothing';
  return fetched.map(({ origin, path, bytes }) => `${origin} ${path} (${formatBytes(bytes)})`).join(', ');
}
