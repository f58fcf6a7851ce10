/**
 * What every provider must do, for real, on each that this host can have: QEMU, the person's own libvirt, a libvirt
 * reached over SSH, and Vagrant. The last two run in a small machine of the test's own (test/rig/libvirtd.sh).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRecord, type BuildRecord } from '../../src/build/record/record.js';
import { eventually } from '../rig/eventually.js';
import { giveFirstBox } from '../rig/first-home.js';
import { GREETER, GREETER_PORT } from '../rig/namespace.js';
import { smallMachine, smallMachineWithoutQemu, thisHost, type Machine } from '../rig/machines.js';
import { folder, home, mayfly, newestBuild, startMayfly, type Options, type Outcome } from '../rig/mayfly.js';
import { makeProject, type TestProject } from '../rig/project.js';

/** An address of the machine that is not its loopback: to a VM, the LAN and beyond. */
const BEYOND = '192.0.2.7';
/** The host's address on the bridge of a VM of Vagrant's that is cut off. */
const ON_BRIDGE = '10.253.77.1';
const reach = (address: string): string =>
  `timeout 6 bash -c "exec 3<>/dev/tcp/${address}/${GREETER_PORT} && head -c 5 <&3"`;

/** Counts in the cache disk how many builds saw it, and tries to write to what is shared and to get out. */
const BUILD = [
  'echo the console hears it | sudo tee /dev/ttyS0 > /dev/null',
  'seen=/var/cache/apt-cacher-ng/seen',
  'echo x | sudo tee -a $seen > /dev/null; sudo sync $seen; wc -l < $seen > seen.img',
  'echo "in the build, number $(cat seen.img) on this cache"',
  'wc -l < /var/lib/starts > starts.img',
  `if [ "$(cat seen.img)" = 1 ]; then (${reach(BEYOND)} || ${reach(ON_BRIDGE)}) && echo REACHED; fi 2> /dev/null`,
  'if touch /probe.git/x || sudo touch /probe.git/x || sudo touch /builder/x; then echo WRITABLE; fi 2> /dev/null',
  'git log -1 --format=%s > subject.img',
  'if [ -e wait ]; then sleep 600; fi',
  '[ ! -e fail ]',
].join('\n');

/** Its name for the VM would be wrong; its title is nobody else's. */
const OWN_VAGRANTFILE = [
  "Vagrant.configure('2') do |config|",
  "  config.vm.box = 'another'",
  '  config.vm.provider :libvirt do |libvirt|',
  '    libvirt.title = "Of the project\'s own, in #{File.basename(__dir__)}"',
  '  end',
  'end',
  '',
].join('\n');

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
    expect(record.artifacts.map(({ name }) => name)).toEqual(['seen.img', 'starts.img', 'subject.img']);
    expect(await artifact('seen.img')).toBe('1\n');
    if (provider !== 'vagrant')
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
    if (provider === 'vagrant') await startAndEnd(byHand);
    else expect(await run('vm', 'destroy')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await run('vm', 'list', '--json')).stdout)).toEqual([]);
    expect(await leftAt(host)).toEqual([]);
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
    const cleaned = await run('clean');
    expect(cleaned.all).toMatch(/Removed the VM contract-\w+-main-[0-9a-f]{6} of a mayfly that is gone/);
    expect(await leftAt(host)).toEqual([]);
  });

  it('leaves a cache that the next VM goes on with', async () => {
    await project.git('rm', '--quiet', 'wait', 'fail');
    await project.git('commit', '--quiet', '--message', 'Go on');
    const built = await run('build', ...flags);
    expect(built.all).toContain('Build succeeded');
    // What was killed did not come to its end, and does not count.
    expect(await artifact('seen.img')).toBe('3\n');
    expect(await leftAt(host)).toEqual([]);
    if (host.enter !== undefined) await cleanBoxes(host, run);
  });
});

it('the same artifacts, and the same record but for the provider, from QEMU and libvirt', () => {
  const [first, ...others] = records;
  for (const [title, record] of others) expect({ title, record }).toEqual({ title, record: first?.[1] });
});

/** A record without what is of this build, this VM and this host; and what is of the project by other names. */
function comparable(record: BuildRecord, names: readonly (readonly [string, string])[]): unknown {
  const { build: _build, startedAt: _start, finishedAt: _end, vm: _vm, host: _host, ...rest } = record;
  // Which VM, and what `auto` passed by.
  const { vm: _planned, warnings: _warnings, ...plan } = record.plan;
  const steps = record.steps.map(({ name, outcome }) => ({ name, outcome }));
  const text = JSON.stringify({ ...rest, steps, plan });
  const same = names.reduce((left, [from, to]) => left.replaceAll(from, to), text);
  return JSON.parse(same) as unknown;
}

/** Somebody answers there, as is seen from the machine itself. */
async function greet(host: Machine): Promise<void> {
  const start = `ip address add ${BEYOND}/32 dev lo; node -e "${GREETER}" 0.0.0.0 > /dev/null 2>&1 &`;
  await host.run('sh', '-c', start);
  await eventually(
    'the greeter answers',
    async () => (await host.run('sh', '-c', reach(BEYOND))) === 'hello',
  );
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

/** nsenter is what was killed: mayfly itself is its child, in the machine. */
async function endMayfly(host: Machine): Promise<void> {
  await eventually('mayfly in the machine is gone', async () => {
    const [pid] = (await host.run('pgrep', '--full', 'bin/mayfly.js build')).split('\n');
    if (pid === undefined || pid === '') return true;
    await host.run('kill', '-9', pid);
    return false;
  });
}

/** Domains and disks of VMs that libvirt still has there. */
async function leftAt(host: Machine): Promise<readonly string[]> {
  const uri = host.enter === undefined ? 'qemu:///session' : 'qemu:///system';
  const domains = await host.run('virsh', '--connect', uri, 'list', '--all', '--name');
  const volumes = host.enter === undefined ? '' : await host.run('virsh', 'vol-list', 'default');
  return [
    ...domains.split('\n'),
    ...volumes.split('\n').filter((line) => line.includes('mayfly-vm-')),
  ].filter((line) => line.trim() !== '');
}

/** What a person types in the folder of the Vagrantfile; and what the machine itself reaches. */
async function lookAround(host: Machine, byHand: (line: string) => Promise<string>): Promise<void> {
  const said = await byHand('vagrant status && vagrant ssh -c "id -un; ls /probe.git/.git/HEAD"');
  expect(said).toMatch(/running \(libvirt\)/);
  expect(said).toMatch(/^builder\r?$/m);
  expect(said).toMatch(/^\/probe.git\/.git\/HEAD\r?$/m);
  expect(await byHand('virsh desc --title mayfly-"$(basename "$(dirname "$PWD")")"')).toContain(
    "Of the project's own, in vagrant",
  );
  expect(await host.run('sh', '-c', reach(ON_BRIDGE))).toBe('hello');
}

/** `vagrant up` provisions it, as mayfly's own start does; `vagrant destroy` leaves nothing, and the cache to the next. */
async function startAndEnd(byHand: (line: string) => Promise<string>): Promise<void> {
  expect(await byHand('vagrant up')).toMatch(/The VM \S+ runs\./);
  expect(await byHand('vagrant ssh -c "wc -l < /var/lib/starts"')).toMatch(/^2\r?$/m);
  expect(await byHand('vagrant destroy --force')).toMatch(/The VM \S+ is destroyed\./);
}
