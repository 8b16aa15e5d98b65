import { fetchRaw } from "@/api/client";
import { endpointAddress } from "@/api/endpoints";

/** Which of a deployment's logs: what its processes write, or what comes before they run. */
export type Container = "inference-server" | "storage-initializer";

/** One thing that a log's stream says; an empty one shows that it is alive. */
export interface LogEvent {
  revision?: string;
  attempt?: number;
  file?: string;
  text?: string;
}

/** Follows a deployment's log until the signal ends it; gives each event as it comes.
 *
 * @throws ApiError when the server refuses; TypeError when the connection breaks.
 */
export async function follow(
  workspace: string,
  endpoint: string,
  deployment: string,
  container: Container,
  signal: AbortSignal,
  take: (events: LogEvent[]) => void,
): Promise<void> {
  const path = endpointAddress(workspace, endpoint, "deployments", deployment, "logs", "follow");
  const response = await fetchRaw(`${path}?container=${container}`, { signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return;
    const lines = (rest + part.value).split("\n");
    rest = lines.pop() ?? "";
    take(lines.filter(Boolean).map((line) => JSON.parse(line) as LogEvent));
  }
}
