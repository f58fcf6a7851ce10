/** The Vagrantfile and the box's metadata, as tables, and what is read from Vagrant and libvirt. */
import { describe, expect, it } from 'vitest';
import { boxCatalog, boxMetadata, hasBox } from '../../../../src/vm/vagrant/box.js';
import { qemuUser, saidBy } from '../../../../src/vm/vagrant/vagrant.js';
import { has9p, shareTags, vagrantBoxVolume, vagrantfile } from '../../../../src/vm/vagrant/vagrantfile.js';
import { mayflyIn, triggers } from '../../../../src/vm/vagrant/by-hand.js';
import { quoteRuby } from '../../../../src/vm/vagrant/ruby.js';
import { SPEC } from '../spec.js';

const POOL = '/var/lib/libvirt/images';
const SETTINGS = {
  spec: {
    ...SPEC,
    connection: 'qemu:///system',
    disks: [
      { serial: 'mayfly-packages', path: `${POOL}/mayfly-cache-p-run-1a2b3c4d.qcow2`, format: 'qcow2' },
      { serial: 'mayfly-artifacts', path: `${POOL}/mayfly-vm-1a2b3c4d-artifacts.raw`, format: 'raw' },
    ],
  },
  user: 'builder',
  handover: { serial: 'mayfly-handover', path: `${POOL}/mayfly-vm-1a2b3c4d-handover.raw`, format: 'raw' },
  with9p: true,
  console: '/state/vms/1a2b3c4d/console.log',
  bootSeconds: 600,
  mayfly: ['env', '-C', "/src/ada's", 'mayfly'],
} as const;

describe('the Vagrantfile', () => {
  it('of a VM that is cut off, under emulation', () => {
    const spec = { ...SETTINGS.spec, accelerator: 'tcg', network: 'restricted' } as const;
    expect(vagrantfile({ ...SETTINGS, spec })).toMatchInlineSnapshot(`
      "# Made by mayfly for one builder VM. \`vagrant up\`, \`ssh\`, \`halt\` and \`destroy\` in this folder do what \`mayfly vm\` does.
      # The lines with \`storage\` and \`trigger\` must stay: without them, \`vagrant destroy\` deletes every disk that is plugged
      # in, and \`vagrant up\` does not provision.
      Vagrant.configure('2') do |config|
        config.vm.define 'mayfly-1a2b3c4d'
        config.vm.box = 'mayfly-f'
        config.vm.box_version = '1.0.0'
        config.vm.box_check_update = false
        config.vm.guest = :debian
        config.vm.boot_timeout = 600
        config.ssh.username = 'builder'
        config.ssh.private_key_path = '/state/vms/1a2b3c4d/id_ed25519'
        config.ssh.insert_key = false
        config.ssh.forward_agent = false
        config.vm.synced_folder '.', '/vagrant', disabled: true
        config.vm.synced_folder '/state/vms/1a2b3c4d/source', '/mnt/source', type: '9p', accessmode: 'passthrough', readonly: true, mount_opts: 'ro'
        config.vm.synced_folder '/state/vms/1a2b3c4d/builder', '/mnt/builder', type: '9p', accessmode: 'passthrough', readonly: true, mount_opts: 'ro'
        config.vm.provider :libvirt do |libvirt|
          libvirt.uri = 'qemu:///system'
          libvirt.driver = 'qemu'
          libvirt.default_prefix = ''
          libvirt.cpus = 4
          libvirt.memory = 1536
          libvirt.machine_type = 'q35'
          libvirt.cpu_mode = 'maximum'
          libvirt.qemuargs value: '-cpu'
          libvirt.qemuargs value: 'max,-erms,-fsrm'
          libvirt.graphics_type = 'none'
          libvirt.memballoon_enabled = false
          libvirt.random model: 'random'
          libvirt.disk_driver cache: 'unsafe', discard: 'unmap'
          libvirt.management_network_name = 'mayfly-isolated'
          libvirt.management_network_address = '10.253.77.0/24'
          libvirt.management_network_mode = 'none'
          libvirt.serial type: 'file', source: { path: '/state/vms/1a2b3c4d/console.log' }
          libvirt.storage :file, path: 'mayfly-cache-p-run-1a2b3c4d.qcow2', type: 'qcow2', serial: 'mayfly-packages', cache: 'unsafe', discard: 'unmap', allow_existing: true
          libvirt.storage :file, path: 'mayfly-vm-1a2b3c4d-artifacts.raw', type: 'raw', serial: 'mayfly-artifacts', cache: 'unsafe', discard: 'unmap', allow_existing: true
          libvirt.storage :file, path: 'mayfly-vm-1a2b3c4d-handover.raw', type: 'raw', serial: 'mayfly-handover', cache: 'unsafe', discard: 'unmap', allow_existing: true
        end
        # By hand, the same as with \`mayfly vm\`: each start provisions, and the caches outlive the VM.
        unless ENV['MAYFLY_CALLS_VAGRANT']
          config.trigger.after :up, :reload do |trigger|
            trigger.info = 'mayfly vm up'
            trigger.run = { inline: 'env -C \\'/src/ada\\'\\\\\\'\\'s\\' mayfly vm up' }
          end
          config.trigger.after :provision do |trigger|
            trigger.info = 'mayfly vm provision'
            trigger.run = { inline: 'env -C \\'/src/ada\\'\\\\\\'\\'s\\' mayfly vm provision' }
          end
          config.trigger.before :halt, :reload, :destroy do |trigger|
            trigger.info = 'mayfly vm halt 1a2b3c4d'
            trigger.run = { inline: 'env -C \\'/src/ada\\'\\\\\\'\\'s\\' mayfly vm halt 1a2b3c4d' }
            trigger.on_error = :continue
          end
          config.trigger.after :destroy do |trigger|
            trigger.ruby do |_, machine|
              machine.id || system('env', '-C', '/src/ada\\'s', 'mayfly', 'vm', 'destroy', '1a2b3c4d') || raise('mayfly vm destroy failed')
            end
          end
        end
      end
      "
    `);
  });

  it("of a project that has its own: that comes first, quoted, and the VM's own lines hold", () => {
    const spec = { ...SETTINGS.spec, vagrantfile: "it's/Vagrantfile" };
    const lines = vagrantfile({ ...SETTINGS, spec }).split('\n');
    const load = lines.indexOf(String.raw`load '/state/vms/1a2b3c4d/builder/it\'s/Vagrantfile'`);
    expect(load).toBeGreaterThan(0);
    expect(lines.indexOf("Vagrant.configure('2') do |config|")).toBe(load + 1);
  });

  it('of a VM that reaches everything, whose QEMU cannot read the folder', () => {
    const console = '/var/lib/libvirt/images/mayfly-vm-1a2b3c4d-console.raw';
    const text = vagrantfile({ ...SETTINGS, with9p: false, console });
    expect(text).not.toContain('9p');
    expect(text).toContain(`libvirt.serial type: 'file', source: { path: '${console}' }`);
    expect(has9p(text)).toBe(false);
    expect(has9p(vagrantfile(SETTINGS))).toBe(true);
    expect(text).not.toContain('management_network');
    expect(text).toContain("libvirt.cpu_mode = 'host-passthrough'");
  });

  it('quotes as Ruby reads it', () => {
    expect(quoteRuby(String.raw`it's #{a} \n`)).toBe(String.raw`'it\'s #{a} \\n'`);
  });

  it('gives shares the tags that the plug-in gives them', () => {
    expect(shareTags('/vms/x')).toEqual({
      source: 'c0afb3c1f680b1fe2c7e56d26e6ab77',
      builder: 'a971f2e2fc156009915079078f869a5',
    });
  });
});

describe('the box', () => {
  it('says how large its disk is, in whole gibibytes', () => {
    expect(JSON.parse(boxMetadata(20 * 2 ** 30 + 1))).toEqual({
      provider: 'libvirt',
      format: 'qcow2',
      virtual_size: 21,
    });
  });

  it('comes with a version and a checksum', () => {
    expect(JSON.parse(boxCatalog('0f', '/a b/mayfly.box', 'abc'))).toEqual({
      name: 'mayfly-0f',
      versions: [
        {
          version: '1.0.0',
          providers: [
            { name: 'libvirt', url: 'file:///a%20b/mayfly.box', checksum_type: 'sha256', checksum: 'abc' },
          ],
        },
      ],
    });
    expect(vagrantBoxVolume('0f')).toBe('mayfly-0f_vagrant_box_image_1.0.0_box.img');
  });

  it('is found in what Vagrant lists', () => {
    const listing =
      '1,,ui,info,mayfly-0f (libvirt%!(VAGRANT_COMMA) 1.0.0)\n1,,box-name,mayfly-0f\n1,,box-provider,libvirt\n1,,box-version,1.0.0\n';
    expect(hasBox(listing, '0f')).toBe(true);
    expect(hasBox(listing, '0')).toBe(false);
    expect(hasBox(listing.replace(',libvirt\n', ',virtualbox\n'), '0f')).toBe(false);
    expect(hasBox('1,,ui,warn,There are no installed boxes!\n', '0f')).toBe(false);
  });
});

it('the user of QEMU is read from what libvirt can do', () => {
  const model = (name: string, label: string): string =>
    `<secmodel>\n<model>${name}</model>\n<doi>0</doi>\n<baselabel type='kvm'>${label}</baselabel>\n<baselabel type='qemu'>${label}</baselabel>\n</secmodel>`;
  expect(qemuUser(model('apparmor', 'x') + model('dac', '+64055:+64055'))).toBe(64055);
  expect(qemuUser(model('none', ''))).toBeUndefined();
});

it('an error of Vagrant is shown without its traces', () => {
  const trace = "\tfrom /usr/share/vagrant/lib/action.rb:10:in `call'\n";
  expect(saidBy(`==> vm: Starting\n\n${trace}Call failed (Error)\n${trace}`)).toEqual([
    '==> vm: Starting',
    'Call failed (Error)',
  ]);
});

describe('vagrant by hand', () => {
  it('calls this mayfly, in the checkout, with the folders that it has now', () => {
    const words = mayflyIn('/src/example', { MAYFLY_HOME: '/home/ada/m', HOME: '/home/ada' });
    expect(words.slice(0, 5)).toEqual([
      'env',
      '-C',
      '/src/example',
      'MAYFLY_HOME=/home/ada/m',
      process.execPath,
    ]);
    expect(words.at(-1)).toMatch(/\/bin\/mayfly\.js$/);
  });

  it('by words that the shell of no one reads', () => {
    const text = triggers('1a', ['env', '-C', "/src/it's $(x)", 'mayfly']).join('\n');
    expect(text).toContain(String.raw`{ inline: 'env -C \'/src/it\'\\\'\'s $(x)\' mayfly vm up' }`);
  });
});
