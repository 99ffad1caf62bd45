// Draws the paths of one principal from left to right: one column for each distance to the target, so that
// every edge of a shortest path leads one column to the right.

import {shortened, svg, visible} from './dom';
import {GraphNode, Path, Report} from './report';

const BOX_WIDTH = 176;
const BOX_HEIGHT = 46;
const COLUMN_GAP = 164;
const ROW_GAP = 30;
const MARGIN = 14;

export interface Handlers {
  edge: (edge: number) => void;
  node: (node: number) => void;
}

interface Place {
  column: number;
  row: number;
}

/** Columns by the longest way to the end, so that no edge runs backwards. */
function placeNodes(paths: Path[]): {places: Map<number, Place>; filled: number[]} {
  const toEnd = new Map<number, number>();
  for (const path of paths) {
    path.nodes.forEach((node, i) => {
      const left = path.nodes.length - 1 - i;
      toEnd.set(node, Math.max(toEnd.get(node) ?? 0, left));
    });
  }
  // A node further from the end on one path than a node before it on another pushes that one left.
  for (let changed = true, rounds = 0; changed && rounds < 100; ++rounds) {
    changed = false;
    for (const path of paths) {
      for (let i = path.nodes.length - 2; i >= 0; --i) {
        const least = (toEnd.get(path.nodes[i + 1]) ?? 0) + 1;
        if ((toEnd.get(path.nodes[i]) ?? 0) < least) {
          toEnd.set(path.nodes[i], least);
          changed = true;
        }
      }
    }
  }
  const longest = Math.max(...toEnd.values());
  const places = new Map<number, Place>();
  const filled: number[] = [];
  for (const path of paths) {
    for (const node of path.nodes) {
      if (places.has(node)) continue;
      const column = longest - (toEnd.get(node) ?? 0);
      places.set(node, {column, row: filled[column] ?? 0});
      filled[column] = (filled[column] ?? 0) + 1;
    }
  }
  return {places, filled};
}

/** A line through the points that leaves and enters each of them level. */
function curve(points: [number, number][]): string {
  let d = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; ++i) {
    const [x1, y1] = points[i - 1];
    const [x2, y2] = points[i];
    const bend = (x2 - x1) / 2;
    d += y1 === y2 ? `L${x2} ${y2}` : `C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
  }
  return d;
}

/** The name without its domain, which the tooltip and the details have. */
function shortName(node: GraphNode): string {
  const suffix = `@${node.domain}`;
  return node.name.endsWith(suffix) && node.name.length > suffix.length ? node.name.slice(0, -suffix.length) : node.name;
}

function activate(target: SVGElement, label: string, action: () => void): void {
  target.setAttribute('tabindex', '0');
  target.setAttribute('role', 'button');
  target.setAttribute('aria-label', label);
  target.addEventListener('click', action);
  target.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    action();
  });
}

export function drawPaths(report: Report, paths: Path[], handlers: Handlers): SVGSVGElement {
  const {places, filled} = placeNodes(paths);
  const columns = Math.max(...[...places.values()].map((p) => p.column)) + 1;
  const width = 2 * MARGIN + columns * BOX_WIDTH + (columns - 1) * COLUMN_GAP;
  const x = (p: Place) => MARGIN + p.column * (BOX_WIDTH + COLUMN_GAP);
  const y = (p: Place) => MARGIN + p.row * (BOX_HEIGHT + ROW_GAP);

  const marker = svg('marker', {id: 'arrow', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7,
                                orient: 'auto'}, svg('path', {d: 'M0 0 8 4 0 8z', class: 'arrow'}));
  const picture = svg('svg', {class: 'drawing', role: 'group', 'aria-label': 'Attack paths from left to right'},
                      svg('defs', {}, marker));

  const drawn = new Set<number>();
  for (const path of paths) {
    for (const index of path.edges) {
      if (drawn.has(index)) continue;
      drawn.add(index);
      const edge = report.edges[index];
      const from = places.get(edge.source)!;
      const to = places.get(edge.target)!;
      const x1 = x(from) + BOX_WIDTH;
      const y1 = y(from) + BOX_HEIGHT / 2;
      const x2 = x(to) - 3;
      const y2 = y(to) + BOX_HEIGHT / 2;
      // An edge over several columns goes through a free row of each, so that it crosses no box.
      const points: [number, number][] = [[x1, y1]];
      for (let column = from.column + 1; column < to.column; ++column) {
        const free = {column, row: filled[column]++};
        points.push([x(free), y(free) + BOX_HEIGHT / 2], [x(free) + BOX_WIDTH, y(free) + BOX_HEIGHT / 2]);
      }
      points.push([x2, y2]);
      const d = curve(points);
      // The label of a bent edge stands nearer to the source, where edges into one node have not met yet.
      const [labelX, labelY] = points[1];
      const at = labelY === y1 ? 0.48 : 0.42;
      const group = svg('g', {class: 'edge', 'data-edge': index},
                        svg('path', {d, class: 'reach'}),
                        svg('path', {d, class: 'line', 'marker-end': 'url(#arrow)'}),
                        svg('text', {x: x1 + (labelX - x1) * at, y: y1 + (labelY - y1) * at - 7, 'text-anchor': 'middle'},
                            edge.kind));
      const label = `${edge.kind}: ${visible(report.nodes[edge.source].name)} to ${visible(report.nodes[edge.target].name)}`;
      activate(group, label, () => handlers.edge(index));
      picture.append(group);
    }
  }
  for (const [index, place] of places) {
    const node = report.nodes[index];
    const classes = ['node', node.tier === 0 ? 'tier-zero' : '', node.enabled === false ? 'disabled' : ''];
    const group = svg('g', {class: classes.join(' ').trim(), 'data-node': index,
                            transform: `translate(${x(place)} ${y(place)})`},
                      svg('rect', {width: BOX_WIDTH, height: BOX_HEIGHT, rx: 6}),
                      svg('text', {x: 10, y: 17, class: 'kind'}, node.tier === 0 ? `${node.kind} · Tier Zero` : node.kind),
                      svg('text', {x: 10, y: 35, class: 'name'}, shortened(shortName(node), 21)),
                      svg('title', {}, visible(node.name)));
    activate(group, `${node.kind} ${visible(node.name)}`, () => handlers.node(index));
    picture.append(group);
  }
  const rows = Math.max(...filled);
  const height = 2 * MARGIN + rows * BOX_HEIGHT + (rows - 1) * ROW_GAP;
  picture.setAttribute('width', String(width));
  picture.setAttribute('height', String(height));
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  return picture;
}
