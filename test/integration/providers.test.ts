/**
 * What every provider must do, for real, on each that this host can have: QEMU, the person's own libvirt, a libvirt
 * reached over SSH, and Vagrant. The last two run in a small machine of the test's own (test/rig/libvirtd.sh).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { buildRecord } from '../../src/build/record/record.js';
import {
  boxesOf,
  BUILD,
  comparable,
  domainsOf,
  endMayfly,
  greet,
  leftAt,
  ON_BRIDGE,
  OWN_VAGRANTFILE,
  reach,
} from '../rig/contract.js';
import { eventually } from '../rig/eventually.js';
import { giveFirstBox } from '../rig/first-home.js';
import { findLeaks } from '../rig/leaks.js';
import { smallMachine, smallMachineWithoutQemu, thisHost, type Machine } from '../rig/machines.js';
import { folder, home, mayfly, newestBuild, startMayfly, type Options, type Outcome } from '../rig/mayfly.js';
import { makeProject, type TestProject } from '../rig/project.js';

/** Nobody answers at the first, so the VM is the second one's. */
const REMOTE = ['qemu+ssh://root@127.0.0.1:2221/system', 'qemu+ssh://root@127.0.0.1:2222/system'] as const;

/** Where the host has no QEMU, `auto` goes on to the next, and from a libvirt that does not answer to the one after it. */
const PASSED_BY_AUTO = [/Not used: qemu: .*qemu-system-x86_64/, `Not used: libvirt: libvirt at ${REMOTE[0]}`];

const SESSION = ['qemu:///session'];

const PROVIDERS = [
  { title: 'qemu', asked: 'qemu', provider: 'qemu', uris: SESSION, machine: thisHost, passed: [] },
  {
    ...{ title: 'libvirt, the session', asked: 'libvirt', provider: 'libvirt' },
    ...{ uris: SESSION, machine: thisHost, passed: [] },
  },
  {
    ...{ title: 'auto: libvirt, over SSH', asked: 'auto', provider: 'libvirt' },
    ...{ uris: REMOTE, machine: smallMachineWithoutQemu, passed: PASSED_BY_AUTO },
  },
  {
    ...{ title: 'vagrant', asked: 'vagrant', provider: 'vagrant' },
    ...{ uris: ['qemu:///system'], machine: smallMachine, passed: [] },
  },
] as const;

/** How often its VM was provisioned, as a build says. */
const provisioned = ({ all }: Outcome): number => Number(/provisioned (\d+) times/.exec(all)?.[1]);

/** What each provider's first build left, for a comparison. */
const records = new Map<string, unknown>();

describe.each(PROVIDERS)('$title', ({ title, asked, provider, uris, machine, passed }) => {
  let host: Machine;
  let project: TestProject;
  const flags = ['--offline', '--provider', asked];
  const at = (): Options => ({ enter: host.enter, env: host.env, cwd: project.path });
  const run = (...args: string[]): Promise<Outcome> => mayfly(args, at());
  /** A line of a shell, in the folder of the VM's Vagrantfile. */
  const byHand = async (line: string): Promise<string> => {
    const { id } = JSON.parse((await run('vm', 'status', '--json')).stdout) as { id: string };
    const settings = [`MAYFLY_HOME=${home}`, 'MAYFLY_BUILD_OPTIONS=offline'];
    const machine = join(home, 'state/vms', id, 'vagrant');
    return await host.run('env', ...settings, 'sh', '-c', `cd "$1" && ${line} 2>&1`, 'sh', machine);
  };
  const artifact = (name: string): Promise<string> => readFile(join(project.path, 'artifacts', name), 'utf8');

  beforeAll(async () => {
    host = await machine(folder);
    project = await makeProject({
      name: `contract-${asked}`,
      build: BUILD,
      provision:
        'cat /proc/sys/kernel/random/boot_id >> /var/lib/starts.all; sort -u /var/lib/starts.all > /var/lib/starts',
      settings: {
        vm: {
          ...{ memory: '512M', build_memory: '512M', network: 'archive', libvirt: uris },
          vagrantfile: 'vagrant/Vagrantfile',
        },
        caches: { packages: '512M' },
        guest: { source: '/probe.git' },
      },
      files: { 'builder/vagrant/Vagrantfile': OWN_VAGRANTFILE },
    });
    if (host.enter !== undefined) await greet(host);
    // Here, where packages can be fetched.
    expect(await mayfly(['box', 'create'], { cwd: project.path })).toMatchObject({ exitCode: 0 });
  });

  afterAll(async () => {
    await host.end();
  });

  it('builds in a VM, builds in it again, refuses another branch, and ends without a trace', async () => {
    const built = await run('build', '--keep-running', ...flags);
    expect(built.all).toContain('Build succeeded');
    expect(built.all).not.toMatch(/WRITABLE|REACHED/);
    const record = buildRecord.parse(JSON.parse(await artifact('build.json')));
    expect(record.vm).toMatchObject({ provider, reused: false });
    for (const refusal of passed) expect(built.all).toMatch(refusal);
    expect(await artifact('archive.img')).toBe('HTTP');
    expect(record.artifacts.map(({ name }) => name)).toEqual([
      'archive.img',
      'seen.img',
      'starts.img',
      'subject.img',
    ]);
    expect(await artifact('seen.img')).toBe('1\n');
    const before = provisioned(built);
    records.set(
      title,
      comparable(record, [
        [record.commit, 'COMMIT'],
        [record.commit.slice(0, 7), 'SHORT'],
        [`contract-${asked}`, 'NAME'],
        [project.path, 'CHECKOUT'],
      ]),
    );
    expect(await readFile(join(await newestBuild(), 'console.log'), 'utf8')).toContain(
      'the console hears it',
    );
    if (provider === 'vagrant') await lookAround(host, byHand);

    await project.commit('fail', 'two');
    const again = await run('build', '--rescue', '--offline');
    expect(again.all).toContain('The build script failed with exit code 1.');
    expect(provisioned(again)).toBeGreaterThan(before);
    expect([await artifact('seen.img'), await artifact('subject.img')]).toEqual(['2\n', 'Change fail\n']);

    await project.git('switch', '--quiet', '--create', 'other');
    const refused = await run('build', '--offline');
    expect(refused.all).toContain('was started for main and cannot build other');
    expect(refused.exitCode).toBe(5);
    await project.git('switch', '--quiet', 'main');

    if (provider === 'vagrant') expect(await byHand('vagrant halt')).toMatch(/The VM \S+ is halted/);
    else expect(await run('vm', 'halt')).toMatchObject({ exitCode: 0 });
    const halted = await run('vm', 'status', '--json');
    expect(JSON.parse(halted.stdout)).toMatchObject({ state: 'halted', ref: 'main', provider });
    if (provider === 'vagrant') await startAndEnd(byHand, run);
    else expect(await run('vm', 'destroy')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await run('vm', 'list', '--json')).stdout)).toEqual([]);
    expect([...(await leftAt(host)), ...(await findLeaks())]).toEqual([]);
  });

  it('dies with its mayfly', async () => {
    await project.commit('wait', 'for ever');
    const running = startMayfly(['build', ...flags], at());
    // The cache outlived `destroy`.
    await running.seen('in the build, number 3 on this cache');
    const [vm] = JSON.parse((await run('vm', 'list', '--json')).stdout) as { id: string }[];
    const seen = await run('vm', 'exec', '--vm', vm?.id ?? '', '--', 'true');
    expect(seen.all).toContain('is in use by process');
    running.kill('SIGKILL');
    // It holds on to the output: nothing has ended before it has.
    if (host.enter !== undefined) await endMayfly(host);
    await running.outcome;
    // Vagrant's domains outlive who started them, until the next command.
    if (provider !== 'vagrant')
      await eventually('the VM ends by itself', async () => (await domainsOf(host)) === '');
    const cleaned = await run('clean');
    expect(cleaned.all).toMatch(/Removed the VM contract-\w+-main-[0-9a-f]{6} of a mayfly that is gone/);
    expect([...(await leftAt(host)), ...(await findLeaks())]).toEqual([]);
  });

  const next = uris === REMOTE ? 'the next VM, without SSH,' : 'the next VM';
  it(`leaves a cache that ${next} goes on with`, async () => {
    await project.git('rm', '--quiet', 'wait', 'fail');
    await change(project, { libvirt: uris === REMOTE ? ['qemu:///system'] : uris, packages: '1G' });
    await project.git('commit', '--quiet', '--message', 'Go on');
    const before = await boxesOf(host);
    const built = await run('build', ...flags);
    expect(built.all).toContain('Build succeeded');
    // It was brought there once.
    expect(await boxesOf(host)).toEqual(before);
    expect(before.length > 0).toBe(host.enter !== undefined);
    // What was killed did not come to its end, and does not count.
    expect(await artifact('seen.img')).toBe('3\n');
    // And larger, as it is to be now.
    expect(Number(/^.*of (\d+) MiB/m.exec(built.all)?.[1])).toBeGreaterThan(900);
    expect(built.all).not.toMatch(/WRITABLE|REACHED/);
    expect(await artifact('archive.img')).toBe('HTTP');
    if (uris === REMOTE) expect(built.all).toContain('libvirt at qemu:///system');
    expect([...(await leftAt(host)), ...(await findLeaks())]).toEqual([]);
  });

  if (uris !== SESSION) {
    it('gives back the room that its box takes, and not its cache', async () => {
      await cleanBoxes(host, run);
    });
  }
});

it('the same artifacts, and the same record but for the provider, from each', () => {
  const [first, ...others] = records;
  expect(others.length).toBeGreaterThan(0);
  for (const [title, record] of others) expect({ title, record }).toEqual({ title, record: first?.[1] });
});

interface Change {
  /** The libvirt that was reached over SSH is also this host's own: the same box, and the same cache. */
  readonly libvirt: readonly string[];
  readonly packages: string;
}

async function change(project: TestProject, { libvirt, packages }: Change): Promise<void> {
  const file = join(project.path, 'builder/builder.yaml');
  const settings = parse(await readFile(file, 'utf8')) as { vm: object; caches: object };
  await writeFile(file, stringify({ ...settings, vm: { ...settings.vm, libvirt }, caches: { packages } }));
  await project.git('add', '--all');
}

/** The box goes from here, from the pool, and from Vagrant; the cache stays. */
async function cleanBoxes(host: Machine, run: (...args: string[]) => Promise<Outcome>): Promise<void> {
  const volumes = async (): Promise<readonly string[]> => {
    const said = await host.run('virsh', 'vol-list', 'default');
    return [...said.matchAll(/^ (mayfly-\S+)/gm)].map(([, name = '']) => name);
  };
  const isCache = (name: string): boolean => name.startsWith('mayfly-cache-');
  expect((await volumes()).some((name) => !isCache(name))).toBe(true);
  expect(await run('box', 'clean', '--all')).toMatchObject({ exitCode: 0 });
  const left = await volumes();
  expect([left.filter((name) => !isCache(name)), left.length > 0]).toEqual([[], true]);
  expect(await host.run('vagrant', 'box', 'list', '--machine-readable')).not.toContain('mayfly-');
  await giveFirstBox();
}

/** What a person types in the folder of the Vagrantfile; and what the machine itself reaches. */
async function lookAround(host: Machine, byHand: (line: string) => Promise<string>): Promise<void> {
  const inside = 'id -un; ls /probe.git/.git/HEAD; findmnt --noheadings --output FSTYPE /probe.git';
  const said = await byHand(`vagrant status && vagrant ssh -c "${inside}"`);
  expect(said).toMatch(/running \(libvirt\)/);
  expect(said).toMatch(/^builder\r?$/m);
  expect(said).toMatch(/^\/probe.git\/.git\/HEAD\r?\n9p\r?$/m);
  expect(await byHand('vagrant provision')).toMatch(/provision +done/);
  expect(await byHand('virsh desc --title mayfly-"$(basename "$(dirname "$PWD")")"')).toContain(
    "Of the project's own, in vagrant",
  );
  expect(await host.run('sh', '-c', reach(ON_BRIDGE))).toBe('hello');
}

/** `vagrant up` provisions it, as mayfly's own start does; `vagrant destroy` leaves nothing, and the cache to the next. */
async function startAndEnd(
  byHand: (line: string) => Promise<string>,
  run: (...args: string[]) => Promise<Outcome>,
): Promise<void> {
  expect(await byHand('vagrant up')).toMatch(/The VM \S+ runs\./);
  expect(await byHand('vagrant ssh -c "wc -l < /var/lib/starts"')).toMatch(/^2\r?$/m);
  // Still cut off.
  expect(await run('vm', 'exec', '--', 'sh', '-c', reach(ON_BRIDGE))).not.toMatchObject({ exitCode: 0 });
  // Who says no has the VM as before, but for that it is halted by then.
  expect(
    await byHand("printf 'n\\n' | script --quiet --return --command 'vagrant destroy' /dev/null"),
  ).toMatch(/will not be destroyed/);
  expect(JSON.parse((await run('vm', 'status', '--json')).stdout)).toMatchObject({ state: 'halted' });
  expect(await byHand('vagrant destroy --force')).toMatch(/The VM \S+ is destroyed\./);
}
