/** What this host has and lacks: each requirement is data, with a check and the way to mend it. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { messageOf } from '../errors.js';
import { packageOf } from '../process/command-error.js';
import { run, which } from '../process/run.js';
import { hostUpstream } from '../snapshots/host-apt.js';
import { detectAccelerator } from '../vm/accelerator.js';
import type { Context } from '../build/context.js';
import { OVMF } from './boot-image.js';
import { logsFinding } from './clean-logs.js';
import { userNamespace } from './doctor-namespaces.js';
import { providerFindings } from './doctor-providers.js';
import type { Finding } from './finding.js';
import { foldersFinding } from './folders.js';
import { diskFindings, memoryFinding } from './room.js';

export type { Finding } from './finding.js';

/** Program, what for, and its Debian package where process/ does not know it. */
const PROGRAMS: readonly (readonly [program: string, purpose: string, debianPackage?: string])[] = [
  ['qemu-system-x86_64', 'runs the builder VM'],
  ['qemu-img', 'makes the disks of base boxes, VMs and caches'],
  ['mmdebstrap', 'makes base boxes'],
  ['git', 'clones the project for the VM'],
  ['ssh', 'works in the VM'],
  ['ssh-keygen', 'makes the keys of each VM'],
  ['tar', 'unpacks disk tools'],
  ['xz', 'unpacks the indices of APT snapshots', 'xz-utils'],
  ['gpgv', 'checks the signatures of APT snapshots'],
  ['setpriv', 'ties programs to the life of mayfly'],
  ['flock', 'holds locks'],
];

export async function examineHost(context: Context): Promise<readonly Finding[]> {
  const single = await Promise.all([
    gitVersion(),
    userNamespace(),
    keyring(),
    upstream(context),
    accelerator(context),
    firmware(),
    memoryFinding(),
  ]);
  return [
    nodeVersion(),
    ...PROGRAMS.map((row) => programFinding(...row)),
    ...single,
    ...(await providerFindings(context)),
    await foldersFinding(context),
    ...(await diskFindings(context)),
    await logsFinding(context),
  ];
}

/** One command that installs everything that a package can mend; undefined when there is nothing. */
export function installCommand(findings: readonly Finding[], isRoot: boolean): string | undefined {
  const packages = findings.flatMap((finding) =>
    finding.state === 'missing' && finding.package !== undefined ? [finding.package] : [],
  );
  if (packages.length === 0) return undefined;
  return `${isRoot ? '' : 'sudo '}apt-get install --no-install-recommends ${[...new Set(packages)].sort().join(' ')}`;
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'Node.js',
    purpose: 'runs mayfly',
    state: enough ? 'ok' : 'missing',
    found: process.version,
    ...(enough ? {} : { hint: 'Install Node.js 20.19 or newer; Debian 13 has it as the package nodejs.' }),
  };
}

export function programFinding(
  program: string,
  purpose: string,
  debianPackage = packageOf(program),
): Finding {
  const path = which(program);
  if (path !== undefined) return { name: program, purpose, state: 'ok', found: path };
  return { name: program, purpose, state: 'missing', found: 'not installed', package: debianPackage };
}

async function gitVersion(): Promise<Finding> {
  const base = { name: 'git version', purpose: 'merges the base branch in a scratch clone (2.38 or newer)' };
  if (which('git') === undefined)
    return { ...base, state: 'missing', found: 'not installed', package: 'git' };
  const version = /\d+\.\d+/.exec((await run('git', ['--version'])).stdout)?.[0] ?? '0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > 2 || (major === 2 && minor >= 38);
  return {
    ...base,
    state: enough ? 'ok' : 'warning',
    found: version,
    ...(enough ? {} : { hint: 'Install a newer git, or build with --no-merge-base-branch.' }),
  };
}

async function readable(path: string): Promise<boolean> {
  return await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function keyring(): Promise<Finding> {
  const path = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const base = { name: 'Debian keyring', purpose: 'verifies packages' };
  if (await readable(path)) return { ...base, state: 'ok', found: path };
  return { ...base, state: 'missing', found: 'not installed', package: 'debian-archive-keyring' };
}

async function firmware(): Promise<Finding> {
  const base = { name: 'UEFI firmware', purpose: 'for `mayfly boot --uefi`' };
  if (await readable(OVMF)) return { ...base, state: 'ok', found: OVMF };
  return {
    ...base,
    state: 'optional',
    found: 'not installed; only `mayfly boot --uefi` needs it',
    package: 'ovmf',
  };
}

async function upstream(context: Context): Promise<Finding> {
  const base = { name: 'archive', purpose: 'where packages come from, unless builder.yaml says otherwise' };
  try {
    return { ...base, state: 'ok', found: await hostUpstream('debian', context.signal) };
  } catch (error) {
    return {
      ...base,
      state: 'warning',
      found: messageOf(error),
      hint: 'Set archive.origins in builder.yaml.',
    };
  }
}

async function accelerator(context: Context): Promise<Finding> {
  const { name, reason, hint } = await detectAccelerator(context.env);
  const base = { name: 'KVM', purpose: 'makes VMs fast', found: reason };
  if (name === 'kvm') return { ...base, state: 'ok' };
  return {
    ...base,
    state: 'warning',
    found: `${reason}: builds run under emulation, 5 to 15 times slower`,
    ...(hint === undefined ? {} : { hint }),
  };
}
