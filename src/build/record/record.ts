/**
 * The build record: what was built, from what, with what, and what came out. It holds the whole
 * plan, so that the build can be repeated from the record alone.
 */
import * as z from 'zod';

const artifact = z.object({
  name: z.string(),
  bytes: z.int().describe('Size in bytes.'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const usedFile = z.object({
  origin: z.string(),
  serial: z.string(),
  path: z.string(),
  sha256: z.string(),
  bytes: z.int(),
});

const step = z.object({
  name: z.string(),
  outcome: z.enum(['ok', 'failed', 'reused']),
  seconds: z.number(),
});

export const buildRecord = z.object({
  schema: z.literal(1),
  build: z.string().describe('Id of the build, unique on its machine.'),
  mayfly: z.string().describe('Version of mayfly.'),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  outcome: z.enum(['success', 'failure', 'interrupted']),
  error: z
    .object({ kind: z.string(), code: z.string(), message: z.string(), exitCode: z.int().optional() })
    .optional()
    .describe('Why it did not succeed.'),
  commit: z.string().describe('The commit that was built.'),
  ref: z.string().describe('The branch or tag that was built.'),
  box: z
    .object({
      fingerprint: z.string(),
      label: z.string(),
      diskSha256: z.string().describe("SHA-256 of the base box's raw disk."),
      files: z
        .array(usedFile)
        .optional()
        .describe('Every file of the archive that the base box was made from, whenever that was.'),
      packages: z.array(
        z.object({ name: z.string(), version: z.string(), source: z.string(), sourceVersion: z.string() }),
      ),
    })
    .optional(),
  vm: z
    .object({
      id: z.string(),
      provider: z.string(),
      reused: z.boolean().describe('True when a kept VM was used again.'),
    })
    .optional(),
  host: z.object({
    system: z.string(),
    kernel: z.string(),
    cpu: z.string(),
    cpus: z.int(),
    memoryBytes: z.int(),
    node: z.string(),
    tools: z
      .record(z.string(), z.string())
      .describe('Programs of the host that took part, with their versions.'),
  }),
  archive: z
    .object({
      serials: z
        .record(z.string(), z.object({ box: z.string(), image: z.string() }))
        .describe(
          'Origin → the states that were used. `latest` only where a mirror without snapshots was used.',
        ),
      served: z
        .array(usedFile.extend({ source: z.enum(['stored', 'fetched', 'cached']) }))
        .describe(
          'Every file that this build had from the archive: `fetched` from upstream for it, `stored` before, or `cached` by the proxy in the VM, as that says.',
        ),
      outside: z
        .array(z.string())
        .describe(
          'What this build asked for outside its serials, as far as the archive and the proxy in the VM saw it.',
        ),
    })
    .optional(),
  steps: z.array(step),
  artifacts: z.array(artifact),
  plan: z
    .record(z.string(), z.unknown())
    .describe('Everything that was decided before the build began: see `mayfly plan --json`.'),
});
export type BuildRecord = z.infer<typeof buildRecord>;

/** The schema as it is published in docs/schema: JSON Schema, draft 7. */
export function buildRecordSchema(): string {
  const schema = z.toJSONSchema(buildRecord, { target: 'draft-7' });
  return `${JSON.stringify({ title: 'build.json of mayfly', ...schema }, null, 2)}\n`;
}
