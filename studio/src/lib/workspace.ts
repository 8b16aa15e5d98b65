import { useParams } from "react-router";

/** The workspace of the page's address. */
export function useWorkspace(): string {
  return useParams().ws ?? "default";
}

/** The address of something in a workspace: `path(ws, "jobs", name)`. */
export function path(workspace: string, ...parts: string[]): string {
  return `/${[workspace, ...parts].map(encodeURIComponent).join("/")}`;
}
