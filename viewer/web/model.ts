// What the page knows of the report, and the questions that its parts ask.

import {shortened} from './dom';
import {GraphNode, Path, Report} from './report';

export const report = JSON.parse(document.getElementById('report')!.textContent!) as Report;

interface Place {
  path: Path;
  at: number;  // index into the path's nodes
}

/** Paths of accounts, and for each other node the places where those paths lead through it. */
const own = new Map<number, Path[]>();
const through = new Map<number, Place[]>();

function listIn<T>(map: Map<number, T[]>, key: number, item: T): void {
  const list = map.get(key);
  if (list)
    list.push(item);
  else
    map.set(key, [item]);
}

for (const path of report.paths) {
  listIn(own, path.nodes[0], path);
  for (let at = 1; at + 1 < path.nodes.length; ++at) listIn(through, path.nodes[at], {path, at});
}

const targets = new Set(report.targets);

export function isTarget(node: number): boolean {
  return targets.has(node);
}

/** True for an account that paths were searched for and found. */
export function isSource(node: number): boolean {
  return own.has(node);
}

const cut = new Set(report.sources_with_more);

/** What there is to say of an account's paths that the report does not have. */
export function leftOut(node: number): string {
  if (cut.has(node)) return ' It has more, which are not in this report.';
  if (report.search_complete || !isSource(node)) return '';
  return ' It may have more: the search for further ones gave up.';
}

/** Steps from the node to the target, on its own path or on one that leads through it. */
export function hopsOf(node: number): number|undefined {
  const lengths = own.get(node)?.map((path) => path.hops) ??
      through.get(node)?.map(({path, at}) => path.edges.length - at);
  return lengths?.reduce((least, hops) => Math.min(least, hops));
}

/**
 * The node's paths, shortest first. Paths are searched for accounts only; those of a group in between are
 * what is left of the paths that lead through it, each once.
 */
export function pathsFrom(node: number): Path[] {
  const found = own.get(node) ?? [];
  if (found.length > 0) return [...found].sort((a, b) => a.hops - b.hops);
  const rests = new Map<string, Path>();
  for (const {path, at} of through.get(node) ?? []) {
    const edges = path.edges.slice(at);
    rests.set(edges.join(), {hops: edges.length, nodes: path.nodes.slice(at), edges});
  }
  return [...rests.values()].sort((a, b) => a.hops - b.hops);
}

/** How many accounts have a path through the node. */
export function accountsThrough(node: number): number {
  return new Set((through.get(node) ?? []).map(({path}) => path.nodes[0])).size;
}

/** The name in two parts, the second being the domain it ends with, if it does. */
export function nameParts(node: GraphNode): [string, string] {
  const suffix = `@${node.domain}`;
  if (node.domain === '' || !node.name.endsWith(suffix) || node.name.length === suffix.length)
    return [node.name, ''];
  return [node.name.slice(0, -suffix.length), suffix];
}

/** What a box and a row say about the node beside its name. */
export function describe(node: GraphNode): string {
  const tier = node.tier === null ? '' : node.tier === 0 ? ' · Tier Zero' : ` · Tier ${node.tier}`;
  return `${shortened(node.kind, 30)}${tier}${node.enabled === false ? ' · disabled' : ''}`;
}

export function counted(count: number, one: string, several: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : several}`;
}

export function hopsText(hops: number): string {
  return counted(hops, 'hop', 'hops');
}

/** What may be said of an account without a path: what was not read may hold one. */
export function unfound(): string {
  const target = shortened(report.target, 100);
  return report.coverage.complete ?
      `No path to ${target} was found in what was read.` :
      `Unknown: no path to ${target} was found, but not everything could be read.`;
}
