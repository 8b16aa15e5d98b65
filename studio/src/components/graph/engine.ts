import ELK, { type ElkNode, type ELK as Engine } from "elkjs/lib/elk-api";
import workerAddress from "elkjs/lib/elk-worker.min.js?url";

let engine: Engine | null = null;

/** Lays a graph out beside the page's own thread. */
export function layOut(graph: ElkNode): Promise<ElkNode> {
  engine ??= new ELK({ workerFactory: () => new Worker(workerAddress) });
  return engine.layout(graph);
}
