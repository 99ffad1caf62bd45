// The page: search a principal, see its paths, click an edge and read why it exists.

import {edgeDetails, nodeDetails} from './details';
import {button, element, name, shortened, visible} from './dom';
import {drawPaths, markChosen} from './drawing';
import {PrincipalList} from './list';
import {accountsThrough, counted, hopsText, isSource, isTarget, leftOut, pathsFrom, report, unfound} from './model';
import {Area, Path} from './report';

const MOST_DRAWN = 24;  // paths in one drawing; more are no longer a picture

// -- the head of the page -----------------------------------------------------------------------------------

function time(text: string): string {
  return visible(text).replace('T', ' ').replace('Z', ' UTC');
}

/** When the directory was read, in the words of `info`. */
function whenRead(): string {
  const {started, finished} = report.provenance;
  if (started === null) return 'at no known time';
  return finished === null || finished === started ? time(started) : `${time(started)} to ${time(finished)}`;
}

function header(): HTMLElement {
  const {provenance, summary} = report;
  const by = provenance.reader ? ` as ${shortened(provenance.reader, 100)}` : '';
  const how =
      [shortened(provenance.source, 40), `${visible(provenance.tool)} ${visible(provenance.tool_version)}`];
  if (provenance.highest_usn > 0) how.push(`USN ${provenance.highest_usn}`);
  const hops = Object.entries(report.by_hops)
                   .map(([h, count]) => `${count.toLocaleString('en')} in ${hopsText(Number(h))}`);
  const numbers: [string, number][] = [
    [`can reach ${shortened(report.target, 60)}`, summary.exposed],
    ['accounts outside it, not disabled', summary.population],
    [summary.targets === 1 ? 'target' : 'targets', summary.targets],
    ['objects read', summary.objects],
    ['edges', summary.edges],
  ];
  const list = element(
      'dl', {class: 'numbers'},
      ...numbers.map(
          ([label, value]) =>
              element('div', {}, element('dd', {}, value.toLocaleString('en')), element('dt', {}, label))));
  return element(
      'header', {},
      element(
          'div', {class: 'about'}, element('h1', {}, name(report.title)),
          element(
              'p', {class: 'origin'},
              `Read ${whenRead()} from ${shortened(provenance.server, 100)}${by} (` +
                  `${how.join(', ')})`)),
      element('div', {class: 'summary'}, list, element('p', {class: 'by-hops'}, hops.join(' · '))));
}

function gapText(area: Area): string {
  const of = area.domain ? ` of ${area.domain}` : '';
  const missing = area.missing > 0 ? `${area.missing.toLocaleString('en')} missing, ` : '';
  return shortened(
      `${area.area}${of}: ${missing}${area.read.toLocaleString('en')} read` +
          `${area.reason ? ` (${area.reason})` : ''}`,
      400);
}

function banner(): HTMLElement[] {
  if (report.coverage.complete) return [];
  const gaps = report.coverage.areas.filter((area) => area.asked && (area.missing > 0 || area.reason));
  return [element(
      'section', {class: 'banner', role: 'alert'},
      element('strong', {}, 'Not everything could be read. What is missing is unknown, not safe.'),
      element('ul', {}, ...gaps.map((area) => element('li', {}, gapText(area)))))];
}

// -- details ------------------------------------------------------------------------------------------------

const stage = element('section', {class: 'stage', id: 'stage', 'aria-label': 'Paths'});
const details =
    element('aside', {class: 'details', 'aria-live': 'polite', 'aria-label': 'Details', id: 'details'});

let onShow = -1;  // the principal whose paths are drawn

function showNode(index: number): void {
  details.replaceChildren(...nodeDetails(index, index === onShow ? null : () => select(index)));
  details.scrollTop = 0;
  markChosen(stage, -1, index);
}

function showEdge(index: number): void {
  details.replaceChildren(...edgeDetails(index, select));
  details.scrollTop = 0;
  markChosen(stage, index, -1);
}

// -- paths --------------------------------------------------------------------------------------------------

function pathAsList(path: Path): HTMLElement {
  const steps = path.edges.map((index, i) => {
    const step = button(
        {class: 'step', 'data-edge': String(index)}, shortened(report.edges[index].kind, 60),
        () => showEdge(index));
    return element('li', {}, step, ' → ', name(report.nodes[path.nodes[i + 1]].name));
  });
  return element(
      'li', {}, name(report.nodes[path.nodes[0]].name), `, ${hopsText(path.hops)}`,
      element('ol', {}, ...steps));
}

function summaryOf(index: number, paths: Path[], drawn: Path[]): string {
  const target = shortened(report.target, 60);
  const who = isSource(index) ?
      '' :
      `On the way of ${counted(accountsThrough(index), 'account', 'accounts')} in this report. From here: `;
  const how = paths.length === 1 ?
      `one path to ${target}, of ${hopsText(paths[0].hops)}` :
      `${paths.length} paths to ${target} in this report, the shortest of ${hopsText(paths[0].hops)}`;
  const limit = drawn.length < paths.length ? ` The ${drawn.length} shortest are shown.` : '';
  const text = `${who}${how}.${leftOut(index)}${limit} Choose an edge to read why it exists.`;
  return text[0].toUpperCase() + text.slice(1);
}

function showPaths(index: number): void {
  onShow = index;
  const heading = element('h2', {}, name(report.nodes[index].name));
  const paths = pathsFrom(index);
  const drawn = paths.slice(0, MOST_DRAWN);
  if (paths.length === 0) {
    const answer = isTarget(index) ? `This belongs to ${shortened(report.target, 100)}.` : unfound();
    stage.replaceChildren(heading, element('p', {class: 'no-path'}, answer));
  } else {
    stage.replaceChildren(
        heading, element('p', {class: 'found-paths'}, summaryOf(index, paths, drawn)),
        element('div', {class: 'canvas'}, drawPaths(drawn, {edge: showEdge, node: showNode})),
        element('h3', {}, 'The same as text'), element('ol', {class: 'paths'}, ...drawn.map(pathAsList)));
  }
  stage.scrollTop = 0;
  showNode(index);
}

// -- the page -----------------------------------------------------------------------------------------------

/** The identifier that the address asks for, as in #node=S-1-5-21-1-2-3-500. */
function wantedId(): string|null {
  const match = /^#node=(.*)$/.exec(location.hash);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];  // no valid escape, so it is not one
  }
}

function select(index: number): void {
  history.replaceState(null, '', `#node=${encodeURIComponent(report.nodes[index].id)}`);
  list.mark(index);
  showPaths(index);
}

/** Shows what the address asks for; without a wish, the most exposed account. */
function follow(): void {
  const id = wantedId();
  const index = id === null ? list.first() : report.nodes.findIndex((node) => node.id === id);
  if (index === -1) {
    stage.replaceChildren(element(
        'p', {class: 'no-path'}, `This report has nothing with the identifier ${shortened(id!, 200)}.`));
    details.replaceChildren();
  } else if (id !== null) {
    select(index!);
  } else if (index !== undefined && isSource(index)) {
    list.mark(index);
    showPaths(index);
  } else {
    stage.replaceChildren(element('p', {class: 'no-path'}, unfound()));
  }
}

const search = element('input', {
  type: 'search',
  id: 'search',
  placeholder: 'Name, SID or kind ( / )',
  autocomplete: 'off',
  spellcheck: 'false',
  'aria-label': 'Search a principal',
  'aria-controls': 'principals'
});
const list = new PrincipalList(select, () => search.focus());
const found = element('p', {class: 'found', role: 'status'});

function filter(): void {
  const shown = list.filter(search.value);
  const sources = shown.filter(isSource).length;
  found.textContent =
      `${counted(shown.length, 'principal', 'principals')}, ${sources.toLocaleString('en')} with a path`;
}
search.addEventListener('input', filter);
search.addEventListener('keydown', (event) => {
  const first = list.first();
  if (first === undefined || (event.key !== 'Enter' && event.key !== 'ArrowDown')) return;
  event.preventDefault();
  if (event.key === 'ArrowDown') list.scroller.focus();
  select(first);
});
window.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target === search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
window.addEventListener('hashchange', follow);

document.title = `${shortened(report.title, 100)} · Tierline`;
document.body.replaceChildren(
    header(), ...banner(),
    element(
        'main', {}, element('nav', {class: 'side', 'aria-label': 'Principals'}, search, found, list.scroller),
        stage, details));
filter();
follow();
