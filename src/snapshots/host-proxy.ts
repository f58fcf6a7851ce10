/** Which HTTP proxy this host fetches a file through: its APT and its environment say. */
import { run, which } from '../process/run.js';

type Scheme = 'http' | 'https';

export interface ProxyRules {
  /** Scheme → proxy of all hosts; undefined for none. */
  readonly proxies: Readonly<Record<Scheme, string | undefined>>;
  /** Scheme → host → its proxy, or `DIRECT`. */
  readonly hosts: Readonly<Record<Scheme, ReadonlyMap<string, string>>>;
  /** Hosts that are fetched from without a proxy: the words of no_proxy. */
  readonly without: readonly string[];
}

/** APT's word for no proxy. */
const DIRECT = 'DIRECT';
const DEFAULT_PORT: Readonly<Record<Scheme, string>> = { http: '80', https: '443' };
const FORMAT = '%f\t%v%n';
const SETTING = /^acquire::(https?)::proxy(?:::(.+))?$/;

/** @param env may hold http_proxy, https_proxy and no_proxy; the first two come before what APT uses for all hosts */
export async function hostProxies(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ProxyRules> {
  if (which('apt-config') === undefined) return proxyRules('', env);
  const { stdout } = await run('apt-config', ['dump', '--format', FORMAT], { signal });
  return proxyRules(stdout, env);
}

/** Pure. @param dump of `apt-config`: a setting and its value a line, with a tab between */
export function proxyRules(dump: string, env: NodeJS.ProcessEnv): ProxyRules {
  const all: Partial<Record<Scheme, string>> = {};
  const hosts = { http: new Map<string, string>(), https: new Map<string, string>() };
  for (const line of dump.split('\n')) {
    const tab = line.indexOf('\t');
    // Names of settings are the same in large letters and small ones.
    const match = SETTING.exec(line.slice(0, Math.max(tab, 0)).toLowerCase());
    const value = line.slice(tab + 1).trim();
    if (match === null || value === '') continue;
    const scheme = match[1] === 'https' ? 'https' : 'http';
    const host = match[2];
    if (host === undefined) all[scheme] = value;
    else hosts[scheme].set(host, value);
  }
  const http = filled(env['http_proxy']) ?? all.http;
  // What is not said of https is as for http, in APT too.
  const https = filled(env['https_proxy']) ?? filled(env['http_proxy']) ?? all.https ?? all.http;
  const without = (env['no_proxy'] ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  return {
    proxies: { http, https },
    hosts: { ...hosts, https: new Map([...hosts.http, ...hosts.https]) },
    without,
  };
}

/** The proxy for an address; undefined for none. Pure. */
export function proxyFor(rules: ProxyRules, { protocol, hostname, port }: URL): string | undefined {
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const host = hostname.toLowerCase();
  if (rules.without.some((word) => isMeant(word, host, port === '' ? DEFAULT_PORT[scheme] : port)))
    return undefined;
  const proxy = rules.hosts[scheme].get(host) ?? rules.proxies[scheme];
  return proxy === DIRECT ? undefined : proxy;
}

/** `*`, a host, or a domain with all that is in it; each may have a port. */
function isMeant(word: string, host: string, port: string): boolean {
  const [, name = word, ofPort] = /^(.*[^:]):(\d+)$/.exec(word) ?? [];
  if (ofPort !== undefined && ofPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return name === '*' || host === domain || host === `[${domain}]` || host.endsWith(`.${domain}`);
}

const filled = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
