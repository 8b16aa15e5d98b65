import ELK, { type ElkNode, type ELK as Engine } from "elkjs/lib/elk-api";
import workerAddress from "elkjs/lib/elk-worker.min.js?url";

let engine: Engine | null = null;

/** Starts the engine, so that it is loaded by the time the graph is known. */
export function prepare(): void {
  engine ??= new ELK({ workerFactory: () => new Worker(workerAddress) });
}

/** Lays a graph out beside the page's own thread. */
export function layOut(graph: ElkNode): Promise<ElkNode> {
  prepare();
  return (engine as Engine).layout(graph);
}
