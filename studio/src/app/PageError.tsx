import { useRouteError } from "react-router";
import { ErrorBox } from "@/components/ErrorBox";

/** What stands in a page's place when it broke. */
export function PageError() {
  return <ErrorBox error={useRouteError()} retry={() => window.location.reload()} />;
}
