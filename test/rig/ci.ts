/**
 * A CI agent without a CI server: an environment as the server gives it, the very shell lines of ci/, and a
 * `mayfly` that plans where it would build. What it "builds" depends on commit, serials and box alone.
 */
import { execa } from 'execa';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAM } from './mayfly.js';

const CI = fileURLToPath(new URL('../../ci', import.meta.url));

/**
 * Plans in place of `build`, with the same flags; and knows the newest serial without asking a service, which no test
 * has. All else is the real command.
 */
const STAND_IN = `#!/bin/sh
set -eu
echo "$*" >> "$CI_LOG"
if [ "$1 $2" = 'snapshots resolve' ]; then
  printf '{"debian":"2026010203","debian-security":"%s","torproject":"2026010204"}\\n' "$CI_NEWEST"
  exit
fi
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
${process.execPath} '${PROGRAM}' plan --json $words > "$results/plan.json"
${process.execPath} -e '
  const { source, environment, box } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const image = [source.commit, environment.APT_SNAPSHOTS_SERIALS, box.fingerprint, process.env.CI_SPOIL ?? ""].join();
  console.log(require("crypto").createHash("sha256").update(image).digest("hex") + "  " + Date.now() + ".img");
' < "$results/plan.json" > "$results/SHA256SUMS"
`;

export interface Agent {
  /** Runs one shell line, as a CI system does. */
  run(line: string, cwd: string, env: Readonly<Record<string, string>>): Promise<AgentOutcome>;
  readonly home: string;
  /** What mayfly was asked for. */
  readonly log: string;
}

export interface AgentOutcome {
  readonly exitCode: number | undefined;
  readonly all: string;
}

/** @param folder becomes the agent's own */
export async function makeAgent(folder: string): Promise<Agent> {
  const bin = join(folder, 'bin');
  const home = join(folder, 'home');
  const log = join(folder, 'log');
  await mkdir(bin, { recursive: true });
  await symlink(CI, join(folder, 'ci'));
  await writeFile(join(bin, 'mayfly'), STAND_IN);
  await chmod(join(bin, 'mayfly'), 0o755);
  return {
    home,
    log,
    async run(line, cwd, env) {
      await mkdir(cwd, { recursive: true });
      const path = `${bin}:${process.env['PATH'] ?? ''}`;
      const { exitCode, all } = await execa('sh', ['-xec', line], {
        cwd,
        extendEnv: false,
        env: { PATH: path, HOME: folder, MAYFLY_HOME: home, MAYFLY_ACCELERATOR: 'tcg', CI_LOG: log, ...env },
        reject: false,
        all: true,
        stdin: 'ignore',
        timeout: 120_000,
      });
      return { exitCode, all };
    },
  };
}
