/** A snapshot service on 127.0.0.1 that has a few files, as the services on the network answer. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeService extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, with their queries. */
  readonly requests: readonly string[];
}

/** @param files path, with its query → content */
export async function startService(files: Readonly<Record<string, string>>): Promise<FakeService> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const content = files[path];
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
