/** XML as text: elements that are put together, every value escaped. */

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element. Children are elements already; text goes through `escapeXml`. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const pairs = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}='${escapeXml(String(value))}'`)
    .join('');
  if (children.length === 0) return `<${name}${pairs}/>`;
  if (children.every((child) => !child.startsWith('<')))
    return `<${name}${pairs}>${children.join('')}</${name}>`;
  const inner = children.flatMap((child) => child.split('\n')).map((line) => `  ${line}`);
  return [`<${name}${pairs}>`, ...inner, `</${name}>`].join('\n');
}

/** An element whose content is text. */
export function textElement(name: string, attributes: Attributes, text: string | number): string {
  return element(name, attributes, escapeXml(String(text)));
}

export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '<': 'lt',
    '>': 'gt',
    '&': 'amp',
    "'": 'apos',
    '"': 'quot',
  };
  return text.replaceAll(/[<>&'"]/g, (character) => `&${names[character] ?? ''};`);
}
