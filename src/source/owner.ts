/**
 * Whose a checkout is. Its own .git/config may name programs that git runs when it only looks (filters of gitattributes),
 * so git itself refuses the checkout of another user, and mayfly does as git does.
 */
import { stat } from 'node:fs/promises';
import { MayflyError } from '../errors.js';
import { quoteCommand } from '../process/command-error.js';
import { run } from '../process/run.js';

interface Folders {
  readonly topLevel: string;
  readonly gitDir: string;
  readonly commonDir: string;
}

/** Users whose files run nothing that this one would not run: itself, root, and who called sudo. Pure. */
export function trustedOwners(uid: number, env: NodeJS.ProcessEnv): ReadonlySet<number> {
  const caller = uid === 0 ? Number.parseInt(env['SUDO_UID'] ?? '', 10) : Number.NaN;
  return new Set([0, uid, ...(Number.isNaN(caller) ? [] : [caller])]);
}

/**
 * Whether a person has said that a folder is safe (git-config(1), safe.directory). Pure.
 * @param listed the values, in order; an empty one forgets those before it
 */
export function isListedSafe(listed: readonly string[], folder: string): boolean {
  return listed
    .slice(listed.lastIndexOf('') + 1)
    .some(
      (value) =>
        value === '*' || value === folder || (value.endsWith('/*') && folder.startsWith(value.slice(0, -1))),
    );
}

/** @throws MayflyError `source.other-owner` (refused) */
export async function refuseOtherOwner({ topLevel, gitDir, commonDir }: Folders): Promise<void> {
  const uid = process.geteuid?.() ?? 0;
  const trusted = trustedOwners(uid, process.env);
  for (const folder of new Set([topLevel, gitDir, commonDir])) {
    const owner = (await stat(folder)).uid;
    if (trusted.has(owner)) continue;
    if (isListedSafe(await safeDirectories(), topLevel)) return;
    throw new MayflyError(
      'refused',
      'source.other-owner',
      `The checkout ${topLevel} belongs to another user (${folder} to the one with the id ${owner}).`,
      {
        details: ['Its .git/config may name programs that git would run as you.'],
        hint: `Run mayfly as that user; or, if you trust them: ${quoteCommand(['git', 'config', '--global', '--add', 'safe.directory', topLevel])}`,
      },
    );
  }
}

/** Of the person's and the host's configuration; a repository cannot say it of itself. */
async function safeDirectories(): Promise<readonly string[]> {
  const args = ['config', '--null', '--type=path', '--get-all', 'safe.directory'];
  const names = Object.keys(process.env).filter((name) => /^(?:GIT_CONFIG_\w+|XDG_CONFIG_HOME)$/.test(name));
  const env = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const { stdout } = await run('git', args, { cwd: '/', env, accept: [0, 1] });
  return stdout.split('\0').slice(0, -1);
}
