/** What tells of a VM when it is gone: copies of its logs in the folder of the build, or of another operation. */
import { cp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MayflyError, messageOf } from '../../errors.js';
import { buildFiles, vmFiles } from '../../paths.js';
import type { Journal } from '../record/journal.js';
import type { BuilderVm } from './builder-vm.js';

/** Its serial console, and what QEMU and ssh said of it. */
export async function copyLogs(journal: Journal, builder: BuilderVm): Promise<void> {
  try {
    await builder.guest.bringConsole();
  } catch (error) {
    const text = `The serial console of the VM could not be read: ${messageOf(error)}`;
    journal.tell({ type: 'notice', level: 'warning', text });
  }
  await cp(builder.guest.console, join(journal.folder, buildFiles.console)).catch(() => undefined);
  for (const log of ['qemuLog', 'sshLog'] as const) {
    const from = join(builder.folder, vmFiles[log]);
    const size = await stat(from).catch(() => undefined);
    if (size !== undefined && size.size > 0)
      await cp(from, join(journal.folder, buildFiles[log])).catch(() => undefined);
  }
}

/** Paths inside the VM's folder are gone with it: point to the folder of their copies instead. */
export function withLog(error: unknown, folder: string): unknown {
  if (!(error instanceof MayflyError) || error.log === undefined || error.log.startsWith(folder))
    return error;
  Object.defineProperty(error, 'log', { value: join(folder, buildFiles.console) });
  return error;
}
