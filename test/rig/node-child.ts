/** Another Node.js process that runs a few lines of TypeScript, for tests of what happens between processes. */
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

export interface NodeChild {
  readonly pid: number;
  /** Settles with the first line that it printed; rejects when it ends without one. */
  readonly firstLine: Promise<string>;
  /** Settles when it is gone. */
  readonly ended: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
  /** Ends its standard input, for code that waits for that. */
  go(): void;
}

/**
 * @param code a module; it may import files of src/ by their URL
 * @param under a command that runs the one after it, such as `setpriv` with its options
 */
export function startNode(
  code: string,
  args: readonly string[] = [],
  under: readonly string[] = [],
): NodeChild {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', code, '--', ...args];
  const [program = process.execPath, ...rest] = [...under, ...node];
  const child = execa(program, rest, { reject: false, stdin: 'pipe' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await child;
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer | string) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    void child.then(({ stderr }) => {
      reject(new Error(`the process printed nothing: ${stderr}`));
    });
  });
  // A test that does not look at the line must not fail because of it.
  firstLine.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    firstLine,
    ended: child,
    kill: (signal) => void child.kill(signal),
    go: () => void child.stdin.end(),
  };
}

/** The URL of a file of src/, for the code of another process. */
export function sourceUrl(path: string): string {
  return new URL(`../../src/${path}`, import.meta.url).href;
}
