import { useQuery } from "@tanstack/react-query";
import { fetchRaw } from "@/api/client";

interface Workspaces {
  value: { name: string }[];
}

/** The names of all workspaces that the person may enter. */
export function useWorkspaces() {
  return useQuery({
    queryKey: ["workspaces"],
    queryFn: async () => {
      const body = (await (await fetchRaw("/api/v1/workspaces")).json()) as Workspaces;
      return body.value.map(({ name }) => name);
    },
  });
}
