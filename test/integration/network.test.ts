/** What a VM reaches: tried from inside, against a listener on this host. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { findLeaks } from '../rig/leaks.js';
import { mayfly } from '../rig/mayfly.js';
import { makeProject } from '../rig/project.js';

afterEach(async () => {
  expect(await findLeaks()).toEqual([]);
});

it.each([
  // The last column shows that the test could fail: an open network does reach the host.
  ['archive', 'reached', 'cut off'],
  ['none', 'cut off', 'cut off'],
  ['open', 'reached', 'reached'],
])('network: %s', async (network, archive, loopback) => {
  const listener = createServer((socket) => socket.end('secret\n')).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  try {
    const project = await makeProject({
      build: [
        'reach() { timeout 6 bash -c "exec 3<>/dev/tcp/$1/$2 && head -c 1 <&3 > /dev/null" 2> /dev/null; }',
        String.raw`answers() { timeout 6 bash -c 'exec 3<>/dev/tcp/127.0.0.1/3143 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && head -c 1 <&3 > /dev/null' 2> /dev/null; }`,
        'say() { if "$@"; then echo reached; else echo "cut off"; fi; }',
        'say answers > archive.img',
        `say reach 10.0.2.2 ${port} > loopback.img`,
        'say reach 192.0.2.1 80 > elsewhere.img',
      ].join('\n'),
      settings: { vm: { memory: '512M', build_memory: '512M', network } },
    });
    const built = await mayfly(['build'], { cwd: project.path });
    expect(built.exitCode).toBe(0);
    const found = async (name: string): Promise<string> =>
      (await readFile(join(project.path, 'artifacts', `${name}.img`), 'utf8')).trim();
    expect(await found('archive')).toBe(archive);
    expect(await found('loopback')).toBe(loopback);
    expect(await found('elsewhere')).toBe('cut off');
  } finally {
    listener.close();
  }
});
