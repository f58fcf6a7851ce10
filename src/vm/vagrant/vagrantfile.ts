/** The Vagrantfile of a builder VM, as a pure function: a person may read it, and run `vagrant` beside it by hand. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { domainName } from '../libvirt/domain.js';
import type { ExtraDisk, ShareTags, VmSpec } from '../provider.js';
import { vmFiles } from '../../paths.js';
import { EMULATED_CPU } from '../qemu/arguments.js';
import { triggers } from './by-hand.js';
import { quoteRuby } from './ruby.js';

/** The libvirt that vagrant-libvirt uses: the one whose networks it can make. */
export const SYSTEM = 'qemu:///system';

/** A box as Vagrant knows it. Its content is its name: the version never changes. */
export const vagrantBox = (fingerprint: string): { readonly name: string; readonly version: string } => ({
  name: `mayfly-${fingerprint}`,
  version: '1.0.0',
});

/** What vagrant-libvirt looks for in the storage pool, and makes where it finds none (handle_box_image.rb). */
export const vagrantBoxVolume = (fingerprint: string): string => {
  const { name, version } = vagrantBox(fingerprint);
  return `${name}_vagrant_box_image_${version}_box.img`;
};

/** vagrant-libvirt's tag of a 9p share: the first 31 digits of the MD5 of its path (synced_folder_9p.rb). */
export const tagOf = (path: string): string => createHash('md5').update(path).digest('hex').slice(0, 31);

export function shareTags(folder: string): ShareTags {
  return { source: tagOf(join(folder, vmFiles.source)), builder: tagOf(join(folder, vmFiles.builder)) };
}

/** The copy of the project's own Vagrantfile that stands beside the shares. */
export const ownVagrantfile = (folder: string, path: string): string => join(folder, vmFiles.builder, path);

/** Networks of libvirt's: one that leads nowhere, and the one that vagrant-libvirt makes by itself. */
export const ISOLATED = { name: 'mayfly-isolated', address: '10.253.77.0/24', mode: 'none' } as const;

export interface VagrantSettings {
  readonly spec: VmSpec;
  readonly user: string;
  /** Beside those of the specification: the disk that hands keys and settings over. */
  readonly handover: ExtraDisk;
  /** QEMU can read the VM's folder; else the shares are copied later. */
  readonly with9p: boolean;
  /** File that the serial console is written to. */
  readonly console: string;
  readonly bootSeconds: number;
  /** Words that call mayfly in the checkout. */
  readonly mayfly: readonly string[];
}

export function vagrantfile(settings: VagrantSettings): string {
  const { spec, user, handover, with9p, console, bootSeconds, mayfly } = settings;
  const q = quoteRuby;
  const { name, version } = vagrantBox(spec.box.fingerprint);
  const disks = [...spec.disks, handover];
  const lines = [
    '# Made by mayfly for one builder VM. `vagrant up`, `ssh`, `halt` and `destroy` in this folder do what `mayfly vm` does.',
    '# The lines with `storage` and `trigger` must stay: without them, `vagrant destroy` deletes every disk that is plugged',
    '# in, and `vagrant up` does not provision.',
    ...(spec.vagrantfile === undefined
      ? []
      : [
          "# The project's own comes first; where both say something, the lines below hold.",
          `load ${q(ownVagrantfile(spec.folder, spec.vagrantfile))}`,
        ]),
    "Vagrant.configure('2') do |config|",
    `  config.vm.define ${q(domainName(spec.id))}`,
    `  config.vm.box = ${q(name)}`,
    `  config.vm.box_version = ${q(version)}`,
    '  config.vm.box_check_update = false',
    '  config.vm.guest = :debian',
    `  config.vm.boot_timeout = ${bootSeconds}`,
    `  config.ssh.username = ${q(user)}`,
    `  config.ssh.private_key_path = ${q(join(spec.folder, vmFiles.sshKey))}`,
    '  config.ssh.insert_key = false',
    '  config.ssh.forward_agent = false',
    "  config.vm.synced_folder '.', '/vagrant', disabled: true",
    ...(with9p ? spec.shares.map(({ path, tag }) => share(resolve(spec.folder, path), tag)) : []),
    '  config.vm.provider :libvirt do |libvirt|',
    ...[
      `libvirt.uri = ${q(spec.connection ?? SYSTEM)}`,
      `libvirt.driver = ${q(spec.accelerator === 'kvm' ? 'kvm' : 'qemu')}`,
      "libvirt.default_prefix = ''",
      `libvirt.cpus = ${spec.cpus}`,
      `libvirt.memory = ${Math.ceil(spec.memoryBytes / 2 ** 20)}`,
      `libvirt.machine_type = ${q(spec.machineType ?? 'q35')}`,
      ...processor(spec),
      "libvirt.graphics_type = 'none'",
      'libvirt.memballoon_enabled = false',
      "libvirt.random model: 'random'",
      "libvirt.disk_driver cache: 'unsafe', discard: 'unmap'",
      ...network(spec),
      `libvirt.serial type: 'file', source: { path: ${q(console)} }`,
      ...disks.map(storage),
    ].map((line) => `    ${line}`),
    '  end',
    ...triggers(spec.id, mayfly),
    'end',
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether a Vagrantfile of ours has the shares. Pure. */
export const has9p = (vagrantfile: string): boolean =>
  /^ {2}config\.vm\.synced_folder .*, type: '9p',/m.test(vagrantfile);

/** Where a person finds the shares before mayfly has put them where builder.yaml says. */
function share(path: string, tag: string): string {
  const options = "type: '9p', accessmode: 'passthrough', readonly: true, mount_opts: 'ro'";
  return `  config.vm.synced_folder ${quoteRuby(path)}, ${quoteRuby(`/mnt/${tag}`)}, ${options}`;
}

function processor({ accelerator, cpuModel }: VmSpec): readonly string[] {
  if (cpuModel !== undefined)
    return ["libvirt.cpu_mode = 'custom'", `libvirt.cpu_model = ${quoteRuby(cpuModel)}`];
  if (accelerator === 'kvm') return ["libvirt.cpu_mode = 'host-passthrough'"];
  // The last -cpu of a command line counts: the plug-in cannot take features from a model without a name.
  return [
    "libvirt.cpu_mode = 'maximum'",
    "libvirt.qemuargs value: '-cpu'",
    `libvirt.qemuargs value: ${quoteRuby(EMULATED_CPU)}`,
  ];
}

function network({ network }: VmSpec): readonly string[] {
  if (network === 'open') return [];
  return [
    `libvirt.management_network_name = ${quoteRuby(ISOLATED.name)}`,
    `libvirt.management_network_address = ${quoteRuby(ISOLATED.address)}`,
    `libvirt.management_network_mode = ${quoteRuby(ISOLATED.mode)}`,
  ];
}

/** They exist already, and outlive `vagrant destroy`. */
function storage(disk: ExtraDisk): string {
  const name = disk.path.slice(disk.path.lastIndexOf('/') + 1);
  const { format, serial } = disk;
  const options = `path: ${quoteRuby(name)}, type: ${quoteRuby(format)}, serial: ${quoteRuby(serial)}`;
  return `libvirt.storage :file, ${options}, cache: 'unsafe', discard: 'unmap', allow_existing: true`;
}
