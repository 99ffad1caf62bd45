// The list of principals and its search. It makes elements only for the rows in view, as a forest has many.

import {element, shortened, visible} from './dom';
import {hopsOf, hopsText, isSource, isTarget, nameParts, report} from './model';

const ROW_HEIGHT = 30;  // style.css says the same

/** Accounts with a path first, fewest hops first; then what lies on paths; then everything else by name. */
function byExposure(): number[] {
  const hops = report.nodes.map((_, i) => hopsOf(i) ?? Infinity);
  const rank = report.nodes.map((_, i) => (isSource(i) ? 0 : hops[i] < Infinity ? 1 : 2));
  const compare = (a: number|string, b: number|string) => (a < b ? -1 : a > b ? 1 : 0);
  return report.nodes.map((_, i) => i)
      .sort(
          (a, b) => compare(rank[a], rank[b]) || compare(hops[a], hops[b]) ||
              compare(report.nodes[a].name, report.nodes[b].name) || a - b);
}

export class PrincipalList {
  private readonly order = byExposure();
  private readonly haystack = report.nodes.map((n) => `${n.name}\n${n.id}\n${n.kind}`.toLowerCase());
  private shown = this.order;
  private chosen = -1;
  private readonly tall = element('div', {class: 'tall', role: 'presentation'});
  readonly scroller = element(
      'div', {class: 'list', role: 'listbox', 'aria-label': 'Principals', tabindex: '0', id: 'principals'},
      this.tall);

  /** `select` is called with a node, `leave` when the arrow keys leave the list at its top. */
  constructor(private readonly select: (node: number) => void, private readonly leave: () => void) {
    this.scroller.addEventListener('scroll', () => this.render());
    this.scroller.addEventListener('keydown', (event) => this.onKey(event));
    this.tall.addEventListener('click', (event) => {
      const row = (event.target as Element).closest('[data-node]');
      if (row) this.select(Number(row.getAttribute('data-node')));
    });
    window.addEventListener('resize', () => this.render());
  }

  /** Keeps what has every word in its name, identifier or kind; names that begin so come first. */
  filter(text: string): number[] {
    const wanted = text.trim().toLowerCase();
    const words = wanted.split(/\s+/).filter((word) => word);
    const fits = this.order.filter((n) => words.every((word) => this.haystack[n].includes(word)));
    const begins = (n: number) => this.haystack[n].startsWith(wanted);
    this.shown = words.length === 0 ? fits : [...fits.filter(begins), ...fits.filter((n) => !begins(n))];
    this.scroller.scrollTop = 0;
    this.render();
    return this.shown;
  }

  first(): number|undefined {
    return this.shown[0];
  }

  mark(node: number): void {
    this.chosen = node;
    const row = this.shown.indexOf(node);
    const top = row * ROW_HEIGHT;
    const view = this.scroller;
    if (row >= 0 && top < view.scrollTop) view.scrollTop = top;
    if (row >= 0 && top + ROW_HEIGHT > view.scrollTop + view.clientHeight) {
      view.scrollTop = top + ROW_HEIGHT - view.clientHeight;
    }
    this.render();
  }

  private onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_HEIGHT) - 1);
    const steps: Record<string, number> =
        {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
    const step = steps[event.key];
    if (step === undefined || this.shown.length === 0) return;
    event.preventDefault();
    const now = this.shown.indexOf(this.chosen);
    if (event.key === 'ArrowUp' && now <= 0) {
      this.leave();
      return;
    }
    this.select(this.shown[Math.min(Math.max(now + step, 0), this.shown.length - 1)]);
  }

  render(): void {
    this.tall.style.setProperty('height', `${this.shown.length * ROW_HEIGHT}px`);
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - 4);
    const last =
        Math.min(this.shown.length, first + Math.ceil((this.scroller.clientHeight || 600) / ROW_HEIGHT) + 9);
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; ++i) rows.push(this.row(i));
    this.tall.replaceChildren(...rows);
    // The attribute may name only an element that is there.
    if (rows.some((row) => row.id === `principal-${this.chosen}`)) {
      this.scroller.setAttribute('aria-activedescendant', `principal-${this.chosen}`);
    } else {
      this.scroller.removeAttribute('aria-activedescendant');
    }
  }

  private row(i: number): HTMLElement {
    const index = this.shown[i];
    const node = report.nodes[index];
    const hops = hopsOf(index);
    const [own, domain] = nameParts(node);
    const made = element(
        'div', {
          class: 'row',
          role: 'option',
          'aria-selected': String(index === this.chosen),
          'aria-setsize': String(this.shown.length),
          'aria-posinset': String(i + 1),
          'data-node': String(index),
          id: `principal-${index}`,
          title: shortened(node.name, 400)
        },
        element('span', {class: 'row-kind'}, visible(node.kind)),
        element(
            'bdi', {class: 'row-name'}, shortened(own, 60),
            element('span', {class: 'row-domain'}, shortened(domain, 60))),
        element(
            'span', {class: 'row-hops'},
            isTarget(index)        ? 'target' :
                hops === undefined ? '' :
                                     hopsText(hops)));
    made.classList.toggle('exposed', isSource(index));
    made.style.setProperty('top', `${i * ROW_HEIGHT}px`);
    return made;
  }
}
