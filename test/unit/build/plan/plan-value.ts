/** A plan as a value, for tests of what is made of plans. Its fingerprint is not of its inputs: tests of texts outlive a new recipe. */
import type { BuildPlan } from '../../../../src/build/plan/plan.js';
import { fingerprintInputs } from '../../../../src/basebox/recipe.js';
import { SPEC } from '../../basebox/spec.js';

const inputs = fingerprintInputs(SPEC, {});

export const PLAN: BuildPlan = {
  schema: 1,
  project: { name: 'example', checkout: '/home/ada/example', profile: 'builder', builderFolder: 'builder' },
  source: {
    ref: { kind: 'branch', name: 'topic' },
    commit: 'c'.repeat(40),
    commitDate: 1633953600,
    featureCommit: 'f'.repeat(40),
    base: { name: 'stable', commit: 'b'.repeat(40) },
    merged: true,
    releaseTag: undefined,
    dirty: [],
    builderFrom: 'commit',
  },
  box: {
    fingerprint: '53c3e9d0a42b'.padEnd(64, '0'),
    label: 'example-amd64-trixie-20260102-1a2b3c4',
    exists: false,
    inputs,
    spec: SPEC,
    epoch: 0,
  },
  options: {
    ram: true,
    proxy: 'vmproxy',
    offline: false,
    cacheWebsite: false,
    compression: 'fast',
    cpus: 2,
    cpuModel: undefined,
    machineType: undefined,
    dateOffset: 0,
    ignoreChanges: false,
    mergeBaseBranch: true,
    keepRunning: false,
    rescue: false,
    forceCleanup: false,
  },
  optionOrigins: { ram: 'default', cpus: 'command line', proxy: 'builder.yaml' },
  warnings: ['The base box is not pinned.'],
  vm: {
    provider: 'qemu',
    connection: undefined,
    accelerator: 'kvm',
    acceleratorReason: 'hardware virtualisation works',
    network: 'archive',
    hostProxy: undefined,
    memoryBytes: 2.5 * 2 ** 30,
    cpus: 2,
    cpuModel: undefined,
    machineType: undefined,
    vagrantfile: undefined,
  },
  archive: {
    kind: 'local',
    url: undefined,
    taggedUrl: undefined,
    pinned: false,
    origins: [
      {
        origin: 'debian',
        upstream: 'http://mirror.example/debian',
        suites: ['trixie'],
        components: ['main'],
        keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
        box: { wanted: '2026010203', serial: '2026010203', releases: {} },
        image: { wanted: 'latest', serial: '2026010301', releases: {} },
      },
    ],
  },
  guest: { user: 'builder', source: '/srv/source.git', builder: '/srv/builder', setup: 'mayfly' },
  caches: {
    packages: { name: 'example-packages', serial: 'mayfly-packages', bytes: 15e9 },
    website: undefined,
  },
  apt: {
    proxy: 'http://127.0.0.1:3142',
    proxyInVm: true,
    upstreamProxy: undefined,
    sources: ['deb http://mirror.example/debian trixie main'],
    imageSources: ['deb http://mirror.example/debian trixie main'],
  },
  scripts: { provision: 'provision/setup-builder', build: 'provision/build', timeoutSeconds: 1800 },
  ramKib: 1048576,
  environment: { GIT_REF: 'topic', SOURCE_DATE_EPOCH: '1633953600' },
  artifacts: {
    patterns: ['*.iso', '*.packages'],
    from: '/build/source',
    directory: '/home/ada/example/artifacts',
  },
};
