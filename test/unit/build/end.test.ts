/** What becomes of a VM's caches when the guest does not let go of them. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Context } from '../../../src/build/context.js';
import type { BuilderVm } from '../../../src/build/vm/builder-vm.js';
import { vmDestroy } from '../../../src/build/vm/commands.js';
import { destroyBuilderVm, haltBuilderVm } from '../../../src/build/vm/end.js';
import { storageOf } from '../../../src/build/vm/storage.js';
import { cachesFolder, vmsFolder } from '../../../src/paths.js';
import type { MayflyEvent } from '../../../src/report/events.js';
import { listVms, makeVmFolder, writeVmRecord, type VmRecord } from '../../../src/vm/registry.js';
import type { VmState } from '../../../src/vm/state.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { guestSession } from '../guest/session.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { RECORD } from '../vm/spec.js';
import { contextIn } from './plan/project.js';

const LETS_GO = 'cat > /dev/null';
const BUSY = `secret=$(sed -n 's/^MF_SECRET=//p')
  echo "mayfly-failure $secret guest.busy-cache /var/cache/website" >&2; exit 70`;

interface Rig {
  readonly context: Context;
  readonly builder: BuilderVm;
  readonly overlay: string;
  /** What was reported since the last call. */
  readonly told: () => string;
}

/** A VM with one cache disk. @param ssh what the guest does @param stops whether QEMU closes its disks in order */
async function rig(ssh: string, stops = true): Promise<Rig> {
  await fakeProgram('ssh', ssh);
  const root = await temporaryFolder();
  const events: MayflyEvent[] = [];
  const report = (event: MayflyEvent): void => void events.push(event);
  const context = { ...contextIn(root, join(root, 'home')), report };
  const cache = join(cachesFolder(context.home), 'example-website');
  await mkdir(cache, { recursive: true });
  const overlay = join(cache, `run-${RECORD.id}.qcow2`);
  await writeFile(overlay, '');
  const folder = await makeVmFolder(vmsFolder(context.home), RECORD.id);
  const caches: VmRecord['caches'] = { 'example-website': { serial: 's', path: overlay } };
  // A port: it runs. Its process is not looked for.
  const record: VmRecord = { ...RECORD, kept: true, port: 2222, caches };
  await writeVmRecord(folder, record);
  const guest = await guestSession();
  const vm: BuilderVm['vm'] = {
    id: record.id,
    process: undefined,
    ssh: guest.ssh,
    shareTags: undefined,
    exited: new Promise(() => undefined),
    exit: undefined,
    stop: () => Promise.resolve(stops),
    kill: () => Promise.resolve(),
    bringConsole: () => Promise.resolve(),
    letGo: () => Promise.resolve(),
  };
  const release = (): Promise<void> => Promise.resolve();
  const builder: BuilderVm = {
    ...{ vm, guest, folder, record, storage: storageOf(context, record, folder) },
    master: { exit: undefined, end: release } as unknown as BuilderVm['master'],
    held: { release, [Symbol.asyncDispose]: release },
  };
  const told = (): string =>
    events
      .splice(0)
      .map((event) => (event.type === 'notice' ? event.text : ''))
      .join('\n');
  return { context, builder, overlay, told };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Destroys the VM as a later command finds it. */
async function destroyLater({ context }: Rig, state: VmState): Promise<void> {
  const [known] = await listVms(vmsFolder(context.home));
  expect(known?.state).toBe(state);
  if (known !== undefined) await vmDestroy(context, known);
  expect(await listVms(vmsFolder(context.home))).toEqual([]);
}

it('a build whose cache is busy says what keeps it busy, and drops it', async () => {
  const { context, builder, overlay, told } = await rig(BUSY);
  await destroyBuilderVm(context, builder, context.report);
  expect(told()).toMatch(/not kept in its caches: .*\/var\/cache\/website in the VM is in use/);
  expect(await exists(overlay)).toBe(false);
});

it('a VM that had to be killed says that its caches are not kept', async () => {
  const { context, builder, overlay, told } = await rig(LETS_GO, false);
  await destroyBuilderVm(context, builder, context.report);
  expect(told()).toContain('was killed');
  expect(await exists(overlay)).toBe(false);
});

it('a VM that had to be killed when it was halted has crashed: it does not start again', async () => {
  const killed = await rig(LETS_GO, false);
  const halt = haltBuilderVm(killed.builder, killed.context.report);
  expect(await failure(halt)).toMatchObject({ kind: 'vm', code: 'vm.crashed' });
  expect(killed.told()).toContain('not kept in its caches');
  await destroyLater(killed, 'crashed');
  expect(killed.told()).toContain('it ended without being halted.');
  expect(await exists(killed.overlay)).toBe(false);
});

it('a cache that was busy when the VM was halted is dropped with it', async () => {
  const halted = await rig(BUSY);
  await haltBuilderVm(halted.builder, halted.context.report);
  expect(halted.builder.record).toMatchObject({ cachesClean: false });
  expect(halted.told()).toContain('not kept in its caches');
  await destroyLater(halted, 'halted');
  expect(halted.told()).toBe(
    `What the VM ${RECORD.id} fetched is not kept in its caches: it was not halted in order.`,
  );
  expect(await exists(halted.overlay)).toBe(false);
});

it.each([true, undefined])('halted in order (cachesClean: %s), its cache is sealed', async (cachesClean) => {
  const halted = await rig(LETS_GO);
  await haltBuilderVm(halted.builder, halted.context.report);
  expect(halted.builder.record).toMatchObject({ cachesClean: true });
  // An older mayfly wrote nothing of it.
  await writeVmRecord(halted.builder.folder, { ...halted.builder.record, cachesClean });
  await destroyLater(halted, 'halted');
  // Our overlay is no real disk: that sealing was tried shows in what it says.
  expect(halted.told()).toContain('was removed, or cannot be read');
});
