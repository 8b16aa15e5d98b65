import { Anchor, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { EndpointHealth } from "@/api/overview";
import { StatusBadge } from "@/components/StatusBadge";
import { path, useWorkspace } from "@/lib/workspace";
import classes from "@/pages/home/home.module.css";

/** Endpoints, each with its deployments: how many replicas answer, and what is wrong. */
export function EndpointRows({ endpoints }: { endpoints: EndpointHealth[] }) {
  const { t } = useTranslation("home");
  const workspace = useWorkspace();
  if (endpoints.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("noEndpoints")}
      </Text>
    );
  }
  return (
    <ul className={classes.rows} aria-label={t("endpoints")}>
      {endpoints.map((endpoint) => (
        <li key={`${endpoint.noun}/${endpoint.name}`} className={classes.row}>
          <div className={classes.line}>
            <Anchor
              component={Link}
              to={path(workspace, endpoint.noun, endpoint.name)}
              fz="sm"
              fw={500}
              className={classes.name}
            >
              {endpoint.name}
            </Anchor>
            <StatusBadge status={healthOf(endpoint)} />
          </div>
          <Deployments endpoint={endpoint} />
        </li>
      ))}
    </ul>
  );
}

function Deployments({ endpoint }: { endpoint: EndpointHealth }) {
  const { t } = useTranslation("home");
  if (endpoint.error) return <Reason text={endpoint.error} />;
  if (endpoint.noun === "batch-endpoints") {
    return (
      <Text size="xs" c="dimmed">
        {t("search.noun.batch-endpoints")}
      </Text>
    );
  }
  if (endpoint.deployments.length === 0) {
    return (
      <Text size="xs" c="dimmed">
        {t("noDeployments")}
      </Text>
    );
  }
  return endpoint.deployments.map((one) => (
    <div key={one.name}>
      <Text size="xs" c="dimmed">
        {one.name} · {t("replicas", one)} · {t("share", { percent: one.traffic })}
      </Text>
      {one.reason && <Reason text={one.reason} />}
    </div>
  ));
}

function Reason({ text }: { text: string }) {
  return (
    <Text size="xs" className={classes.reason} title={text}>
      {text}
    </Text>
  );
}

/** Gives the worst of an endpoint and its deployments. */
export function healthOf(endpoint: EndpointHealth): string {
  const states = [endpoint.state, ...endpoint.deployments.map(({ state }) => state)];
  if (states.includes("Failed")) return "Unhealthy";
  if (endpoint.deployments.some((one) => one.traffic > 0 && one.ready === 0)) return "Unhealthy";
  const unsettled = states.find((state) => state !== "Succeeded");
  return unsettled ?? (endpoint.deployments.length > 0 ? "Healthy" : "Ready");
}
