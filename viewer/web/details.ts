// The panel that says why an edge exists or what a node is.

import {button, element, name, shortened, visible} from './dom';
import {report} from './model';
import {Evidence} from './report';

type Field = string|number|boolean|null;

const LABELS = new Map([
  ['type', 'Found in'],
  ['object', 'Object'],
  ['attribute', 'Attribute'],
  ['index', 'Entry, from 0'],
  ['ace', 'Entry in SDDL'],
  ['inherited', 'Inherited'],
  ['inherited_from', 'Inherited from'],
  ['value', 'Value'],
]);
const FOUND_IN = new Map([
  ['ace', 'an entry of a DACL'],
  ['owner', 'the owner of an object'],
  ['attribute', 'an attribute'],
  ['tree', 'the directory tree'],
  ['rule', 'a rule of the directory'],
]);

function shown(value: Field): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : visible(String(value));
}

function fields(rows: [string, Field][]): HTMLElement {
  return element(
      'dl', {class: 'fields'},
      ...rows.flatMap(([label, value]) => [element('dt', {}, label), element('dd', {}, shown(value))]));
}

function evidence(item: Evidence): HTMLElement {
  const rows = Object.entries(item).filter(([field, value]) => field !== 'text' && value !== null);
  const labelled = rows.map(([field, value]): [string, Field] => {
    const found = field === 'type' ? FOUND_IN.get(String(value)) : undefined;
    return [LABELS.get(field) ?? visible(field), found ?? value];
  });
  return element('li', {}, element('p', {}, visible(item.text)), fields(labelled));
}

/** `open` leads to the node's own paths; null where they are on show. */
export function nodeDetails(index: number, open: (() => void)|null): HTMLElement[] {
  const node = report.nodes[index];
  const enabled = node.enabled === null ? 'not an account, or unknown' : node.enabled;
  return [
    element('h2', {}, name(node.name)),
    fields([
      ['Name', node.name],
      ['Kind', node.kind],
      ['Identifier', node.id],
      ['Domain', node.domain],
      ['Tier', node.tier ?? 'none assigned'],
      ['Enabled', enabled],
    ]),
    ...(open ? [button({class: 'open'}, 'Show its paths', open)] : []),
  ];
}

export function edgeDetails(index: number, open: (node: number) => void): HTMLElement[] {
  const edge = report.edges[index];
  const kind = report.edge_kinds[edge.kind];
  const end = (node: number) => button({class: 'end'}, name(report.nodes[node].name), () => open(node));
  return [
    element('h2', {}, shortened(edge.kind, 60)),
    element('p', {class: 'ends'}, end(edge.source), element('br'), '→ ', end(edge.target)),
    element('p', {}, visible(kind?.meaning ?? '')),
    element('h3', {}, 'Why this edge exists'),
    element('ul', {class: 'evidence'}, ...edge.evidence.map(evidence)),
    ...(edge.caveats.length === 0 ?
            [] :
            [
              element('h3', {}, 'What may stand in the way'),
              element(
                  'ul', {class: 'caveats'},
                  ...edge.caveats.map((caveat) => element('li', {}, visible(caveat)))),
            ]),
    element('h3', {}, 'How to remove it'),
    element('p', {}, visible(kind?.remedy ?? '')),
    element('h3', {}, 'How it shows when it is used'),
    element('p', {}, visible(kind?.detection ?? '')),
    ...(kind?.attack ?
            [element('p', {class: 'attack'}, `ATT&CK ${visible(kind.attack).split(' ').join(', ')}`)] :
            []),
  ];
}
