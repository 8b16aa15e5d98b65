import { Navigate } from "react-router";
import { path, useWorkspace } from "@/lib/workspace";

/** Leads from the noun's own address to the tab where batch endpoints stand. */
export function Component() {
  return <Navigate to={`${path(useWorkspace(), "endpoints")}?tab=batch`} replace />;
}
