import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint, fingerprintInputs, sha256 } from '../../../src/basebox/recipe.js';
import type { Box } from '../../../src/basebox/store.js';
import { run } from '../../../src/process/run.js';
import { sparseSha256 } from '../../../src/process/sparse.js';
import { temporaryFolder } from '../source/repository.js';
import { box, SPEC } from './spec.js';

const { signal } = new AbortController();

/** A box with a small real disk, in a folder as the store has it. */
export async function madeBox(
  content = 'a disk',
  label = 'example-amd64-trixie-20260102-1a2b3c4',
): Promise<Box> {
  const folder = await temporaryFolder();
  const raw = join(folder, 'raw');
  await writeFile(
    raw,
    Buffer.concat([Buffer.from(content), Buffer.alloc(1024 * 1024)]).subarray(0, 1024 * 1024),
  );
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(folder, 'disk.qcow2')]);
  for (const [name, text] of Object.entries({
    vmlinuz: 'kernel',
    'initrd.img': 'initrd',
    'packages.json': '[]',
    'files.json': '[]',
  }))
    await writeFile(join(folder, name), text);
  const inputs = fingerprintInputs(SPEC, {});
  const { record } = box({
    label,
    inputs,
    fingerprint: fingerprint(inputs),
    diskSha256: await sparseSha256(raw, signal),
    diskBytes: 1024 * 1024,
    bootSha256: { kernel: sha256('kernel'), initrd: sha256('initrd') },
  });
  await writeFile(join(folder, 'box.json'), JSON.stringify(record));
  return { folder, record };
}
