// Where everything of a drawing stands: a layered drawing in the manner of Sugiyama, Tagawa and Toda (1981).
// Columns count the steps to the target, so that paths run from left to right; edges that skip a column get a
// lane of their own in it, so that no line crosses a box; labels stand on their line where nothing else does.
// Pure arithmetic, without a document; all lengths are pixels.

import {Edge, Path} from './report';

export const BOX_HEIGHT = 46;
export const LABEL_HEIGHT = 18;
const BETWEEN_BOXES = 26;
const BETWEEN_LANES = 14;
const MARGIN = 12;
const PORT_STEP = 9;  // between lines that meet at one side of a box
const ARROW = 9;
const WIDER_AT_MOST = 14;  // times a fifth

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  node: number;
  width: number;
}

/** One edge's label; `x` and `y` are its middle. */
export interface Label extends Point {
  edge: number;
  width: number;
}

/** All edges from one node to another: one line with a label for each edge. */
export interface Line {
  points: Point[];  // straight within a column, curved between columns
  labels: Label[];
}

export interface Layout {
  width: number;
  height: number;
  boxes: Box[];  // by column, then from top to bottom
  lines: Line[];
}

interface Arc {
  source: number;
  target: number;
  edges: number[];
  /** It would close a circle, and is laid out as if it ran the other way. */
  backwards: boolean;
  /** The items it visits, from left to right. */
  way: Item[];
}

/** What takes room in a column: the box of a node, or the lane of an arc that passes. */
interface Item {
  node: number;  // -1 for a lane
  column: number;
  height: number;
  y: number;  // of its middle
  left: Item[];
  right: Item[];
}

/** One arc for each pair of nodes, in order of first use. */
function arcsOf(edges: Edge[], paths: Path[]): Arc[] {
  const arcs = new Map<string, Arc>();
  const next = new Map<number, number[]>();
  const reaches = (from: number, to: number): boolean => {
    const seen = new Set([from]);
    const open = [from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === to) return true;
      for (const after of next.get(at) ?? []) {
        if (!seen.has(after)) open.push(after);
        seen.add(after);
      }
    }
    return false;
  };
  for (const path of paths) {
    for (const index of path.edges) {
      const {source, target} = edges[index];
      const key = `${source} ${target}`;
      const known = arcs.get(key);
      if (known) {
        if (!known.edges.includes(index)) known.edges.push(index);
        continue;
      }
      const backwards = reaches(target, source);
      const [from, to] = backwards ? [target, source] : [source, target];
      const after = next.get(from);
      if (after)
        after.push(to);
      else
        next.set(from, [to]);
      arcs.set(key, {source, target, edges: [index], backwards, way: []});
    }
  }
  return [...arcs.values()];
}

/** The longest way to an end, for each node; the arcs hold no circle. */
function stepsToEnd(arcs: Arc[]): Map<number, number> {
  const next = new Map<number, number[]>();
  for (const arc of arcs) {
    const [from, to] = arc.backwards ? [arc.target, arc.source] : [arc.source, arc.target];
    next.set(from, [...next.get(from) ?? [], to]);
    if (!next.has(to)) next.set(to, []);
  }
  const steps = new Map<number, number>();
  const measure = (node: number): number => {
    const known = steps.get(node);
    if (known !== undefined) return known;
    const found = Math.max(0, ...next.get(node)!.map((after) => measure(after) + 1));
    steps.set(node, found);
    return found;
  };
  for (const node of next.keys()) measure(node);
  return steps;
}

/** The columns with their items in order of first use, linked to their neighbours. */
function fillColumns(arcs: Arc[]): Item[][] {
  const steps = stepsToEnd(arcs);
  const columns: Item[][] = Array.from({length: Math.max(...steps.values()) + 1}, () => []);
  const boxes = new Map<number, Item>();
  const add = (node: number, column: number, height: number): Item => {
    const item = {node, column, height, y: 0, left: [], right: []};
    columns[column].push(item);
    return item;
  };
  const boxOf = (node: number): Item => {
    let box = boxes.get(node);
    if (!box) boxes.set(node, box = add(node, columns.length - 1 - steps.get(node)!, BOX_HEIGHT));
    return box;
  };
  for (const arc of arcs) {
    const [first, last] = [boxOf(arc.source), boxOf(arc.target)];
    const [from, to] = arc.backwards ? [last, first] : [first, last];
    arc.way = [from];
    for (let column = from.column + 1; column < to.column; ++column) {
      arc.way.push(add(-1, column, LABEL_HEIGHT * arc.edges.length));
    }
    arc.way.push(to);
    for (let i = 1; i < arc.way.length; ++i) {
      arc.way[i - 1].right.push(arc.way[i]);
      arc.way[i].left.push(arc.way[i - 1]);
    }
  }
  return columns;
}

function mean(values: number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function places(columns: Item[][]): Map<Item, number> {
  const place = new Map<Item, number>();
  for (const column of columns) column.forEach((item, i) => place.set(item, i));
  return place;
}

function crossings(columns: Item[][]): number {
  const place = places(columns);
  let count = 0;
  for (const column of columns) {
    const links = column.flatMap((item) => item.right.map((other) => [place.get(item)!, place.get(other)!]));
    links.forEach(([a, b], i) => {
      for (let k = i + 1; k < links.length; ++k) {
        if ((a - links[k][0]) * (b - links[k][1]) < 0) ++count;
      }
    });
  }
  return count;
}

/** Orders each column by the middle of its neighbours, to and fro; keeps the order with fewest crossings. */
function untangle(columns: Item[][]): void {
  let best = columns.map((column) => [...column]);
  let fewest = crossings(columns);
  for (let round = 0; round < 12 && fewest > 0; ++round) {
    const rightwards = round % 2 === 0;
    for (const column of rightwards ? columns : [...columns].reverse()) {
      const place = places(columns);
      const middle = new Map<Item, number>();
      for (const item of column) {
        const beside = rightwards ? item.left : item.right;
        middle.set(item, mean(beside.map((other) => place.get(other)!), place.get(item)!));
      }
      column.sort((a, b) => middle.get(a)! - middle.get(b)!);
    }
    const now = crossings(columns);
    if (now < fewest) {
      fewest = now;
      best = columns.map((column) => [...column]);
    }
  }
  best.forEach((column, i) => columns[i].splice(0, column.length, ...column));
}

function between(above: Item, below: Item): number {
  return (above.height + below.height) / 2 +
      (above.node < 0 && below.node < 0 ? BETWEEN_LANES : BETWEEN_BOXES);
}

/**
 * Moves the items of a column as near to what each wishes as their order and distances let them: least
 * squares, by pooling adjacent violators.
 */
function settle(column: Item[], wish: (item: Item) => number): void {
  const offsets = [0];
  for (let i = 1; i < column.length; ++i) offsets.push(offsets[i - 1] + between(column[i - 1], column[i]));
  const blocks: {sum: number; size: number}[] = [];
  column.forEach((item, i) => {
    let block = {sum: wish(item) - offsets[i], size: 1};
    for (let above = blocks[blocks.length - 1]; above && above.sum / above.size > block.sum / block.size;
         above = blocks[blocks.length - 1]) {
      block = {sum: block.sum + above.sum, size: block.size + above.size};
      blocks.pop();
    }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks) {
    for (let k = 0; k < block.size; ++k, ++i) column[i].y = block.sum / block.size + offsets[i];
  }
}

function setHeights(columns: Item[][]): number {
  for (const column of columns) settle(column, () => 0);
  for (let round = 0; round < 8; ++round) {
    for (const column of round % 2 === 0 ? columns : [...columns].reverse()) {
      settle(column, (item) => mean([...item.left, ...item.right].map((other) => other.y), item.y));
    }
  }
  const items = columns.flat();
  const top = Math.min(...items.map((item) => item.y - item.height / 2)) - MARGIN;
  for (const item of items) item.y = Math.round(item.y - top);
  return Math.max(...items.map((item) => item.y + item.height / 2)) + MARGIN;
}

/** Lines that meet at one side of a box do so one below the other, in the order of where they come from. */
function portOf(item: Item, arc: Arc, rightSide: boolean, arcs: Arc[]): number {
  if (item.node < 0) return item.y;
  const sameSide =
      arcs.filter((other) => (rightSide ? other.way[0] : other.way[other.way.length - 1]) === item);
  const farEnd = (other: Arc) => (rightSide ? other.way[1] : other.way[other.way.length - 2]).y;
  sameSide.sort((a, b) => farEnd(a) - farEnd(b));
  const step = Math.min(PORT_STEP, (BOX_HEIGHT - 12) / Math.max(1, sameSide.length - 1));
  return item.y + (sameSide.indexOf(arc) - (sameSide.length - 1) / 2) * step;
}

/** The point at `t` of the curve from `a` to `b` that leaves and enters level; drawing.ts draws the same. */
function onCurve(a: Point, b: Point, t: number): Point {
  const bend = 1.5 * t * (1 - t);  // both control points stand half-way between the ends
  const late = t * t * (3 - 2 * t);
  return {x: a.x + (b.x - a.x) * (bend + t * t * t), y: a.y + (b.y - a.y) * late};
}

interface Rectangle {
  x: number;  // of its middle, as for labels
  y: number;
  width: number;
  height: number;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + 3 &&
      Math.abs(a.y - b.y) < (a.height + b.height) / 2 + 2;
}

function isIn(a: Rectangle, point: Point): boolean {
  return overlap(a, {...point, width: 0, height: 0});
}

/** A curve across the gap between two columns whose labels are to stand there. */
interface Crossing {
  arc: Arc;
  from: Point;
  to: Point;
  width: number;
}

/**
 * Finds room for each label on its own curve, away from other labels and, if possible, from other curves.
 * Nothing when some labels would overlap: the gap is too narrow.
 */
function placeLabels(labelled: Crossing[], all: Crossing[]): Map<Arc, Point>|null {
  const taken: Rectangle[] = [];
  const found = new Map<Arc, Point>();
  const curves = all.map(({arc, from, to}) => ({
                           arc,
                           top: Math.min(from.y, to.y),
                           bottom: Math.max(from.y, to.y),
                           points: Array.from({length: 25}, (_, i) => onCurve(from, to, i / 24)),
                         }));
  for (const {arc, from, to, width} of labelled) {
    const height = LABEL_HEIGHT * arc.edges.length;
    let best: Rectangle|null = null;
    let least = Infinity;
    // From the middle of the curve outwards: what lies further out than the least cost cannot be better.
    for (let step = 0; step < 45; ++step) {
      const away = 0.02 * Math.ceil(step / 2);
      if (away >= least) break;
      const at = {...onCurve(from, to, step % 2 === 0 ? 0.5 + away : 0.5 - away), width, height};
      if (at.x - width / 2 < from.x + 5 || at.x + width / 2 > to.x - ARROW - 4) continue;
      if (taken.some((other) => overlap(at, other))) continue;
      const covered = curves.filter(
          (other) => other.arc !== arc && other.top < at.y + height && other.bottom > at.y - height &&
              other.points.some((point) => isIn(at, point)));
      const cost = away + covered.length / 2;
      if (cost < least) [best, least] = [at, cost];
    }
    if (!best) return null;
    taken.push(best);
    found.set(arc, best);
  }
  return found;
}

/** The narrowest gap that has room for all labels; the curves end at its far side afterwards. */
function widenForLabels(
    labelled: Crossing[], all: Crossing[], start: number): {gap: number; at: Map<Arc, Point>} {
  const narrowest = Math.max(48, ...labelled.map(({width}) => width + 2 * ARROW + 18));
  let gap = narrowest;
  for (let tries = 0; tries < WIDER_AT_MOST; ++tries, gap = Math.ceil(gap * 1.2)) {
    for (const piece of all) piece.to.x = start + gap;
    const at = placeLabels(labelled, all);
    if (at) return {gap, at};
  }
  // So many that they cannot all be read at once.
  return {
    gap: all[0].to.x - start,
    at: new Map(labelled.map(({arc, from, to}) => [arc, onCurve(from, to, 0.5)]))
  };
}

/**
 * `labelWidth` tells how wide the label of an edge is; boxes are at least `leastBoxWidth` wide.
 * REQUIRES: at least one path, none of them empty.
 */
export function layOut(
    edges: Edge[], paths: Path[], leastBoxWidth: number, labelWidth: (edge: number) => number): Layout {
  const arcs = arcsOf(edges, paths);
  const columns = fillColumns(arcs);
  untangle(columns);
  const height = setHeights(columns);
  const widest = (arc: Arc) => Math.max(...arc.edges.map(labelWidth));
  const isLong = (arc: Arc) => arc.way.length > 2;
  const boxWidth = Math.max(leastBoxWidth, ...arcs.filter(isLong).map(widest));

  // The left edge of each column, each gap being as wide as its labels need.
  const left = [MARGIN];
  const points = new Map<Arc, Point[]>();
  for (const arc of arcs) points.set(arc, []);
  const labelAt = new Map<Arc, Point>();
  for (let column = 0; column + 1 < columns.length; ++column) {
    const passing =
        arcs.filter((arc) => arc.way[0].column <= column && arc.way[arc.way.length - 1].column > column);
    const start = left[column] + boxWidth;
    const pieces = passing.map((arc) => {
      const i = column - arc.way[0].column;
      return {
        arc,
        from: {x: start, y: portOf(arc.way[i], arc, true, arcs)},
        to: {x: start, y: portOf(arc.way[i + 1], arc, false, arcs)},
        width: widest(arc)
      };
    });
    const labelled =
        pieces.filter(({arc}) => !isLong(arc)).sort((a, b) => a.from.y + a.to.y - b.from.y - b.to.y);
    const {gap, at} = widenForLabels(labelled, pieces, start);
    for (const [arc, point] of at) labelAt.set(arc, point);
    for (const {arc, from, to} of pieces) points.get(arc)!.push(from, to);
    left.push(start + gap);
  }

  const boxes: Box[] = [];
  columns.forEach((column, i) => {
    for (const item of column) {
      if (item.node >= 0)
        boxes.push({node: item.node, x: left[i], y: item.y - BOX_HEIGHT / 2, width: boxWidth});
    }
  });
  const lines = arcs.map((arc) => {
    const way = points.get(arc)!;
    const middle = isLong(arc) ? {x: (way[1].x + way[2].x) / 2, y: way[1].y} : labelAt.get(arc)!;
    const labels = arc.edges.map((edge, i) => ({
                                   edge,
                                   x: middle.x,
                                   width: labelWidth(edge),
                                   y: middle.y + (i - (arc.edges.length - 1) / 2) * LABEL_HEIGHT,
                                 }));
    const onward = arc.backwards ? [...way].reverse() : way;
    return {points: onward, labels};
  });
  return {width: left[left.length - 1] + boxWidth + MARGIN, height, boxes, lines};
}
