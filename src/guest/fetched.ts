/** What the proxy in a VM handed out to whoever works there. */
import { runScript, type GuestSession, type ScriptOptions } from './session.js';

/**
 * @returns `HOST/PATH` of each answer, as the guest says: not to be trusted
 */
export async function proxyAnswers(guest: GuestSession, options: ScriptOptions): Promise<readonly string[]> {
  const answers: string[] = [];
  await runScript(
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
  return answers;
}
