/** The end of a domain that we ask for: in order only when libvirt says that it has ended it. */
import { expect, it } from 'vitest';
import type { Service } from '../../../../src/process/service.js';
import { runningDomain } from '../../../../src/vm/libvirt/watch.js';
import { fakeProgram } from '../../../rig/fake-programs.js';
import { temporaryFolder } from '../../source/repository.js';

const exit = { exitCode: 0, signal: undefined };
const WATCH: Service = {
  pid: 1,
  exited: new Promise(() => undefined),
  exit: undefined,
  end: () => Promise.resolve(exit),
};

it.each([
  [true, 'it ends on SIGTERM', 'exit 0'],
  [false, 'it had to be killed', 'case $* in *graceful*) exit 1 ;; esac'],
  [false, 'it was gone before', 'case $* in *destroy*) exit 1 ;; esac'],
])('is in order (%j) when %s', async (inOrder, _what, virsh) => {
  await fakeProgram('virsh', virsh);
  const folder = await temporaryFolder();
  const domain = { uri: 'qemu:///session', id: 'x', folder, port: 22, consoleIn: 'folder' } as const;
  const vm = runningDomain(domain, WATCH, 0);
  expect(await vm.stop()).toBe(inOrder);
  expect(vm.exit).toMatchObject({ reason: 'it was ended' });
});
