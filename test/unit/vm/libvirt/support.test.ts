import { describe, expect, it } from 'vitest';
import { hintFor } from '../../../../src/vm/libvirt/support.js';

describe('what to do when libvirt refuses', () => {
  it.each([
    [
      'qemu:///session',
      "Cannot create user runtime directory '/run/user/0/libvirt'",
      'unset XDG_RUNTIME_DIR',
    ],
    ['qemu:///session', 'Permission denied', 'unset XDG_RUNTIME_DIR'],
    [
      'qemu:///session',
      "Failed to connect socket to '/run/user/1000/libvirt/virtqemud-sock': No such file or directory",
      'libvirt-daemon-driver-qemu',
    ],
    ['qemu:///session', 'no connection driver available for qemu:///session', 'libvirt-daemon-driver-qemu'],
    ['qemu:///session', 'could not find an emulator for x86_64', 'qemu-system-x86'],
    ['qemu:///session', 'something else', "virsh -c 'qemu:///session' version"],
    ['qemu:///system', 'authentication unavailable', 'sudo adduser "$USER" libvirt'],
    ['qemu:///system', 'something else', "virsh -c 'qemu:///system' pool-info default"],
  ])('at %s: %s', (uri, words, hint) => {
    expect(hintFor(uri, new Error(words))).toContain(hint);
  });

  it('for a session, no group and no pool', () => {
    expect(hintFor('qemu:///session', new Error('Permission denied'))).not.toMatch(/adduser|pool/);
  });
});
