/** The host's `http_proxy`: whether the guest can use it. */

/** Names and addresses of "this machine", which in the guest is the guest. RFC 1122 3.2.1.3, RFC 6761 6.3. */
const LOOPBACK = [
  /^127\.\d+\.\d+\.\d+$/,
  /^0\.0\.0\.0$/,
  /^(?:.*\.)?localhost\.?$/,
  /^\[::1?\]$/,
  /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/,
];

/**
 * Why the guest cannot use this proxy, as the end of a sentence, and what to do.
 * @returns undefined when it can
 */
export function proxyProblem(httpProxy: string | undefined): string | undefined {
  if (httpProxy === undefined || httpProxy === '') {
    return 'http_proxy is not set; set it to the address of the proxy, such as http_proxy=http://proxy.example:3128, or use vmproxy';
  }
  const url = /[\s\p{Cc}]/u.test(httpProxy) ? undefined : parseUrl(httpProxy);
  const shown = JSON.stringify(withoutPassword(httpProxy));
  if (url === undefined) {
    return `http_proxy is ${shown}, which is not a URL; expected one such as http://proxy.example:3128`;
  }
  if (url.protocol !== 'http:') {
    return `http_proxy is ${shown}; expected a URL that begins with http://`;
  }
  // The parser of URLs has already written 127.1, 0x7f000001 and their like as 127.0.0.1.
  if (LOOPBACK.some((pattern) => pattern.test(url.hostname))) {
    return `http_proxy is ${shown}, on this machine's loopback, which the guest cannot reach; name the proxy by an address that other machines can reach, or use vmproxy`;
  }
  return undefined;
}

function parseUrl(text: string): URL | undefined {
  // The parser takes `proxy:3128` for a URL of the scheme `proxy`, and finds a host in `http:///x`.
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** The proxy as it may be shown: logs are read by more people than passwords are for. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//…@');
}

/** A value of JSON as it may be shown and published: whatever URLs of HTTP in it have, they have no user and password. Pure. */
export function withoutPasswords<T>(value: T): T {
  // No URL has a quotation mark, a blank or a backslash.
  const text = JSON.stringify(value).replaceAll(/(https?:\/\/)[^/\s"\\]*@/gi, '$1…@');
  return JSON.parse(text) as T;
}
