/** What the tests of all providers build, and how they look at the host that the VM runs on. */
import type { BuildRecord } from '../../src/build/record/record.js';
import { eventually } from './eventually.js';
import type { Machine } from './machines.js';
import { GREETER, GREETER_PORT } from './namespace.js';

/** An address of the machine that is not its loopback: to a VM, the LAN and beyond. */
const BEYOND = '192.0.2.7';
/** The host's address on the bridge of a VM of Vagrant's that is cut off. */
export const ON_BRIDGE = '10.253.77.1';
/** The loopback of the host, to a VM on QEMU's user network. */
const LOOPBACK = '10.0.2.2';
export const reach = (address: string): string =>
  `timeout 6 bash -c "exec 3<>/dev/tcp/${address}/${GREETER_PORT} && head -c 5 <&3"`;
/** The archive, through mayfly's own SSH connection. */
const ANSWERS = String.raw`timeout 9 bash -c 'exec 3<>/dev/tcp/127.0.0.1/3143 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && head -c 4 <&3'`;

/** Counts in the cache disk how many builds saw it, and tries to write to what is shared and to get out. */
export const BUILD = [
  'echo the console hears it | sudo tee /dev/ttyS0 > /dev/null',
  'seen=/var/cache/apt-cacher-ng/seen',
  'echo "provisioned $(wc -l < /var/lib/starts.all) times"',
  'echo x | sudo tee -a $seen > /dev/null; sudo sync $seen; wc -l < $seen > seen.img',
  'echo "in the build, number $(cat seen.img) on this cache"',
  'echo "of $(($(stat --file-system --format "%b * %S" /var/cache/apt-cacher-ng) >> 20)) MiB"',
  'wc -l < /var/lib/starts > starts.img',
  // All at once, as each waits for an answer that does not come.
  `if [ "$(cat seen.img)" = 1 ]; then ${[BEYOND, LOOPBACK, ON_BRIDGE].map((address) => `(${reach(address)} && echo REACHED) &`).join(' ')} wait; fi 2> /dev/null`,
  `${ANSWERS} > archive.img`,
  'if touch /probe.git/x || sudo touch /probe.git/x || sudo touch /builder/x; then echo WRITABLE; fi 2> /dev/null',
  'git log -1 --format=%s > subject.img',
  'if [ -e wait ]; then sleep 600; fi',
  '[ ! -e fail ]',
].join('\n');

/** Its name for the VM would be wrong; its title is nobody else's. */
export const OWN_VAGRANTFILE = [
  "Vagrant.configure('2') do |config|",
  "  config.vm.box = 'another'",
  '  config.vm.provider :libvirt do |libvirt|',
  '    libvirt.title = "Of the project\'s own, in #{File.basename(__dir__)}"',
  '  end',
  'end',
  '',
].join('\n');

/** Somebody answers there, as is seen from the machine itself. */
export async function greet(host: Machine): Promise<void> {
  const start = `ip address add ${BEYOND}/32 dev lo; node -e "${GREETER}" 0.0.0.0 > /dev/null 2>&1 &`;
  await host.run('sh', '-c', start);
  await eventually(
    'the greeter answers',
    async () => (await host.run('sh', '-c', reach(BEYOND))) === 'hello',
  );
}

/** nsenter is what was killed: mayfly itself is its child, in the machine. */
export async function endMayfly(host: Machine): Promise<void> {
  await eventually('mayfly in the machine is gone', async () => {
    const [pid] = (await host.run('pgrep', '--full', 'bin/mayfly.js build')).split('\n');
    if (pid === undefined || pid === '') return true;
    await host.run('kill', '-9', pid);
    return false;
  });
}

/** The box's copies in the pool: inode, time of the last change, and name. */
export async function boxesOf(host: Machine): Promise<readonly string[]> {
  if (host.enter === undefined) return [];
  const files = await host.run(
    'find',
    '/var/lib/libvirt/images',
    '-name',
    'mayfly-*',
    '-printf',
    '%i %T@ %f\\n',
  );
  return files
    .split('\n')
    .filter((line) => line !== '' && !/ mayfly-(?:cache|vm)-/.test(line))
    .sort();
}

export async function domainsOf(host: Machine): Promise<string> {
  const uri = host.enter === undefined ? 'qemu:///session' : 'qemu:///system';
  return (await host.run('virsh', '--connect', uri, 'list', '--all', '--name')).trim();
}

/** Domains and disks of VMs that libvirt still has there. */
export async function leftAt(host: Machine): Promise<readonly string[]> {
  const domains = await domainsOf(host);
  const volumes = host.enter === undefined ? '' : await host.run('virsh', 'vol-list', 'default');
  return [
    ...domains.split('\n'),
    ...volumes.split('\n').filter((line) => line.includes('mayfly-vm-')),
  ].filter((line) => line.trim() !== '');
}

/** A record without what is of this build, this VM and this host; and what is of the project by other names. */
export function comparable(record: BuildRecord, names: readonly (readonly [string, string])[]): unknown {
  const { build: _build, startedAt: _start, finishedAt: _end, vm: _vm, host: _host, ...rest } = record;
  // Which VM, and what `auto` passed by.
  const { vm: _planned, warnings: _warnings, ...plan } = record.plan;
  const steps = record.steps.map(({ name, outcome }) => ({ name, outcome }));
  const text = JSON.stringify({ ...rest, steps, plan });
  const same = names.reduce((left, [from, to]) => left.replaceAll(from, to), text);
  return JSON.parse(same) as unknown;
}
