// The report as the exporter writes it; viewer/export/report_json.cc is its other half.

export interface Area {
  area: string;
  domain: string;
  asked: boolean;
  read: number;
  missing: number;
  reason: string | null;
}

export interface GraphNode {
  id: string;
  name: string;
  kind: string;
  domain: string;
  tier: number | null;
  enabled: boolean | null;
}

export interface Evidence {
  type: string;
  text: string;
  [field: string]: string | number | boolean | null;
}

export interface Edge {
  kind: string;
  source: number;
  target: number;
  traversable: boolean;
  evidence: Evidence[];
  caveats: string[];
}

export interface EdgeKind {
  meaning: string;
  remedy: string;
  detection: string;
  attack: string;
}

export interface Path {
  hops: number;
  nodes: number[];
  edges: number[];
}

export interface Report {
  schema: string;
  title: string;
  target: string;  // what the paths lead to, for people
  provenance: {
    tool: string;
    tool_version: string;
    source: string;
    server: string;
    reader: string;
    started: string | null;  // null when the source does not tell
    finished: string | null;
    highest_usn: number;
  };
  coverage: {complete: boolean; areas: Area[]};
  summary: {
    objects: number;
    edges: number;
    targets: number;
    population: number;
    exposed: number;
  };
  nodes: GraphNode[];
  edges: Edge[];
  edge_kinds: Record<string, EdgeKind>;
  paths: Path[];
  sources_with_more: number[];  // accounts of whose paths only the shortest are here
  search_complete: boolean;     // false when others may have more, too
  targets: number[];
  by_hops: Record<string, number>;
}
