/** Disks from elsewhere: how much they may be. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskProblem, MOST_OF_BOX, MOST_OF_DISK } from '../../../src/basebox/foreign-disk.js';
import { atMost } from '../../../src/build/box/bring.js';
import { run } from '../../../src/process/run.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { failure, temporaryFolder } from '../source/repository.js';

const { signal } = new AbortController();

async function qcow2(size: string): Promise<string> {
  const disk = join(await temporaryFolder(), 'disk');
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, size]);
  return disk;
}

describe('a disk from elsewhere', () => {
  it('is as large as its box says', async () => {
    expect(await diskProblem(await qcow2('1M'), 2 ** 20, signal)).toBeUndefined();
    expect(await diskProblem(await qcow2('2M'), 2 ** 20, signal)).toContain('2097152 bytes');
  });

  it('is not larger than disks of boxes are, whatever its box says', async () => {
    expect(await diskProblem(await qcow2('2T'), 2 * 2 ** 40, signal)).toContain('the most');
    expect(await diskProblem(await qcow2('1T'), MOST_OF_DISK, signal)).toBeUndefined();
  });

  it.each([
    [MOST_OF_BOX, undefined],
    [MOST_OF_BOX + 1, 'the most'],
  ])('of which the file tells little holds %d bytes', async (required, expected) => {
    const answers = `case $1 in
info) echo '{"virtual-size": 1024}' ;;
measure) echo '{"required": ${required}}' ;;
esac`;
    await fakeProgram('qemu-img', answers);
    const problem = await diskProblem('/x', 1024, signal);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(expected);
  });
});

it('what is fetched is read no further than it may be', async () => {
  let read = 0;
  const endless = async function* () {
    for (;;) yield await Promise.resolve(new Uint8Array((read += 1) * 0 + 10));
  };
  const drain = async (): Promise<void> => {
    for await (const piece of atMost(endless(), 35, 'http://x')) expect(piece).toHaveLength(10);
  };
  expect(await failure(drain())).toMatchObject({ code: 'import.too-large' });
  expect(read).toBe(4);
});
