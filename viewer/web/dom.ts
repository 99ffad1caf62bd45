// The only way text gets into the page: as text nodes. Names in a directory are written by whoever made
// the object, and some write markup.

type Child = Node|string;

export function element<K extends keyof HTMLElementTagNameMap>(
    tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(
    attributes: Record<string, string>, child: Child, action: () => void): HTMLButtonElement {
  const made = element('button', {type: 'button', ...attributes}, child);
  made.addEventListener('click', action);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg<K extends keyof SVGElementTagNameMap>(
    tag: K, attributes: Record<string, string|number> = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

// Characters that a person cannot see but that change what is seen: controls, zero-width characters,
// direction overrides, line separators, tags. The same as is_unsafe_to_show() in core/base/text.cc.
const INVISIBLE = new RegExp(
    '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u200b-\\u200f\\u2028-\\u202e' +
        '\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]',
    'gu');

/** The text with invisible characters spelt out, as \u{202E}. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (c) => `\\u{${c.codePointAt(0)!.toString(16).toUpperCase()}}`);
}

/** visible(), cut in the middle so that both the beginning and the end of a name stay. */
export function shortened(text: string, length: number): string {
  const shown = visible(text);
  if (shown.length <= length) return shown;
  const tail = Math.floor(length / 3);
  return `${cut(shown, 0, length - tail - 1)}…${cut(shown, shown.length - tail, shown.length)}`;
}

/** A part of the text, without half a character (one of a surrogate pair) at its ends. */
function cut(text: string, begin: number, end: number): string {
  return text.slice(begin, end).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}

/** A name apart from the text around it, so that one that is written from right to left turns only itself. */
export function name(text: string, attributes: Record<string, string> = {}): HTMLElement {
  return element('bdi', attributes, shortened(text, 200));
}
