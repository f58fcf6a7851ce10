/** People in the VM: a login, or one command. */
import { run } from '../../process/run.js';
import { sshArguments } from '../../process/ssh.js';
import type { Context } from '../context.js';
import { findVm, withVm } from './commands.js';

/** Every exit code is the command's own. */
const ANY_EXIT = Array.from({ length: 256 }, (_, code) => code);

/** @returns the shell's exit code */
export async function vmShell(context: Context, id: string | undefined, asRoot: boolean): Promise<number> {
  return await inVm(context, id, asRoot, ['bash', '--login'], ['-t']);
}

/** @returns the command's exit code */
export async function vmExec(
  context: Context,
  id: string | undefined,
  command: readonly string[],
  asRoot: boolean,
): Promise<number> {
  return await inVm(context, id, asRoot, command, ['-n']);
}

async function inVm(
  context: Context,
  id: string | undefined,
  asRoot: boolean,
  command: readonly string[],
  flags: readonly string[],
): Promise<number> {
  return await withVm(context, await findVm(context, id), async (builder) => {
    const vector = asRoot ? command : asUser(builder.record.user, command);
    const args = sshArguments(builder.vm.ssh, vector, ['-o', 'ControlMaster=no', ...flags]);
    const result = await run('ssh', args, {
      cwd: builder.folder,
      stdio: 'inherit',
      signal: context.signal,
      accept: ANY_EXIT,
    });
    return result.exitCode;
  });
}

function asUser(user: string, command: readonly string[]): readonly string[] {
  const identity = ['--reuid', user, '--regid', user, '--init-groups'];
  const environment = [`HOME=/home/${user}`, `USER=${user}`, `LOGNAME=${user}`];
  // The connection is root's, whose home is closed to others.
  const home = ['--chdir', `/home/${user}`];
  return ['setpriv', ...identity, '--', 'env', ...home, ...environment, ...command];
}
