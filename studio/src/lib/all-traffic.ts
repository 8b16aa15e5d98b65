import { type QueryClient, QueryObserver } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { type Deployment, documentOf, endpointAddress, isSettled, type OnlineEndpoint, send } from "@/api/endpoints";
import { itemKey } from "@/api/keys";

async function read<T>(path: string): Promise<T> {
  return (await (await fetchRaw(path)).json()) as T;
}

/**
 * Gives a deployment all the traffic of its endpoint once it is ready; the live updates say when. Nothing happens when
 * it fails, or when the page is closed before.
 *
 * @returns true when it was given the traffic, false when the deployment failed or went away.
 * @throws ApiError when the server refused.
 */
export async function sendAllTraffic(
  client: QueryClient,
  workspace: string,
  endpoint: string,
  deployment: string,
): Promise<boolean> {
  if (!(await becameReady(client, workspace, endpoint, deployment))) return false;
  const address = endpointAddress(workspace, endpoint);
  const document = documentOf(await read<OnlineEndpoint>(address));
  await send("PUT", address, { ...document, name: endpoint, traffic: { [deployment]: 100 } });
  await client.invalidateQueries({ queryKey: [workspace, "online-endpoints"] });
  return true;
}

function becameReady(client: QueryClient, workspace: string, endpoint: string, name: string): Promise<boolean> {
  const path = endpointAddress(workspace, endpoint, "deployments", name);
  const observer = new QueryObserver(client, {
    queryKey: itemKey(workspace, "online-endpoints", endpoint, "deployment", name),
    queryFn: () => read<Deployment>(path),
    staleTime: 0,
  });
  return new Promise((resolve) => {
    const stop = observer.subscribe((result) => {
      const state = result.data?.provisioning_state;
      if (result.isFetching || !(result.isError || (state !== undefined && isSettled(state)))) return;
      stop();
      resolve(!result.isError && state === "Succeeded");
    });
  });
}
