/** How fast results leave the VM: mayfly's step `artifacts`, scp from the same VM, and cp on the host. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { vmsFolder } from '../src/paths.js';
import { run } from '../src/process/run.js';
import { sshOptions } from '../src/process/ssh.js';
import type { MayflyEvent } from '../src/report/events.js';
import { sshTarget } from '../src/vm/keys.js';
import { listVms } from '../src/vm/registry.js';
import { makeProbe } from './probe.js';
import type { SectionResult } from './result.js';
import { timed, type Setting } from './setting.js';
import { median } from './statistics.js';

const MIB = 200;
const BYTES = MIB * 2 ** 20;
const FILE = 'data.img';
/** Where the clone of a build is in the VM; --rescue leaves it there. */
const IN_VM = `/build/source/${FILE}`;
const COPY_MS = 10 * 60_000;

/** What stands between the end of the build script and the results in their folder. */
const STEPS: readonly string[] = ['artifacts', 'publish'];

export async function measureArtifacts(setting: Setting): Promise<SectionResult> {
  const script = `head -c ${BYTES} /dev/urandom > ${FILE}`;
  const project = await makeProbe(setting, script, '1G');
  // scp needs a VM that is kept; mayfly's own builds each have a fresh one.
  const kept = await makeProbe(setting, script, '1G');
  setting.say('artifacts: making the base box unless it exists, and a VM for scp');
  const mayfly: number[] = [];
  const scp: number[] = [];
  const cp: number[] = [];
  try {
    await setting.mayfly(['build', '--quiet', '--rescue', '--keep-running'], { cwd: kept });
    for (let run = 0; run < setting.runs; run += 1) {
      setting.say(`artifacts: ${MIB} MiB by mayfly, by scp and by cp (${run + 1})`);
      mayfly.push(await byMayfly(setting, project));
      scp.push(await byScp(setting));
      cp.push(await byCp(setting, join(project, 'artifacts', FILE)));
    }
  } finally {
    await setting.endVms();
  }
  const rate = (seconds: readonly number[]): string => `${(MIB / median(seconds)).toFixed(0)} MiB/s`;
  return {
    name: 'artifacts',
    measures: [
      { title: `mayfly's steps artifacts and publish, ${MIB} MiB`, seconds: mayfly },
      { title: `scp from the same VM, ${MIB} MiB`, seconds: scp },
      { title: `cp on the host, ${MIB} MiB`, seconds: cp },
    ],
    comparisons: [
      {
        title: "scp / mayfly's steps artifacts and publish",
        value: median(scp) / median(mayfly),
        unit: 'x',
        aim: 'least',
        limit: 10,
      },
    ],
    notes: [
      `Out of the VM: mayfly ${rate(mayfly)} with its SHA-256, scp ${rate(scp)}; cp on the host ${rate(cp)}.`,
    ],
  };
}

/** Builds, and reads from the events how long the steps took. Seconds. */
async function byMayfly(setting: Setting, project: string): Promise<number> {
  let seconds = 0;
  let bytes = 0;
  await setting.mayfly(['build', '--json'], {
    cwd: project,
    onLine: (line, stream) => {
      if (stream !== 'stdout') return;
      const event = JSON.parse(line) as MayflyEvent;
      if (event.type === 'step-finished' && STEPS.includes(event.step)) seconds += event.seconds;
      if (event.type === 'artifact') ({ bytes } = event);
    },
  });
  if (seconds === 0 || bytes !== BYTES) throw new Error(`mayfly fetched ${bytes} bytes, not ${BYTES}`);
  return seconds;
}

/** With mayfly's own ssh options: the cipher that is quickest to emulate. Seconds. */
async function byScp(setting: Setting): Promise<number> {
  const [vm] = await listVms(vmsFolder(setting.home));
  const port = vm?.record.port;
  if (vm === undefined || port === undefined) throw new Error('mayfly build --rescue kept no VM');
  const target = sshTarget(vm.folder, port);
  // scp calls the port -P, where ssh has -p.
  const options = sshOptions(target).map((word) => (word === '-p' ? '-P' : word));
  const to = join(setting.folder, 'by-scp');
  const from = `${target.user}@${target.host}:${IN_VM}`;
  return await copy(setting, to, 'scp', ['-q', ...options, from, to], vm.folder);
}

async function byCp(setting: Setting, from: string): Promise<number> {
  const to = join(setting.folder, 'by-cp');
  return await copy(setting, to, 'cp', [from, to], setting.folder);
}

async function copy(
  setting: Setting,
  to: string,
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<number> {
  const seconds = await timed(() => run(program, args, { cwd, signal: setting.signal, timeoutMs: COPY_MS }));
  const { size } = await stat(to);
  await rm(to);
  if (size !== BYTES) throw new Error(`${program} copied ${size} bytes, not ${BYTES}`);
  return seconds;
}
