/** What a VM reaches: tried from inside, on a host of its own whose every address greets who connects. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GREETER_PORT, mayflyIn } from '../rig/namespace.js';
import { makeProject } from '../rig/project.js';

/** An address of the host that is not its loopback: to the VM, it is the LAN and beyond. */
const BEYOND = '192.0.2.7';
const BEYOND_6 = '2001:db8::7';
/** The host's loopback, as QEMU's user network has it. */
const LOOPBACK = '10.0.2.2';
const LOOPBACK_6 = 'fec0::2';

it.each([
  // The last two columns show that the test could fail: an open network does reach the host, both ways.
  ['archive', 'reached', 'cut off', 'cut off'],
  ['none', 'cut off', 'cut off', 'cut off'],
  ['open', 'reached', 'reached', 'reached'],
])('network: %s', async (network, archive, loopback, beyond) => {
  const project = await makeProject({
    build: [
      `reach() { timeout 6 bash -c "exec 3<>/dev/$1/$2/${GREETER_PORT} && echo >&3 && head -c 1 <&3 > /dev/null" 2> /dev/null; }`,
      String.raw`answers() { timeout 6 bash -c 'exec 3<>/dev/tcp/127.0.0.1/3143 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && head -c 1 <&3 > /dev/null' 2> /dev/null; }`,
      'say() { if "$@"; then echo reached; else echo "cut off"; fi; }',
      'say answers > archive.img',
      'tried() { say reach "$2" "$3" > "$1.$2.img" & }',
      'for way in tcp udp; do',
      `  tried loopback $way ${LOOPBACK}; tried loopback6 $way ${LOOPBACK_6}`,
      `  tried beyond $way ${BEYOND}; tried beyond6 $way ${BEYOND_6}`,
      'done; wait',
    ].join('\n'),
    settings: { vm: { memory: '512M', build_memory: '512M', network } },
  });
  const host = {
    cwd: project.path,
    alone: true,
    greeters: ['127.0.0.1', '::1', BEYOND, BEYOND_6],
    timeoutMs: 600_000,
  };
  const built = await mayflyIn(host, ['build', '--offline']);
  expect(built.exitCode, built.all).toBe(0);
  const found = async (name: string): Promise<string> =>
    (await readFile(join(project.path, 'artifacts', `${name}.img`), 'utf8')).trim();
  expect(await found('archive')).toBe(archive);
  for (const way of ['tcp', 'udp']) {
    for (const name of ['loopback', 'loopback6']) expect(await found(`${name}.${way}`)).toBe(loopback);
    for (const name of ['beyond', 'beyond6']) expect(await found(`${name}.${way}`)).toBe(beyond);
  }
});
