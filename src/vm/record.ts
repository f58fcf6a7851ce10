/** vm.json: what a builder VM is, who started it, and how it is found again. */
import { z } from 'zod';
import { PROVIDERS } from '../config/providers.js';
import { ownerShape } from '../process/owner.js';

export const vmRecord = z.object({
  schema: z.literal(1),
  id: z.string(),
  provider: z.enum(PROVIDERS),
  /** libvirt's URI, for the providers that use libvirt. */
  connection: z.string().optional(),
  createdAt: z.iso.datetime(),
  /** Top folder of the checkout that it builds. */
  checkout: z.string(),
  /** The project's name, as builder.yaml has it. Undefined in older records. */
  project: z.string().optional(),
  /** What it was started for, as the variable GIT_REF has it. */
  ref: z.string(),
  box: z.string(),
  /** The build user in the guest. */
  user: z.string(),
  /** True once its command has let it go on. */
  kept: z.boolean(),
  /** From its start on: it is to outlive its command, however that ends. Undefined in older records. */
  toBeKept: z.boolean().optional(),
  /** The command that works with it now, or did last. */
  owner: ownerShape,
  /** The VM's own process, once it runs and where it is this person's. */
  process: ownerShape.optional(),
  /** Where SSH answers, once it runs; undefined again when it was halted. */
  port: z.number().optional(),
  /** The VM's address, where SSH does not answer on a port of its host's loopback. */
  host: z.string().optional(),
  /** From before it starts until it was halted: bytes of its console that are of earlier boots. Undefined in older records. */
  started: z.object({ consoleFrom: z.number() }).optional(),
  /** When it was halted: whether its cache disks were unmounted and closed in order. Undefined in older records. */
  cachesClean: z.boolean().optional(),
  memoryBytes: z.number(),
  cpus: z.number(),
  network: z.enum(['open', 'restricted']),
  cpuModel: z.string().optional(),
  machineType: z.string().optional(),
  vagrantfile: z.string().optional(),
  accelerator: z.enum(['kvm', 'tcg']),
  /** Cache disks in use: name of the cache → this VM's overlay. */
  caches: z.record(
    z.string(),
    z.object({ serial: z.string(), path: z.string(), bytes: z.number().optional() }),
  ),
});
export type VmRecord = z.infer<typeof vmRecord>;
