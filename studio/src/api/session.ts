import { useQuery } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";
import { ApiError } from "@/api/errors";

/** Who is signed in, and what server this is. */
export interface Session {
  name: string;
  kind: string;
  version: string;
  default_workspace: string;
}

const PATH = "/api/v1/session";

/** Changes a token into a cookie that scripts can't read.
 *
 * @throws ApiError when the server does not know the token.
 */
export async function signIn(token: string): Promise<void> {
  await fetchRaw(PATH, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
}

/** Ends this browser's session. */
export async function signOut(): Promise<void> {
  await fetchRaw(PATH, { method: "DELETE" });
}

/** Signs in with the token of `#token=…` and takes it out of the address bar and the history; gives a refusal. */
export async function signInFromAddress(): Promise<ApiError | null> {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (!token) return null;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  try {
    await signIn(token);
    return null;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** The session of this browser; an ApiError with status 401 when there is none. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async () => (await (await fetchRaw(PATH)).json()) as Session,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
