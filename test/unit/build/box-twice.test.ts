/** A box that is made twice: kept when both are the same, told when they are not. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Unfetched } from '../../../src/build/archive/unfetched.js';
import { createTwice } from '../../../src/build/box/twice.js';
import { inputsOf } from '../../../src/basebox/create.js';
import { fingerprint } from '../../../src/basebox/recipe.js';
import { listBoxes } from '../../../src/basebox/store.js';
import { boxesFolder, differencesFolder } from '../../../src/paths.js';
import { fakeMmdebstrap, fakeTools } from '../basebox/fake-box.js';
import { SPEC } from '../basebox/spec.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure, temporaryFolder } from '../source/repository.js';
import { contextIn } from './plan/project.js';

/**
 * @param content a command whose output is in the disk
 * @param before what mmdebstrap does first
 */
async function twice(content: string, before?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-twice-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
  await mkdir(boxesFolder(context.home), { recursive: true });
  const spec = { ...SPEC, diskBytes: 64 * 1024 * 1024 };
  const inputs = await inputsOf(spec);
  const planned = { fingerprint: fingerprint(inputs), label: 'l', exists: false, inputs, spec, epoch: 0 };
  await fakeTools(folder, content);
  await fakeMmdebstrap(folder, before);
  const archive = {
    ...{ onHost: <T>(source: T): T => source, served: [], unfetched: new Unfetched() },
    traffic: () => ({ bytes: 0, downloaded: 0 }),
  };
  return { context, make: () => createTwice(context, planned, archive, () => undefined) };
}

describe('a base box that is made twice', () => {
  it('is kept when both are the same', async () => {
    const { context, make } = await twice('echo same');
    const box = await make();
    expect(await listBoxes(boxesFolder(context.home))).toEqual([box]);
    // What is stored is compared with as well.
    expect((await make()).record.createdAt).toBe(box.record.createdAt);
  });

  it('is not kept when the root file systems differ, and diffoscope says why', async () => {
    const { context, make } = await twice('date +%N', 'trap \'date +%N >>"$tar"\' EXIT');
    await fakeProgram('diffoscope', 'echo "--- etc/stamp" > "$2"; exit 1');
    const error = await failure(make());
    expect(error).toMatchObject({ kind: 'script', code: 'box.not-reproducible' });
    expect(error.details).toEqual([
      expect.stringMatching(/^disk: differs in 1 place; sha256 \w{64} \(first\), \w{64} \(second\)$/),
      expect.stringMatching(/^ {2}bytes? .*: partition 1, before its superblock, byte \d of the file system/),
      '--- etc/stamp',
    ]);
    expect(error.hint).toMatch(/basebox\/postinstall: a date/);
    expect(await listBoxes(boxesFolder(context.home))).toEqual([]);
    expect(await readFile(error.log ?? '', 'utf8')).toBe(`${error.details.join('\n')}\n`);
    expect(error.log).toContain(differencesFolder(context.home));
  });

  it('of which the disks alone differ: diffoscope is not asked, and the hint blames nobody else', async () => {
    const { make } = await twice('date +%N');
    const diffoscope = await fakeProgram('diffoscope', 'exit 1');
    const error = await failure(make());
    expect(error.details[0]).toBe('The root file systems, as tars, are the same.');
    expect(error.details[1]).toMatch(/^disk: differs in 1 place;/);
    expect(error.details).toHaveLength(3);
    expect(error.hint).toMatch(/^The packages and basebox\/postinstall gave the same/);
    expect(await diffoscope.calls()).toEqual([]);
  });

  it('of which kernel and initrd differ: each is told, and the disk is not', async () => {
    const { make } = await twice(
      'echo same',
      'trap \'date +%N >>"$out/vmlinuz"; echo x$(date +%N) >"$out/initrd.img"\' EXIT',
    );
    const diffoscope = await fakeProgram('diffoscope', 'echo "$3" > "$2"; exit 1');
    const { details } = await failure(make());
    expect(details).toEqual([
      'The root file systems, as tars, are the same.',
      expect.stringMatching(/^kernel: differs from byte \d+ on; both have 17 B$/),
      expect.stringMatching(/^initrd: differs from byte \d+ on; both have 11 B$/),
      expect.stringMatching(/vmlinuz$/),
      expect.stringMatching(/initrd\.img$/),
    ]);
    expect(await diffoscope.calls()).toHaveLength(2);
  });

  it('is compared with what is stored, which is not what it would be now', async () => {
    const content = join(await temporaryFolder(), 'content');
    // Tools see the scratch folder of their box, and what is made beside them there.
    const { context, make } = await twice('cat "${disk%/made/*}/content"', `cp '${content}' "$out"`);
    await writeFile(content, 'one');
    const stored = await make();
    await writeFile(content, 'two');
    const error = await failure(make());
    expect(error.message).toBe('The base box that is stored here is not what its inputs make now.');
    expect(error.details).toEqual([
      expect.stringMatching(
        `^disk: differs in 1 place; sha256 ${stored.record.diskSha256} \\(stored\\), \\w{64} \\(made, twice\\)$`,
      ),
      '  bytes 1048576 to 1048578: partition 1, before its superblock, byte 0 of the file system (block 0)',
    ]);
    expect(error.hint).toContain(`mayfly box remove ${stored.record.fingerprint.slice(0, 12)}.`);
    // It is there still: who has it may want to look at it.
    expect(await listBoxes(boxesFolder(context.home))).toEqual([stored]);
  });

  it('is compared with a stored one that cannot be read: told, and no other error', async () => {
    const { context, make } = await twice('echo same');
    const stored = await make();
    const record = {
      ...stored.record,
      diskSha256: '0'.repeat(64),
      bootSha256: { kernel: '1'.repeat(64), initrd: '2'.repeat(64) },
    };
    await writeFile(join(stored.folder, 'box.json'), JSON.stringify(record));
    await rm(join(stored.folder, 'vmlinuz'));
    await fakeProgram('diffoscope', 'echo "vmlinuz: No such file or directory" >&2; exit 2');
    const same = await failure(make());
    expect(same.details[0]).toMatch(/^disk: is the same, and one has another checksum in its record/);
    expect(same.details[1]).toMatch(/^kernel: differs; it cannot be read: ENOENT/);
    expect(same.details.at(-1)).toMatch(/^diffoscope could not compare them: /);
    await writeFile(join(stored.folder, 'disk.qcow2'), 'no disk');
    expect((await failure(make())).details[1]).toMatch(/^ {2}it cannot be read: /);
    expect(context.signal.aborted).toBe(false);
  });
});
