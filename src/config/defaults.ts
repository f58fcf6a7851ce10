/** From what the file says to the whole value: names in code's case, computed defaults filled in, frozen. */
import type { ArchiveAddress, Config, OriginConfig } from './config.js';
import { WORD } from './fields.js';
import type { BuilderFile } from './schema.js';
import { DEFAULT_ORIGINS, isDefaultOrigin } from './schema-rules.js';

export interface ConfigDefaults {
  /** Name of the project's top-level folder; normalised here. */
  readonly name: string;
}

/** A folder's name as the name of a project: `My_OS 2.0` → `my-os-2-0`; `project` when nothing is left. */
export function normaliseName(folder: string): string {
  const name = folder
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+/g, '')
    .slice(0, 63)
    .replaceAll(/-+$/g, '');
  return WORD.test(name) ? name : 'project';
}

export function toConfig(file: BuilderFile, defaults: ConfigDefaults): Config {
  const name = file.name ?? normaliseName(defaults.name);
  const { basebox, archive, vm, guest, build, artifacts, caches, options } = file;
  return deepFreeze<Config>({
    name,
    basebox: { ...basebox, prefix: basebox.prefix ?? `${name}-builder`, serials: 'basebox/APT_snapshots.d' },
    archive: {
      kind: archive.kind,
      url: archive.url,
      taggedUrl: archive.tagged_url,
      pinned: archive.pinned,
      branches: archive.branches,
      origins: originsOf(archive, basebox.distribution),
    },
    vm: {
      provider: vm.provider,
      libvirt: vm.libvirt,
      vagrantfile: vm.vagrantfile,
      network: vm.network,
      memory: vm.memory,
      buildMemory: vm.build_memory,
      cpus: vm.cpus,
    },
    guest: {
      user: guest.user,
      source: guest.source ?? `/${name}.git`,
      builder: guest.builder,
      setup: 'mayfly',
    },
    build: {
      provision: build.provision,
      script: build.script,
      variablesPrefix: build.variables_prefix,
      environment: build.environment,
      timeout: build.timeout,
      baseBranches: build.base_branches,
    },
    artifacts: { ...artifacts, from: '/build/source' },
    caches,
    options,
  });
}

type FileArchive = BuilderFile['archive'];
type FileOrigin = Exclude<FileArchive['origins'][string], false>;

function originsOf(archive: FileArchive, distribution: string): Config['archive']['origins'] {
  const all: FileArchive['origins'] = {
    ...Object.fromEntries(Object.keys(DEFAULT_ORIGINS).map((name) => [name, { components: ['main'] }])),
    ...archive.origins,
  };
  const origins: Record<string, OriginConfig> = {};
  for (const [name, origin] of Object.entries(all)) {
    if (origin === false) continue;
    const address = ownAddress(origin, archive);
    origins[name] = {
      url: origin.url,
      // originsRule has seen to it that any other origin names its suites.
      suites: origin.suites ?? (isDefaultOrigin(name) ? DEFAULT_ORIGINS[name](distribution) : []),
      components: origin.components,
      keyring: origin.keyring,
      ...(address === undefined ? {} : { address }),
    };
  }
  return origins;
}

/** Undefined for an origin that says nothing else than the archive. */
function ownAddress(origin: FileOrigin, archive: FileArchive): ArchiveAddress | undefined {
  const { kind = archive.kind, service, tagged_service: tagged } = origin;
  const isSame = kind === archive.kind && service === undefined;
  if (isSame && tagged === undefined) return undefined;
  return {
    kind,
    url: service ?? (isSame ? archive.url : undefined),
    taggedUrl: tagged ?? (isSame ? archive.tagged_url : undefined),
  };
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
