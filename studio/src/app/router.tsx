import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { useSession } from "@/api/session";
import { NotFound } from "@/app/NotFound";
import { PageError } from "@/app/PageError";
import { Shell } from "@/app/Shell";
import { Loading } from "@/components/Loading";
import { path } from "@/lib/workspace";
import { compareRoutes } from "@/pages/compare/routes";
import { componentsRoutes } from "@/pages/components/routes";
import { computeRoutes } from "@/pages/compute/routes";
import { connectionsRoutes } from "@/pages/connections/routes";
import { dataRoutes } from "@/pages/data/routes";
import { datastoresRoutes } from "@/pages/datastores/routes";
import { endpointsRoutes } from "@/pages/endpoints/routes";
import { environmentsRoutes } from "@/pages/environments/routes";
import { homeRoutes } from "@/pages/home/routes";
import { jobsRoutes } from "@/pages/jobs/routes";
import { modelsRoutes } from "@/pages/models/routes";
import { pipelinesRoutes } from "@/pages/pipelines/routes";
import { schedulesRoutes } from "@/pages/schedules/routes";
import { submitRoutes } from "@/pages/submit/routes";

/** The pages below a workspace; each noun brings its own. */
export const PAGES: RouteObject[] = [
  ...homeRoutes,
  ...jobsRoutes,
  ...submitRoutes,
  ...compareRoutes,
  ...pipelinesRoutes,
  ...schedulesRoutes,
  ...dataRoutes,
  ...datastoresRoutes,
  ...modelsRoutes,
  ...environmentsRoutes,
  ...componentsRoutes,
  ...endpointsRoutes,
  ...computeRoutes,
  ...connectionsRoutes,
];

/** Makes the router; every address below `/studio`. */
export function makeRouter() {
  return createBrowserRouter(
    [
      { path: "/", element: <ToDefault /> },
      {
        path: "/:ws",
        element: <Shell />,
        errorElement: <PageError />,
        hydrateFallbackElement: <Loading />,
        children: [{ errorElement: <PageError />, children: [...PAGES, { path: "*", element: <NotFound /> }] }],
      },
    ],
    { basename: "/studio" },
  );
}

function ToDefault() {
  const session = useSession();
  return <Navigate to={path(session.data?.default_workspace ?? "default")} replace />;
}
