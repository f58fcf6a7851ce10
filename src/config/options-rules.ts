/** Rules between build options, and between them and the facts of host and project. Pure. */
import type { OptionName, OptionValues, ProxyOption } from './options-words.js';
import { proxyProblem } from './proxy.js';
import { formatSize } from './units.js';

/** What the rules need to know. */
export interface OptionFacts {
  /** HEAD is exactly a tag. */
  readonly releasing: boolean;
  /** Bytes that the host can give without swapping: MemAvailable of /proc/meminfo. */
  readonly availableMemory: number;
  /** The person's `http_proxy`. */
  readonly httpProxy?: string | undefined;
  /** Bytes; `vm.memory`. */
  readonly memory: number;
  /** Bytes; `vm.build_memory`. */
  readonly buildMemory: number;
}

/** Build options with nothing left to decide. Frozen. */
export interface BuildOptions {
  readonly ram: boolean;
  readonly proxy: ProxyOption;
  readonly offline: boolean;
  readonly cacheWebsite: boolean;
  readonly compression: 'fast' | 'default';
  /** Undefined: `vm.cpus` of the configuration, or all of the host's. */
  readonly cpus?: number | undefined;
  readonly cpuModel?: string | undefined;
  readonly machineType?: string | undefined;
  /** Days. */
  readonly dateOffset: number;
  readonly ignoreChanges: boolean;
  readonly mergeBaseBranch: boolean;
  readonly keepRunning: boolean;
  readonly rescue: boolean;
  readonly forceCleanup: boolean;
}

export interface RuledOptions {
  readonly options: BuildOptions;
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
  /** Options that a rule changed, with the option whose value decided (itself, when a fact did). */
  readonly changed: ReadonlyMap<OptionName, OptionName>;
}

/** The proxies that go through the host's `http_proxy`. */
export function usesExternalProxy(proxy: ProxyOption): boolean {
  return proxy === 'extproxy' || proxy === 'vmproxy+extproxy';
}

/** @param asked each option's value by precedence; `auto` where nobody said anything */
export function applyRules(asked: OptionValues, facts: OptionFacts): RuledOptions {
  const warnings: string[] = [];
  const changed = new Map<OptionName, OptionName>();
  let { cacheWebsite, keepRunning, rescue } = asked;

  if (facts.releasing && cacheWebsite) {
    cacheWebsite = false;
    changed.set('cacheWebsite', 'cacheWebsite');
    warnings.push('This is a release: cachewebsite is ignored, so that nothing cached gets into it.');
  }
  if (facts.releasing && asked.compression === 'fast') {
    changed.set('compression', 'compression');
    warnings.push('This is a release: fast compression is ignored.');
  }
  if (asked.forceCleanup) {
    for (const [option, word, wanted] of [
      ['keepRunning', 'keeprunning', keepRunning],
      ['rescue', 'rescue', rescue],
    ] as const) {
      if (!wanted) continue;
      changed.set(option, 'forceCleanup');
      warnings.push(`forcecleanup is set: ${word} is ignored, the VM will be destroyed.`);
    }
    keepRunning = false;
    rescue = false;
  } else if (rescue && !keepRunning) {
    // "Also after a failure": a rescued VM is one that is kept either way.
    keepRunning = true;
    changed.set('keepRunning', 'rescue');
  }

  const needed = facts.memory + facts.buildMemory;
  const enough = facts.availableMemory >= needed;
  if (asked.ram === true && !enough) {
    const free = formatSize(facts.availableMemory);
    warnings.push(
      `ram is set, but the VM needs ${formatSize(needed)} of memory and the host has ${free} free: the build may fail for want of memory.`,
    );
  }

  const options: BuildOptions = Object.freeze({
    ...asked,
    ram: asked.ram === 'auto' ? enough : asked.ram,
    compression: facts.releasing || asked.compression === 'default' ? 'default' : 'fast',
    cacheWebsite,
    keepRunning,
    rescue,
  });
  return { options, warnings, problems: contradictions(asked, facts), changed };
}

function contradictions(asked: OptionValues, facts: OptionFacts): readonly string[] {
  const problems: string[] = [];
  if (asked.offline && asked.proxy === 'noproxy') {
    problems.push(
      'offline needs a proxy that caches packages, but noproxy is set; use vmproxy, vmproxy+extproxy or extproxy',
    );
  }
  const problem = usesExternalProxy(asked.proxy) ? proxyProblem(facts.httpProxy) : undefined;
  if (problem !== undefined) problems.push(`${asked.proxy}: ${problem}`);
  return problems;
}
