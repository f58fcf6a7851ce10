/** What doctor says of each provider, by what its programs answer: the reason, and the command that mends it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { providerFindings } from '../../../src/tasks/doctor-providers.js';
import type { Finding } from '../../../src/tasks/finding.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { fakeVirsh, libvirtHost, type Answers } from '../../rig/fake-virsh.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';

const SESSION = 'qemu:///session';
const SYSTEM = 'qemu:///system';
const WORKS = { ...libvirtHost(), 'net-list': ' default\n', 'nwfilter-list': '' };
const PLUGIN = '1,,plugin-name,vagrant-libvirt\n';

let home: string;
beforeEach(async () => {
  home = await temporaryFolder();
  await fakeProgram('qemu-system-x86_64', 'echo "QEMU emulator version 10"');
});

interface Says {
  readonly session?: Answers;
  readonly system?: Answers;
  /** A sh script. */
  readonly plugins?: string;
}

async function rowOf(
  name: string,
  { session = {}, system = {}, plugins }: Says,
): Promise<Finding | undefined> {
  await fakeVirsh({ [SESSION]: { ...WORKS, ...session }, [SYSTEM]: { ...WORKS, ...system } });
  await fakeProgram(
    'vagrant',
    `case $1 in plugin) ${plugins ?? `printf '${PLUGIN}'`} ;; *) echo Vagrant 2.3 ;; esac`,
  );
  return (await providerFindings(contextIn(home, home))).find((row) => row.name === `provider ${name}`);
}

const NO_POLKIT = 'error: authentication unavailable: no polkit agent available to authenticate action';
const NO_DAEMON = `error: Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory`;
const NO_NETWORKS =
  'error: this function is not supported by the connection driver: virConnectListAllNetworks';
const NO_FILTERS = NO_NETWORKS.replace('Networks', 'NWFilters');
const INSTALL = 'sudo apt-get install --no-install-recommends';

const VAGRANT: readonly (readonly [string, Says, string, string])[] = [
  [
    'no polkit',
    { system: { domcapabilities: NO_POLKIT } },
    'no polkit agent',
    'sudo adduser "$USER" libvirt',
  ],
  ['no libvirt', { system: { domcapabilities: NO_DAEMON } }, 'libvirt-sock', 'sudo systemctl start libvirtd'],
  [
    'no pool',
    { system: { 'pool-list': '' } },
    'no active storage pool "default"',
    'pool-define-as default dir',
  ],
  ['no QEMU', { system: { domcapabilities: '' } }, 'no QEMU for x86_64', `${INSTALL} qemu-system-x86`],
  [
    'no networks',
    { system: { 'net-list': NO_NETWORKS } },
    `libvirt at ${SYSTEM} has no networks, which Vagrant needs: this function is not supported`,
    `${INSTALL} libvirt-daemon-driver-network dnsmasq-base`,
  ],
  [
    'no network filters',
    { system: { 'nwfilter-list': NO_FILTERS } },
    `libvirt at ${SYSTEM} has no network filters, which Vagrant needs: this function is not supported`,
    `${INSTALL} libvirt-daemon-driver-nwfilter iptables`,
  ],
  ['no plug-in', { plugins: 'echo' }, 'no plug-in vagrant-libvirt', `${INSTALL} vagrant vagrant-libvirt`],
  [
    'a broken Vagrant',
    { plugins: 'echo "The plugins failed to initialize" >&2; exit 1' },
    'The plugins failed to initialize',
    'vagrant plugin list',
  ],
];

describe('Vagrant', () => {
  it('works, with the networks that its plug-in makes', async () => {
    expect(await rowOf('vagrant', { system: { 'net-list': '' } })).toMatchObject({
      state: 'ok',
      found: `Vagrant 2.3, ${SYSTEM}, QEMU 10.0.0`,
    });
  });

  it.each(VAGRANT)('with %s', async (_, says, reason, command) => {
    expect(await rowOf('vagrant', says)).toMatchObject({
      state: 'optional',
      found: expect.stringContaining(reason) as unknown,
      hint: expect.stringContaining(command) as unknown,
    });
  });
});

const OWN: readonly (readonly [string, string, string])[] = [
  ['no daemon', NO_DAEMON, `${INSTALL} libvirt-daemon libvirt-daemon-driver-qemu`],
  [
    'no runtime directory',
    "error: Cannot create user runtime directory '/run/user/0/libvirt': Permission denied",
    'unset XDG_RUNTIME_DIR',
  ],
  ['nothing that is known', 'error: something else', `virsh -c '${SESSION}' version`],
];

describe("the person's own libvirt", () => {
  it.each(OWN)('with %s', async (_, said, command) => {
    expect(await rowOf(`libvirt ${SESSION}`, { session: { domcapabilities: said } })).toMatchObject({
      state: 'optional',
      found: expect.stringContaining(said.replace('error: ', '')) as unknown,
      hint: expect.stringContaining(command) as unknown,
    });
  });
});

it('a QEMU that does not start is told with something to do', async () => {
  await fakeProgram('qemu-system-x86_64', 'echo "cannot open libfdt.so.1" >&2; exit 127');
  const row = await rowOf('qemu', {});
  expect(row?.state).toBe('optional');
  expect(row?.hint).toContain('qemu-system-x86_64 --version');
});
