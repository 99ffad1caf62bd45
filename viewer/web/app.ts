// The page: search a principal, see its paths, click an edge and read why it exists.

import {element, shortened, visible} from './dom';
import {drawPaths} from './drawing';
import {Area, Path, Report} from './report';

const ROW_HEIGHT = 30;  // of the list; style.css says the same

const report = JSON.parse(document.getElementById('report')!.textContent!) as Report;

/** Paths by the principal they begin at. */
const pathsOf = new Map<number, Path[]>();
for (const path of report.paths) {
  const known = pathsOf.get(path.nodes[0]);
  if (known) known.push(path);
  else pathsOf.set(path.nodes[0], [path]);
}

const isTarget = new Set(report.targets);

function nothingFound(): string {
  return report.coverage.complete ? `No path to ${report.target} was found in what was read.` :
                                    `No path to ${report.target} was found, but not everything could be read: unknown.`;
}

function hopsText(hops: number): string {
  return hops === 1 ? '1 hop' : `${hops} hops`;
}

// -- the head of the page ------------------------------------------------------------------------------------

function header(): HTMLElement {
  const {provenance, summary} = report;
  const when = provenance.started.replace('T', ' ').replace('Z', ' UTC');
  const by = provenance.reader ? ` as ${visible(provenance.reader)}` : '';
  const numbers: [string, number][] = [
    [`can reach ${report.target}`, summary.exposed], ['enabled accounts outside it', summary.population],
    [summary.targets === 1 ? 'target' : 'targets', summary.targets], ['objects read', summary.objects], ['edges', summary.edges],
  ];
  return element('header', {},
                 element('h1', {}, visible(report.title)),
                 element('p', {class: 'origin'}, `Read ${when} from ${visible(provenance.server)}${by}`),
                 element('dl', {class: 'numbers'},
                         ...numbers.map(([label, value]) => element('div', {},
                                                                    element('dd', {}, value.toLocaleString('en')),
                                                                    element('dt', {}, label)))));
}

function gapText(area: Area): string {
  const of = area.domain ? ` of ${area.domain}` : '';
  return visible(`${area.area}${of}: ${area.missing} missing${area.reason ? ` (${area.reason})` : ''}`);
}

function banner(): HTMLElement[] {
  if (report.coverage.complete) return [];
  const gaps = report.coverage.areas.filter((a) => a.asked && (a.missing > 0 || a.reason));
  return [element('section', {class: 'banner', role: 'alert'},
                  element('strong', {}, 'Not everything could be read. What is missing is unknown, not safe.'),
                  element('ul', {}, ...gaps.map((a) => element('li', {}, gapText(a)))))];
}

// -- search --------------------------------------------------------------------------------------------------

/** Principals in the order of the list: fewest hops first, then everything else by name. */
const order = report.nodes.map((_, i) => i).sort((a, b) => {
  const near = (n: number) => pathsOf.get(n)?.[0].hops ?? Number.MAX_SAFE_INTEGER;
  return near(a) - near(b) || (report.nodes[a].name < report.nodes[b].name ? -1 : 1);
});
const haystack = report.nodes.map((n) => `${n.name}\n${n.id}\n${n.kind}`.toLowerCase());

/** A list that makes elements only for the rows in view, as a forest has many principals. */
class PrincipalList {
  private shown = order;
  private chosen = -1;
  private readonly tall = element('div', {class: 'tall'});
  readonly scroller = element('div', {class: 'list', role: 'listbox', 'aria-label': 'Principals', tabindex: '0',
                                      id: 'principals'}, this.tall);

  constructor(private readonly select: (node: number) => void) {
    this.scroller.addEventListener('scroll', () => this.render());
    this.scroller.addEventListener('keydown', (event) => this.onKey(event));
    window.addEventListener('resize', () => this.render());
  }

  filter(text: string): number {
    const words = text.toLowerCase().split(/\s+/).filter((w) => w);
    this.shown = order.filter((n) => words.every((w) => haystack[n].includes(w)));
    this.scroller.scrollTop = 0;
    this.render();
    return this.shown.length;
  }

  first(): number | undefined {
    return this.shown[0];
  }

  mark(node: number): void {
    this.chosen = node;
    const row = this.shown.indexOf(node);
    const top = row * ROW_HEIGHT;
    const view = this.scroller;
    if (row >= 0 && (top < view.scrollTop || top + ROW_HEIGHT > view.scrollTop + view.clientHeight)) view.scrollTop = top;
    this.render();
  }

  private onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = Math.min(Math.max(this.shown.indexOf(this.chosen) + step, 0), this.shown.length - 1);
    if (next >= 0) this.select(this.shown[next]);
  }

  render(): void {
    this.tall.style.setProperty('height', `${this.shown.length * ROW_HEIGHT}px`);
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - 4);
    const last = Math.min(this.shown.length, first + Math.ceil((this.scroller.clientHeight || 600) / ROW_HEIGHT) + 9);
    const rows: HTMLElement[] = [];
    for (let i = first; i < last; ++i) {
      const index = this.shown[i];
      const node = report.nodes[index];
      const paths = pathsOf.get(index);
      const row = element('div', {class: 'row', role: 'option', 'aria-selected': String(index === this.chosen),
                                  'data-node': String(index), id: `principal-${index}`, title: visible(node.name)},
                          element('span', {class: 'row-kind'}, node.kind),
                          element('span', {class: 'row-name'}, shortened(node.name, 60)),
                          element('span', {class: 'row-hops'}, paths ? hopsText(paths[0].hops) : ''));
      row.style.setProperty('top', `${i * ROW_HEIGHT}px`);
      row.addEventListener('click', () => this.select(index));
      rows.push(row);
    }
    this.tall.replaceChildren(...rows);
    if (this.chosen >= 0) this.scroller.setAttribute('aria-activedescendant', `principal-${this.chosen}`);
  }
}

// -- details -------------------------------------------------------------------------------------------------

const details = element('aside', {class: 'details', 'aria-live': 'polite', id: 'details'});

function fields(rows: [string, string][]): HTMLElement {
  return element('dl', {class: 'fields'},
                 ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, visible(value))]));
}

function showNode(index: number): void {
  const node = report.nodes[index];
  const state = node.enabled === null ? 'unknown' : node.enabled ? 'yes' : 'no';
  details.replaceChildren(element('h2', {}, visible(node.name)), fields([
                            ['Kind', node.kind], ['Identifier', node.id], ['Domain', node.domain],
                            ['Tier', node.tier === null ? 'none assigned' : String(node.tier)], ['Enabled', state],
                          ]));
}

function showEdge(index: number): void {
  const edge = report.edges[index];
  const kind = report.edge_kinds[edge.kind];
  const source = visible(report.nodes[edge.source].name);
  const target = visible(report.nodes[edge.target].name);
  details.replaceChildren(
      element('h2', {}, edge.kind), element('p', {class: 'ends'}, source, element('br'), '→ ', target),
      element('p', {}, kind?.meaning ?? ''), element('h3', {}, 'Why this edge exists'),
      element('ul', {class: 'evidence'},
              ...edge.evidence.map((e) => element('li', {}, element('p', {}, visible(e.text)),
                                                  fields(Object.entries(e)
                                                             .filter(([name, value]) => name !== 'text' && value !== null)
                                                             .map(([name, value]) => [name, String(value)]))))),
      ...(edge.caveats.length === 0 ? [] : [
        element('h3', {}, 'What may stand in the way'),
        element('ul', {class: 'caveats'}, ...edge.caveats.map((c) => element('li', {}, visible(c)))),
      ]),
      element('h3', {}, 'How to remove it'), element('p', {}, kind?.remedy ?? ''),
      element('p', {class: 'attack'}, kind?.attack ? `ATT&CK ${kind.attack.split(' ').join(', ')}` : ''));
  for (const drawn of document.querySelectorAll('.edge.chosen')) drawn.classList.remove('chosen');
  for (const drawn of document.querySelectorAll(`[data-edge="${index}"]`)) drawn.classList.add('chosen');
}

// -- paths ---------------------------------------------------------------------------------------------------

const stage = element('section', {class: 'stage', id: 'stage'});

function pathAsList(path: Path): HTMLElement {
  const steps = path.edges.map((index, i) => {
    const button = element('button', {type: 'button', class: 'step', 'data-edge': String(index)}, report.edges[index].kind);
    button.addEventListener('click', () => showEdge(index));
    return element('li', {}, button, ' → ', visible(report.nodes[path.nodes[i + 1]].name));
  });
  return element('li', {}, visible(report.nodes[path.nodes[0]].name), element('ol', {}, ...steps));
}

function showPaths(index: number): void {
  const node = report.nodes[index];
  const paths = pathsOf.get(index) ?? [];
  const heading = element('h2', {}, visible(node.name));
  showNode(index);
  if (paths.length === 0) {
    const answer = isTarget.has(index) ? `This belongs to ${report.target}.` : nothingFound();
    stage.replaceChildren(heading, element('p', {class: 'no-path'}, answer));
    return;
  }
  const summary = `${paths.length === 1 ? 'The shortest path' : `${paths.length} paths`} to ${report.target}, ` +
      `from ${hopsText(paths[0].hops)}. Choose an edge to read why it exists.`;
  stage.replaceChildren(heading, element('p', {}, summary),
                        element('div', {class: 'canvas'}, drawPaths(report, paths, {edge: showEdge, node: showNode})),
                        element('details', {class: 'as-text'}, element('summary', {}, 'The same as text'),
                                element('ol', {class: 'paths'}, ...paths.map(pathAsList))));
}

// -- the page ------------------------------------------------------------------------------------------------

function nodeInAddress(): number {
  const match = /^#node=(.*)$/.exec(location.hash);
  if (!match) return -1;
  const id = decodeURIComponent(match[1]);
  return report.nodes.findIndex((n) => n.id === id);
}

function select(index: number): void {
  history.replaceState(null, '', `#node=${encodeURIComponent(report.nodes[index].id)}`);
  list.mark(index);
  showPaths(index);
}

const list = new PrincipalList(select);
const search = element('input', {type: 'search', id: 'search', placeholder: 'Name, SID or kind', autocomplete: 'off',
                                 spellcheck: 'false', 'aria-label': 'Search a principal', 'aria-controls': 'principals'});
const found = element('p', {class: 'found', role: 'status'});

function filter(): void {
  const count = list.filter(search.value);
  found.textContent = `${count.toLocaleString('en')} ${count === 1 ? 'principal' : 'principals'}`;
}
search.addEventListener('input', filter);
search.addEventListener('keydown', (event) => {
  const first = list.first();
  if (event.key === 'Enter' && first !== undefined) select(first);
  if (event.key === 'ArrowDown') {
    event.preventDefault();
    list.scroller.focus();
    if (first !== undefined) select(first);
  }
});
window.addEventListener('hashchange', () => {
  const index = nodeInAddress();
  if (index >= 0) select(index);
});

document.title = `${visible(report.title)} · Tierline`;
document.body.replaceChildren(header(), ...banner(),
                              element('main', {}, element('nav', {class: 'side', 'aria-label': 'Principals'}, search, found, list.scroller),
                                      stage, details));
filter();
const wanted = nodeInAddress();
const nearest = order.find((n) => pathsOf.has(n));
if (wanted >= 0) {
  select(wanted);
} else if (nearest !== undefined) {
  list.mark(nearest);
  showPaths(nearest);
} else {
  stage.replaceChildren(element('p', {class: 'no-path'}, nothingFound()));
}
