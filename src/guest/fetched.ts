/** What the proxy in a VM handed out to whoever works there. */
import { MayflyError } from '../errors.js';
import { runScript, type GuestSession, type ScriptOptions } from './session.js';

/**
 * @returns `HOST/PATH` of each answer, as the guest says: not to be trusted
 * @throws MayflyError `guest.fetched` when it does not say
 */
export async function proxyAnswers(guest: GuestSession, options: ScriptOptions): Promise<readonly string[]> {
  const answers: string[] = [];
  const outcome = await runScript(
    guest,
    'fetched',
    {},
    {
      ...options,
      onLine: (line, stream) => {
        if (stream === 'stdout' && line.startsWith('used ')) answers.push(line.slice('used '.length));
        else options.onLine(line, stream);
      },
    },
  );
  if (outcome.exitCode !== 0) {
    throw new MayflyError(
      'vm',
      'guest.fetched',
      `The log of the proxy in the VM could not be read (exit code ${outcome.exitCode}): nobody knows what the build fetched.`,
      { hint: 'Did a script of the project change /var/log/apt-cacher-ng, or awk, in the VM?' },
    );
  }
  return answers;
}
