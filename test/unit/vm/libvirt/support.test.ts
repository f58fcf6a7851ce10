import { describe, expect, it } from 'vitest';
import { hintFor } from '../../../../src/vm/libvirt/support.js';

describe('what to do when libvirt refuses', () => {
  it.each([
    ['qemu:///session', 'Permission denied', "virsh -c 'qemu:///session' version"],
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
