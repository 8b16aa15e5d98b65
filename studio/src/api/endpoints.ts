import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { itemKey, listKey } from "@/api/keys";
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

/** An online endpoint: the keys of its document, and what is known around them. */
export type OnlineEndpoint = Schemas["OnlineEndpointBody"];

/** A deployment; `model` and the like are keys of its document. */
export type Deployment = Schemas["OnlineDeploymentBody"] & {
  instance_count?: number;
  scale_settings?: { type: string; min_instances?: number; max_instances?: number };
};

/** What an endpoint did in the last minute; times in seconds. */
export type EndpointFigures = Schemas["EndpointFigures"];

export type EndpointSummary = Schemas["EndpointSummary"];

/** Figures over time, each list as long as `at`. */
export type FigureSeries = Schemas["FigureSeries"];

export type Figures = Schemas["FiguresBody"];

/** What an endpoint answered to a request that the server sent for the page. */
export type Answer = Schemas["EndpointAnswer"];

export type RequestForm = Schemas["EndpointForm"];

export type Credentials = { primaryKey: string; secondaryKey: string } | { accessToken: string; expiryTimeUtc: number };

const NOUN = "online-endpoints";

/** The address of an online endpoint, or of something below it, in the native API. */
export function endpointAddress(workspace: string, ...rest: string[]): string {
  return `/api/v1/workspaces/${[workspace, NOUN, ...rest].map(encodeURIComponent).join("/")}`;
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await fetchRaw(path, init)).json()) as T;
}

/** Sends JSON and gives the answer's JSON. */
export function send<T>(method: string, path: string, body: unknown): Promise<T> {
  return read<T>(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** The endpoints of a workspace, each with its deployments and the figures of the last minute. */
export function useEndpointSummaries(workspace: string) {
  const path = `/api/v1/workspaces/${encodeURIComponent(workspace)}/online-endpoint-summaries?limit=1000`;
  return useQuery({
    queryKey: listKey(workspace, NOUN, "summaries"),
    queryFn: async () => (await read<{ value: EndpointSummary[] }>(path)).value,
  });
}

/** One endpoint. */
export function useEndpoint(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, NOUN, name),
    queryFn: () => read<OnlineEndpoint>(endpointAddress(workspace, name)),
  });
}

/** The deployments of an endpoint. */
export function useDeployments(workspace: string, endpoint: string, isWanted = true) {
  return useQuery({
    enabled: isWanted,
    queryKey: itemKey(workspace, NOUN, endpoint, "deployments"),
    queryFn: async () => {
      const path = endpointAddress(workspace, endpoint, "deployments");
      return (await read<{ value: Deployment[] }>(`${path}?limit=1000`)).value;
    },
  });
}

/** The figures of an endpoint's last quarter of an hour; a live message of their own renews them. */
export function useFigures(workspace: string, name: string) {
  return useQuery({
    queryKey: itemKey(workspace, NOUN, `${name}/figures`),
    queryFn: () => read<Figures>(endpointAddress(workspace, name, "figures")),
  });
}

/** What an endpoint may be asked, or one of its deployments; asked again when the deployments change. */
export function useRequestForm(workspace: string, name: string, deployment: string, isReady: boolean) {
  const query = deployment ? `?deployment=${encodeURIComponent(deployment)}` : "";
  return useQuery({
    queryKey: itemKey(workspace, NOUN, name, "form", deployment),
    queryFn: () => read<RequestForm>(endpointAddress(workspace, name, "form") + query),
    enabled: isReady,
    retry: false,
  });
}

/** Forgets what is known of an endpoint, so that the page shows what was just done without waiting for news. */
function useForget(workspace: string): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [workspace, NOUN] });
}

/** Writes an endpoint's document: what it says replaces what was there, traffic that is left out stays. */
export function usePutEndpoint(workspace: string, name: string) {
  const forget = useForget(workspace);
  return useMutation({
    mutationFn: (document: Record<string, unknown>) =>
      send<OnlineEndpoint>("PUT", endpointAddress(workspace, name), { ...document, name }),
    onSuccess: forget,
  });
}

/** Writes a deployment's document. */
export function usePutDeployment(workspace: string, endpoint: string) {
  const forget = useForget(workspace);
  return useMutation({
    mutationFn: ({ name, document }: { name: string; document: Record<string, unknown> }) =>
      send<Deployment>("PUT", endpointAddress(workspace, endpoint, "deployments", name), document),
    onSuccess: forget,
  });
}

/** Deletes an endpoint, or one of its deployments; gives a function for `ConfirmButton`. */
export function useRemove(workspace: string, ...words: string[]): () => Promise<void> {
  const forget = useForget(workspace);
  return async () => {
    await fetchRaw(endpointAddress(workspace, ...words), { method: "DELETE" });
    await forget();
  };
}

/** Sends a request to an endpoint, with the endpoint's own credentials, which stay with the server. */
export function useTry(workspace: string, name: string) {
  return useMutation({
    mutationFn: (asking: { body: string; deployment: string }) =>
      send<Answer>("POST", endpointAddress(workspace, name, "try"), asking),
  });
}

/** Reads keys or a token, when the person asks for them. */
export function useCredentials(workspace: string, endpoint: OnlineEndpoint) {
  const kind = endpoint.auth_mode === "key" ? "keys" : "token";
  return useMutation({
    mutationFn: () => send<Credentials>("POST", endpointAddress(workspace, endpoint.name, kind), {}),
    gcTime: 0, // what is hidden again is kept nowhere
  });
}

/** Makes one of the two keys anew. */
export function regenerateKey(workspace: string, name: string, keyType: "primary" | "secondary"): Promise<unknown> {
  return send("POST", endpointAddress(workspace, name, "regenerate-keys"), { key_type: keyType });
}

/** Keys that the server writes around a document; see `documentOf`. */
const KNOWN_AROUND = new Set(
  (
    "id creation_context provisioning_state provisioning_error provisioning_reason warnings scoring_uri openapi_uri " +
    "replicas revision endpoint_name kind"
  ).split(" "),
);

/** The document of an endpoint or a deployment: its record without what the server knows around it. */
export function documentOf(record: Record<string, unknown>): Record<string, unknown> {
  const pairs = Object.entries(record).filter(([key, value]) => !KNOWN_AROUND.has(key) && !isEmpty(value));
  const document = Object.fromEntries(pairs);
  const own = Object.entries((record.properties as Record<string, string>) ?? {}).filter(
    ([key]) => !key.startsWith("lapis."),
  );
  if (own.length > 0) document.properties = Object.fromEntries(own);
  else delete document.properties;
  return document;
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value as object).length === 0);
}

/** Where a deployment stands so that its changes have ended, well or badly. */
export function isSettled(state: string): boolean {
  return state === "Succeeded" || state === "Failed";
}
