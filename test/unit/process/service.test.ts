import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownerOf } from '../../../src/process/owner.js';
import { logTail, startService, type Service, type ServiceOptions } from '../../../src/process/service.js';
import { eventually } from '../../rig/eventually.js';
import { fakeProgram } from '../../rig/fake-programs.js';
import { sourceUrl, startNode } from '../../rig/node-child.js';
import { failure, temporaryFolder } from '../source/repository.js';

async function service(script: string, whenWeDie: ServiceOptions['whenWeDie'] = 'KILL') {
  const cwd = await temporaryFolder();
  const log = join(cwd, 'log');
  const started: Service = await startService('sh', ['-c', script], { cwd, log, whenWeDie });
  onTestFinished(async () => {
    await started.end(0);
  });
  return { cwd, log, service: started };
}

const isGone = async (pid: number): Promise<boolean> => (await ownerOf(pid)) === undefined;

describe('a service', () => {
  it('runs in its folder, with a clean environment, and writes both streams to its log', async () => {
    const { cwd, log, service: started } = await service('pwd; echo "$LC_ALL" >&2; exit 3');
    expect(await started.exited).toEqual({ exitCode: 3, signal: undefined });
    expect(started.exit).toEqual({ exitCode: 3, signal: undefined });
    expect(await readFile(log, 'utf8')).toBe(`${cwd}\nC.UTF-8\n`);
    expect((await stat(log)).mode & 0o777).toBe(0o600);
  });

  it('has no exit while it runs; ending it in order gives its exit code', async () => {
    const { log, service: started } = await service("trap 'exit 5' TERM; echo up; sleep 60 & wait");
    await eventually('it is up', () => logTail(log).includes('up'));
    expect(started.exit).toBeUndefined();
    expect(await started.end(5000)).toEqual({ exitCode: 5, signal: undefined });
    expect(await started.end(5000)).toEqual({ exitCode: 5, signal: undefined });
  });

  it('that does not want to end is killed after the grace time', async () => {
    const { log, service: started } = await service("trap '' TERM; echo up; while :; do sleep 0.1; done");
    await eventually('it is up', () => logTail(log).includes('up'));
    expect(await started.end(200)).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('ends with its children', async () => {
    const { log, service: started } = await service('sleep 60 & echo $!; wait');
    await eventually('it has a child', () => logTail(log)[0] !== '');
    const child = Number(logTail(log)[0]);
    await started.end(1000);
    await eventually('the child is gone', () => isGone(child));
  });

  it('that is not installed is a CommandError', async () => {
    const options: ServiceOptions = { cwd: '/', log: '/dev/null', whenWeDie: 'KILL' };
    expect(await failure(startService('no-such-program', [], options))).toMatchObject({
      code: 'command.not-found',
    });
  });

  it('does not start when mayfly died before it could be tied to it', async () => {
    const folder = await temporaryFolder();
    // In place of the one that ties: until its parent, mayfly, which is killed meanwhile, is another one.
    await fakeProgram('setpriv', 'while [ "$(ps -o ppid= -p $$)" -eq "$7" ]; do :; done; shift 3; exec "$@"');
    const child = startNode(
      `import { startService } from ${JSON.stringify(sourceUrl('process/service.ts'))};
       const [cwd] = process.argv.slice(1);
       const { pid } = await startService('touch', ['started'], { cwd, log: cwd + '/log', whenWeDie: 'KILL' });
       console.log(pid);
       setInterval(() => undefined, 1000);`,
      [folder],
    );
    const pid = Number(await child.firstLine);
    child.kill('SIGKILL');
    await child.ended;
    await eventually('the service is gone', () => isGone(pid));
    expect(await readdir(folder)).toEqual(['log']);
  });

  it.each([
    ['KILL', true],
    ['outlives', false],
  ] as const)('when mayfly is killed: %s', async (whenWeDie, ends) => {
    const folder = await temporaryFolder();
    const child = startNode(
      `import { startService } from ${JSON.stringify(sourceUrl('process/service.ts'))};
       const [cwd, whenWeDie] = process.argv.slice(1);
       const { pid } = await startService('sleep', ['60'], { cwd, log: cwd + '/log', whenWeDie });
       console.log(pid);
       setInterval(() => undefined, 1000);`,
      [folder, whenWeDie],
    );
    const pid = Number(await child.firstLine);
    onTestFinished(async () => {
      if (!(await isGone(pid))) process.kill(pid, 'SIGKILL');
    });
    child.kill('SIGKILL');
    await child.ended;
    if (ends) await eventually('the service is gone', () => isGone(pid));
    else {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await isGone(pid)).toBe(false);
    }
  });
});

describe('logTail', () => {
  it('gives the last lines, and nothing when there is no log', async () => {
    const log = join(await temporaryFolder(), 'log');
    expect(logTail(log)).toEqual([]);
    await writeFile(log, 'a\nb\nc\n');
    expect(logTail(log, 2)).toEqual(['b', 'c']);
    expect(logTail(log)).toEqual(['a', 'b', 'c']);
  });
});
