// Draws paths from left to right as SVG, whose parts can be focused, read aloud, copied and printed.

import {shortened, svg, visible} from './dom';
import {Box, BOX_HEIGHT, LABEL_HEIGHT, layOut, Line, Point} from './layout';
import {describe, nameParts, report} from './model';
import {Path} from './report';

const PADDING = 10;
const NARROWEST_BOX = 136;
const WIDEST_BOX = 220;

export interface Handlers {
  edge: (edge: number) => void;
  node: (node: number) => void;
}

// The fonts of the drawing; style.css says the same.
const FAMILY = 'system-ui, "Segoe UI", "Liberation Sans", sans-serif';
const NAME_FONT = `600 12px ${FAMILY}`;
const KIND_FONT = `400 11px ${FAMILY}`;
const LABEL_FONT = `600 11px ${FAMILY}`;

const ruler = document.createElement('canvas').getContext('2d')!;

function widthOf(text: string, font: string): number {
  ruler.font = font;
  return ruler.measureText(text).width;
}

/** The text, cut in the middle until it is no wider than `width`. */
function fitting(text: string, width: number, font: string): string {
  for (let length = 80; length > 4; --length) {
    const shown = shortened(text, length);
    if (widthOf(shown, font) <= width) return shown;
  }
  return '…';
}

function curve(points: Point[]): string {
  let d = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length; ++i) {
    const [a, b] = [points[i - 1], points[i]];
    const middle = (a.x + b.x) / 2;
    d += a.y === b.y ? `L${b.x} ${b.y}` : `C${middle} ${a.y} ${middle} ${b.y} ${b.x} ${b.y}`;
  }
  return d;
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

function drawLine(line: Line, handlers: Handlers): SVGGElement {
  const d = curve(line.points);
  const edges = line.labels.map((label) => label.edge);
  const group =
      svg('g', {class: 'arc', 'data-edges': edges.join(' ')}, svg('path', {d, class: 'reach'}),
          svg('path', {d, class: 'line', 'marker-end': 'url(#arrow)'}));
  group.addEventListener('click', () => handlers.edge(edges[0]));
  return group;
}

function drawLabels(line: Line, handlers: Handlers): SVGGElement[] {
  return line.labels.map(({edge: index, x, y, width}) => {
    const edge = report.edges[index];
    const group = svg(
        'g', {class: 'edge', 'data-edge': index},
        svg('rect', {x: x - width / 2, y: y - LABEL_HEIGHT / 2 + 1, width, height: LABEL_HEIGHT - 2, rx: 8}),
        svg('text', {x, y: y + 4, 'text-anchor': 'middle'}, shortened(edge.kind, 40)));
    const ends = [edge.source, edge.target].map((node) => shortened(report.nodes[node].name, 200));
    activate(group, `${visible(edge.kind)}: ${ends[0]} to ${ends[1]}`, () => handlers.edge(index));
    return group;
  });
}

function drawBox(box: Box, handlers: Handlers): SVGGElement {
  const node = report.nodes[box.node];
  const classes = ['node', node.tier === 0 ? 'tier-zero' : '', node.enabled === false ? 'disabled' : ''];
  const room = box.width - 2 * PADDING;
  const group = svg(
      'g',
      {class: classes.join(' ').trim(), 'data-node': box.node, transform: `translate(${box.x} ${box.y})`},
      svg('title', {}, shortened(node.name, 400)), svg('rect', {width: box.width, height: BOX_HEIGHT, rx: 6}),
      svg('text', {x: PADDING, y: 18, class: 'kind'}, fitting(describe(node), room, KIND_FONT)),
      svg('text', {x: PADDING, y: 35, class: 'name'}, fitting(nameParts(node)[0], room, NAME_FONT)));
  activate(group, `${describe(node)}: ${shortened(node.name, 200)}`, () => handlers.node(box.node));
  return group;
}

export function drawPaths(paths: Path[], handlers: Handlers): SVGSVGElement {
  const labelWidth = (edge: number) =>
      Math.ceil(widthOf(shortened(report.edges[edge].kind, 40), LABEL_FONT)) + 2 * PADDING - 4;
  const names = [...new Set(paths.flatMap((path) => path.nodes))].map(
      (node) => widthOf(shortened(nameParts(report.nodes[node])[0], 80), NAME_FONT));
  const boxWidth = Math.min(WIDEST_BOX, Math.max(NARROWEST_BOX, Math.ceil(Math.max(...names)) + 2 * PADDING));
  const {width, height, boxes, lines} = layOut(report.edges, paths, boxWidth, labelWidth);
  const arrow =
      svg('marker', {
        id: 'arrow',
        viewBox: '0 0 8 8',
        refX: 8,
        refY: 4,
        markerWidth: 8,
        markerHeight: 8,
        markerUnits: 'userSpaceOnUse',
        orient: 'auto'
      },
          svg('path', {d: 'M0 0 8 4 0 8z', class: 'arrow'}));
  const picture =
      svg('svg', {
        class: 'drawing',
        role: 'group',
        'aria-label': 'Attack paths from left to right',
        width,
        height,
        viewBox: `0 0 ${width} ${height}`
      },
          svg('defs', {}, arrow));
  for (const line of lines) picture.append(drawLine(line, handlers));
  // Boxes and labels in reading order, which is the order in which the Tab key visits them.
  for (const box of boxes) {
    picture.append(drawBox(box, handlers));
    for (const line of lines) {
      if (report.edges[line.labels[0].edge].source === box.node)
        picture.append(...drawLabels(line, handlers));
    }
  }
  return picture;
}

/** Shows which edge or node the details are about; -1 for none. */
export function markChosen(picture: ParentNode, edge: number, node: number): void {
  for (const drawn of picture.querySelectorAll('.arc')) {
    drawn.classList.toggle('chosen', drawn.getAttribute('data-edges')!.split(' ').includes(String(edge)));
  }
  for (const [selector, wanted] of [['[data-edge]', edge], ['[data-node]', node]] as const) {
    for (const drawn of picture.querySelectorAll(selector)) {
      const chosen = drawn.getAttribute('data-edge') ?? drawn.getAttribute('data-node');
      drawn.classList.toggle('chosen', chosen === String(wanted));
      drawn.setAttribute('aria-pressed', String(chosen === String(wanted)));
    }
  }
}
