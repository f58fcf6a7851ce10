/** A CI agent without a CI server: an environment as the server gives it, and the very shell lines of ci/. */
import { execa } from 'execa';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folder as workerFolder, PROGRAM } from './mayfly.js';

const CI = fileURLToPath(new URL('../../ci', import.meta.url));

/**
 * Plans in place of `build`, with the same flags: what it "builds" depends on commit, serials and box alone. Of debian-security
 * at `latest` it used CI_NEWEST, without asking a service, which no test has. All else is the real command.
 */
const PLANS = `#!/bin/sh
set -eu
echo "$*" >> "$CI_LOG"
[ "$1" = build ] || exec ${process.execPath} '${PROGRAM}' "$@"
shift
results= words=
while [ $# -gt 0 ]; do
  case $1 in
    --artifacts) results=$2; shift 2 ;;
    --junit) : > "$2"; shift 2 ;;
    *) words="$words $1"; shift ;;
  esac
done
${process.execPath} '${PROGRAM}' plan --json $words > "$results/found.json"
${process.execPath} -e '
  const [results] = process.argv.slice(1);
  const fs = require("fs");
  const plan = JSON.parse(fs.readFileSync(results + "/found.json", "utf8"));
  const { source, environment, box, archive } = plan;
  for (const origin of archive.origins)
    for (const state of [origin.box, origin.image])
      if (state.serial === "latest") state.serial = process.env.CI_NEWEST;
  const used = archive.origins.map(({ origin, box, image }) => [origin, { box: box.serial, image: image.serial }]);
  environment.APT_SNAPSHOTS_SERIALS = JSON.stringify(Object.fromEntries(used.map(([origin, { image }]) => [origin, image])));
  fs.writeFileSync(results + "/plan.json", JSON.stringify(plan));
  const record = { archive: { serials: Object.fromEntries(used) }, plan };
  fs.writeFileSync(results + "/build.json", JSON.stringify(record));
  const image = [source.commit, environment.APT_SNAPSHOTS_SERIALS, box.fingerprint, process.env.CI_SPOIL ?? ""].join();
  const sum = require("crypto").createHash("sha256").update(image).digest("hex");
  fs.writeFileSync(results + "/SHA256SUMS", sum + "  " + Date.now() + ".img\\n");
' "$results"
`;

export interface Agent {
  /**
   * Runs one shell line, as a CI system does.
   * @param killAt the line and all that it started end without a word when this text was printed
   */
  run(
    line: string,
    cwd: string,
    env: Readonly<Record<string, string>>,
    killAt?: string,
  ): Promise<AgentOutcome>;
  readonly home: string;
  /** What a mayfly that plans was asked for. */
  readonly log: string;
}

export interface AgentOutcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly all: string;
}

/** An agent whose mayfly plans where it would build. @param folder becomes the agent's own */
export async function makePlanningAgent(folder: string): Promise<Agent> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(CI, join(folder, 'ci'));
  await writeFile(join(bin, 'mayfly'), PLANS);
  await chmod(join(bin, 'mayfly'), 0o755);
  return agent(folder, join(folder, 'home'), {});
}

/** An agent with the real mayfly. @param home keeps what its mayfly keeps */
export async function makeAgent(folder: string, home: string): Promise<Agent> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await symlink(PROGRAM, join(bin, 'mayfly'));
  return agent(folder, home, { MAYFLY_TMPDIR: workerFolder });
}

function agent(folder: string, home: string, own: Readonly<Record<string, string>>): Agent {
  const log = join(folder, 'log');
  const path = `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  return {
    home,
    log,
    async run(line, cwd, env, killAt) {
      await mkdir(cwd, { recursive: true });
      const job = execa('sh', ['-xec', line], {
        cwd,
        extendEnv: false,
        env: {
          PATH: path,
          HOME: folder,
          MAYFLY_HOME: home,
          MAYFLY_ACCELERATOR: 'tcg',
          CI_LOG: log,
          ...own,
          ...env,
        },
        reject: false,
        all: true,
        stdin: 'ignore',
        // A process group of its own.
        detached: true,
        // An agent may have to make a base box first, while another test has the other processor.
        timeout: 900_000,
      });
      let printed = '';
      job.all.on('data', (chunk: Buffer) => {
        const before = printed;
        printed += chunk.toString();
        if (killAt === undefined || before.includes(killAt) || !printed.includes(killAt)) return;
        if (job.pid !== undefined) process.kill(-job.pid, 'SIGKILL');
      });
      const { exitCode, signal, all } = await job;
      return { exitCode, signal, all };
    },
  };
}
