/** What this host offers to others: where something listens beyond loopback. */
import { execa } from 'execa';

/** @returns addresses with their ports, TCP and UDP */
export async function listenersBeyondLoopback(): Promise<readonly string[]> {
  const { stdout } = await execa('ss', ['--no-header', '--listening', '--numeric', '--tcp', '--udp']);
  const addresses = stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/ +/)[4] ?? line);
  return addresses.filter((address) => !/^(?:127\.|\[::1\]|\[::ffff:127\.)/.test(address));
}
