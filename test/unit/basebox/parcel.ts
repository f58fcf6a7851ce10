/** A box as a file, and back. */
import { join } from 'node:path';
import { exportBox } from '../../../src/basebox/package.js';
import { type Box } from '../../../src/basebox/store.js';
import { importBox, type ImportRequest } from '../../../src/build/box/import.js';
import type { EnsuredBox } from '../../../src/build/box/ensure.js';
import { contextIn } from '../build/plan/project.js';
import { temporaryFolder } from '../source/repository.js';

const { signal } = new AbortController();

export async function exported(made: Box): Promise<string> {
  const file = join(await temporaryFolder(), 'x.box');
  await exportBox(made, 'vagrant', file, await temporaryFolder(), signal);
  return file;
}

export async function bring(request: Partial<ImportRequest> & { from: string }): Promise<EnsuredBox> {
  const folder = await temporaryFolder();
  const context = contextIn(folder, join(folder, 'home'), { MAYFLY_TMPDIR: folder });
  return await importBox(context, {
    version: undefined,
    diskSha256: undefined,
    identity: undefined,
    ...request,
  });
}
