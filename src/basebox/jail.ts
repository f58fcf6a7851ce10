/**
 * Programs that a project's archive brought run on this host with nothing of it in reach: builder.yaml may name any
 * archive, and any key that signs it.
 */
import { mkdir } from 'node:fs/promises';
import { partFile } from '../program.js';

const SCRIPT = partFile('basebox/jail.sh');

export interface Jail {
  /** An empty folder, made when it is missing; it stays empty. */
  readonly root: string;
  /** Folders that the program may read, absolute. */
  readonly read: readonly string[];
  /** Folders that it may write to as well. */
  readonly write: readonly string[];
}

/** The command that runs another in the jail (unshare(1), user_namespaces(7)). Pure. */
export function jailArguments({ root, read, write }: Jail, command: readonly string[]): readonly string[] {
  return [
    ...['--user', '--map-root-user', '--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child'],
    ...['sh', SCRIPT, root],
    ...read.flatMap((folder) => ['read', folder]),
    ...write.flatMap((folder) => ['write', folder]),
    ...['--', ...command],
  ];
}

export async function makeJail(jail: Jail): Promise<void> {
  for (const folder of [jail.root, ...jail.write]) await mkdir(folder, { recursive: true });
}
